"""`why` and the end of a failed deploy, on a host of fakes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from dokkupy_apps.apps import create_app, set_locked
from dokkupy_apps.processes.start_stop import stop_app
from dokkupy_apps.releases.records import current
from dokkupy_apps.testing import deploy
from dokkupy_sdk import Host, hookimpl
from dokkupy_sdk.builder import builder_of
from dokkupy_sdk.diagnosis import FACT, GUESS, Cause, Evidence
from dokkupy_sdk.errors import AppError, CheckFailed, DokkupyError
from dokkupy_sdk.names import AppName
from dokkupy_sdk.testing import FakeBuilder, FakeEngine, FakeScheduler, fake_host
from dokkupy_sdk.testing.command_line import Run, command_line
from dokkupy_why import diagnosis
from dokkupy_why.diagnosis import ranked
from dokkupy_why.render import hint_lines, text_of

BLOG = AppName("blog")
TREE = {"Procfile": "web: serve\n"}
MISSING = [b"Traceback (most recent call last):", b"ModuleNotFoundError: No module named 'flask'"]


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    monkeypatch.delenv("DOKKU_APP_NAME", raising=False)
    return fake_host(tmp_path / "dokkupy", plugins=("why",))


@pytest.fixture
def run(host: Host, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    return command_line(host, capsys, monkeypatch)


def break_start(host: Host, lines: list[bytes]) -> None:
    scheduler, engine = host.scheduler(), host.engine()
    assert isinstance(scheduler, FakeScheduler) and isinstance(engine, FakeEngine)
    scheduler.dead.add("web")
    engine.output["serve"] = lines


def repair_start(host: Host) -> None:
    scheduler = host.scheduler()
    assert isinstance(scheduler, FakeScheduler)
    scheduler.dead.clear()


def break_build(host: Host, error: AppError) -> None:
    builder = builder_of(host, "fake")
    assert isinstance(builder, FakeBuilder)
    builder.fails = error


def test_the_error_of_a_failed_deploy_names_the_cause_and_its_fix_and_the_next_commands(host: Host) -> None:
    break_start(host, MISSING)
    with pytest.raises(CheckFailed) as caught:
        deploy(host, "blog", TREE)
    lines = caught.value.hint.splitlines()
    assert lines[0] == "Cause: The Python module flask is not installed in the image."
    assert lines[1].startswith("Fix: Add its package to requirements.txt")
    assert lines[-1] == "See also: logs:failed blog, builds:output blog, why blog"
    assert "keep serving" not in caught.value.hint


def test_why_names_the_cause_the_lines_and_the_fix_until_a_deploy_succeeds(host: Host, run: Run) -> None:
    break_start(host, MISSING)
    with pytest.raises(CheckFailed):
        deploy(host, "blog", TREE)
    status, out, err = run("why", "blog")
    assert (status, err) == (0, "")
    assert out.startswith("=====> blog: the last deploy failed when its instances started (")
    for text in (
        "Cause: The Python module flask is not installed in the image.",
        "ModuleNotFoundError: No module named 'flask'",
        "Next:  logs:failed blog, builds:output blog, releases blog",
    ):
        assert text in out
    repair_start(host)
    deploy(host, "blog", TREE)
    _, out, _ = run("why", "blog")
    assert "blog runs its release v1, and nothing is known that keeps requests from it." in out.replace("v2", "v1")
    assert "is over, because a later one succeeded" in out and "Cause" not in out


def test_a_deployer_reads_which_part_of_a_fix_is_for_an_admin(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.store.write("global", "ssh-keys", data={"keys": {"dev": {"role": "deployer", "apps": ["blog"]}}})
    cause = Cause("The engine is down", fix=("Start it: systemctl start docker.", "Then: ps:start blog."))
    monkeypatch.setattr(diagnosis, "ranked", lambda _: (cause,))
    evidence = Evidence(BLOG, "start")
    assert diagnosis.causes_of(host, evidence) == (cause,)
    (shown,) = diagnosis.causes_of(host.for_invocation(who="key:dev"), evidence)
    assert shown.fix == (
        "Start it: systemctl start docker (for an admin of the host: systemctl)",
        "Then: ps:start blog.",
    )


def test_why_reads_what_the_build_printed(host: Host, run: Run) -> None:
    deploy(host, "blog", TREE)
    break_build(host, AppError("App build failed", details=('npm error Missing script: "build"',), code="build_failed"))
    with pytest.raises(AppError) as caught:
        deploy(host, "blog", TREE)
    assert "Cause: package.json has no script build." in caught.value.hint
    assert "The old instances keep serving." in caught.value.hint
    _, out, _ = run("why", "blog", "--format", "json")
    (failure,) = json.loads(out)["failures"]
    assert (failure["step"], failure["causes"][0]["sure"]) == ("build", "read")
    assert failure["causes"][0]["title"] == "package.json has no script build"


def test_an_unknown_failure_is_shown_as_it_was_seen(host: Host, run: Run) -> None:
    break_build(host, AppError("App build failed", details=("frobnicate: 7 gizmos left",), code="build_failed"))
    with pytest.raises(AppError) as caught:
        deploy(host, "blog", TREE)
    assert caught.value.hint == "See also: builds:output blog, why blog"
    _, out, _ = run("why", "blog")
    assert "Cause: not known." in out and "Next:  builds:output blog, releases blog" in out


def test_a_refused_command_is_no_failed_deploy(host: Host, run: Run) -> None:
    deploy(host, "blog", TREE)
    set_locked(host, BLOG, True)
    with pytest.raises(DokkupyError):
        deploy(host, "blog", TREE)
    _, out, _ = run("why", "blog")
    assert "blog runs its release v1" in out and "apps:unlock blog" in out


def test_a_process_that_crashed_is_explained_by_the_event_of_its_crash(host: Host, run: Run) -> None:
    deploy(host, "blog", TREE)
    _, (web,) = current(host, BLOG)
    engine = host.engine()
    assert isinstance(engine, FakeEngine)
    engine.end(web.id, 1, at=1.0)
    host.events.record("process_crashed", app="blog", process="web.1", exit_code="1", lines="KeyError: 'SECRET_KEY'")
    _, out, _ = run("why", "blog")
    assert "blog: web.1 does not run: it has ended" in out
    assert "Cause: The variable SECRET_KEY is not set." in out and "config:set blog SECRET_KEY=VALUE" in out


def test_why_says_what_a_new_and_a_stopped_app_wait_for(host: Host, run: Run) -> None:
    create_app(host, BLOG)
    assert "blog has not been deployed yet" in run("why", "blog")[1]
    deploy(host, "blog", TREE)
    stop_app(host, BLOG)
    assert "ps:start blog starts it" in run("why", "blog")[1]
    assert json.loads(run("why", "blog", "--format", "json")[1])["state"] == "stopped"
    assert run("why", "nope")[0] == 20


def test_why_names_the_image_that_a_stopped_app_lost(host: Host, run: Run) -> None:
    deploy(host, "blog", TREE)
    stop_app(host, BLOG)
    assert "missing" not in run("why", "blog")[1]
    engine = host.engine()
    assert isinstance(engine, FakeEngine)
    engine.tags.clear()  # as `docker system prune -a` does
    _, out, _ = run("why", "blog")
    assert "Cause: The image of v1 is missing from the engine." in out
    assert "ps:start blog builds it again" in out and "blog was stopped: ps:start blog starts it" in out


def test_why_names_what_an_app_lost_whose_container_is_gone(host: Host, run: Run) -> None:
    deploy(host, "blog", TREE)
    engine = host.engine()
    assert isinstance(engine, FakeEngine)
    engine.tags.clear()
    for identifier in list(engine.made):
        host.containers().remove(identifier)
    _, out, _ = run("why", "blog")
    assert "Cause: The image of v1 is missing from the engine." in out and "not known" not in out


def test_a_guess_stands_only_where_nothing_better_is_known() -> None:
    guess, read = Cause("exit code 1", sure=GUESS), Cause("the module is missing")
    assert ranked([guess, read]) == (read,)
    assert ranked([guess, guess]) == (guess,)


def test_a_cause_that_the_message_names_is_not_said_twice() -> None:
    cause = Cause("It listens on 127.0.0.1 only", ("Make it listen on 0.0.0.0:5000",))
    assert hint_lines("nobody listened; it listens on 127.0.0.1 only", [cause]) == [
        "Fix: Make it listen on 0.0.0.0:5000"
    ]
    assert hint_lines("it failed", [Cause("exit code 1", sure=GUESS)]) == []


def test_why_says_each_cause_once() -> None:
    cause = Cause("It listens on 127.0.0.1 only", ("Make it listen on 0.0.0.0:5000",))
    evidence = Evidence("blog", "start", "nothing listened; it listens on 127.0.0.1 only")
    title, *lines = text_of(evidence, [cause])
    assert lines == [
        "       nothing listened; it listens on 127.0.0.1 only",
        "       Fix:   Make it listen on 0.0.0.0:5000",
    ]
    crashed = Evidence("blog", "run", "web.1 crashed")
    assert text_of(crashed, [cause], shown={cause.title}) == ["=====> blog: web.1 crashed", "       Cause: the same."]
    longer = Cause("The disk is full: /dev/sda1 at /", sure=FACT)
    assert ranked([Cause("The disk is full"), longer]) == (longer,)


def test_control_sequences_of_an_app_do_not_reach_the_reader(host: Host, run: Run) -> None:
    break_start(host, [b"\x1b]0;owned\x07ModuleNotFoundError: No module named 'x\x1b[31m'"])
    with pytest.raises(CheckFailed):
        deploy(host, "blog", TREE)
    assert "\x1b" not in run("why", "blog")[1]


def test_text_without_lines_says_the_exit_code() -> None:
    assert (
        text_of(Evidence("blog", "start", reason="it failed", exit_code=None), ())[-1] == "       It printed nothing."
    )


@pytest.mark.parametrize(
    "words",
    [
        ("ps:restart", "blog"),
        ("ps:restart", "--all"),
        ("ps:start", "blog"),
        ("ps:scale", "blog", "web=2"),
        ("config:set", "blog", "A=1"),
        ("ports:set", "blog", "http:80:8080"),
        ("releases:rollback", "blog", "v1"),
    ],
    ids=" ".join,
)
def test_each_command_that_starts_processes_names_the_cause_of_a_failure(
    host: Host, run: Run, words: tuple[str, ...]
) -> None:
    deploy(host, "blog", TREE)
    if words[0] == "ps:start":
        stop_app(host, BLOG)
        _, (web,) = current(host, BLOG)
        host.containers().remove(web.id)
    break_start(host, MISSING)
    status, _, err = run(*words)
    assert status == 1
    for text in (
        "ModuleNotFoundError: No module named 'flask'",
        " !     Cause: The Python module flask is not installed in the image.\n",
        " !     Fix: Add its package to requirements.txt",
        "See also: logs:failed blog",
        ", why blog",
    ):
        assert text in err, err


def test_a_request_that_cannot_be_met_is_no_failed_deploy(host: Host, run: Run) -> None:
    deploy(host, "blog", TREE)
    finished: list[str] = []

    class Listener:
        @hookimpl
        def on_deploy_finished(self, outcome: str) -> None:
            finished.append(outcome)

    host.hooks.manager.register(Listener(), name="listener")
    assert run("ps:scale", "blog", "nope=2")[0] == run("releases:rollback", "blog", "v99")[0] == 1
    assert finished == []


def test_a_build_that_was_interrupted_is_named_with_what_to_do(host: Host, run: Run) -> None:
    deploy(host, "blog", TREE)
    assert "interrupted" not in run("why", "blog")[1]
    directory = Path(host.path("builds", "blog"))
    directory.mkdir(parents=True, exist_ok=True)
    facts = {"id": "z", "status": "running", "pid": 1, "started_at": "2026-11-30T12:04:46Z"}
    (directory / "z.json").write_text(json.dumps(facts))
    assert "Its build of 2026-11-30T12:04:46Z was interrupted" in run("why", "blog")[1]
