"""Promises of a broker beyond its life cycle: durable messages stay, users are separated, and passwords are not
visible."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pika.exceptions
import pytest
from bed.servers import server
from dokkupy_sdk import Host
from dokkupy_sdk.errors import Conflict, DokkupyError
from dokkupy_services import records
from dokkupy_services.data import moving
from dokkupy_services.lifecycle import service as lifecycle
from dokkupy_services.lifecycle.container import Exec
from dokkupy_services.lifecycle.service import ServiceOptions
from dokkupy_services.model import Service
from dokkupy_services.names import ServiceName
from dokkupy_services.role import Datastore
from dokkupy_services.testing.hosts import host_for_services

from plugins_builtin.rabbitmq.tests import clients

COOKIE = "/var/lib/rabbitmq/.erlang.cookie"
AWKWARD = [
    b"",
    b"\x00\xff" * 100,
    "Grüße, 世界".encode(),
    b"x" * 300_000,
    *(b"row %d" % number for number in range(500)),
]


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    with host_for_services(tmp_path_factory.mktemp("host"), "rabbitmq") as made:
        yield made


@pytest.fixture(scope="module")
def datastore(host: Host) -> Datastore:
    return records.datastore(host, "rabbitmq")


@pytest.fixture(scope="module")
def options() -> ServiceOptions:
    return ServiceOptions(
        image=server("rabbitmq:4"), memory="512", config_options="--heartbeat=17 vm_memory_high_watermark.relative=0.5"
    )


@pytest.fixture(scope="module")
def service(host: Host, datastore: Datastore, options: ServiceOptions) -> Service:
    return lifecycle.create(host, datastore, ServiceName(f"mq-{secrets.token_hex(3)}"), options)


@pytest.fixture(scope="module")
def inside(host: Host, service: Service) -> Exec:
    return Exec(host, service, service.container)


def pid_of(container: str) -> int:
    """The id of the server's first process; 0 while it has none."""
    return int(subprocess.check_output(["docker", "inspect", "-f", "{{.State.Pid}}", container]))


def kill_server(service: Service) -> None:
    """Kill the server by SIGKILL, as in a crash, and wait until the engine has started it again."""
    first, deadline = pid_of(service.container), time.monotonic() + 120
    os.kill(first, signal.SIGKILL)
    while pid_of(service.container) in (0, first):
        assert time.monotonic() < deadline
        time.sleep(0.2)


