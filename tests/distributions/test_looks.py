"""The output of commands, in golden files: fixed data at 80 and 120 columns, in colour and with NO_COLOR, and without a
terminal.

To write the files again after a change: `UPDATE_GOLDEN=1 .venv/bin/python -m pytest tests/distributions/test_looks.py`.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from dokkupy.cli.main import report
from dokkupy.cli.output import Terminal
from dokkupy_apps.rollout.summary import live_line
from dokkupy_backups.names import SubjectName
from dokkupy_backups.record import tables as backup_tables
from dokkupy_backups.record.manifest import Record
from dokkupy_checks.plan import Check
from dokkupy_checks.probe import Outcome
from dokkupy_checks.run import advice, sentence, success
from dokkupy_commands.cli import builds, glance, releases
from dokkupy_commands.use_cases.release_diff import differences
from dokkupy_commands.use_cases.release_words import about, compared
from dokkupy_cron import lines as cron_lines
from dokkupy_cron.runs.history import HistoryRow
from dokkupy_cron.tasks.task import Task
from dokkupy_docker.builds.output import Output
from dokkupy_host import deploys, events, status
from dokkupy_host.audit import cli as audit_cli
from dokkupy_host.doctor import cli as doctor
from dokkupy_logs.drain import report as drains
from dokkupy_network import cli as network_cli
from dokkupy_plugins import cli as plugins_cli
from dokkupy_run import cli as run_cli
from dokkupy_sdk import help
from dokkupy_sdk.access_log import Traffic
from dokkupy_sdk.cli import Annotated, Arg, CommandResult, Group, Host, Opt
from dokkupy_sdk.diagnosis import FACT, Cause, Evidence
from dokkupy_sdk.dry_run import Detail, FileChange
from dokkupy_sdk.entry import main
from dokkupy_sdk.errors import CheckFailed
from dokkupy_sdk.history import Commit
from dokkupy_sdk.lines import timed
from dokkupy_sdk.model import Deployment, Finding, Instance, Release
from dokkupy_sdk.names import AppName, EnvKey, ProcessType, Secret
from dokkupy_sdk.plan import plan_lines
from dokkupy_sdk.table import Column, fields, table
from dokkupy_sdk.testing import fake_host
from dokkupy_sdk.typer_app import help_text
from dokkupy_services import services_cli
from dokkupy_ssh import cli as ssh_cli
from dokkupy_storage import cli as storage_cli
from dokkupy_why.render import hint_lines, next_commands, text_of

pytestmark = pytest.mark.unit

GOLDEN = Path(__file__).parent / "looks"
NOW = 1_767_225_600.0
"""2026-01-01T00:00:00Z."""

Draw = Callable[..., list[str]]


def require_golden(name: str, lines: Sequence[str]) -> None:
    path, text = GOLDEN / f"{name}.txt", "\n".join(lines) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.fixture(params=["pipe", "80", "120", "120-no-color"])
def look(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> tuple[str, dict[str, Any]]:
    """The name of a golden file, and how tables are drawn in it."""
    name = str(request.param)
    if name != "pipe":
        monkeypatch.setenv("NO_COLOR" if name.endswith("no-color") else "FORCE_COLOR", "1")
    width, _, _ = name.partition("-")
    return name, {"terminal": False} if name == "pipe" else {"terminal": True, "width": int(width)}


BUILD = """\
#4 [1/3] FROM docker.io/library/python:3.13-slim@sha256:{digest}
#4 CACHED
#5 [2/3] RUN pip install -r requirements.txt
#5 1.132 Collecting flask
#5 DONE 4.2s
#6 [3/3] COPY . .
#6 DONE 0.1s
""".format(digest="0" * 64)

FAILING = """\
#4 [1/2] FROM docker.io/library/python:3.13-slim@sha256:{digest}
#4 CACHED
#5 [2/2] RUN pip install -r requirements.txt
#5 1.132 ERROR: No matching distribution found for flaks
#5 ERROR: process "/bin/sh -c pip install -r requirements.txt" did not complete successfully: exit code: 1
------
 > [2/2] RUN pip install -r requirements.txt:
1.132 ERROR: No matching distribution found for flaks
------
Dockerfile:3
--------------------
   1 |     FROM python:3.13-slim
   2 |     COPY . .
   3 | >>> RUN pip install -r requirements.txt
