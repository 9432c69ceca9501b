"""Links: variables of apps, host names, renamed and cloned apps."""

from __future__ import annotations

import pytest
from dokkupy_apps.apps import create_app, destroy_app
from dokkupy_apps.desired.config import get_env
from dokkupy_apps.testing import deploy
from dokkupy_commands.use_cases.rename_clone import clone_app, rename_app
from dokkupy_sdk import Host
from dokkupy_sdk.errors import UserError
from dokkupy_sdk.names import AppName
from dokkupy_services import records
from dokkupy_services.lifecycle import service as lifecycle
from dokkupy_services.links import variables as links
from dokkupy_services.names import ServiceName

from plugins_builtin.services.tests.on_fakes import BLOG, DB, fake, new


@pytest.fixture
def host(empty_host: Host) -> Host:
    return empty_host


@pytest.mark.parametrize("text", ["a#b", "a b", "a\nb", "a'b", "é", "x" * 600])
def test_query_string_with_invalid_characters_is_refused(text: str) -> None:
    with pytest.raises(UserError):
        links.validated_query(text)


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


def test_variable_of_the_app_changes_the_scheme_of_its_url(host: Host) -> None:
    new(host)
    create_app(host, BLOG)
    host.store.write("apps", "blog", "config", data={"env": {"FAKE_DATABASE_SCHEME": "other"}})
    key = links.link(host, fake(host), DB, BLOG, alias="mine")
    assert key == "MINE_URL" and get_env(host, BLOG)[key].reveal().startswith("other://")
    assert links.unlink(host, "fake", DB, BLOG) == [key]
