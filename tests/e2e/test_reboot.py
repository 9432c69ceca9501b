"""The machine shuts down cleanly or loses power, or only its engine crashes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from apps import Repository
from bed.engine import SOON
from bed.host import Host
from test_buildpacks import until

from tests.e2e.conftest import _started

DIRECT = 2525
"""A port of the host that is forwarded as TCP."""


def lose_engine(host: Host) -> None:
    """A crash of the engine, which systemd starts again; then an upgrade of it, which stops all containers in order. The timer
    would take up to a minute to start them again, so it is stopped: the engine's own start must be enough, even though the
    recovery from the crash has looked at the app and is still running, as with many apps."""
    host.exec(["systemctl", "stop", "dokkupy-tick.timer"])
    slow = "/run/systemd/system/dokkupy-boot.service.d/slow.conf"
    host.copy_in(b"[Service]\nExecStartPost=/bin/sleep 600\n", slow)
    host.exec(["systemctl", "daemon-reload"])
    host.exec(["systemctl", "kill", "--signal=KILL", "docker"])
    host.engine_ready()
    until(lambda: "start-post" in host.exec(["systemctl", "show", "-p", "SubState", "dokkupy-boot"]).stdout)
    host.exec(["rm", slow])
    host.exec(["systemctl", "daemon-reload"])
    # systemd starts the engine three times a minute at most, and counts its start at boot and after the crash.
    host.exec(["systemctl", "reset-failed", "docker"])
    host.exec(["systemctl", "restart", "docker"])


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    return Repository(tmp_path_factory.mktemp("reboot") / "app")


@pytest.fixture(scope="module")
def two_apps(installed_snapshot: tuple[str, str], clone: Repository) -> Iterator[Host]:
    """A machine for all disasters, with an app that runs and one that was stopped."""
    host = _started(installed_snapshot, "disasters")
    try:
        for app in ("runs", "stopped"):
            host.exec(["dokkupy", "apps:create", app])
            host.exec(["dokkupy", "domains:set", app, f"{app}.example.com"])
            host.git_push(clone.path, app)
        host.exec(["dokkupy", "ps:stop", "stopped"])
        host.exec(["dokkupy", "ports:set", "runs", "http:80:5000", f"tcp:{DIRECT}:5000"])
        yield host
    finally:
        host.close()


#: The last one stops the timer.
@pytest.mark.parametrize("disaster", [Host.reboot, Host.power_cut, lose_engine], ids=["reboot", "power cut", "engine"])
def test_apps_answer_again_and_a_stopped_one_stays_stopped(
    two_apps: Host, clone: Repository, disaster: Callable[[Host], None]
) -> None:
    host = two_apps
    before = host.http_get("runs.example.com").body
    assert before and host.http_get("runs.example.com", port=DIRECT).body == before

    disaster(host)

    host.engine_ready()
    answer = eventually_answers(host, "runs.example.com")
    assert answer == before
    # nginx's stream module also has the new addresses of the instances.
    assert eventually_answers(host, "runs.example.com", DIRECT) == answer
    # by now, everything that starts at boot would have started the stopped app
    time.sleep(5)
    form = '{{.Label "com.dokku.app-name"}}'
    assert "stopped" not in host.exec(["docker", "ps", "--format", form]).stdout.split()
    clone.greet(f"after {disaster.__name__}")
    host.git_push(clone.path, "runs")
    assert host.http_get("runs.example.com").body == f"after {disaster.__name__}\n"


def eventually_answers(host: Host, hostname: str, port: int = 80) -> str:
    deadline = time.monotonic() + SOON
    while True:
        try:
            answer = host.http_get(hostname, port=port)
            if answer.status == 200:
                return answer.body
        except OSError:
            if time.monotonic() > deadline:
                raise
        assert time.monotonic() < deadline, f"{hostname} does not answer"
        time.sleep(0.5)