--------------------
ERROR: failed to solve: process "/bin/sh -c pip install -r requirements.txt" did not complete successfully: exit code: 1
""".format(digest="0" * 64)


def built(transcript: str) -> list[str]:
    output = Output()
    return [line for text in transcript.splitlines() for line in output.line(text)] + output.rest()


class Screen(Terminal):
    """A console that collects both streams as one text."""

    def __init__(self) -> None:
        super().__init__()
        self.text = io.StringIO()
        self.stdout = self.stderr = self.text  # type: ignore[assignment]


def instance(process: str) -> Instance:
    return Instance(
        app=AppName("blog"),
        process=ProcessType(process),
        index=1,
        id=process,
        name=f"blog.{process}.1",
        address="10.0.0.2",
        port=5000,
        release=12,
        deployment="1",
    )


def release(number: int, **facts: Any) -> Release:
    return Release(AppName("blog"), number, "sha256:" + f"{number:x}" * 64, "2025-12-31T23:58:00Z", "git-hook", **facts)


def test_output_of_a_push() -> None:
    out = Screen()
    out.section('Building blog (Dockerfile, commit 1cb17e5 "A friendlier greeting")')
    for line in [*built(BUILD), timed("Image 164 MiB", "4.9 s")]:
        out.detail(line)
    out.section(timed("Releasing v12    release: python3 release.py", "0.4 s"))
    out.section("Starting web.1 worker.1")
    check = Check("web answers", "path", 3, 5, 5, path="/health")
    out.detail(success(Outcome(instance("web"), check, answer="200", port=5000, seconds=0.31)))
    out.detail(success(Outcome(instance("worker"), Check("default", "started", 1, 0, 0), seconds=3.2)))
    out.title("Application deployed:")
    out.detail("https://blog.apps.example.com")
    deployment = Deployment("1", AppName("blog"), "deploy", release(12))
    out.title(live_line(deployment, ["https://blog.apps.example.com"], 3.42, Traffic(341, 0, 0.02)))
    lines = out.text.getvalue().splitlines()
    assert all(len("remote: " + line) <= 80 for line in lines if line.startswith(" ")), "wider than a terminal"
    require_golden("push", lines)


def test_lost_requests_are_printed_and_unknown_ones_are_left_out() -> None:
    deployment = Deployment("1", AppName("blog"), "deploy", release(12))
    lines = [
        live_line(deployment, urls, 72.0, traffic) for urls, traffic in (([], None), (["http://b"], Traffic(9, 2)))
    ]
    require_golden("live", lines)


def test_a_failed_build_shows_the_step_its_output_and_the_line() -> None:
    require_golden("failed-build", built(FAILING))


def test_a_failed_check_says_what_happened_what_fixes_it_and_where_to_look(tmp_path: Path) -> None:
    check = Check("web answers", "path", 3, 5, 5, path="/health")
    late = Outcome(instance("web"), check, error="GET /health answered 500", attempts=3)
    wrong = "nobody listened on 10.0.0.2:5000 within 25 s; it listens on 127.0.0.1:8080"
    outcome = Outcome(instance("web"), Check("default", "listening", 3, 5, 5), error=wrong, listens=("127.0.0.1:8080",))
    cause = Cause(
        "web listens only on 127.0.0.1", ("Make it listen on 0.0.0.0:5000 (the port is in the variable PORT)",)
    )
    screen = Screen()
    host = fake_host(tmp_path).for_invocation(out=screen)
    for one, hints in ((late, [advice(late)]), (outcome, hint_lines(sentence(outcome), [cause]))):
        error = CheckFailed(sentence(one), hint="\n".join(hints))
        assert report(error, host, "ps:restart") == 1
    require_golden("failed-check", screen.text.getvalue().splitlines())


def test_a_crashed_app_is_explained() -> None:
    last = (
        "Traceback (most recent call last):",
        '  File "worker.py", line 3',
        "ModuleNotFoundError: No module named 'flask'",
    )
    crashed = Evidence(
        "blog", "run", "worker.1 crashed (exit 1, 10 restarts)", exit_code=1, lines=last, at="14:15:40 UTC"
    )
    cause = Cause("the package flask is not installed", ("Add flask to requirements.txt, then push",), last[-1:], FACT)
    lines = [*text_of(crashed, [cause]), *text_of(crashed, []), *next_commands("blog", [(crashed, [cause])])]
    require_golden("crashed", lines)


def test_a_dry_run_reads_as_a_diff() -> None:
    scale = FileChange("write apps/blog/ps")
    scale.path, scale.before, scale.after = (
        ("apps", "blog", "ps"),
        {"scale.web": 2},
        {"scale.web": 4, "scale.worker": 1},
    )
    config = FileChange("write apps/blog/config")
    config.path, config.before, config.after = ("apps", "blog", "config"), {"OLD": Secret("a")}, {"COLOR": Secret("b")}
    plan = [
        config,
        scale,
        "create release v13: Set config",
        Detail("call on_release of audit"),
        "restart web.1 with v13",
    ]
    require_golden(
        "dry-run",
        [*plan_lines(plan, verbose=False), "", *plan_lines(plan, verbose=True), "", *plan_lines([], verbose=False)],
    )


POSTS = Group("posts", "Manage posts")


@POSTS.command("write", permission="open")
def write(
    host: Host,
    app: AppName,
    title: Annotated[str, Arg("TITLE")],
    *,
    draft: Annotated[bool, Opt("--draft", help="Keep it to yourself")] = False,
    by: Annotated[
        str, Opt("--by", help="Name of the author, if it is not the name of the key with which you came")
    ] = "",
) -> CommandResult:
    """Write a post, which readers see at once, unless it is a draft.

    posts:write blog Hello
    """
    return CommandResult()


@POSTS.command("list", permission="open")
def list_posts(host: Host) -> CommandResult:
    """List all posts, the newest first, with their authors, the number of readers and the day of the last change."""
    return CommandResult()


@pytest.mark.parametrize("name", ["pipe", "80", "120"])
def test_help_fits_the_screen(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["dokkupy"])
    monkeypatch.setattr(help, "screen_width", lambda: 0 if name == "pipe" else int(name))
    host = fake_host(tmp_path)
    of_one = help_text(host, POSTS.commands["write"]).splitlines()
    require_golden(f"help-{name}", [*help.group_lines(host, POSTS), "", *of_one])
    for words in (["help"], ["help", "--all"], ["ps:help"]):
        assert main(words, host=host) == 0
    lines = capsys.readouterr().out.splitlines()
    # What is typed is never broken.
    assert (
        name == "pipe" or [line for line in lines if len(line) > int(name) and " " in line.strip()[int(name) :]] == []
    )


def row(app: str, state: str, **more: Any) -> dict[str, Any]:
    empty = {"release": None, "released_at": None, "by": "", "processes": {}, "restarts": 0, "url": None}
    return {"app": app, "state": state, **empty, **more}


APPS = [
    row(
        "blog",
        "running",
        release=12,
        released_at="2025-12-31T23:58:00Z",
        by="key:ann",
        processes={"web": {"running": 2, "wanted": 2}, "worker": {"running": 1, "wanted": 1}},
        url="https://blog.apps.example.com",
        cpu_percent=12.31,
        memory_bytes=171_000_000,
        requests_per_minute=340,
        p95_seconds=0.042,
        backup_verified_at="2025-12-31T03:00:00Z",
    ),
    row(
        "shop",
        "partly",
        release=3,
        released_at="2025-11-01T00:00:00Z",
        by="root",
        processes={"web": {"running": 1, "wanted": 2}},
        restarts=7,
        url="http://shop.apps.example.com",
        cpu_percent=0.0,
        memory_bytes=52_000_000,
        requests_per_minute=0,
        p95_seconds=None,
        backup_verified_at=None,
    ),
    row("new", "new"),
    row("wip", "failed"),
]
HEADS = {
    "cpu_percent": "CPU %",
    "memory_bytes": "MEMORY",
    "requests_per_minute": "REQ/MIN",
    "p95_seconds": "P95",
    "backup_verified_at": "BACKUP",
}


def test_ps_is_one_screen(look: tuple[str, dict[str, Any]]) -> None:
    require_golden(f"ps-{look[0]}", glance.lines_of(APPS, HEADS, now=NOW, **look[1]))


FINDINGS = [
    Finding("apps", "error", "shop: web.2 should run and is: crashed (exit 1, 7 restarts)", "dokkupy logs shop"),
    Finding("engine", "ok", "Docker 27.3.1"),
    Finding("memory", "ok", "1.8 GiB of 3.8 GiB used"),
    Finding("backups", "warning", "late, or never verified: postgres:db", "dokkupy doctor says why"),
    Finding("certificates", "ok", "2; blog: is good for 61 days; shop: is good for 80 days"),
]


def test_status_is_one_screen(look: tuple[str, dict[str, Any]]) -> None:
    require_golden(f"status-{look[0]}", status.lines_of(FINDINGS, **look[1]))


RELEASES = [
    {
        "number": 2,
        "created_at": "2025-12-31T23:58:00Z",
        "by": "key:ann",
        "source": "git-hook",
        "description": "Set GREETING",
        "serving": True,
    },
    {
        "number": 1,
        "created_at": "2025-12-25T12:00:00Z",
        "by": "root",
        "source": "git-hook",
        "description": "Deploy 7d519726",
        "serving": False,
    },
]


def test_list_of_releases_shows_time_author_and_change(look: tuple[str, dict[str, Any]]) -> None:
    require_golden(f"releases-{look[0]}", releases.lines_of(RELEASES, now=NOW, **look[1]))


BACKUP = Record(
    id="f9a1" * 16,
    manifest="c3d4" * 16,
    subject=SubjectName("postgres:db"),
    target="disk",
    host_name="server",
    file="db.dump",
    sha256="0" * 64,
    size=171_000_000,
    started="2025-12-31T03:00:00Z",
    finished="2025-12-31T03:00:09Z",
    why="schedule",
    verified="2025-12-31T03:00:30Z",
)
BUILD_ROW = {
    "id": "mjsy3k0g1a",
    "app": "blog",
    "kind": "build",
    "status": "succeeded",
    "source": "git-hook",
    "started_at": "2025-12-31T23:58:00Z",
}
COMMAND = "python3 manage.py clearsessions --before yesterday --quiet"
TASK = Task("a1b2c3d4", None, COMMAND, tuple(COMMAND.split()), "30 3 * * *", "forbid")
RUN = HistoryRow(
    run="r1", outcome="failed", started="2025-12-31T03:30:00Z", seconds=4.2, exit_code=1, reason="exit status 1"
)
LONG = "/var/lib/dokkupy/data/storage/uploads"


def listings(terminal: bool) -> dict[str, tuple[Sequence[Column], list[Sequence[str]]]]:
    """Columns and cells of the commands that list things, by command."""
    event = {**EVENTS[1], "lines": "Traceback\x1b[2J\nModuleNotFoundError: No module named 'flask'"}
    audit = {
        "time": "2025-12-31T23:58:00Z",
        "who": "key:ann",
        "status": 0,
        "command": "config:set blog DATABASE_URL=***",
    }
    network = {"Name": "shared", "Driver": "bridge", "Scope": "local", "Internal": False, "CreatedAt": audit["time"]}
    mount = {"host_path": LONG, "container_path": "/app/uploads", "volume_options": "ro", "phases": ["deploy", "run"]}
    drain = {"app": "blog", "sink": "datadog_logs", "target": "https://http-intake.logs.example.com", "sent": 81_234}
    run = {"name": "blog.run.5718d3c8", "state": "running", "command": COMMAND}
    service = {"service": "postgres:db", "image": "postgres:17", "state": "running", "links": ["blog", "shop"]}
    plugin = {"name": "buildpacks", "version": "0.1.0", "status": "enabled"}
    key = {"name": "ann", "role": "deployer", "apps": ["blog", "shop"], "fingerprint": "SHA256:" + "x" * 43}
    return {
        "backups:list": (backup_tables.BACKUPS, [backup_tables.backup_cells(BACKUP, NOW, terminal)]),
        "backups:target-list": (
            backup_tables.TARGETS,
            [backup_tables.target_cells({"target": "disk", "backups": 12, "url": "/mnt/backups"})],
        ),
        "builds:list": (builds.TABLE, [builds.build_cells(BUILD_ROW, NOW, terminal)]),
        "cron:list": (cron_lines.TASKS, [cron_lines.task_cells(TASK)]),
        "cron:history": (cron_lines.RUNS, [cron_lines.run_cells(TASK.id, RUN, NOW, terminal)]),
        "events": (events.COLUMNS, [events.event_cells(event, NOW, terminal)]),
        "audit:list": (audit_cli.COLUMNS, [audit_cli.command_cells(audit, NOW, terminal)]),
        "logs:drains": (drains.DRAINS, [drains.drain_cells({**drain, "dropped": 0, "error": "answered 403"})]),
        "network:list": (network_cli.NETWORKS, [network_cli.network_cells(network, NOW, terminal)]),
        "plugin:list": (
            plugins_cli.PLUGINS,
            [
                plugins_cli.plugin_cells(
                    {**plugin, "summary": "Builds apps without a Dockerfile by detecting their language"}
                )
            ],
        ),
        "run:list": (
            run_cli.RUNS,
            [run_cli.run_cells(run, f"{NOW - 190:.0f}", NOW, terminal)],
        ),
        "services:list": (services_cli.SERVICES, [services_cli.service_cells(service)]),
        "ssh-keys:list": (ssh_cli.KEYS, [ssh_cli.key_cells(key)]),
        "storage:list": (storage_cli.MOUNTS, [storage_cli.mount_cells({**mount, "process_type": ""})]),
    }


def test_lists_are_tables_with_headings(look: tuple[str, dict[str, Any]]) -> None:
    name, form = look
    lines = []
    for command, (columns, cells) in listings(form["terminal"]).items():
        lines += [f"$ dokkupy {command}", *table(columns, cells, **form), ""]
    plain = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in lines]
    assert not form["terminal"] or [line for line in plain if len(line) > form["width"]] == []
    require_golden(f"lists-{name}", lines)


EVENTS = [
    {"time": "2025-12-31T22:00:00Z", "event": "deploy_finished", "app": "blog", "outcome": "succeeded", "release": "1"},
    {"time": "2025-12-31T23:00:00Z", "event": "deploy_finished", "app": "blog", "outcome": "failed"}
    | {"reason": "blog web.1 failed its check\x1b[2J", "kind": "git-hook", "by": "key:bob", "seconds": "12.0"},
    {"time": "2025-12-31T23:58:00Z", "event": "deploy_finished", "app": "blog", "outcome": "succeeded", "release": "2"}
    | {"kind": "rollback", "by": "key:ann", "seconds": "0.9"},
    {"time": "2025-12-31T23:58:30Z", "event": "old_instances_retired", "app": "blog", "requests": "341", "lost": "0"},
    {"time": "2025-12-31T23:59:55Z", "event": "rolled_back_after_crash", "app": "shop", "release": "4", "to": "3"},
]


def test_deploys_are_shown_as_a_timeline(look: tuple[str, dict[str, Any]]) -> None:
    rows = [{**one, "what": deploys.what(one, "")} for one in deploys.timeline(EVENTS)]
    require_golden(f"deploys-{look[0]}", deploys.lines_of(rows, now=NOW, **look[1]))


@pytest.mark.parametrize("name", ["plain", "quiet", "color", "narrow"])
def test_doctor_begins_with_what_is_wrong_and_ends_with_a_summary(name: str) -> None:
    lines = doctor.lines_of(
        FINDINGS[1:] + FINDINGS[:1], quiet=name == "quiet", color=name == "color", screen=60 if name == "narrow" else 0
    )
    require_golden(f"doctor-{name}", lines)


def test_quiet_doctor_prints_nothing_on_a_healthy_host() -> None:
    assert doctor.lines_of([FINDINGS[1]], quiet=True) == []
    assert doctor.lines_of([FINDINGS[1]])[-1] == "1 check, all is well"


BEFORE = release(
    1,
    revision="7d51972623160bc0ad297577f55d2eff0ac71380",
    by="key:ann",
    builder="dockerfile",
    description="Deploy 7d519726",
    env={EnvKey("A"): Secret("secret-1"), EnvKey("GONE"): Secret("secret-2")},
    config={EnvKey("A"): Secret("secret-1")},
    processes={ProcessType("web"): "python3 web.py"},
    formation={ProcessType("web"): 1},
    settings={"ps": {"restart-policy": "on-failure:10"}, "builder-lambda": {"lambdayml-path": "lambda.yml"}},
    files={"Procfile": "web: python3 web.py"},
)
AFTER = release(
    2,
    revision="43a05483160bc0ad297577f55d2eff0ac7138062",
    env={EnvKey("A"): Secret("secret-3"), EnvKey("NEW"): Secret("secret-4")},
    processes={ProcessType("web"): "python3 web.py", ProcessType("worker"): "python3 worker.py"},
    formation={ProcessType("web"): 3, ProcessType("worker"): 1},
    settings={"ps": {"restart-policy": "always"}},
)


def test_description_of_a_release() -> None:
    lines = fields(about(BEFORE))
    assert "secret" not in "".join(lines) and "{" not in "".join(lines)
    require_golden("release-info", lines)


def test_differences_of_releases_are_commits_variables_and_formation() -> None:
    code = [Commit("43a05483160bc0ad297577f55d2eff0ac7138062", "Ann\x07", "A friendlier\x1b[31m greeting")]
    lines = fields(compared(BEFORE, AFTER, code, differences(BEFORE, AFTER)))
    assert "secret" not in "".join(lines)
    require_golden("release-diff", lines)
