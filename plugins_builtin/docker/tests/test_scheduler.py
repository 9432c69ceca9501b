"""docker-local on a real engine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
from dokkupy_docker import command
from dokkupy_docker.engine_api import api
from dokkupy_docker.instances.naming import set_aside
from dokkupy_docker.instances.states import LocalStates
from dokkupy_docker.scheduler import DockerLocal
from dokkupy_sdk import Host, hookimpl
from dokkupy_sdk.errors import AppError, CheckFailed, DokkupyError
from dokkupy_sdk.model import Instance, Release
from dokkupy_sdk.names import AppName, ProcessType
from dokkupy_sdk.operation import operation
from dokkupy_sdk.roles import Container
from dokkupy_sdk.testing.ports import free_port

WEB, WORKER, DIES = ProcessType("web"), ProcessType("worker"), ProcessType("dies")


def inspect(ref: str) -> dict[str, object]:
    done = subprocess.run(["docker", "inspect", ref], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)[0]  # type: ignore[no-any-return]


def start(host: Host, release: Release, *wanted: tuple[ProcessType, int]) -> tuple[Instance, ...]:
    with operation(host, "test", f"app:{release.app}") as tx:
        return host.scheduler().start(release, wanted, tx.id, tx)


def left(app: AppName) -> str:
    rows = [
        ["ps", "-aq", "--filter", f"label=dokkupy.app={app}"],
        ["network", "ls", "-q", "--filter", f"name=dokkupy-app-{app}"],
    ]
    return "".join(subprocess.run(["docker", *row], capture_output=True, text=True, check=True).stdout for row in rows)


def test_instances_run_on_the_apps_own_network_with_dokkus_labels(host: Host, release: Release) -> None:
    web, worker = start(host, release, (WEB, 1), (WORKER, 1))
    found = inspect(web.id)
    labels = found["Config"]["Labels"]  # type: ignore[index]
    assert labels["com.dokku.app-name"] == release.app
    assert (labels["com.dokku.process-type"], labels["com.dokku.dyno"]) == ("web", "web.1")
    assert list(found["NetworkSettings"]["Networks"]) == [f"dokkupy-app-{release.app}"]  # type: ignore[index]
    assert found["HostConfig"]["PortBindings"] in (None, {})  # type: ignore[index]
    assert {"COLOR=blue", "PORT=5000", "DYNO=web.1"} <= set(found["Config"]["Env"])  # type: ignore[index]
    assert web.address != worker.address


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The requests to the engine from now on, without their queries."""
    lines: list[str] = []
    exchange = api.exchange

    def recorded(method: str, target: str, *rest: object, **more: object) -> tuple[int, bytes]:
        lines.append(f"{method} {target.partition('?')[0]}")
        return exchange(method, target, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(api, "exchange", recorded)
    return lines


def test_a_new_instance_is_inspected_once_and_then_watched_by_its_process(
    host: Host, release: Release, asked: list[str]
) -> None:
    made = start(host, release, (WEB, 1), (WORKER, 1))
    first, second = host.instances().activity(made), host.instances().activity(made)
    assert all(one.known and one.alive for one in (*first, *second))
    for one in made:
        unwatched = "checks" not in release.settings  # then the engine is asked once more, after it had its turn
        assert sum(f"/containers/{one.id}/json" in line for line in asked) == 1 + unwatched
    assert sum("/images/" in line for line in asked) == 1  # once for all instances


def test_an_address_survives_a_restart_of_the_container(host: Host, release: Release) -> None:
    first, second = start(host, release, (WEB, 1), (WEB, 2))
    subprocess.run(["docker", "restart", "-t", "0", second.id, first.id], check=True, capture_output=True)
    for one in (first, second):
        container = host.containers().find(one.id)
        assert container is not None
        assert list(container.addresses.values()) == [one.address]


def test_instance_that_exits_at_once_is_named_and_removed(host: Host, release: Release) -> None:
    with pytest.raises(CheckFailed, match="dies.1") as caught:
        start(host, release, (WEB, 1), (DIES, 1))
    assert [one.process for one in caught.value.instances] == ["dies"]
    assert left(release.app) == ""


def test_a_finalized_instance_has_its_final_name_and_the_old_one_is_marked(host: Host, release: Release) -> None:
    (old,) = start(host, release, (WEB, 1))
    scheduler = host.scheduler()
    scheduler.finalize(release.app, [old], [])
    (new,) = start(host, release, (WEB, 1))
    for _ in range(2):  # it is idempotent
        scheduler.finalize(release.app, [new], [old])
    names = {one.id: one.name for one in host.containers().find_all({"dokkupy.app": release.app})}
    assert names[new.id] == f"{release.app}.web.1"
    assert names[old.id].startswith(f"{release.app}.web.1.retired-")
    scheduler.retire([old], timeout=2)
    assert [one.id for one in host.containers().find_all({"dokkupy.app": release.app})] == [new.id]


def test_reports_see_the_states_that_the_scheduler_sees(host: Host, release: Release) -> None:
    web, worker = start(host, release, (WEB, 1), (WORKER, 1))
    subprocess.run(["docker", "pause", web.id], check=True, capture_output=True)
    try:
        found = {row.instance.id: row.state for row in host.instances().status((web, worker))}
        light = LocalStates(host)
        assert light.of(release.app) == found == {web.id: "paused", worker.id: "running"}
        assert light.of(AppName("another")).items() >= found.items(), "who asks of many is answered once"
    finally:
        subprocess.run(["docker", "unpause", web.id], check=True, capture_output=True)


def test_a_stopped_instance_does_not_come_back_by_itself_and_resumes(host: Host, release: Release) -> None:
    (web,) = start(host, release, (WEB, 1))
    scheduler = host.scheduler()
    scheduler.stop([web], timeout=1)
    assert inspect(web.id)["HostConfig"]["RestartPolicy"]["Name"] == "no"  # type: ignore[index]
    assert scheduler.status([web])[0].state == "exited"
    assert scheduler.resume(release, [web]) == (web,)
    assert scheduler.status([web])[0].state == "running"
    assert inspect(web.id)["HostConfig"]["RestartPolicy"]["Name"] == "on-failure"  # type: ignore[index]


def test_an_instance_that_dies_while_it_drains_is_not_started_again(
    host: Host, release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    (web,) = start(host, release, (WEB, 1))
    state = {}

    def die(host: Host, instances: Sequence[Instance], *, timeout: int) -> None:
        process = int(inspect(web.id)["State"]["Pid"])  # type: ignore[index]
        os.kill(process, signal.SIGKILL)
        subprocess.run(["docker", "wait", web.id], check=True, capture_output=True, timeout=60)
        state.update(inspect(web.id)["State"])  # type: ignore[arg-type]

    monkeypatch.setattr("dokkupy_docker.scheduler.wait_until_idle", die)
    host.scheduler().retire([web], timeout=1)
    assert state["Status"] == "exited"
    assert host.containers().find_all({"dokkupy.app": release.app}) == []


def test_an_instance_that_crashes_again_and_again_is_set_aside(host: Host, release: Release) -> None:
    spec = host.surroundings(release.app).one_off(
        release, "exit 7", name=f"{release.app}.loop", kind="run", dyno="loop.1"
    )
    made = host.containers().create(replace(spec, restart_policy="on-failure"))
    end = time.monotonic() + 60
    while not ((found := inspect(made.id))["State"]["Restarting"] and found["RestartCount"] > 3):  # type: ignore[index]
        assert time.monotonic() < end
    set_aside(host.containers(), made.id, f"{release.app}.aside")
    assert inspect(made.id)["Name"] == f"/{release.app}.aside"


def test_orphans_are_the_instances_that_nobody_knows(host: Host, release: Release) -> None:
    known, orphan = start(host, release, (WEB, 1), (WORKER, 1))
    assert [one.id for one in host.scheduler().orphans(release.app, [known])] == [orphan.id]


def test_a_one_off_container_has_the_environment_and_its_output_is_read(host: Host, release: Release) -> None:
    spec = host.surroundings().one_off(
        release, "echo $COLOR $DYNO; exit 7", name=f"{release.app}.run.1", kind="run", dyno="run.1"
    )
    container = host.containers().create(spec)
    assert host.sessions().wait(container.id) == 7
    assert [line for _, line in host.sessions().logs(container.id)] == [b"blue run.1"]
    assert host.containers().find(container.id).exit_code == 7  # type: ignore[union-attr]


def test_error_says_that_the_engine_is_down(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
    with pytest.raises(DokkupyError, match="does not answer") as caught:
        host.containers().find_all({})
    assert caught.value.code == "engine_down"
    assert not host.engine().prepare().ready
    for is_there, hint in ((True, "systemctl start docker"), (False, "apt-get install docker.io")):
        monkeypatch.setattr("dokkupy_docker.engine_api.api.is_installed", lambda is_there=is_there: is_there)
        with pytest.raises(DokkupyError, match=hint):
            host.containers().find_all({})


def test_an_instance_whose_program_is_missing_is_the_apps_fault_and_leaves_nothing(
    host: Host, release: Release
) -> None:
    broken = replace(release, settings={"scheduler": {"shell": "/bin/none"}})
    with pytest.raises(AppError):
        start(host, broken, (WEB, 1), (WEB, 2))
    assert left(release.app) == ""


def test_an_undone_start_leaves_the_older_instances_and_their_network(host: Host, release: Release) -> None:
    (old,) = start(host, release, (WEB, 1))
    with pytest.raises(CheckFailed):
        start(host, release, (WEB, 1), (DIES, 1))
    assert [one.id for one in host.containers().find_all({"dokkupy.app": release.app})] == [old.id]
    assert host.networks().find_all({"dokkupy.app": release.app})


def test_a_retired_instance_is_missing_and_may_be_retired_again(host: Host, release: Release) -> None:
    (web,) = start(host, release, (WEB, 1))
    for _ in range(2):
        host.scheduler().retire([web], timeout=1)
    assert host.instances().status([web])[0].state == "missing"
    assert host.scheduler().resume(release, [web]) == ()


def test_a_forgotten_app_leaves_neither_containers_nor_network(host: Host, release: Release) -> None:
    start(host, release, (WEB, 1), (WORKER, 1))
    for _ in range(2):
        host.scheduler().forget(release.app)
    assert left(release.app) == ""


def test_a_one_off_never_gets_the_address_of_a_stopped_instance(host: Host, release: Release) -> None:
    (web,) = start(host, release, (WEB, 1))
    host.scheduler().stop([web], timeout=0)
    spec = host.surroundings().one_off(release, "sleep 60", name=f"{release.app}.run.2", kind="run", dyno="run.2")
    guest = host.containers().create(spec)
    assert web.address not in guest.addresses.values()
    assert host.scheduler().resume(release, [web]) == (web,)


def test_command_that_does_not_end_in_time_is_a_timeout_and_not_an_engine_that_is_down(
    host: Host, release: Release
) -> None:
    (worker,) = start(host, release, (WORKER, 1))
    sessions = host.sessions()
    done = sessions.exec(worker.id, ["sh", "-c", "echo hello; echo more >&2; exit 4"])
    assert (done.exit_code, sorted(done.output.split())) == (4, ["hello", "more"])
    with pytest.raises(TimeoutError):
        sessions.wait(worker.id, timeout=0.5)
    with pytest.raises(TimeoutError):
        sessions.exec(worker.id, ["sleep", "5"], timeout=0.5)


def with_options(release: Release, *words: str) -> Release:
    return replace(release, options={"deploy:web": words})


def test_options_join_a_network_publish_a_port_and_link_a_container(host: Host, release: Release, image: str) -> None:
    name = f"{release.app}-shared"
    made = ["docker", "network", "create", "--label", f"dokkupy.app={release.app}", name]
    subprocess.run(made, check=True, capture_output=True)
    try:
        port = free_port()
        options = (
            "--network",
            name,
            "--network-alias",
            "shop",
            "-p",
            f"127.0.0.1:{port}:5000",
            "--sysctl",
            "net.core.somaxconn=99",
        )
        (web,) = start(host, with_options(release, *options), (WEB, 1))
        networks = inspect(web.id)["NetworkSettings"]["Networks"]  # type: ignore[index]
        assert set(networks) == {f"dokkupy-app-{release.app}", name}
        assert {f"{release.app}.web", "shop"} <= set(networks[name]["Aliases"])
        # the proxy still reaches it in the app's own network
        assert networks[f"dokkupy-app-{release.app}"]["IPAddress"] == web.address
        assert urllib.request.urlopen(f"http://127.0.0.1:{port}/bin/busybox", timeout=60).status == 200
    finally:
        host.scheduler().forget(release.app)
        subprocess.run(["docker", "network", "rm", name], check=False, capture_output=True)


def test_an_instance_in_the_host_s_network_is_reached_on_the_host(host: Host, release: Release) -> None:
    (one,) = start(host, replace(release, options={"deploy:worker": ("--network=host",)}), (WORKER, 1))
    assert one.address == "127.0.0.1"
    assert inspect(one.id)["HostConfig"]["NetworkMode"] == "host"  # type: ignore[index]


def test_inspect_is_the_engine_s_answer_with_the_final_name_and_no_values(host: Host, release: Release) -> None:
    (web,) = start(host, release, (WEB, 1))
    host.scheduler().finalize(release.app, [web], [])
    (shown,) = host.instances().inspect([web])
    real = inspect(web.id)
    assert shown["Name"] == f"/{release.app}.web.1" and shown["State"] == real["State"]
    assert "COLOR=*******" in shown["Config"]["Env"] and "blue" not in json.dumps(shown)


class Listener:
    """A plugin that reads what ended containers printed."""

    def __init__(self) -> None:
        self.found: list[tuple[str, str, list[bytes]]] = []

    @hookimpl
    def on_container_ended(self, host: Host, container: Container) -> None:
        lines = [line for _, line in host.sessions().logs(container.id)]
        self.found.append((container.labels["com.dokku.dyno"], container.state, lines))


def test_a_plugin_reads_all_that_an_instance_printed_before_it_is_removed(host: Host, release: Release) -> None:
    listener = Listener()
    host.hooks.manager.register(listener, name="docker.listener")
    host.hooks.owners["docker.listener"] = host.hooks.owners["docker"]
    says_goodbye = {WEB: "trap 'echo bye; exit' TERM; echo up; while :; do sleep 0.1; done"}
    (web,) = start(host, replace(release, processes=says_goodbye), (WEB, 1))
    host.scheduler().retire([web], timeout=60, drain=0)
    assert listener.found == [("web.1", "exited", [b"up", b"bye"])]
    with pytest.raises(CheckFailed):
        start(host, release, (DIES, 1))
    ((dyno, state, lines),) = listener.found[1:]
    assert (dyno, state, set(lines)) == ("dies.1", "exited", {b"no such thing"})  # the engine may have restarted it
    spec = host.surroundings(release.app).one_off(release, ("cat",), name=f"{release.app}.x", kind="run", dyno="run.1")
    on_a_terminal = host.containers().create(replace(spec, stdin=True))
    host.containers().remove(on_a_terminal.id)
    assert len(listener.found) == 2


@pytest.fixture
def images() -> Iterator[list[str]]:
    """Images that a test made, which are removed after it."""
    made: list[str] = []
    yield made
    subprocess.run(["docker", "rmi", "-f", *made], check=False, capture_output=True)


def test_a_restart_looks_into_no_image_and_asks_the_engine_seven_times(
    images: list[str], host: Host, release: Release, image: str, asked: list[str]
) -> None:
    own = subprocess.run(
        ["docker", "build", "-q", "-"],
        input=f'FROM {image}\nCMD ["/bin/sleep", "600"]',
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    images.append(own)
    release = replace(release, image=own, processes={WEB: None})
    (first,) = start(host, release, (WEB, 1))
    label = command.SHELL_LABEL
    assert host.engine().containers.find_all({"dokkupy.app": release.app})[0].labels[label] == "true"
    asked.clear()
    again = DockerLocal(host)
    host.override_role("scheduler", "fake", again)
    (second,) = start(host, release, (WEB, 1))
    version = f"/{api.VERSION}"
    assert asked == [
        f"GET {version}/networks/dokkupy-app-{release.app}",
        f"GET {version}/containers/json",
        f"GET {version}/images/{own}/json",
        f"POST {version}/containers/create",
        f"POST {version}/containers/{second.id}/start",
        *[f"GET {version}/containers/{second.id}/json"] * 2,
    ]
    asked.clear()
    start(host, release, (WEB, 1))
    assert not [line for line in asked if "/images/" in line]  # this command has inspected it
    assert second.address != first.address
    assert command.FIRST_LINE in str(inspect(second.id)["Args"])
