"""One-off processes: their environment, and what ends them."""

from __future__ import annotations

import os
import signal
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from dokkupy.errors import Conflict, DokkupyError, Interrupted, UserError
from dokkupy.host import Host
from dokkupy.kernel.operation import operation
from dokkupy.model.names import AppName, EnvKey
from dokkupy.model.secret import Secret
from dokkupy_apps.apps import create_app
from dokkupy_apps.desired.config import LARGEST, set_env
from dokkupy_apps.releases.records import releases
from dokkupy_apps.testing import deploy
from dokkupy_run import oneoff
from dokkupy_run.attached import run_attached
from dokkupy_run.oneoff import RunOptions, retire_runs, run_detached
from dokkupy_sdk import attached
from dokkupy_sdk.events import latest
from dokkupy_sdk.testing.fake_engine import FakeEngine

APP = AppName("blog")
SHAPES = {
    "PEM": "-----BEGIN\n\nx=1\n-----END\n",
    "LARGE": "x" * 100_000,
    "EDGE": " a\tb \n",
    "EMPTY": "",
    "UTF": "ä\u2028",
}


@pytest.fixture
def app(host: Host) -> FakeEngine:
    with operation(host, "test", "global") as tx:
        set_env(tx, None, {EnvKey("GLOBAL"): Secret("g\nh")})
    create_app(host, APP)
    with operation(host, "test", "app:blog") as tx:
        set_env(tx, APP, {EnvKey(key): Secret(value) for key, value in SHAPES.items()})
    deploy(host, "blog", {"Procfile": "web: serve\ntask: rake 'a b' && rake c\n"})
    engine = host.engine()
    assert isinstance(engine, FakeEngine)
    return engine


def kept(engine: FakeEngine, name: str) -> str:
    return engine.require(name).state


def runs(engine: FakeEngine) -> list[str]:
    return [one.name for one in engine.containers.find_all({"dokkupy.kind": "run"})]


def spec_of_last(engine: FakeEngine) -> dict[str, str]:
    return {key: value.reveal() for key, value in engine.specs[f"{engine.count:064x}"].env.items()}


# their environment


@pytest.mark.parametrize("way", ["attached", "detached"])
def test_values_of_any_content_arrive_unchanged(host: Host, app: FakeEngine, way: str) -> None:
    of_web = next(app.specs[one.id].env for one in app.containers.find_all({"dokkupy.process": "web"}))
    {"attached": run_attached, "detached": run_detached}[way](host, APP, ["true"], RunOptions(env=(("ONE", "a\nb"),)))
    expected = {**{key: value.reveal() for key, value in of_web.items()}, "ONE": "a\nb"}
    given = spec_of_last(app)
    assert given.pop("DYNO").startswith("run.") and expected.pop("DYNO") == "web.1"
    assert given == expected
    assert SHAPES.items() <= expected.items() and expected["GLOBAL"] == "g\nh"


@pytest.mark.parametrize("cron_id", ["", "nightly"])
@pytest.mark.parametrize("way", ["attached", "detached"])
def test_a_process_has_the_configuration_that_is_set_now(host: Host, app: FakeEngine, way: str, cron_id: str) -> None:
    """As with Dokku, also where the running instances do not have it yet (`config:set --no-restart`)."""
    with operation(host, "config:set", "app:blog") as tx:
        set_env(tx, APP, {EnvKey("EMPTY"): Secret("no more"), EnvKey("LATER"): Secret("1")})
    {"attached": run_attached, "detached": run_detached}[way](host, APP, ["true"], RunOptions(cron_id=cron_id))
    given = spec_of_last(app)
    assert (given["EMPTY"], given["LATER"]) == ("no more", "1")
    of_web = next(app.specs[one.id].env for one in app.containers.find_all({"dokkupy.process": "web"}))
    assert "LATER" not in of_web
    assert [one.number for one in releases(host, APP)] == [1]


def test_a_value_that_exceeds_the_kernels_limit_is_refused_with_the_limit(host: Host, app: FakeEngine) -> None:
    fits = LARGEST - len("KEY=") - 1
    with operation(host, "test", "app:blog") as tx:
        set_env(tx, APP, {EnvKey("KEY"): Secret("x" * fits)})
        with pytest.raises(UserError, match=f"{LARGEST + 1} bytes.*{LARGEST}"):
            set_env(tx, APP, {EnvKey("KEY"): Secret("x" * (fits + 1))})
        with pytest.raises(UserError, match="together"):
            set_env(tx, APP, {EnvKey(f"KEY{number}"): Secret("x" * (fits - 2)) for number in range(20)})
    with pytest.raises(UserError, match="too large"):
        run_detached(host, APP, ["true"], RunOptions(env=(("KEY", "x" * LARGEST),)))


