"""The data of destroyed services is kept for some days."""

from __future__ import annotations

import time

import pytest
from dokkupy_sdk import Host
from dokkupy_services.lifecycle import service as lifecycle
from dokkupy_services.lifecycle import trash
from dokkupy_services.timer import maintenance

from plugins_builtin.services.tests.on_fakes import DB, differences, engine_of, new, picture


@pytest.fixture
def host(empty_host: Host) -> Host:
    return empty_host


def test_the_data_of_a_destroyed_service_is_deleted_when_its_time_is_over(host: Host) -> None:
    service = new(host)
    lifecycle.destroy(host, "fake", DB)
    assert engine_of(host).volumes.find_all({}) == [service.volume]
    assert maintenance.give_back(host) == []
    assert trash.purge_due(host, time.time() + 7 * trash.DAY + 60) == [f"removed the data of fake:db ({service.id})"]
    assert engine_of(host).volumes.find_all({}) == [] and trash.entries(host) == []


def test_purged_service_is_deleted_at_once(host: Host) -> None:
    before = picture(host)
    new(host)
    lifecycle.destroy(host, "fake", DB, purge=True)
    assert differences(before, picture(host)) == []
