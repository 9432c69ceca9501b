"""The audit must detect changes by an attacker who took over the account that writes it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from dokkupy.cli.main import resolve
from dokkupy.host import Host
from dokkupy_host.audit import first_key, rotation
from dokkupy_host.audit.completers import people
from dokkupy_host.audit.finding import audit_finding
from dokkupy_host.audit.since import start_of
from dokkupy_host.doctor.examination import examine
from dokkupy_sdk.audit import MARK, key_after, read_key, save_key, seal
from dokkupy_sdk.completion import Typed
from dokkupy_sdk.errors import UserError
from dokkupy_sdk.setup import Steps
from dokkupy_sdk.testing.command_line import Run

LINES = 12


@pytest.fixture
def kept(host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    """A host whose audit has a first key and some lines."""
    monkeypatch.setattr(first_key, "PATH", str(tmp_path / "etc" / "audit.first-key"))
    first_key.ensure(host, Steps(dry_run=False))
    for number in range(LINES):
        host.audit.record(who=f"key:k{number % 3}", command=f"config:set blog {number}", status=0, durable=True)
    return host


def problems(host: Host) -> str:
    finding = audit_finding(host)
    return "" if finding.level == "ok" else finding.message


def log(host: Host) -> Path:
    return Path(host.audit.path)


def texts(host: Host) -> list[str]:
    return log(host).read_text().splitlines(keepends=True)


def test_an_unchanged_audit_is_complete(kept: Host, run: Run) -> None:
    assert problems(kept) == ""
    status, out, _ = run("audit:verify")
    assert (status, out) == (0, f"The audit is complete: {LINES} lines, {LINES} of them sealed\n")


def test_the_doctor_reports_on_the_audit(kept: Host) -> None:
    assert ("audit", "ok") in {(found.check, found.level) for found in examine(kept)}


def test_a_changed_line_is_detected(kept: Host, run: Run) -> None:
    log(kept).write_text(log(kept).read_text().replace("config:set blog 4", "config:set blog 5"))
    assert problems(kept).startswith("line 5 was changed")
    status, _, err = run("audit:verify")
    assert status == 1
    assert "sudo dokkupy audit:restart" in err


def test_lines_removed_in_the_middle_are_detected(kept: Host) -> None:
    log(kept).write_text("".join(texts(kept)[:3] + texts(kept)[5:]))
    assert problems(kept) == "the lines 4 to 5 are missing"


def test_a_cut_end_is_detected(kept: Host) -> None:
    log(kept).write_text("".join(texts(kept)[:-4]))
    assert problems(kept) == "the lines 9 to 12 are missing at the end"
    kept.audit.record(who="key:k1", command="apps:list", status=0)
    assert problems(kept) == "the lines 9 to 12 are missing"


def test_a_removed_file_is_detected(kept: Host) -> None:
    os.unlink(log(kept))
    assert problems(kept) == "the lines 1 to 12 are missing at the end"
    kept.audit.record(who="key:k1", command="apps:list", status=0)
    assert problems(kept) == "the lines 1 to 12 are missing"


def test_lines_rewritten_with_the_current_key_are_detected(kept: Host) -> None:
    """A script removes one key's lines and seals the rest again with everything that the account can read."""
    number, key = read_key(kept.audit.key_path)
    new = []
    for text in texts(kept):
        row = json.loads(text)
        if row["who"] == "key:k1":
            continue
        row["number"] = len(new) + 1
        row.pop("seal")
        body = json.dumps(row).encode()[:-1]
        new.append(body + MARK + seal(key_after(key, len(new)), body).encode() + b'"}\n')
    log(kept).write_bytes(b"".join(new))
    assert number == LINES + 1
    assert problems(kept).startswith("line 1 was changed")


def test_a_new_chain_from_an_attackers_key_is_detected(kept: Host) -> None:
    os.unlink(log(kept))
    save_key(kept.audit.key_path, 1, os.urandom(32))
    kept.audit.record(who="ann", command="nothing to see", status=0, durable=True)
    assert "line 1 was changed" in problems(kept)


