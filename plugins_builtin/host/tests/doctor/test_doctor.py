"""What the doctor reports."""

from __future__ import annotations

import os
import pwd
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from dokkupy.host import Host
from dokkupy_apps.apps import create_app
from dokkupy_host.doctor import gone, interpreter
from dokkupy_host.doctor.examination import examine, missing_user, scratch_finding
from dokkupy_sdk.names import AppName
from dokkupy_sdk.state import PluginsFile, PropertiesFile


def test_the_doctor_reports_a_gap_in_the_audit(host: Host) -> None:
    def levels() -> dict[str, str]:
        return {found.check: found.level for found in examine(host)}

    for command in ("a", "b", "c"):
        host.audit.record(who="ann", command=command, status=0)
    before = levels()
    assert (before["audit"], before["owner"]) == ("warning", "ok")  # no seals without setup
    audit = Path(host.audit.path)
    audit.write_text("".join(audit.read_text().splitlines(keepends=True)[::2]))
    assert levels()["audit"] == "error"


def test_an_interpreter_in_an_inaccessible_directory_is_reported(host: Host, tmp_path: Path) -> None:
    program = tmp_path / "home" / "bin" / "python"
    program.parent.mkdir(parents=True)
    program.write_text("")
    program.chmod(0o755)
    (tmp_path / "home").chmod(0o700)
    for uid, closed in ((os.getuid(), ""), (64999, str(tmp_path / "home"))):
        assert interpreter.blocked(str(program), uid, uid, 0o1) == closed
    assert interpreter.finding(host).level == "ok"


@pytest.mark.parametrize("known", [None, []])
def test_an_outdated_index_of_the_launcher_is_reported(
    host: Host, monkeypatch: pytest.MonkeyPatch, known: list[tuple[str, ...]] | None
) -> None:
    finder = SimpleNamespace(
        path="/opt/x.index", writer="x.index", entry_points=lambda: known, find_spec=lambda *_: None
    )
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, finder])
    found = [(one.level, one.remedy) for one in interpreter.index_findings(host)]
    assert found == ([] if known is not None else [("warning", f"sudo {sys.executable} -I -m x.index")])


def test_temporary_files_of_ended_programs_are_counted(host: Host) -> None:
    children = Path(host.path("tmp", "children"))
    children.mkdir(parents=True)
    (children / "new").write_text("used")
    assert scratch_finding(host).message.startswith("1 temporary files")


@pytest.mark.parametrize(("role", "name"), gone.SELECTIONS)
def test_selected_adapter_that_no_plugin_offers_is_an_error(host: Host, role: str, name: str) -> None:
    assert list(gone.selection_findings(host)) == []
    create_app(host, AppName("blog"))
    host.store.save(PropertiesFile(properties={name: "vanished"}), "blog", role)
    (found,) = gone.selection_findings(host)
    assert (found.check, found.level) == (role, "error")
    assert f"{role} vanished, which blog selected" in found.message and f"{role}:set blog {name}" in found.remedy


def test_data_of_a_disabled_plugin_is_named_although_its_app_was_never_deployed(host: Host) -> None:
    create_app(host, AppName("blog"))
    host.store.save(PropertiesFile(properties={"x": "y"}), "blog", "storage")
    assert list(gone.data_findings(host)) == []
    host.store.save(PluginsFile(disabled=("storage", "cron")))
    (found,) = gone.data_findings(host)
    assert "The plugin storage is no longer installed or enabled, and blog has data of it" in found.message


def user(name: str, uid: int = 999) -> pwd.struct_passwd:
    return pwd.struct_passwd((name, "x", uid, uid, "", "/", "/bin/sh"))


@pytest.mark.parametrize(
    ("users", "missing"),
    [
        ([user("dokkupy"), user("dokku")], ""),
        ([user("dokkupy"), user("dokku", 1000)], "The user dokku"),
        ([user("dokku")], "The user dokkupy"),
        ([user("ann")], ""),
        ([user("ann", 1000)], "The user 999, to whom the state belongs,"),
    ],
)
def test_login_name_that_the_owner_of_the_state_lacks_is_reported(
    users: list[pwd.struct_passwd], missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_id = {one.pw_uid: one for one in reversed(users)}
    monkeypatch.setattr(pwd, "getpwall", lambda: users)
    monkeypatch.setattr(pwd, "getpwuid", lambda uid: by_id[uid])
    assert missing_user(999) == missing
