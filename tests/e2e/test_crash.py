"""An operation that is killed at any failpoint happens completely or not at all, once `dokkupy recover` ran.

The process is killed at failpoint 1, 2, 3... until the operation finishes.
"""

from __future__ import annotations

import json
import re
import secrets
import time
import tomllib
from collections.abc import Iterator

import pytest
from apps import Repository
from bed.engine import SOON
from bed.host import Host
from dokkupy_sdk.testing.effort import THOROUGH, stride
from state import containers, networks

KILLED = 137
MOST = 80
STEP = 20
"""The step through the failpoints. --thorough tests every one."""

Matrix = dict[str, list[str]]

COMMANDS: Matrix = {
    "deploy": ["ps:rebuild"],
    "scale": ["ps:scale", "{app}", "web=2"],
    "config": ["config:set", "{app}", "COLOR={number}"],
    "domains": ["domains:set", "{app}", "{app}.example.com", "n{number}.example.com"],
    "rollback": ["releases:rollback", "{app}"],
    "restart": ["ps:restart", "{app}"],
    "ports": ["ports:set", "{app}", "http:80:5000", "tcp:7{number:03}:5000"],
    "http-auth": ["http-auth:add-allowed-ip", "{app}", "10.0.{number}.1"],
}

SETTING_STEP = 4
"""The same through a setting, which has fewer boundaries."""

SETTINGS = {
    "storage": (
        "storage:mount|{app}|t-crash-data|--container-dir|/at",
        "storage:unmount|{app}|t-crash-data|--container-dir|/at",
        "storage:list|{app}",
    ),
    "networks": (
        "network:set|{app}|attach-post-create|t-crash-net",
        "network:set|{app}|attach-post-create",
        "network:report|{app}",
    ),
    "tasks": ("cron:set|{app}|task.clean|0 4 * * * true", "cron:set|{app}|task.clean", "cron:list|{app}"),
    "maintenance": ("maintenance:enable|{app}", "maintenance:disable|{app}", "maintenance:report|{app}"),
    "passwords": ("http-auth:add-user|{app}|ann|secret", "http-auth:remove-user|{app}|ann", "http-auth:report|{app}"),
    "limits": ("resource:limit|--memory|64m|{app}", "resource:limit-clear|{app}", "resource:report|{app}"),
}
"""A change, what undoes it, and a report that shows it."""

SIGNALS = {"HUP": "deploy", "TERM": "scale"}
"""The signals of a lost SSH connection and of a shutdown. Each is sent at the failpoints of one kind of operation."""