def wait(datastore: Datastore, inside: Exec, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not datastore.ready(inside):
        assert time.monotonic() < deadline
        time.sleep(0.2)


def ctl(inside: Exec, *words: str, stdin: bytes = b"") -> str:
    return inside.run(["rabbitmqctl", "-q", *words], stdin=stdin)


@pytest.mark.parametrize("how", ["restart", "kill", "another container"])
def test_confirmed_durable_messages_survive(
    host: Host, datastore: Datastore, service: Service, inside: Exec, how: str
) -> None:
    queues = {kind: f"{kind}-{secrets.token_hex(3)}" for kind in ("classic", "quorum")}
    for kind, queue in queues.items():
        clients.publish(inside, [], queue, kind)
    time.sleep(3)  # a new queue itself is written to disk a little later (README)
    for kind, queue in queues.items():
        clients.publish(inside, AWKWARD, queue, kind)
    if how == "kill":
        kill_server(service)
        wait(datastore, inside)
    elif how == "restart":
        lifecycle.restart(host, datastore, service.name)
    else:
        host.containers().remove(service.container)
        lifecycle.reconcile(host, "rabbitmq", service.name)
    for kind, queue in queues.items():
        assert clients.take(inside, queue) == AWKWARD, kind


def test_server_stops_cleanly_within_the_stop_timeout(host: Host, datastore: Datastore, service: Service) -> None:
    lifecycle.set_state(host, datastore, service.name, "paused", "pause")
    found = host.containers().find(service.container)
    assert found is not None and found.exit_code == 0
    lifecycle.set_state(host, datastore, service.name, lifecycle.RUNNING, "start")


def test_an_app_has_its_virtual_host_and_nothing_else(inside: Exec, service: Service) -> None:
    if "elsewhere" not in ctl(inside, "list_vhosts").split():
        ctl(inside, "add_vhost", "elsewhere")
    with pytest.raises(pika.exceptions.ProbableAccessDeniedError, match="refused for user"):
        with clients.channel(inside, vhost="elsewhere"):
            pass
    rows = [line.split("\t") for line in ctl(inside, "list_users").splitlines()[1:]]
    assert sorted(rows) == sorted([["dokkupy", "[administrator]"], [service.user, "[]"]])


def test_well_known_user_guest_does_not_exist(inside: Exec) -> None:
    for user, password in (("guest", "guest"), ("dokkupy", "dokkupy"), (inside.service.user, "")):
        with pytest.raises(pika.exceptions.ProbableAuthenticationError):
            with clients.channel(inside, user=user, password=password or " "):
                pass


def test_administrator_has_a_different_password(inside: Exec, service: Service) -> None:
    with clients.channel(inside, user="dokkupy", password=service.root_password.reveal()) as found:
        found.queue_declare("", exclusive=True)
    with pytest.raises(pika.exceptions.ProbableAuthenticationError):
        with clients.channel(inside, user="dokkupy"):
            pass


def test_changes_by_an_administrator_stay_after_a_restart(
    host: Host, datastore: Datastore, service: Service, inside: Exec
) -> None:
    ctl(inside, "set_user_tags", service.user, "monitoring")
    ctl(inside, "delete_user", "dokkupy")
    lifecycle.restart(host, datastore, service.name)
    try:
        assert ctl(inside, "list_users").splitlines()[1:] == [f"{service.user}\t[monitoring]"]
    finally:
        inside.run(["rm", f"{datastore.data}/.dokkupy-definitions.json"])
        lifecycle.restart(host, datastore, service.name)
        datastore.secure(inside)
    assert "dokkupy\t[administrator]" in ctl(inside, "list_users")


def test_no_password_is_in_processes_environments_or_files(host: Host, service: Service, inside: Exec) -> None:
    seen = subprocess.check_output(["docker", "inspect", service.container]).decode()
    for line in host.sessions().logs(service.container):
        seen += line[1].decode(errors="replace")
    seen += inside.run(["bash", "-c", "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ | tr '\\0' '\\n'"])
    # The container only got salted hashes.
    seen += inside.run(["bash", "-c", "cat /run/dokkupy/* /etc/rabbitmq/conf.d/*; env"])
    cookie = inside.run(["cat", COOKIE])
    for secret in (service.password.reveal(), service.root_password.reveal(), cookie):
        assert secret not in seen


def test_each_service_has_a_strong_cookie_of_its_own(
    host: Host, datastore: Datastore, service: Service, inside: Exec, options: ServiceOptions
) -> None:
    assert inside.run(["stat", "-c", "%a %U", COOKIE]).strip() == "400 rabbitmq"
    cookie = inside.run(["cat", COOKIE])
    assert len(cookie) == 64
    other = lifecycle.create(host, datastore, ServiceName(f"mq-{secrets.token_hex(3)}"), options)
    try:
        assert Exec(host, other, other.container).run(["cat", COOKIE]) != cookie
    finally:
        lifecycle.destroy(host, datastore.kind, other.name, purge=True)


def test_ports_of_erlang_are_closed_to_apps(inside: Exec) -> None:
    for port, is_open in ((4369, False), (25672, False), (5672, True)):
        assert inside.ok(["bash", "-c", f'exec 3<>"/dev/tcp/$(hostname)/{port}"']) is is_open


def test_options_become_settings_and_the_memory_limit_is_that_of_the_container(inside: Exec) -> None:
    found_text = ctl(inside, "environment")
    assert "{heartbeat,17}" in found_text and "{vm_memory_high_watermark,0.5}" in found_text
    assert f"{{total_memory_available_override_value,{512 * 2**20}}}" in found_text


@pytest.mark.parametrize(
    "option, reason", [("heartbeat", "KEY=VALUE"), ("no_such_setting=1", "failed_to_prepare_configuration")]
)
def test_the_server_s_reason_for_a_bad_option_is_shown(
    host: Host, datastore: Datastore, options: ServiceOptions, option: str, reason: str
) -> None:
    with pytest.raises(DokkupyError) as caught:
        lifecycle.create(
            host, datastore, ServiceName("mq-bad"), ServiceOptions(image=options.image, config_options=option)
        )
    assert reason in "\n".join(caught.value.details)


def test_definitions_can_be_exported_by_the_server_s_tool(inside: Exec) -> None:
    clients.publish(inside, [b"not in it"], "defined")
    found_text: dict[str, Any] = json.loads(ctl(inside, "export_definitions", "-"))
    assert "defined" in [one["name"] for one in found_text["queues"]] and "not in it" not in json.dumps(found_text)
    assert inside.service.database in [one["name"] for one in found_text["vhosts"]]


def test_upgrade_to_another_series_is_refused_and_the_service_keeps_running(
    host: Host,
    datastore: Datastore,
    service: Service,
    inside: Exec,
    options: ServiceOptions,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert datastore.keeps_data("4.0.5", "4.0.9") and not datastore.keeps_data("3.13.7", "4.0.5")
    clients.publish(inside, [b"still here"], "upgraded")
    # Only one version is available, so the same image gets another name and reports another version.
    context = f"FROM {options.image}\nENV ANOTHER=1\n"
    tag = f"{options.image}-another"
    subprocess.run(["docker", "build", "-q", "-t", tag, "-"], input=context.encode(), check=True, capture_output=True)
    monkeypatch.setattr(type(datastore), "version", lambda self, inside: "4.1.0")
    with pytest.raises(Conflict, match="cannot move its data from 4.0.5 to 4.1.0"):
        moving.upgrade(host, datastore, service.name, ServiceOptions(image=tag))
    monkeypatch.undo()
    assert clients.take(inside, "upgraded") == [b"still here"]
    moved = moving.upgrade(host, datastore, service.name, ServiceOptions(image=tag))
    assert moved.how == "in-place"
    moving.revert(host, datastore, service.name)
    subprocess.run(["docker", "image", "rm", tag], check=True, capture_output=True)