def test_a_missing_or_different_key_is_detected(kept: Host) -> None:
    saved = Path(kept.audit.key_path).read_bytes()
    os.unlink(kept.audit.key_path)
    assert problems(kept) == "the key for the next line is missing; new lines are not sealed"
    kept.audit.record(who="ann", command="a", status=0)
    assert problems(kept).startswith("line 13 was changed")
    Path(kept.audit.key_path).write_bytes(saved[:-3] + b"00\n")
    log(kept).write_text("".join(texts(kept)[:-1]))
    assert problems(kept).startswith("the key for the next line does not belong to this audit")


@pytest.mark.parametrize("garbage", ["garbage\n", "{}\n", "\n", '{"number": "x"}\n', "[1]\n", "\xff\xfe\n"])
def test_an_invalid_line_is_detected_and_the_next_command_is_recorded(kept: Host, garbage: str) -> None:
    with open(log(kept), "a") as file:
        file.write(garbage)
    assert "audit.log:13 is not a line of the audit" in problems(kept)
    kept.audit.record(who="ann", command="a", status=0)
    assert json.loads(texts(kept)[-1])["number"] == 13


def test_without_the_first_key_only_gaps_are_detected_and_verify_says_so(
    kept: Host, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(first_key, "first_key", lambda: None)
    status, out, err = run("audit:verify")
    assert (status, out) == (0, f"The line numbers 1 to {LINES} have no gap\n")
    assert "sudo dokkupy audit:verify" in err
    log(kept).write_text("".join(texts(kept)[:3] + texts(kept)[5:]))
    assert problems(kept) == "the lines 4 to 5 are missing"


def test_the_first_key_belongs_to_root_and_setup_creates_it_once(kept: Host) -> None:
    assert os.stat(first_key.PATH).st_mode & 0o777 == 0o400
    before = Path(first_key.PATH).read_bytes()
    steps = Steps(dry_run=False)
    first_key.ensure(kept, steps)
    assert (steps.lines, Path(first_key.PATH).read_bytes()) == ([], before)


def test_lines_from_before_setup_are_counted_and_not_sealed(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(first_key, "PATH", str(tmp_path / "etc" / "audit.first-key"))
    host.audit.record(who="ann", command="setup", status=0)
    assert audit_finding(host).level == "warning"
    first_key.ensure(host, Steps(dry_run=False))
    host.audit.record(who="ann", command="a", status=0)
    assert audit_finding(host).message == "the audit is complete: 2 lines"


def test_restart_keeps_the_old_audit_and_begins_a_complete_one(kept: Host, run: Run) -> None:
    log(kept).write_text("".join(texts(kept)[3:]))
    assert problems(kept)
    if os.getuid():
        assert run("audit:restart")[0] == 1
        return
    before = Path(first_key.PATH).read_bytes()
    assert "create a new first key" in run("audit:restart", "--dry-run")[1]
    assert Path(first_key.PATH).read_bytes() == before
    assert run("audit:restart")[0] == 0
    assert problems(kept) == ""
    (old,) = Path(kept.root, "logs").glob("audit-until-*")
    assert len((old / "audit.log").read_text().splitlines()) == LINES - 3 + 1  # the dry run
    assert run("audit:list")[1].endswith("audit:restart\n")


def test_full_files_are_rotated_and_the_audit_records_the_removal_of_the_oldest(
    kept: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "ROTATE_AT", 1_000)
    monkeypatch.setattr(rotation, "KEPT", 2)
    for _ in range(5):
        for _ in range(6):
            kept.audit.record(who="ann", command="apps:list", status=0)
        rotation.rotate(kept)
    rotated = sorted(log(kept).parent.glob("audit-*.log"))
    assert len(rotated) == 2
    assert problems(kept) == ""
    os.unlink(rotated[0])
    assert "are missing" in problems(kept)


def test_the_list_is_filtered_by_app_person_time_and_outcome(host: Host, run: Run) -> None:
    host.audit.record(who="key:bea", app="blog", command="ps:stop blog", status=0)
    host.audit.record(who="ann", app="shop", command="ps:stop shop", status=1)
    assert [row["command"] for row in json.loads(run("audit:list", "blog", "--format", "json")[1])] == ["ps:stop blog"]
    assert run("audit:list", "--who", "bea")[1].endswith("key:bea 0 ps:stop blog\n")
    assert run("audit:list", "--failed")[1].endswith("ann 1 ps:stop shop\n")
    assert "ps:stop" in run("audit:list", "--since", "2h")[1]
    assert run("audit:list", "--since", "2099-01-01")[1] == ""
    status, _, err = run("audit:list", "--since", "soon")
    assert status == 1
    assert "'soon' is not a time" in err


def test_since_is_a_time_or_how_long_ago() -> None:
    assert start_of("2026-01-31T12:00Z") == "2026-01-31T12:00:00Z"
    assert start_of("2026-01-31T12:00+02:00") == "2026-01-31T10:00:00Z"
    assert start_of("30m") < start_of("1s")
    with pytest.raises(UserError, match="is not a time"):
        start_of("30 minutes")


def test_a_tick_that_does_nothing_writes_nothing(kept: Host, run: Run) -> None:
    run("tick", "--within", "50")
    count = len(texts(kept))
    assert run("tick", "--within", "50")[1] == ""
    assert len(texts(kept)) == count


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        (["config:set", "blog", "hunter2"], "config:set blog ***"),
        (["config:set", "hunter2"], "config:set ***"),
        (["config:set", "hunter2", "TOKEN=hunter2"], "config:set *** TOKEN=***"),
        (
            ["config:set", "blog", "--no-restart", "hunter2==", "aHVudGVyMg==", "A=hunter2"],
            "config:set blog --no-restart *** *** A=***",
        ),
        (["config:set", "--global", "hunter2"], "config:set --global ***"),
        (["config:set", "blog", "--hunter2"], "config:set blog ***"),
        (["config:set", "blog", "a/b+hunter2==", "A=1"], "config:set blog *** A=***"),
    ],
)
def test_a_value_in_the_wrong_position_is_not_recorded(kept: Host, run: Run, typed: list[str], shown: str) -> None:
    run("apps:create", "blog")
    command, words = resolve(kept, typed[0], typed[1:])
    assert kept.audit.line(command, words) == shown
    run(*typed)
    assert all("hunter2" not in one.read_text() for one in Path(kept.root, "logs").rglob("*") if one.is_file())


