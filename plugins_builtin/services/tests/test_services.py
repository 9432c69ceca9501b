"""Services of all kinds, on fakes: names, records, links, and a failure at every step."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from dokkupy.kernel import failpoints
from dokkupy.kernel.discovery import EntryPoint
from dokkupy.kernel.operation import unfinished
from dokkupy_apps.apps import create_app
from dokkupy_apps.testing import deploy
from dokkupy_host.setup.machine import tear_down
from dokkupy_host.timer.maintenance import recover_each
from dokkupy_plugins.installed import require_unused
from dokkupy_sdk import Host
from dokkupy_sdk.errors import Conflict, DokkupyError, HostError
from dokkupy_sdk.names import Secret
from dokkupy_sdk.records import encode
from dokkupy_sdk.testing import dry
from dokkupy_services import records
from dokkupy_services.data import moving
from dokkupy_services.lifecycle import container
from dokkupy_services.lifecycle import service as lifecycle
from dokkupy_services.lifecycle.service import ServiceOptions
from dokkupy_services.lifecycle.undestroy import undestroy
from dokkupy_services.links import external
from dokkupy_services.links import variables as links
from dokkupy_services.names import ServiceName
from dokkupy_services.timer import maintenance

from plugins_builtin.services.tests.links.test_external import URL
from plugins_builtin.services.tests.on_fakes import BLOG, DB, differences, engine_of, fake, new, picture


@pytest.fixture
def host(empty_host: Host) -> Host:
    return empty_host


def test_a_saved_record_is_loaded_unchanged(host: Host) -> None:
    service = new(host, custom_env={"A": Secret("1")}, memory="64", cpus="0.5", config_options="-c x=1")
    assert "--cpus 0.5" in " ".join(container.spec_of(host, fake(host), service, name="x", instance="x").options)
    assert records.read(host, "fake", DB) == service
    assert service.password.reveal() not in repr(service)


def test_a_deploy_brings_up_the_services_of_the_app(host: Host) -> None:
    service = new(host)
    create_app(host, BLOG)
    links.link(host, fake(host), DB, BLOG)
    engine_of(host).containers.remove(service.container)
    deploy(host, "blog", {"Procfile": "web: serve\n"})
    assert lifecycle.status(host, service) == "running"
    web = host.containers().find("blog.web.1")
    database = host.containers().find(service.container)
    assert web and database and set(web.addresses) <= set(database.addresses)


def test_a_deploy_whose_service_does_not_start_fails_and_names_it(host: Host) -> None:
    service = new(host)
    create_app(host, BLOG)
    links.link(host, fake(host), DB, BLOG)
    engine_of(host).containers.remove(service.container)
    engine_of(host).tags.clear()
    with pytest.raises(DokkupyError, match="fake"):
        deploy(host, "blog", {"Procfile": "web: serve\n"})


def test_a_plugin_with_services_cannot_be_uninstalled(host: Host) -> None:
    entry = EntryPoint("dokkupy.datastore", "fake", "x:y", "dokkupy-fake", "1", "")
    host.registry.all.append(entry)
    new(host)
    with pytest.raises(Conflict, match="manages fake:db"):
        require_unused(host, "fake")
    lifecycle.destroy(host, "fake", DB)
    require_unused(host, "fake")


def test_the_state_of_a_host_is_removed_only_without_services(host: Host) -> None:
    new(host)
    with pytest.raises(HostError, match="There are still services: fake:db"):
        tear_down(host, purge=True, dry_run=True)
    lifecycle.destroy(host, "fake", DB, purge=True)
    assert any("remove" in one.line or "delete" in one.line for one in tear_down(host, purge=True, dry_run=True))


def test_the_doctor_reports_stopped_and_exposed_services(host: Host) -> None:
    service = new(host)
    assert [one.level for one in maintenance.findings(host)] == ["ok"]
    engine_of(host).put(service.container, "exited", 1)
    assert [one.level for one in maintenance.findings(host)] == ["error"]
    assert maintenance.bring_up_all(host) == ["fake:db: started"]
    host.store.write(*("services", "fake", "db", "service"), data={**encode(service), "exposed": ["0.0.0.0:4242:4242"]})
    assert ["outside" in one.message for one in maintenance.findings(host)] == [True]


# a failure at every step

OPERATIONS: dict[str, Callable[[Host], object]] = {
    "create": lambda host: new(host, "other"),
    "destroy": lambda host: lifecycle.destroy(host, "fake", ServiceName("free")),
    "rename": lambda host: lifecycle.rename(host, fake(host), DB, ServiceName("renamed")),
    "pause": lambda host: lifecycle.set_state(host, fake(host), DB, "paused", "pause"),
    "stop": lambda host: lifecycle.set_state(host, fake(host), DB, "stopped", "stop"),
    "restart": lambda host: lifecycle.restart(host, fake(host), DB),
    "link": lambda host: links.link(host, fake(host), ServiceName("free"), BLOG),
    "unlink": lambda host: links.unlink(host, "fake", DB, BLOG),
    "upgrade": lambda host: moving.upgrade(host, fake(host), DB, ServiceOptions(image_version="2")),
    "in-place": lambda host: moving.upgrade(host, fake(host), DB, ServiceOptions(memory="64")),
    "import": lambda host: moving.put_content(host, fake(host), DB, [b"dump"], "import"),
    "clone": lambda host: moving.clone(host, fake(host), DB, ServiceName("copy"), ServiceOptions()),
    "undestroy": lambda host: undestroy(host, "fake", "gone", ServiceName("gone")),
    "adopt": lambda host: external.adopt(host, ServiceName("big"), URL, ""),
}


@pytest.fixture
def inhabited(host: Host) -> Host:
    """A host with the app blog, the linked service db, the service free, and the destroyed service gone."""
    deploy(host, "blog", {"Procfile": "web: serve\n"})
    for name in ("db", "free", "gone"):
        new(host, name)
    lifecycle.destroy(host, "fake", ServiceName("gone"))
    links.link(host, fake(host), DB, BLOG)
    return host


@pytest.mark.parametrize("verb", OPERATIONS)
def test_a_failure_at_any_step_changes_nothing_before_the_commit_and_is_completed_after_it(
    inhabited: Host, verb: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = inhabited
    before = picture(host)
    for number in range(1, 60):
        monkeypatch.setattr(failpoints, "_passed", 0)
        monkeypatch.setenv("DOKKUPY_FAILPOINT", f"fail@{number}")
        try:
            OPERATIONS[verb](host)
        except HostError as error:
            assert "failpoint" in error.message, error
        else:
            break
        finally:
            monkeypatch.delenv("DOKKUPY_FAILPOINT")
        if os.listdir(host.path("journal", "open")):
            break  # committed: the remaining steps are in the journal
        assert differences(before, picture(host)) == [], f"{verb}: step {number}"
    assert number > 2, verb
    subjects = {str(entries[0]["subject"]) for _, entries in unfinished(host)}
    assert recover_each(host, subjects)[1] == []
    assert os.listdir(host.path("journal", "open")) == []
    assert differences(before, picture(host)) or verb == "restart"


@pytest.mark.parametrize("verb", OPERATIONS)
def test_a_dry_run_changes_nothing_and_prints_a_plan(inhabited: Host, verb: str) -> None:
    host = inhabited
    before = picture(host)
    planned = dry(host)
    OPERATIONS[verb](planned)
    assert planned.plan
    assert differences(before, picture(host)) == []
