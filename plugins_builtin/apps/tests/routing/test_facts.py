"""An error in what plugins add to a route names the plugin and the app, and the old route stays."""

from __future__ import annotations

import types
from collections.abc import Iterable

import pytest
from dokkupy.cli.main import report
from dokkupy.host import Host
from dokkupy.kernel.discovery import EntryPoint
from dokkupy.kernel.hooks import Hooks
from dokkupy.kernel.operation import recover_subject, unfinished
from dokkupy_apps.processes.start_stop import stop_app
from dokkupy_apps.routing.reroute import reroute
from dokkupy_apps.testing import deploy
from dokkupy_sdk import hookimpl
from dokkupy_sdk.errors import AppError, Conflict, DokkupyError, PluginError, StateError
from dokkupy_sdk.proxy_facts import BasicAuth, Location, RateLimit, ResponseHeader
from dokkupy_sdk.roles import Proxy
from dokkupy_sdk.testing import RecordingConsole

from plugins_builtin.apps.tests.on_fakes import BLOG, TREE, picture, proxy


def plugin(host: Host, name: str, *facts: object, fails: Exception | None = None) -> None:
    """Install a plugin that adds these facts to every route."""

    @hookimpl
    def proxy_config() -> Iterable[object]:
        if fails is not None:
            raise fails
        return facts

    module = types.ModuleType(name)
    vars(module)["proxy_config"] = proxy_config
    host.hooks.register(module, EntryPoint("dokkupy.plugins", name, name, f"dokkupy-{name}", "1", ""))


def failure(host: Host) -> DokkupyError:
    with pytest.raises(DokkupyError) as caught:
        reroute(host, app=BLOG)
    return caught.value


@pytest.fixture
def host(host: Host) -> Host:
    assert isinstance(host.hooks, Hooks) and isinstance(host.proxy(), Proxy)
    deploy(host, BLOG, TREE)
    return host


@pytest.mark.parametrize(
    "fact",
    [
        ResponseHeader("X-A", "a\r\nSet-Cookie: b"),
        ResponseHeader("X A", "a"),
        Location("docs", "/srv/docs"),
        Location("/docs", "srv/../docs"),
        Location("/", "/srv/docs", status=200),
        "a text",
    ],
)
def test_an_invalid_fact_names_its_plugin_and_changes_nothing(host: Host, fact: object) -> None:
    before = dict(proxy(host).routes)
    plugin(host, "good", ResponseHeader("X-Good", "1"))
    plugin(host, "odd", fact)
    found = failure(host)
    assert isinstance(found, PluginError) and found.plugin == "odd"
    assert found.message.startswith("The plugin odd adds to the route of blog what no proxy can serve: ")
    assert found.hint.endswith("plugin:disable odd")
    assert proxy(host).routes == before


@pytest.mark.parametrize("error", [StateError("odd.toml is damaged"), AppError("no page")])
def test_an_error_of_a_plugin_keeps_its_kind_and_names_the_plugin(host: Host, error: DokkupyError) -> None:
    plugin(host, "odd", fails=error)
    found = failure(host)
    assert found is error
    assert found.details == ("The plugin odd could not say what it adds to the route of blog.",)


def test_an_unexpected_error_of_a_plugin_names_the_plugin_and_the_hook(host: Host) -> None:
    plugin(host, "odd", fails=KeyError("page"))
    assert failure(host).message == "Plugin odd (dokkupy-odd 1) failed in the hook proxy_config: KeyError: 'page'"


@pytest.mark.parametrize(
    ("first", "second", "what"),
    [
        (ResponseHeader("X-A", "1"), ResponseHeader("X-A", "2"), "response header X-A"),
        (RateLimit(1), RateLimit(2), "rate limit"),
    ],
)
def test_plugins_that_contradict_each_other_are_both_named(
    host: Host, first: object, second: object, what: str
) -> None:
    plugin(host, "ann", Location("/docs", "/srv/docs"), first)
    plugin(host, "bob", second)
    found = failure(host)
    assert isinstance(found, Conflict)
    assert found.message == f"The plugins ann and bob set different values for the {what} of blog"
    assert found.hint.endswith("plugin:disable ann")


def test_a_plugin_that_contradicts_itself_is_named(host: Host) -> None:
    plugin(host, "ann", RateLimit(1), RateLimit(2))
    assert failure(host).message == "The plugin ann sets different values for the rate limit of blog"


def test_facts_that_agree_are_applied(host: Host) -> None:
    plugin(host, "ann", ResponseHeader("X-A", "1"))
    plugin(host, "bob", ResponseHeader("X-A", "1"), ResponseHeader("X-B", "2"))
    reroute(host, app=BLOG)
    assert len(proxy(host).routes[BLOG].extra) == 3
    assert BasicAuth not in map(type, proxy(host).routes[BLOG].extra)


def test_a_plugin_that_fails_in_a_change_and_in_its_rollback_is_named_once_and_recover_ends_the_rollback(
    host: Host,
) -> None:
    before = picture(host)
    plugin(host, "odd", fails=KeyError("page"))
    with pytest.raises(BaseExceptionGroup) as caught:
        stop_app(host, BLOG)
    assert report(caught.value, host) == 1
    assert isinstance(host.out, RecordingConsole)
    assert host.out.text().count("Plugin odd (dokkupy-odd 1) failed in the hook proxy_config") == 1
    assert picture(host) == before
    with pytest.raises(BaseExceptionGroup, match="could not be undone"):
        recover_subject(host, f"app:{BLOG}")
    assert len(unfinished(host)) == 1, "the route is still to be undone"
    host.hooks.manager.unregister(name="odd")
    assert recover_subject(host, f"app:{BLOG}") == ["ps:stop of app:blog was interrupted and is rolled back"]
    assert unfinished(host) == [] and picture(host) == before