def test_a_process_type_stands_for_its_command_and_further_arguments_follow_it(host: Host, app: FakeEngine) -> None:
    run_detached(host, APP, ["task"], RunOptions())
    run_detached(host, APP, ["task", "--only", "x y", "$HOME"], RunOptions())
    run_detached(host, APP, ["ls", "task"], RunOptions())
    commands = [one.command for one in app.containers.find_all({"dokkupy.kind": "run"})]
    assert commands == [
        ("rake 'a b' && rake c",),
        ("rake 'a b' && rake c --only 'x y' '$HOME'",),
        ("ls", "task"),
    ]


def test_labels_and_the_time_to_live_are_on_the_container(host: Host, app: FakeEngine) -> None:
    run_detached(host, APP, ["true"], RunOptions(labels=("com.example.a=b=c",), ttl=20, cron_id="c1"))
    labels = app.containers.find_all({"dokkupy.kind": "run"})[0].labels
    assert labels["com.example.a"] == "b=c"
    assert labels["com.dokku.active-deadline-seconds"] == "20"
    assert (labels["com.dokku.cron-id"], labels["com.dokku.container-type"]) == ("c1", "cron")


IMPOSSIBLE = (
    *(
        RunOptions(labels=(text,))
        for text in (
            "nothing",
            "=x",
            "a b=c",
            "a=\n",
            "dokku=",
            "dokkupy.app=other",
            "com.dokku.app-name=other",
            "com.dokku.active-deadline-seconds=9999999",
            "org.label-schema.vendor=x",
        )
    ),
    RunOptions(ttl=0),
    RunOptions(ttl=-1),
    RunOptions(policy="never", cron_id="c"),
    RunOptions(policy="forbid"),
    RunOptions(cron_id="a b"),
)


def test_an_option_that_docker_refuses_is_an_error_and_nothing_starts(host: Host, app: FakeEngine) -> None:
    for options in IMPOSSIBLE:
        for run in (run_attached, run_detached):
            with pytest.raises(UserError):
                run(host, APP, ["true"], options)
    assert runs(app) == []


def test_a_concurrency_policy_counts_the_containers_of_its_cron_id_alone(host: Host, app: FakeEngine) -> None:
    other = run_detached(host, APP, ["true"], RunOptions(cron_id="other"))
    first = run_detached(host, APP, ["true"], RunOptions(cron_id="c", policy="forbid"))
    with pytest.raises(Conflict, match=first):
        run_detached(host, APP, ["true"], RunOptions(cron_id="c", policy="forbid"))
    both = run_detached(host, APP, ["true"], RunOptions(cron_id="c", policy="allow"))
    assert runs(app) == [other, first, both]
    last = run_detached(host, APP, ["true"], RunOptions(cron_id="c", policy="replace"))
    assert runs(app) == [other, last]
    app.put(last, "exited", 0)
    run_detached(host, APP, ["true"], RunOptions(cron_id="c", policy="forbid"))


# what ends them


def test_the_status_is_the_commands_own(host: Host, app: FakeEngine) -> None:
    app.client = ["sh", "-c", "exit 7"]
    assert run_attached(host, APP, ["x"], RunOptions()) == 7
    assert runs(app) == []