@pytest.fixture(scope="module")
def app(host: Host, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An app with two releases, which all these tests share, because each of them must leave it intact."""
    name = "t-crash"
    repository = Repository(tmp_path_factory.mktemp("crash") / "app")
    repository.scalable()
    host.exec(["dokkupy", "apps:create", name])
    host.exec(["dokkupy", "domains:set", name, f"{name}.example.com"])
    host.git_push(repository.path, name)
    repository.greet("second")
    host.git_push(repository.path, name)
    yield name
    host.exec(["dokkupy", "apps:destroy", name, "--force"], check=False)


@pytest.fixture
def copy(host: Host, app: str) -> Iterator[str]:
    """A clone of the app, with its own domain."""
    name = f"{app}-{secrets.token_hex(3)}"
    host.exec(["dokkupy", "apps:clone", app, name])
    host.exec(["dokkupy", "domains:set", name, f"{name}.example.com"])
    yield name
    host.exec(["dokkupy", "apps:destroy", name, "--force"], check=False)


#: Commands that print facts about an app, which must be consistent. `$1` is the app.
LOOKS = {
    "deployment": "cat /var/lib/dokkupy/apps/$1/deployment.toml",
    "retiring": "cat /var/lib/dokkupy/apps/$1/retire/*.toml 2>/dev/null || true",
    "running": "docker ps --no-trunc --format '{{.ID}} {{.Names}}' --filter label=dokkupy.app=$1 --filter label=dokkupy.kind=deploy",
    "proxy": "cat /etc/nginx/dokkupy.d/apps/$1.conf",
    "images": "docker images dokku/$1 --format '{{.Tag}}'",
    "releases": "dokkupy releases $1 --format json",
    "open": "find /var/lib/dokkupy/journal/open -type f",
    "work": "ls /var/lib/dokkupy/work 2>/dev/null || true",
}


def look(host: Host, app: str, *names: str) -> dict[str, str]:
    """The state of an app on the machine, read by one command, because ten commands would take most of the time of
    these tests."""
    mark = "=====look====="
    script = "\n".join(f"echo {mark}; {LOOKS[name]}" for name in names)
    parts = host.exec(["bash", "-ec", script, "look", app]).stdout.split(f"{mark}\n")[1:]
    return dict(zip(names, parts, strict=True))


def deployment(host: Host, app: str) -> dict[str, object]:
    return tomllib.loads(look(host, app, "deployment")["deployment"])


def retiring(text: str) -> set[str]:
    """The instances that are recorded as retiring."""
    return set(re.findall(r'^id = "([0-9a-f]{64})"', text, re.MULTILINE))


def assert_whole(host: Host, app: str, where: str, domain: str = "") -> dict[str, object]:
    """Check that state, engine and proxy are consistent and that the app answers. Returns what is deployed."""
    seen = look(host, app, *LOOKS)
    table: dict[str, object] = tomllib.loads(seen["deployment"])
    instances = table["instances"]
    assert isinstance(instances, list)
    leaving = retiring(seen["retiring"])
    running = dict((row.split()[0], row.split()[1]) for row in seen["running"].splitlines())
    there = {id: name for id, name in running.items() if id not in leaving}
    assert there == {one["id"]: f"{app}.{one['process']}.{one['index']}" for one in instances}, where
    assert host.http_get(domain or f"{app}.example.com").status == 200, where
    for one in instances:
        if one["process"] == "web":
            assert f"server {one['address']}:" in seen["proxy"], where
    tags = [tag.rpartition("-")[0] for tag in seen["images"].split()]
    assert sorted(tags) == sorted(["latest", *(f"r{one['number']}" for one in json.loads(seen["releases"]))]), where
    assert seen["open"] == "", where
    assert seen["work"] == "", where
    return table


def assert_retired(host: Host, app: str) -> None:
    """Check that all replaced instances are gone in the end, even if the process that retired them was killed."""
    deadline = time.monotonic() + SOON
    while leaving := retiring(look(host, app, "retiring")["retiring"]):
        assert time.monotonic() < deadline, leaving
        host.exec(["dokkupy", "tick"])
        time.sleep(0.2)
    instances = deployment(host, app)["instances"]
    assert isinstance(instances, list)
    names = [name for name in containers(host) if name.startswith(f"{app}.")]
    assert names == sorted(f"{app}.{one['process']}.{one['index']}" for one in instances)


def words_of(kind: str, app: str, number: int) -> list[str]:
    words = [word.format(app=app, number=number) for word in COMMANDS[kind]]
    if kind == "deploy":
        words.append(app)
    if kind == "scale":
        words[-1] = f"web={1 + number % 2}"
    return words


def report_outcomes(kind: str, outcomes: list[str]) -> None:
    print(
        f"\n{kind}: {len(outcomes) - 1} boundaries: {outcomes.count('before')} before, {outcomes.count('after')} after"
    )


@pytest.mark.parametrize("kind", list(COMMANDS))
def test_change_killed_at_any_failpoint_happens_completely_or_not_at_all(host: Host, app: str, kind: str) -> None:
    outcomes, after = [], deployment(host, app)
    for number in range(1, MOST, stride(STEP)):
        before = after
        died = host.exec(
            ["dokkupy", *words_of(kind, app, number)], env={"DOKKUPY_FAILPOINT": f"kill@{number}"}, check=False
        )
        assert died.code in (0, KILLED), died.stderr
        assert host.http_get(f"{app}.example.com").status == 200, f"{kind}: while dead at {number}"
        host.exec(["dokkupy", "recover"])
        after = assert_whole(host, app, f"{kind}: boundary {number}")
        outcomes.append("before" if after == before else "after")
        if died.code == 0:
            break
    report_outcomes(kind, outcomes)
    assert len(outcomes) > 4 // stride(STEP)
    assert died.code == 0
    assert_retired(host, app)


@pytest.fixture(scope="module")
def joinable(host: Host) -> Iterator[None]:
    """A storage entry and a network that the app can use."""
    host.exec(["dokkupy", "storage:create", "t-crash-data"])
    host.exec(["dokkupy", "network:create", "t-crash-net"])
    yield
    host.exec(["dokkupy", "--force", "storage:destroy", "t-crash-data", "--destroy-host-dir"])
    host.exec(["dokkupy", "--force", "network:destroy", "t-crash-net"])


@pytest.mark.parametrize("kind", list(SETTINGS))
def test_setting_killed_at_any_failpoint_is_set_or_is_not(host: Host, app: str, joinable: None, kind: str) -> None:
    change, undo, report = ([word.format(app=app) for word in words.split("|")] for words in SETTINGS[kind])

    def seen() -> tuple[str, int]:
        """What the report says, and what the proxy answers."""
        text = host.exec(["dokkupy", *report]).stdout
        return text, host.http_get(f"{app}.example.com").status

    without = seen()
    host.exec(["dokkupy", *change])
    changed = seen()
    assert changed != without
    host.exec(["dokkupy", *undo])
    assert seen() == without
    outcomes = []
    for number in range(1, MOST, stride(SETTING_STEP)):
        died = host.exec(["dokkupy", *change], env={"DOKKUPY_FAILPOINT": f"kill@{number}"}, check=False)
        assert died.code in (0, KILLED), died.stderr
        host.exec(["dokkupy", "recover"])
        now = seen()
        assert now in (without, changed), f"{kind}: boundary {number}"
        assert look(host, app, "open")["open"] == "", f"{kind}: boundary {number}"
        outcomes.append("after" if now == changed else "before")
        if now == changed:
            host.exec(["dokkupy", *undo])
            assert seen() == without, f"{kind}: boundary {number}"
        if died.code == 0:
            break
    report_outcomes(kind, outcomes)
    assert died.code == 0 and outcomes[0] == "before" and outcomes[-1] == "after"


@pytest.mark.parametrize("signal", list(SIGNALS))
def test_change_that_gets_a_signal_at_any_failpoint_happens_completely_or_not_at_all(
    host: Host, app: str, signal: str
) -> None:
    kind = SIGNALS[signal]
    outcomes, after = [], deployment(host, app)
    for number in range(1, MOST, stride(STEP)):
        before = after
        ended = host.exec(
            ["dokkupy", *words_of(kind, app, number)],
            env={"DOKKUPY_FAILPOINT": f"signal-{signal}@{number}"},
            check=False,
        )
        assert host.http_get(f"{app}.example.com").status == 200, f"{kind}: {signal} at {number}"
        # No recovery by hand: before the commit, the operation rolled back by itself. After it, the timer finishes the
        # rest.
        host.exec(["dokkupy", "tick"])
        after = assert_whole(host, app, f"{kind}: {signal} at {number}")
        outcomes.append("before" if after == before else "after")
        if ended.code == 0:
            break
        assert ended.code > 128, ended.stderr
    report_outcomes(f"{kind}, SIG{signal}", outcomes)
    assert len(outcomes) > 4 // stride(STEP)
    assert ended.code == 0
    assert_retired(host, app)


def exists(host: Host, app: str) -> bool:
    return host.exec(["dokkupy", "apps:exists", app], check=False).code == 0


def traces(host: Host, app: str) -> str:
    """Everything of an app on the machine: files, containers, networks, images."""
    lines = host.exec(
        ["find", "/var/lib/dokkupy", "/etc/nginx/dokkupy.d", "-name", f"*{app}*", "-not", "-path", "*/locks/*"]
    )
    shown = [line for line in lines.stdout.splitlines() if "/journal/" not in line]
    shown += [name for name in containers(host) if name.startswith(f"{app}.")]
    shown += [name for name in networks(host) if app in name]
    shown += host.exec(["docker", "images", f"dokku/{app}", "--format", "{{.Repository}}:{{.Tag}}"]).stdout.split()
    return "\n".join(shown)


def test_killed_create_leaves_a_complete_app_or_nothing(host: Host) -> None:
    app, outcomes = f"t-made-{secrets.token_hex(3)}", []
    for number in range(1, MOST, stride(STEP)):
        died = host.exec(["dokkupy", "apps:create", app], env={"DOKKUPY_FAILPOINT": f"kill@{number}"}, check=False)
        host.exec(["dokkupy", "recover"])
        outcomes.append("after" if exists(host, app) else "before")
        if outcomes[-1] == "before":
            assert traces(host, app) == "", f"create: boundary {number}"
        if died.code == 0:
            break
        host.exec(["dokkupy", "apps:destroy", app, "--force"], check=False)
    report_outcomes("create", outcomes)
    assert len(outcomes) > 2 // stride(STEP)
    assert exists(host, app)
    host.exec(["dokkupy", "apps:destroy", app, "--force"])


def test_killed_destroy_removes_everything_or_nothing(host: Host, app: str) -> None:
    doomed = f"{app}-x"
    outcomes = []
    for number in range(1, MOST, stride(STEP)):
        host.exec(["dokkupy", "apps:clone", app, doomed])
        host.exec(["dokkupy", "domains:set", doomed, f"{doomed}.example.com"])
        died = host.exec(
            ["dokkupy", "apps:destroy", doomed, "--force"], env={"DOKKUPY_FAILPOINT": f"kill@{number}"}, check=False
        )
        host.exec(["dokkupy", "recover"])
        outcomes.append("before" if exists(host, doomed) else "after")
        if outcomes[-1] == "before":
            assert_whole(host, doomed, f"destroy: boundary {number}")
            host.exec(["dokkupy", "apps:destroy", doomed, "--force"])
        assert traces(host, doomed) == "", f"destroy: boundary {number}"
        if died.code == 0:
            break
    report_outcomes("destroy", outcomes)
    assert len(outcomes) > 2 // stride(STEP)
    assert_whole(host, app, "destroy: the other app")


def test_killed_rename_happens_completely_or_not_at_all(host: Host, copy: str) -> None:
    names, domain = [copy, f"{copy}-y"], f"{copy}.example.com"
    outcomes = []
    try:
        for number in range(1, MOST, stride(STEP)):
            old, new = names
            died = host.exec(
                ["dokkupy", "apps:rename", old, new], env={"DOKKUPY_FAILPOINT": f"kill@{number}"}, check=False
            )
            assert host.http_get(domain).status == 200, f"rename: while dead at {number}"
            host.exec(["dokkupy", "recover"])
            assert exists(host, old) != exists(host, new), f"rename: boundary {number}"
            outcomes.append("before" if exists(host, old) else "after")
            if outcomes[-1] == "after":
                names.reverse()
            assert_whole(host, names[0], f"rename: boundary {number}", domain)
            if died.code == 0:
                break
        report_outcomes("rename", outcomes)
        assert len(outcomes) > 10 // stride(STEP)
        assert died.code == 0
        assert_retired(host, names[0])
        assert [line for line in traces(host, names[1]).splitlines() if names[0] not in line] == []
    finally:
        host.exec(["dokkupy", "apps:destroy", f"{copy}-y", "--force"], check=False)


def test_restart_of_the_engine_during_a_deploy_leaves_the_old_or_the_new_release(host: Host, app: str) -> None:
    for pause in ("0.3", "0.8", "1.5")[:: stride(2)]:
        script = f"(sleep {pause}; systemctl restart docker) & dokkupy ps:rebuild {app}; code=$?; wait; exit $code"
        ended = host.exec(["bash", "-c", script], check=False)
        host.engine_ready()
        host.exec(["dokkupy", "recover"])
        assert_whole(host, app, f"engine restarted after {pause} s, exit status {ended.code}")


@pytest.mark.parametrize("free", [0, 4, 12, 24] if THOROUGH else [0, 12])
def test_full_disk_is_an_error_and_no_file_is_half_written(host: Host, copy: str, free: int) -> None:
    """free: kilobytes left on the disk. Depending on it, either the journal or the state cannot be written."""
    app, directory = copy, "/var/lib/dokkupy"
    host.exec(["dokkupy", "ps:rebuild", app])  # a release to roll back to
    host.exec(
        [
            "bash",
            "-ec",
            f"""
        cp -a {directory} /run/kept
        mount -t tmpfs -o size=64m,mode=750,uid=dokkupy,gid=dokkupy tmpfs {directory}
        cp -a /run/kept/. {directory}/
        head -c {free * 1024} /dev/zero > {directory}/room
        dd if=/dev/zero of={directory}/fill bs=4k 2>/dev/null || true
        rm {directory}/room
    """,
        ]
    )
    try:
        before = deployment(host, app)
        for words in (
            ["config:set", app, "COLOR=red"],
            ["ps:scale", app, "web=2"],
            ["ps:rebuild", app],
            ["domains:add", app, f"full-{app}.example.com"],
            ["releases:rollback", app],
        ):
            failed = host.exec(["dokkupy", *words], check=False)
            assert failed.code != KILLED, words
            if not free:
                assert failed.code != 0, words
            if failed.code:
                assert "No space left on device" in failed.stderr or "disk is full" in failed.stderr, failed.stderr
                assert "Internal error" not in failed.stderr, failed.stderr
                assert deployment(host, app) == before, words
            else:
                before = deployment(host, app)
            assert host.http_get(f"{app}.example.com").status == 200
    finally:
        host.exec(
            [
                "bash",
                "-ec",
                f"""
            rm {directory}/fill
            # Who sees old instances off works in the background, with its lock open, and so does the host's timer.
            for attempt in $(seq 3000); do
                holders=$(find /proc/[0-9]*/fd -lname '{directory}/*' 2>/dev/null) || true
                [[ -n $holders ]] || break
                sleep 0.1
            done
            [[ -z $holders ]] || {{ echo "still open after five minutes: $holders" >&2; exit 1; }}
            rm -rf /run/kept && cp -a {directory} /run/kept
            umount {directory}
            find {directory} -mindepth 1 -delete
            chmod 750 {directory}
            cp -a /run/kept/. {directory}/
            rm -rf /run/kept
        """,
            ]
        )
    host.exec(["dokkupy", "recover"])
    assert_whole(host, app, f"{free} KiB left")
    host.exec(["dokkupy", "config:set", app, "COLOR=red"])
    assert_whole(host, app, "with space again")
