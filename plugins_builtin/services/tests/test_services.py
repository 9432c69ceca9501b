"""What services of all kinds have in common, on fakes: names, records, links, and a failure at every step."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from dokkupy.kernel import failpoints
from dokkupy.kernel.discovery import EntryPoint
from dokkupy.kernel.operation import unfinished
from dokkupy_apps.apps import create_app, destroy_app
from dokkupy_apps.desired.config import get_env
from dokkupy_apps.testing import deploy
from dokkupy_commands.use_cases.rename_clone import clone_app, rename_app
from dokkupy_host.setup.machine import tear_down
from dokkupy_host.timer.maintenance import recover_each
from dokkupy_plugins.installed import require_unused
from dokkupy_sdk import Host
from dokkupy_sdk.errors import Conflict, DokkupyError, HostError, NotFound, UserError
from dokkupy_sdk.events import latest
from dokkupy_sdk.model import Crash
from dokkupy_sdk.names import AppName, EnvKey, Secret
from dokkupy_sdk.records import encode
from dokkupy_sdk.testing import FakeEngine, dry, fake_host
from dokkupy_services import records
from dokkupy_services.data import moving
from dokkupy_services.data.subject import ServiceSubject
from dokkupy_services.lifecycle import container, expose, trash
from dokkupy_services.lifecycle import service as lifecycle
from dokkupy_services.lifecycle.service import ServiceOptions
from dokkupy_services.lifecycle.undestroy import undestroy
from dokkupy_services.links import external
from dokkupy_services.links import variables as links
from dokkupy_services.names import ServiceName
from dokkupy_services.testing.fakes import FakeDatastore
from dokkupy_services.timer import maintenance

DB, BLOG = ServiceName("db"), AppName("blog")
UNTRUSTED = (
    "",
    ";",
    "$(id)",
    "`id`",
    "a|b",
    "a&b",
    "a>b",
    "a\nb",
    "a\rb",
    "a\x00b",
    "\x1b[2J",
    "'",
    '"',
    "\\",
    "*",
    "?",
    "~",
    "{a,b}",
    "${IFS}",
    "-rf",
    "--privileged",
    ".",
    "..",
    "/",
    "a/b",
    "%2e%2e",
    "\uff0f",
    "\u00e9",
    "\u202e",
    "a" * 4096,
    "-a",
    "a.",
    "a.b",
)


@pytest.fixture
def host(tmp_path: Path) -> Host:
    made = fake_host(tmp_path / "state", plugins=("services",))
    for ref in ("fake:1", "fake:2"):
        engine_of(made).keep(ref, {})
    made.override_role("datastore", "fake", FakeDatastore(made))
    return made


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "kinds", lambda host: ["fake"])


def engine_of(host: Host) -> FakeEngine:
    engine = host.engine()
    assert isinstance(engine, FakeEngine)
    return engine


def fake(host: Host) -> FakeDatastore:
    found = records.datastore(host, "fake")
    assert isinstance(found, FakeDatastore)
    return found


def new(host: Host, name: str = "db", **options: Any) -> records.Service:
    return lifecycle.create(host, fake(host), ServiceName(name), ServiceOptions(**options))


# names and wishes


@pytest.mark.parametrize("text", UNTRUSTED)
def test_a_malicious_name_is_refused(text: str) -> None:
    with pytest.raises(UserError):
        ServiceName(text)


@pytest.mark.parametrize("text", ["db", "DB_2", "a-b", "0", "a" * 48])
def test_a_name_of_dokkus_is_taken(text: str) -> None:
    assert ServiceName(text) == text


@pytest.mark.parametrize(
    "options",
    [
        {"image": "--privileged"},
        {"image": "a b"},
        {"image_version": "1;2"},
        {"config_options": "'"},
        {"memory": "1x"},
        {"memory": "5m"},
        {"memory": "-1"},
        {"cpus": "all"},
        {"shm_size": "x"},
        {"restart_policy": "sometimes"},
        {"password": "a b c d e"},
        {"password": "short"},
        {"root_password": "with@sign1"},
        {"custom_env": {"A B": Secret("x")}},
    ],
)
def test_impossible_options_are_refused_and_leave_nothing(host: Host, options: dict[str, Any]) -> None:
    before = picture(host)
    with pytest.raises(UserError):
        new(host, **options)
    assert differences(before, picture(host)) == []


@pytest.mark.parametrize(
    ("ref", "parts"),
    [
        ("postgres:17", ("postgres", "17")),
        ("postgres", ("postgres", "")),
        ("h:5000/a/b", ("h:5000/a/b", "")),
        ("h:5000/a/b:1", ("h:5000/a/b", "1")),
        (f"a:1@sha256:{'0' * 64}", ("a", "1")),
    ],
)
def test_a_reference_is_divided_at_its_tag(ref: str, parts: tuple[str, str]) -> None:
    assert lifecycle.split_ref(ref) == parts


@pytest.mark.parametrize(
    "text", ["0", "70000", "a", "1.2.3.4", "1.2.3.400:80", "::1:80", "80:80", "-1", "127.0.0.1:80;x"]
)
def test_a_place_to_expose_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UserError):
        expose.parse(text)


def test_expose_without_an_address_listens_on_loopback() -> None:
    assert expose.parse("5432") == ("127.0.0.1", 5432)
    assert expose.parse("0.0.0.0:5432") == ("0.0.0.0", 5432)
    assert expose.parse("[::1]:5432") == ("::1", 5432)


@pytest.mark.parametrize("text", ["a#b", "a b", "a\nb", "a'b", "é", "x" * 600])
def test_a_query_that_no_url_has_is_refused(text: str) -> None:
    with pytest.raises(UserError):
        links.validated_query(text)


# files


def test_secrets_are_in_files_that_only_the_owner_can_read(host: Host) -> None:
    service = new(host)
    directory = container.files_directory(host, service)
    assert os.stat(os.path.dirname(directory)).st_mode & 0o777 == 0o700
    assert os.stat(host.store.path(*("services", "fake", "db", "service"))).st_mode & 0o777 == 0o600
    assert Path(directory, "password").read_text() == service.password.reveal()


def test_a_saved_record_is_loaded_unchanged(host: Host) -> None:
    service = new(host, custom_env={"A": Secret("1")}, memory="64", cpus="0.5", config_options="-c x=1")
    assert "--cpus 0.5" in " ".join(container.spec_of(host, fake(host), service, name="x", instance="x").options)
    assert records.read(host, "fake", DB) == service
    assert service.password.reveal() not in repr(service)


# links and apps


def test_links_follow_an_app_that_is_renamed_cloned_or_destroyed(host: Host) -> None:
    service = new(host)
    deploy(host, "blog", {"Procfile": "web: serve\n"})
    key = links.link(host, fake(host), DB, BLOG)
    rename_app(host, BLOG, AppName("shop"))
    assert [one.app for one in records.links(host, service)] == ["shop"]
    clone_app(host, AppName("shop"), AppName("copy"))
    assert [one.app for one in records.links(host, service)] == ["copy", "shop"]
    assert get_env(host, AppName("copy"))[key] == get_env(host, AppName("shop"))[key]
    destroy_app(host, AppName("shop"))
    links.unlink(host, "fake", DB, AppName("copy"))
    assert records.links(host, service) == [] and get_env(host, AppName("copy")) == {}
    lifecycle.destroy(host, "fake", DB)


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


def test_a_deploy_whose_service_does_not_come_up_fails_and_names_it(host: Host) -> None:
    service = new(host)
    create_app(host, BLOG)
    links.link(host, fake(host), DB, BLOG)
    engine_of(host).containers.remove(service.container)
    engine_of(host).tags.clear()
    with pytest.raises(DokkupyError, match="fake"):
        deploy(host, "blog", {"Procfile": "web: serve\n"})


def test_a_service_whose_plugin_is_gone_is_left_alone_and_reported(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    new(host)
    monkeypatch.setattr(records, "kinds", lambda host: [])
    assert maintenance.bring_up_all(host) == []
    assert [one.level for one in maintenance.findings(host)] == ["error"]


def test_the_timer_changes_nothing_if_all_is_as_it_should_be(host: Host) -> None:
    for name in ("db", "paused", "stopped"):
        new(host, name)
    lifecycle.set_state(host, fake(host), ServiceName("paused"), "paused", "pause")
    lifecycle.set_state(host, fake(host), ServiceName("stopped"), "stopped", "stop")
    journals = os.listdir(host.path("journal", "closed"))
    assert maintenance.bring_up_all(host) == []
    assert os.listdir(host.path("journal", "closed")) == journals
    engine_of(host).containers.start("dokku.fake.paused")
    assert maintenance.bring_up_all(host) == ["fake:paused: paused"]


def test_a_crashed_server_is_reported_like_a_crashed_app_and_restarted(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Crash] = []
    monkeypatch.setattr(host.hooks, "notify", lambda spec, host, crash: seen.append(crash))
    service, engine = new(host), engine_of(host)
    engine.output["serve"] = [f"FATAL: password {service.password.reveal()}".encode()]
    assert maintenance.supervise(host) == []
    engine.end(service.container, 137, at=time.time(), oom=True, restarted=True)
    assert maintenance.supervise(host) == []
    assert [(one.subject, one.app, one.process, one.exit_code, one.oom) for one in seen] == [
        ("fake:db", None, service.container, 137, True)
    ]
    assert seen[0].lines == ("FATAL: password ***",)
    assert [one.level for one in maintenance.findings(host)] == ["warning"]
    assert "out of memory, 1 restart" in maintenance.findings(host)[0].message
    engine.end(service.container, 3, at=time.time())
    assert maintenance.supervise(host) == ["fake:db: started"]
    assert [(one.exit_code, one.restarts) for one in seen[1:]] == [(3, 1)]
    event = latest(host, 1)[0]
    assert (event["event"], event["service"], event["exit_code"]) == ("process_crashed", "fake:db", "3")


def test_a_server_that_was_stopped_or_removed_by_hand_or_by_a_boot_did_not_crash(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Crash] = []
    monkeypatch.setattr(host.hooks, "notify", lambda spec, host, crash: seen.append(crash))
    service, engine = new(host), engine_of(host)
    maintenance.supervise(host)
    engine.containers.stop(service.container, timeout=1)
    assert maintenance.supervise(host) == ["fake:db: started"]
    engine.containers.remove(service.container)
    assert maintenance.supervise(host) == ["fake:db: made its container again"]
    engine.end(service.container, 1, at=time.time())
    engine.forget_endings()
    assert maintenance.supervise(host) == ["fake:db: started"]
    lifecycle.set_state(host, fake(host), DB, "paused", "pause")
    assert maintenance.supervise(host) == []
    assert seen == []


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


def test_the_doctor_names_what_is_down_and_what_is_open(host: Host) -> None:
    service = new(host)
    assert [one.level for one in maintenance.findings(host)] == ["ok"]
    engine_of(host).put(service.container, "exited", 1)
    assert [one.level for one in maintenance.findings(host)] == ["error"]
    assert maintenance.bring_up_all(host) == ["fake:db: started"]
    host.store.write(*("services", "fake", "db", "service"), data={**encode(service), "exposed": ["0.0.0.0:4242:4242"]})
    assert ["outside" in one.message for one in maintenance.findings(host)] == [True]


def test_a_service_whose_volume_is_gone_does_not_start_on_an_empty_one(host: Host) -> None:
    service = new(host)
    engine_of(host).containers.remove(service.container)
    engine_of(host).volumes.remove(service.volume)
    assert maintenance.bring_up_all(host) == [] and lifecycle.status(host, service) == "missing"
    with pytest.raises(HostError, match="The data of fake:db is missing") as caught:
        lifecycle.set_state(host, fake(host), DB, "running", "start")
    assert "backups:restore fake:db" in caught.value.hint
    assert engine_of(host).volumes.find_all({}) == []
    subject = ServiceSubject(host, "fake", "db")
    assert not subject.holds()
    subject.restore([b"dump"], {"image": "fake:1"})
    after = records.read(host, "fake", DB)
    assert subject.holds() and lifecycle.status(host, after) == "running" and after.password == service.password
    assert after.previous == {}


def test_two_services_of_one_app_never_have_the_same_host_name(host: Host) -> None:
    new(host)
    create_app(host, BLOG)
    first = links.link(host, fake(host), DB, BLOG)
    lifecycle.rename(host, fake(host), DB, ServiceName("old"))
    new(host)
    second = links.link(host, fake(host), DB, BLOG)
    env = get_env(host, BLOG)
    assert "@dokku-fake-db:" in env[first].reveal() and "@dokku-fake-db-2:" in env[second].reveal()
    assert links.unlink(host, "fake", DB, BLOG) == [second]
    assert set(get_env(host, BLOG)) == {first}


def test_the_app_s_own_scheme_is_that_of_its_address(host: Host) -> None:
    new(host)
    create_app(host, BLOG)
    host.store.write("apps", "blog", "config", data={"env": {"FAKE_DATABASE_SCHEME": "other"}})
    key = links.link(host, fake(host), DB, BLOG, alias="mine")
    assert key == "MINE_URL" and get_env(host, BLOG)[key].reveal().startswith("other://")
    assert links.unlink(host, "fake", DB, BLOG) == [key]


def test_the_data_of_a_destroyed_service_is_deleted_when_its_time_is_over(host: Host) -> None:
    service = new(host)
    lifecycle.destroy(host, "fake", DB)
    assert engine_of(host).volumes.find_all({}) == [service.volume]
    assert maintenance.give_back(host) == []
    assert trash.purge_due(host, time.time() + 7 * trash.DAY + 60) == [f"removed the data of fake:db ({service.id})"]
    assert engine_of(host).volumes.find_all({}) == [] and trash.entries(host) == []


def test_a_purged_one_is_gone_at_once(host: Host) -> None:
    before = picture(host)
    new(host)
    lifecycle.destroy(host, "fake", DB, purge=True)
    assert differences(before, picture(host)) == []


def test_data_that_differs_after_a_move_is_refused(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    new(host)
    seen = iter(({"rows": "2"}, {"rows": "1"}))
    monkeypatch.setattr(FakeDatastore, "invariants", lambda self, inside: next(seen))
    before = picture(host)
    with pytest.raises(HostError, match="not the same after the move") as caught:
        moving.upgrade(host, fake(host), DB, ServiceOptions(image_version="2"))
    assert caught.value.details == ("rows: 2 before, 1 after",)
    assert differences(before, picture(host)) == []


# managed elsewhere

URL = "postgres://me:canary-word@db.example.com:5432/x"


def test_an_external_address_is_linked_changed_and_unlinked(host: Host) -> None:
    create_app(host, BLOG)
    external.adopt(host, ServiceName("big"), URL, "")
    assert external.link(host, ServiceName("big"), BLOG) == "DATABASE_URL"
    with pytest.raises(Conflict, match="Cannot delete linked"):
        external.forget(host, ServiceName("big"))
    rename_app(host, BLOG, AppName("shop"))
    external.adopt(host, ServiceName("big"), URL.replace("5432", "6432"), "")
    assert get_env(host, AppName("shop"))[EnvKey("DATABASE_URL")].reveal().endswith(":6432/x")
    assert external.unlink(host, ServiceName("big"), AppName("shop")) == ["DATABASE_URL"]
    external.forget(host, ServiceName("big"))
    with pytest.raises(NotFound):
        external.read(host, ServiceName("big"))


@pytest.mark.parametrize(
    "text", ["", "x", "postgres://", "postgres:///x", "://h", "a b://h", "postgres://h/\n", "1p://h"]
)
def test_an_invalid_address_is_refused_and_not_shown(host: Host, text: str) -> None:
    with pytest.raises(UserError) as caught:
        external.adopt(host, ServiceName("big"), text, "")
    assert len(text) < 12 or text not in caught.value.message


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


def picture(host: Host) -> dict[str, Any]:
    """What the state and the engine say; ids of containers that were made again for the same do not count."""
    engine, found = engine_of(host), {}
    for place, _, names in os.walk(host.root):
        for name in names:
            path = os.path.relpath(os.path.join(place, name), host.root)
            if not path.startswith(("journal/", "locks/", "logs/", "events")) and not name.endswith(".previous"):
                found[path] = Path(host.root, path).read_text()
    for one in engine.made.values():
        found[f"container {one.name}"] = (
            f"{one.state} {one.image} {sorted(one.addresses)} {one.labels.get(container.MARK)}"
        )
    found["volumes"] = " ".join(engine.volumes.find_all({}))
    found["networks"] = " ".join(sorted(one.name for one in engine.networks.find_all({})))
    return found


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    names = sorted({*before, *after})
    return [
        f"{name}: {before.get(name)!r} -> {after.get(name)!r}" for name in names if before.get(name) != after.get(name)
    ]


@pytest.fixture
def inhabited(host: Host) -> Host:
    """With the app blog, linked to db, and the services free and (destroyed) gone."""
    deploy(host, "blog", {"Procfile": "web: serve\n"})
    for name in ("db", "free", "gone"):
        new(host, name)
    lifecycle.destroy(host, "fake", ServiceName("gone"))
    links.link(host, fake(host), DB, BLOG)
    return host


@pytest.mark.parametrize("verb", OPERATIONS)
def test_a_failure_at_any_step_changes_nothing_before_the_commit_and_is_made_good_after_it(
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
            break  # committed: what is left to do is in the journal
        assert differences(before, picture(host)) == [], f"{verb}: step {number}"
    assert number > 2, verb
    subjects = {str(entries[0]["subject"]) for _, entries in unfinished(host)}
    assert recover_each(host, subjects)[1] == []
    assert os.listdir(host.path("journal", "open")) == []
    assert differences(before, picture(host)) or verb == "restart"


@pytest.mark.parametrize("verb", OPERATIONS)
def test_a_dry_run_changes_nothing_and_says_something(inhabited: Host, verb: str) -> None:
    host = inhabited
    before = picture(host)
    planned = dry(host)
    OPERATIONS[verb](planned)
    assert planned.plan
    assert differences(before, picture(host)) == []
