"""Who may do what, and what a refusal says."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest
from dokkupy.cli.declare import Annotated, Group, Opt, Options
from dokkupy.cli.main import local_user
from dokkupy.cli.parse import parse
from dokkupy.cli.permission import check_call
from dokkupy.errors import Denied
from dokkupy.host import Host
from dokkupy.kernel.access import caller, check_access
from dokkupy.model.names import AppName

KEYS = {
    "boss": {"role": "admin"},
    "laptop": {"role": "deployer", "apps": ["blog", "shop"]},
    "eve": {"role": "viewer", "apps": ["blog"]},
}


@pytest.fixture
def host(tmp_path: Path) -> Host:
    made = Host(str(tmp_path))
    for app in ("blog", "shop", "wiki"):
        made.store.write("apps", app, "app", data={})
    made.store.write("global", "ssh-keys", data={"keys": KEYS})
    return made


def as_key(host: Host, name: str) -> Host:
    return host.for_invocation(who=f"key:{name}")


def allowed(host: Host, permission: str, named: object = None) -> bool:
    try:
        check_access(host, permission, named)
    except Denied:
        return False
    return True


def test_a_local_user_may_do_everything(host: Host) -> None:
    host = host.for_invocation(who="ann")
    assert caller(host).role == "admin" and allowed(host, "host:write") and allowed(host, "app:admin", AppName("wiki"))


def test_a_refusal_names_the_key_its_apps_and_the_admins(host: Host) -> None:
    with pytest.raises(Denied) as caught:
        check_access(as_key(host, "eve"), "app:read", AppName("blgo"))
    assert caught.value.message == "Access denied"
    assert caught.value.details == ("There is no app blgo that the key eve may use; its apps: blog",)
    assert caught.value.hint == "Ask an admin (boss) for: dokkupy ssh-keys:set eve --apps blog,APP"


@pytest.mark.parametrize(
    ("permission", "remedy"),
    [("app:write", " for: dokkupy ssh-keys:set eve --role deployer"), ("host:write", " to do it")],
)
def test_a_refused_command_names_the_permission_that_the_role_lacks(host: Host, permission: str, remedy: str) -> None:
    with pytest.raises(Denied) as caught:
        check_access(as_key(host, "eve"), permission, AppName("blog"))
    assert caught.value.details == (f"The key eve (viewer) lacks the permission {permission}; its apps: blog",)
    assert caught.value.hint == "Ask an admin (boss)" + remedy


def test_a_value_of_several_apps_requires_all_of_them(host: Host) -> None:
    class Shared:
        noun = "thing"

        def __init__(self, *apps: str) -> None:
            self.apps = apps

        def owners(self, host: Host, namespace: str) -> tuple[AppName, ...]:
            return tuple(map(AppName, self.apps))

    laptop = as_key(host, "laptop")
    assert allowed(laptop, "service:write", Shared("blog")) and allowed(laptop, "service:write", Shared("blog", "shop"))
    assert not allowed(laptop, "service:write", Shared("blog", "wiki")) and not allowed(
        laptop, "service:write", Shared()
    )
    assert allowed(as_key(host, "boss"), "service:write", Shared())


class Shared(Options):
    app: Annotated[AppName | None, Opt("--on")] = None


def test_a_field_of_declared_options_is_checked_as_an_option_of_its_own(host: Host) -> None:
    group = Group("shared", "Options that several commands have")

    @group.command("use", permission="app:read", mutating=True)
    def use(host: Host, *, options: Shared) -> None:
        """Use an app."""

    eve = as_key(host, "eve")
    check_call(eve, parse(group.commands["use"], ["--on", "blog"]))
    with pytest.raises(Denied):
        check_call(eve, parse(group.commands["use"], ["--on", "shop"]))


def test_the_audit_names_a_local_user_whose_environment_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SUDO_USER", "USER"):
        monkeypatch.delenv(name, raising=False)
    assert local_user() == pwd.getpwuid(os.getuid()).pw_name
    monkeypatch.setenv("USER", "ann")
    assert local_user() == "ann"
