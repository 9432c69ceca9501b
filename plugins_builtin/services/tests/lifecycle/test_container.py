"""The container of a service: its secrets and its volume."""

from __future__ import annotations

import os
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
