"""A service can be unlinked and destroyed even if its record, another service's record or its plugin is broken or
missing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from dokkupy_apps.apps import create_app, destroy_app
from dokkupy_apps.desired.config import get_env
from dokkupy_apps.testing import deploy
from dokkupy_sdk import Host
from dokkupy_sdk.entry import main
from dokkupy_sdk.names import AppName
from dokkupy_sdk.testing import FakeEngine, fake_host
from dokkupy_services import records
from dokkupy_services.lifecycle import container, trash
from dokkupy_services.lifecycle import service as lifecycle
from dokkupy_services.lifecycle.service import ServiceOptions
from dokkupy_services.links import external
from dokkupy_services.links import variables as links
from dokkupy_services.names import ServiceName
from dokkupy_services.role import Datastore
from dokkupy_services.testing.fakes import FakeDatastore

DB, BLOG = ServiceName("db"), AppName("blog")
BROKEN = ("", "x = [", "schema = 99\n", "schema = 1\nname = 3\n", "schema = 1\nkind = 'fake'\n", None)
"""The content of a record; None: the file is missing, but its previous generation exists."""

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    """A host with the app blog, to which the services db and other are linked. The plugin of their kind is not
    installed for commands."""
    monkeypatch.delenv("DOKKU_APP_NAME", raising=False)
    made = fake_host(tmp_path / "state", plugins=("services",))
    engine_of(made).keep("fake:1", {})
    deploy(made, "blog", {"Procfile": "web: serve\n"})
    datastore: Datastore = FakeDatastore(made)
    made.override_role("datastore", "fake", datastore)
    for name in ("db", "other"):
        lifecycle.create(made, datastore, ServiceName(name), ServiceOptions())
        links.link(made, datastore, ServiceName(name), BLOG)
    return made


@pytest.fixture
def run(host: Host, capsys: pytest.CaptureFixture[str]) -> Run:
    def typed(*words: str) -> tuple[int, str]:
        capsys.readouterr()
        status = main(list(words), host=host)
        shown = capsys.readouterr()
        lines = getattr(host.out, "lines", [])
        return status, shown.out + shown.err + "\n".join(text for _, text in lines)

    return typed


def engine_of(host: Host) -> FakeEngine:
    engine = host.engine()
    assert isinstance(engine, FakeEngine)
    return engine


def put(path: str, content: str | None) -> None:
    if content is None:
        Path(path).unlink()
    else:
        Path(path).write_text(content)


@pytest.mark.parametrize("content", BROKEN)
@pytest.mark.parametrize("what", ["record", "link", "both records"])
def test_a_service_with_a_broken_record_is_unlinked_and_destroyed(
    host: Host, run: Run, what: str, content: str | None
) -> None:
    places = {
        "record": [("services", "fake", "db", "service")],
        "link": [("services", "fake", "db", "links", "blog")],
        "both records": [("services", "fake", "db", "service"), ("services", "fake", "other", "service")],
    }[what]
    for place in places:
        path = host.store.path(*place)
        Path(path + ".previous").write_text("schema = 1\n")
        put(path, content)
    status, said = run("services:unlink", "db", "blog", "--kind", "fake", "--no-restart")
    assert status == 0, said
    assert [str(key) for key in get_env(host, BLOG)] == ["DOKKU_FAKE_AQUA_URL"], "the other service's is kept"
    status, said = run("services:destroy", "fake", "db", "--force")
    assert status == 0, said
    assert not records.is_there(host, "fake", "db")
    assert engine_of(host).containers.find("dokku.fake.db") is None
    assert engine_of(host).containers.find("dokku.fake.other") is not None
    assert len(engine_of(host).volumes.find_all({})) == 2, "the data stays"
    assert run("services:unlink", "other", "blog", "--kind", "fake", "--no-restart")[0] == 0
    assert run("services:destroy", "fake", "other", "--force", "--purge")[0] == 0
    assert get_env(host, BLOG) == {} and len(engine_of(host).volumes.find_all({})) == 1
    assert "Internal error" not in said


def test_a_broken_record_is_destroyed_with_its_data_on_request(host: Host, run: Run) -> None:
    put(host.store.path(*("services", "fake", "db", "service")), "x = [")
    assert run("services:unlink", "db", "blog", "--kind", "fake", "--no-restart")[0] == 0
    assert run("services:destroy", "fake", "db", "--force", "--purge")[0] == 0
    kept = lifecycle.records.read(host, "fake", ServiceName("other")).id
    assert engine_of(host).volumes.find_all({}) == engine_of(host).volumes.find_all({container.MARK: kept})


def test_without_a_container_only_the_broken_record_is_removed(host: Host, run: Run) -> None:
    engine_of(host).containers.remove("dokku.fake.db")
    put(host.store.path(*("services", "fake", "db", "service")), "x = [")
    assert run("services:unlink", "db", "blog", "--kind", "fake", "--no-restart")[0] == 0
    assert run("services:destroy", "fake", "db", "--force", "--purge")[0] == 0
    assert not records.is_there(host, "fake", "db")
    assert engine_of(host).containers.find("dokku.fake.other") is not None


def test_a_service_is_destroyed_only_if_no_existing_app_is_linked(host: Host, run: Run) -> None:
    status, said = run("services:destroy", "fake", "db", "--force")
    assert status == 1 and "It is linked to: blog" in said
    create_app(host, AppName("gone"))
    host.store.write(*("services", "fake", "db", "links", "gone"), data={"app": "gone"})
    destroy_app(host, AppName("gone"))
    host.store.write(*("services", "fake", "db", "links", "gone"), data={"app": "gone"})
    assert run("services:unlink", "db", "blog", "--kind", "fake", "--no-restart")[0] == 0
    assert run("services:destroy", "fake", "db", "--force")[0] == 0
    assert run("services:destroy", "fake", "db", "--force")[0] == 1


def test_a_broken_record_of_a_destroyed_service_does_not_affect_others_and_is_purged_by_its_id(
    host: Host, run: Run
) -> None:
    for name in ("db", "other"):
        run("services:unlink", name, "blog", "--kind", "fake", "--no-restart")
        assert run("services:destroy", "fake", name, "--force")[0] == 0
    (first, second) = (one for one, _ in trash.entries(host))
    put(host.store.path(trash.PLACE, first.id), "schema = 1\nservice = 3\n")
    assert [one.id for one, _ in trash.entries(host)] == [second.id]
    assert run("services:trash")[0] == 0
    assert run("services:purge", "fake", second.name, "--force")[0] == 0
    assert run("services:purge", "fake", first.id, "--force")[0] == 0
    assert host.store.names(trash.PLACE) == [] and engine_of(host).volumes.find_all({}) == []


def test_emptying_the_trash_continues_after_a_failure(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("db", "other"):
        links.unlink(host, "fake", ServiceName(name), BLOG)
        lifecycle.destroy(host, "fake", ServiceName(name))
    (first, _), (second, until) = trash.entries(host)
    real = container.remove_everything

    def fails(host: Host, identifier: str) -> None:
        if identifier == first.id:
            raise OSError(5, "Input/output error")
        real(host, identifier=identifier)

    monkeypatch.setattr(container, "remove_everything", fails)
    assert trash.purge_due(host, until + 60) == [f"removed the data of {second.subject} ({second.id})"]
    assert ("warn", f"{first.subject}: OSError: [Errno 5] Input/output error") in getattr(host.out, "lines", [])


def test_the_list_of_services_names_what_cannot_be_read_and_lists_the_others(
    host: Host, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    external.adopt(host, ServiceName("big"), "postgres://u:p@db.example.com/x", "")
    external.adopt(host, ServiceName("bad"), "postgres://u:p@db.example.com/y", "")
    put(host.store.path(external.PLACE, "bad", "service"), "schema = 1\nurl = 3\n")
    put(host.store.path(*("services", "fake", "db", "service")), "schema = 1\nproperties = 3\n")
    status, said = run("services:list")
    assert status == 1 and "fake:other" in said and "external:big" in said
    assert "fake:db: " in said and "bad: " in said and "Internal error" not in said


def test_an_external_service_with_a_broken_record_is_unlinked_and_removed(host: Host, run: Run) -> None:
    external.adopt(host, ServiceName("big"), "postgres://u:p@db.example.com/x", "LARGE")
    external.link(host, ServiceName("big"), BLOG)
    put(host.store.path(external.PLACE, "big", "service"), "x = [")
    assert run("services:unlink", "big", "blog", "--no-restart")[0] == 0
    assert "LARGE_URL" not in [str(key) for key in get_env(host, BLOG)]
    assert run("services:forget", "big")[0] == 0
    assert run("services:forget", "big")[0] == 1