def test_a_container_that_could_not_start_says_why_by_its_status(
    host: Host, app: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.client = ["false"]
    create = app.containers.create
    monkeypatch.setattr(
        app.containers,
        "create",
        lambda spec, start: (made := create(spec, start=start), app.put(made.id, "created", 127))[0],
    )
    assert run_attached(host, APP, ["nothing"], RunOptions()) == 127


def set_grace(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    for module in (oneoff, attached):
        monkeypatch.setattr(module, "GRACE", seconds)


@pytest.fixture
def running(app: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    """An engine whose client waits for a container that runs until it is stopped."""
    app.client = ["sleep", "60"]
    create, stop = app.containers.create, app.containers.stop
    stopped: list[int] = []

    def created(spec: object, *, start: bool = True) -> object:
        made = create(spec)  # type: ignore[arg-type]
        return made

    def stopping(ref: str, *, timeout: int, restart_policy: str | None = None) -> None:
        stopped.append(timeout)
        stop(ref, timeout=timeout)

    monkeypatch.setattr(app.containers, "create", created)
    monkeypatch.setattr(app.containers, "stop", stopping)
    set_grace(monkeypatch, 0.1)
    app.exit_codes["stopped"] = 0
    return app


def test_a_disconnected_reader_ends_the_container(
    host: Host, running: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = os.pipe()
    monkeypatch.setattr(attached, "OUTPUT", theirs)
    threading.Timer(0.2, os.close, [ours]).start()
    assert run_attached(host, APP, ["sleep", "60"], RunOptions()) == 143
    os.close(theirs)
    assert runs(running) == []
    last = latest(host, 1)[0]
    assert (last["event"], last["app"], last["reason"]) == ("run_ended", "blog", "its caller disconnected")


def test_a_reader_who_disconnects_before_the_start_leaves_no_container_either(
    host: Host, app: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.client = ["sleep", "3600"]  # like a client that has not started the container yet
    set_grace(monkeypatch, 3600)  # waiting for it would never end
    ours, theirs = os.pipe()
    os.close(ours)
    monkeypatch.setattr(attached, "OUTPUT", theirs)
    run_attached(host, APP, ["sleep", "60"], RunOptions())
    os.close(theirs)
    assert runs(app) == []
    assert latest(host, 1)[0]["reason"] == "its caller disconnected"


def test_an_attached_container_ends_at_its_time_limit(host: Host, running: FakeEngine) -> None:
    assert run_attached(host, APP, ["sleep", "60"], RunOptions(ttl=1)) == 143
    assert runs(running) == []
    assert latest(host, 1)[0]["reason"] == "it reached its time limit of 1 s"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_container_and_is_the_status(host: Host, running: FakeEngine, number: signal.Signals) -> None:
    before = signal.getsignal(number)

    def send_when_caught() -> None:
        """A signal that comes before would end the tests."""
        while signal.getsignal(number) == before:
            time.sleep(0.01)
        os.kill(os.getpid(), number)

    threading.Thread(target=send_when_caught, daemon=True).start()
    with pytest.raises(Interrupted) as caught:
        run_attached(host, APP, ["sleep", "60"], RunOptions())
    assert caught.value.exit_code == 128 + number
    assert runs(running) == []
    assert signal.getsignal(number) == before


def test_a_container_ends_when_its_client_is_killed(host: Host, running: FakeEngine) -> None:
    running.client = ["sh", "-c", "kill -9 $$"]
    assert run_attached(host, APP, ["sleep", "60"], RunOptions()) == 143
    assert runs(running) == []


def test_the_timer_ends_containers_at_their_time_limit_and_removes_ended_ones(host: Host, app: FakeEngine) -> None:
    for name, ttl in (("short", 20), ("long", 3600), ("ended", 3600)):
        made = app.require(run_detached(host, APP, [name], RunOptions(ttl=ttl)))
        app.made[made.name] = replace(made, created_at="1000", state="exited" if name == "ended" else "running")
    commands = lambda: [one.command[0] for one in app.containers.find_all({"dokkupy.kind": "run"})]  # noqa: E731
    retire_runs(host, now=1019.0)
    assert commands() == ["short", "long"]
    retire_runs(host, now=1020.0)
    assert commands() == ["long"]
    assert latest(host, 1)[0]["reason"] == "it reached its time limit of 20 s"
    retire_runs(host, now=1000.0 + 86400)
    assert commands() == []


def test_a_container_that_does_not_end_does_not_keep_the_timer_from_ending_others(
    host: Host, app: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (run_detached(host, APP, ["x"], RunOptions(ttl=1)) for _ in range(2))
    for name in (first, second):
        app.made[name] = replace(app.require(name), created_at="1000")
    stop = app.containers.stop

    def stubborn(ref: str, *, timeout: int, restart_policy: str | None = None) -> None:
        if ref == app.require(first).id:
            raise DokkupyError("it does not stop")
        stop(ref, timeout=timeout)

    monkeypatch.setattr(app.containers, "stop", stubborn)
    retire_runs(host, now=2000.0)
    assert runs(app) == [first]


def test_the_engines_client_gets_nothing_of_the_apps_environment(host: Host, app: FakeEngine, tmp_path: Path) -> None:
    app.client = ["sh", "-c", f"env > {tmp_path}/env"]
    run_attached(host, APP, ["x"], RunOptions(env=(("LD_PRELOAD", "/evil.so"), ("DOCKER_CONFIG", "/evil"))))
    seen = (tmp_path / "env").read_text()
    assert "evil" not in seen and "PEM" not in seen
