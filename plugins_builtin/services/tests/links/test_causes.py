"""A service as the cause of an app's failure."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.diagnosis import Evidence
from dokkupy_services.hooks import diagnose

from plugins_builtin.services.tests.conftest import Ran

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def titles(host: Host, *lines: str) -> list[str]:
    return [one.title for one in diagnose(host, Evidence("blog", "start", lines=lines))]


def test_a_stopped_service_that_the_app_uses_is_its_cause(host: Host, run: Callable[..., Ran]) -> None:
    assert titles(host) == []
    assert run("fake:create", "db")[0] == 0
    assert run("fake:link", "db", "blog")[0] == 0
    assert titles(host) == []
    assert run("fake:stop", "db")[0] == 0
    assert titles(host) == ["fake:db, which blog uses, is stopped"]


def test_a_service_that_is_called_and_not_linked_is_its_cause(host: Host, run: Callable[..., Ran]) -> None:
    assert run("fake:create", "db")[0] == 0
    line = "Error: getaddrinfo ENOTFOUND dokku-fake-db"
    assert titles(host, line) == ["blog calls fake:db, which is not linked to it"]
    assert titles(host, "Error: getaddrinfo ENOTFOUND dokku-fake-db2") == []
    assert run("fake:link", "db", "blog")[0] == 0
    assert titles(host, line) == []
