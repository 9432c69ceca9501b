"""The container of a service: its secrets and its volume."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from dokkupy_sdk import Host
from dokkupy_sdk.errors import HostError
from dokkupy_services import records
from dokkupy_services.data.subject import ServiceSubject
from dokkupy_services.lifecycle import container
from dokkupy_services.lifecycle import service as lifecycle
from dokkupy_services.timer import maintenance

from plugins_builtin.services.tests.on_fakes import DB, engine_of, fake, new


@pytest.fixture
def host(empty_host: Host) -> Host:
    return empty_host


# files


def test_secrets_are_in_files_that_only_the_owner_can_read(host: Host) -> None:
    service = new(host)
    directory = container.files_directory(host, service)
    assert os.stat(os.path.dirname(directory)).st_mode & 0o777 == 0o700
    assert os.stat(host.store.path(*("services", "fake", "db", "service"))).st_mode & 0o777 == 0o600
    assert Path(directory, "password").read_text() == service.password.reveal()


def test_a_service_whose_volume_is_gone_does_not_start_on_an_empty_one(host: Host) -> None:
    service = new(host)
    engine_of(host).containers.remove(service.container)
    engine_of(host).volumes.remove(service.volume)
    assert maintenance.bring_up_all(host) == [] and lifecycle.status(host, service) == "missing"
    with pytest.raises(HostError, match="The data of fake:db is missing") as caught:
        lifecycle.set_state(host, fake(host), DB, "running", "start")
    assert "fake:destroy db" in caught.value.hint
    assert engine_of(host).volumes.find_all({}) == []
    subject = ServiceSubject(host, "fake", "db")
    assert not subject.holds()
    subject.restore([b"dump"], {"image": "fake:1"})
    after = records.read(host, "fake", DB)
    assert subject.holds() and lifecycle.status(host, after) == "running" and after.password == service.password
    assert after.previous == {}


# a server that has just started


DAY = 86_400

STARTS = {
    "by the engine, after a power cut": (DAY, 3, True),
    "long ago": (2 * DAY, DAY, False),
    "with its creation, which waited": (4, 3, False),
}


def started(host: Host, service: records.Service, *, created: int, since: int) -> None:
    """created, since: seconds ago."""
    now, made = datetime.now(UTC), engine_of(host).made
    created_at, started_at = (f"{now - timedelta(seconds=ago):%FT%T}.123456789Z" for ago in (created, since))
    made[service.container] = replace(made[service.container], created_at=created_at, started_at=started_at, restarts=2)


@pytest.mark.parametrize("start", STARTS)
def test_a_command_waits_for_a_server_that_the_engine_has_just_started(
    host: Host, start: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    created, since, waits = STARTS[start]
    service, store = new(host), fake(host)
    started(host, service, created=created, since=since)
    answers, shown = iter([False, False, True]), list[str]()
    monkeypatch.setattr(store, "ready", lambda inside: next(answers))
    monkeypatch.setattr(host.out, "warn", shown.append)
    monkeypatch.setattr(container, "PAUSE", 0)
    assert container.require_answering(host, store, service).name == service.container
    assert shown == (["fake:db has just started: waiting until its server answers"] if waits else [])
    assert next(answers, None) is (None if waits else False)


def test_a_server_that_ends_instead_of_answering_fails_the_command(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    service, store = new(host), fake(host)
    started(host, service, created=DAY, since=3)

    def ends(inside: object) -> bool:
        engine_of(host).end(service.container, 1, at=0, restarted=True)
        return False

    monkeypatch.setattr(store, "ready", ends)
    with pytest.raises(HostError, match="The server of fake:db ended with status"):
        container.require_answering(host, store, service)
