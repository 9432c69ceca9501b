"""The observed activity of processes in real containers."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from dokkupy_docker.instances.activity import is_connecting
from dokkupy_sdk import Host
from dokkupy_sdk.errors import CheckFailed
from dokkupy_sdk.model import Instance, Release
from dokkupy_sdk.names import ProcessType
from dokkupy_sdk.operation import operation

WORKER = ProcessType("worker")


def start(host: Host, release: Release, command: str) -> Instance:
    release = replace(release, processes={WORKER: command})
    with operation(host, "test", f"app:{release.app}") as tx:
        (instance,) = host.scheduler().start(release, [(WORKER, 1)], tx.id, tx)
    return instance


def test_sleeping_instance_is_idle_and_exited_one_is_not_alive(host: Host, release: Release) -> None:
    instance = start(host, release, "sleep 600")
    first, second = (host.instances().activity([instance])[0] for _ in range(2))
    deadline = time.monotonic() + 60
    while second.cpu != first.cpu or first.working:  # it is starting still
        assert time.monotonic() < deadline, (first, second)
        time.sleep(0.1)
        first, second = second, host.instances().activity([instance])[0]
    assert first.known and first.alive and not first.working and not first.listens
    host.scheduler().stop([instance], timeout=1)
    assert not host.instances().activity([instance])[0].alive


def test_work_behind_a_shell_is_seen(host: Host, release: Release) -> None:
    # A bounded loop: it ends by itself.
    instance = start(host, release, "(i=0; while [ $i -lt 3000000 ]; do i=$((i+1)); done); sleep 600")
    seen = [host.instances().activity([instance])[0]]
    deadline = time.monotonic() + 60
    while not (any(one.working for one in seen) and seen[-1].cpu > seen[0].cpu):
        assert time.monotonic() < deadline, seen
        time.sleep(0.1)
        seen.append(host.instances().activity([instance])[0])


def test_a_port_that_is_listened_on_is_seen(host: Host, release: Release) -> None:
    instance = start(host, release, "exec httpd -f -p 9000")
    for _ in range(600):
        if host.instances().activity([instance])[0].listens:
            return
        time.sleep(0.1)
    raise AssertionError("the port was not seen")


def test_instance_that_waits_for_the_name_server_counts_as_working() -> None:
    udp = "  sl  local_address rem_address   st\n  1: 0100007F:C000 0B00007F:0035 01"
    tcp = "  sl  local_address rem_address   st\n  1: 0100007F:C000 010200C0:0050 {}"
    assert is_connecting("", udp)
    assert is_connecting(tcp.format("02"), "")
    assert not is_connecting(tcp.format("01"), "")


def test_exit_code_of_a_restarted_instance_is_that_of_its_end(host: Host, release: Release) -> None:
    release = replace(release, settings={"ps": {"restart-policy": "on-failure:10"}})
    instance = start(host, release, "until [ -e /go ]; do sleep 0.1; done; exit 9")
    host.scheduler().exec(instance, ["sh", "-c", ": >/go"])
    for _ in range(600):
        row = host.instances().status([instance])[0]
        if row.restarts:
            break
        time.sleep(0.1)
    assert row.restarts and row.exit_code == 9


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("no-such-program", "exit code 127 (the command was not found)"),
        ("/etc", "exit code 126 (the command is not executable)"),
        ("if; then", "exit code 2"),
        ("kill -SEGV $$", "exit code 139 (segmentation fault)"),
    ],
)
def test_instance_that_exits_at_once_is_reported_with_its_exit_code(
    host: Host, release: Release, command: str, words: str
) -> None:
    with pytest.raises(CheckFailed) as caught:
        start(host, release, command)
    assert f"worker.1 ended with {words} right after the start" in caught.value.message


def test_only_instances_that_no_check_watches_are_waited_for(
    host: Host, release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    monkeypatch.setattr("dokkupy_docker.scheduler.time.sleep", waited.append)
    start(host, replace(release, settings={"checks": {"wait-to-retire": "60"}}), "exec sleep 60")
    assert waited == []
    start(host, replace(release, settings={"checks": {"disabled": "worker"}}), "exec sleep 60")
    assert waited