def test_a_deployer_sees_the_commands_on_its_apps_alone(host: Host, run: Run) -> None:
    for app in ("blog", "shop"):
        host.store.write("apps", app, "app", data={"created_at": "2026-01-01T00:00:00+00:00", "private": app})
    keys = {"ann": {"role": "deployer", "apps": ["blog"]}, "bea": {"role": "deployer", "apps": ["shop"]}}
    host.store.write("global", "ssh-keys", data={"keys": {**keys, "eve": {"role": "admin", "apps": []}}})
    for app, command in (
        ("blog", "deploys blog -n 7"),
        ("blog", "events:gone blog shop"),
        ("blog", "apps:destroy blog"),
        ("blog", "deploys blog"),
        ("shop", "deploys shop"),
        ("", "status"),
    ):
        host.audit.record(who="key:eve", app=app, command=command, status=0, durable=False)
    shown = run("audit:list", "blog", "--format", "json", who="key:ann")
    assert (shown[0], [row["command"] for row in json.loads(shown[1])]) == (0, ["deploys blog"])
    host.audit.record(who="key:eve", app="blog", command="audit:restart blog shop", status=0, durable=False)
    shown = run("audit:list", "--format", "json", who="key:ann")
    assert [row["command"] for row in json.loads(shown[1])] == [
        "deploys blog",
        "audit:list blog --format json",
        "audit:restart blog ...",
    ]
    assert run("audit:list", "shop", who="key:ann")[0] == 1
    typed = Typed(resolve(host, "audit:list", [])[0], None, [])
    assert sorted(people(host.for_invocation(who="key:ann"), typed)) == ["ann", "root"]
    assert sorted(people(host, typed)) == ["ann", "bea", "eve", "root"]
