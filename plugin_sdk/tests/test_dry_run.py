from __future__ import annotations

from pathlib import Path

import pytest
from dokkupy.host import Host
from dokkupy.kernel.registry import Registry
from dokkupy_sdk.dry_run import DryRunHooks, dry


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(str(tmp_path), registry=Registry([]))


def test_a_dry_run_does_not_call_the_events_of_plugins(host: Host) -> None:
    assert isinstance(dry(host).hooks, DryRunHooks) and not isinstance(host.hooks, DryRunHooks)


def test_a_dry_run_records_no_event(host: Host, tmp_path: Path) -> None:
    dry(host).events.record("deploy_finished")
    assert not (tmp_path / "logs").exists()


def test_a_dry_run_writes_only_to_its_own_store(host: Host) -> None:
    host.store.write("global", "x", data={"a": 1})
    planned = dry(host)
    planned.store.write("global", "x", data={"a": 2})
    planned.act("say so", lambda: pytest.fail("it was done"))
    assert planned.store.read("global", "x")["a"] == 2 and planned.plan == ["say so"]
    assert host.store.read("global", "x")["a"] == 1 and host.plan == [] and not host.dry_run
