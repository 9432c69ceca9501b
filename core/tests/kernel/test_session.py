"""A host does not change: another invocation is another object."""

from __future__ import annotations

from pathlib import Path

import pytest
from dokkupy.host import Host
from dokkupy.kernel.console import Console
from dokkupy.kernel.registry import Registry

ATTRIBUTES = ("root", "out", "store", "command", "who", "force", "dry_run", "plan")


class Adapter:
    def __init__(self, host: Host) -> None:
        self.host = host


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(str(tmp_path), registry=Registry([]), command="apps:list", who="key:eve")


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_an_attribute_of_a_host_cannot_be_assigned(host: Host, name: str) -> None:
    with pytest.raises(AttributeError, match=f"{name} of a Host does not change"):
        setattr(host, name, getattr(host, name))


def test_for_invocation_returns_a_copy_and_does_not_change_the_original(host: Host) -> None:
    console = Console()
    other = host.for_invocation(out=console, command="ps:report", who="root", force=True)
    assert (other.out, other.command, other.who, other.force) == (console, "ps:report", "root", True)
    assert (host.command, host.who, host.force) == ("apps:list", "key:eve", False)
    assert other.root == host.root and other.registry is host.registry and type(other) is Host


def test_for_invocation_refuses_unknown_attributes(host: Host) -> None:
    with pytest.raises(TypeError, match="no root"):
        host.for_invocation(root="/elsewhere")


def test_an_adapter_works_for_the_invocation_that_asked_for_it(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Host, "_made", lambda self, role, name: Adapter(self))
    other = host.for_invocation(force=True)
    assert host.role("proxy", "x").host is host and other.role("proxy", "x").host is other
    assert host.role("proxy", "x") is host.role("proxy", "x")


def test_an_overridden_adapter_is_the_same_for_every_invocation(host: Host) -> None:
    made = Adapter(host)
    host.override_role("proxy", "x", made)
    assert host.for_invocation(force=True).role("proxy", "x") is made


def test_registered_hooks_are_kept_for_another_invocation(host: Host) -> None:
    assert host.for_invocation(force=True).hooks is host.hooks
