"""Services that are managed elsewhere."""

from __future__ import annotations

import pytest
from dokkupy_apps.apps import create_app
from dokkupy_apps.desired.config import get_env
from dokkupy_commands.use_cases.rename_clone import rename_app
from dokkupy_sdk import Host
from dokkupy_sdk.errors import Conflict, NotFound, UserError
from dokkupy_sdk.names import AppName, EnvKey
from dokkupy_services.links import external
from dokkupy_services.names import ServiceName

from plugins_builtin.services.tests.on_fakes import BLOG


@pytest.fixture
def host(empty_host: Host) -> Host:
    return empty_host


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
