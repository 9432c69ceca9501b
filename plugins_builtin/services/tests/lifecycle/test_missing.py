"""After a prune of the engine, missing parts of a stopped service are reported, and none is created empty."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from dokkupy_sdk import Host, hookimpl
from dokkupy_sdk.errors import StateError
from dokkupy_services import records
from dokkupy_services.data import moving
from dokkupy_services.lifecycle import service as lifecycle
from dokkupy_services.lifecycle.service import ServiceOptions
from dokkupy_services.names import ServiceName
from dokkupy_services.timer import maintenance

from plugins_builtin.services.tests.conftest import Ran

DB = ServiceName("db")


class Backups:
    """A plugin that has a backup."""

    @hookimpl
    def service_restores(self, service: str) -> list[str]:
        return [f"Restore its backup: dokkupy backups:restore {service}."]


@pytest.fixture
def stopped(host: Host, run: Callable[..., Ran]) -> Host:
    assert run("fake:create", "db", "--volume", "words:/opt/words")[0] == 0
    assert run("fake:stop", "db")[0] == 0
    # Do what `docker system prune -af --volumes` does when no container uses these volumes.
    for volume in host.volumes().find_all({}):
        host.volumes().remove(volume)
    return host


def test_a_restore_is_suggested_only_if_there_is_a_backup(stopped: Host, run: Callable[..., Ran]) -> None:
    assert "There is no backup of it. To begin again, destroy it: fake:destroy db" in run("fake:start", "db")[2]
    stopped.hooks.manager.register(Backups(), name="backups")
    assert "backups:restore fake:db. Or destroy it" in run("fake:start", "db")[2]


def test_no_backup_is_not_claimed_if_the_plugin_that_knows_fails(stopped: Host, run: Callable[..., Ran]) -> None:
    class Broken:
        @hookimpl
        def service_restores(self) -> list[str]:
            raise StateError("backups/records/1.toml does not parse")

    stopped.hooks.manager.register(Broken(), name="backups")
    error = run("fake:start", "db")[2]
    assert "There is no backup" not in error
    assert "is unknown, because the plugin backups cannot say (backups/records/1.toml does not parse)" in error


def test_info_says_what_is_missing(stopped: Host, run: Callable[..., Ran]) -> None:
    volume = records.read(stopped, "fake", DB).volume
    status, out, err = run("fake:info", "db")
    assert status == 0 and f"The data of fake:db is missing: there is no volume {volume}" in out
    assert "There is no backup of it" in err and "fake:db has mounts whose source is missing: words" in err
    assert "there is no volume" in run("fake:info", "db", "--missing")[1]


def test_doctor_reports_missing_parts_with_the_remedy(stopped: Host) -> None:
    found = {one.message: one for one in maintenance.findings(stopped)}
    lost = next(one for text, one in found.items() if "there is no volume" in text)
    assert lost.level == "error" and "There is no backup of it" in lost.remedy
    assert any("has mounts whose source is missing: words" in text for text in found)


@pytest.mark.parametrize("verb", ["start", "restart"])
def test_a_start_is_refused_and_creates_nothing(stopped: Host, run: Callable[..., Ran], verb: str) -> None:
    status, _, err = run(f"fake:{verb}", "db")
    assert status == 1 and "The data of fake:db is missing" in err and "fake:destroy db" in err
    assert stopped.volumes().find_all({}) == []
    assert records.read(stopped, "fake", DB).state == lifecycle.STOPPED


def test_the_timer_and_the_boot_create_nothing(stopped: Host) -> None:
    assert maintenance.bring_up_all(stopped) == [] and stopped.volumes().find_all({}) == []


def test_a_restore_fills_a_new_volume_and_starts_it(stopped: Host, run: Callable[..., Ran]) -> None:
    run("fake:unmount", "--all", "db")
    datastore = records.datastore(stopped, "fake")
    moving.put_content(stopped, datastore, DB, [b"rows"], "restore")
    after = records.read(stopped, "fake", DB)
    assert after.state == lifecycle.RUNNING and after.volume in stopped.volumes().find_all({})
    assert after.previous == {} and run("fake:info", "db", "--missing")[1] == "\n"


def test_missing_data_from_before_an_upgrade_is_reported(host: Host, run: Callable[..., Ran]) -> None:
    run("fake:create", "db")
    moving.upgrade(host, records.datastore(host, "fake"), DB, ServiceOptions(image_version="2"))
    earlier = records.read(host, "fake", DB).previous["volume"]
    host.volumes().remove(earlier)
    found = next(one for one in maintenance.findings(host) if earlier in one.message)
    assert found.level == "warning" and "--revert is not possible" in found.remedy
    assert run("fake:start", "db")[0] == 0


def test_undestroy_of_a_service_without_its_volume_is_refused(host: Host, run: Callable[..., Ran]) -> None:
    run("fake:create", "db")
    volume = records.read(host, "fake", DB).volume
    run("fake:destroy", "db", "--force")
    host.volumes().remove(volume)
    assert any("data of the destroyed fake:db is missing" in one.message for one in maintenance.findings(host))
    assert "there is no volume" in run("services:undestroy", "fake", "db")[2]
    assert host.volumes().find_all({}) == [] and not records.has(host, "fake", "db")
