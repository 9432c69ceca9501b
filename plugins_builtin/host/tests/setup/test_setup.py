"""The steps of `setup`, in a dry run: the tests change nothing of the machine."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import pytest
from dokkupy import hookspecs
from dokkupy.host import Host
from dokkupy_host.setup import machine
from dokkupy_host.setup.machine import set_up, tear_down
from dokkupy_sdk import setup
from dokkupy_sdk.execute import Completed

from plugins_builtin.host.tests.conftest import Run


@pytest.fixture
def bare(host: Host, monkeypatch: pytest.MonkeyPatch) -> Host:
    """A machine without users and systemd, and with a plugin that has a part."""

    def gather(spec: object, **arguments: object) -> Iterable[tuple[str, str]]:
        verb = {hookspecs.setup_changes: "wire", hookspecs.teardown_changes: "unwire"}[spec]  # type: ignore[index]
        return [("proxy", f"{verb}, dry_run={arguments['dry_run']}")]

    monkeypatch.setattr(host.hooks, "gather", gather)
    for module in (machine, setup):
        monkeypatch.setattr(module, "login", lambda name: None)
        monkeypatch.setattr(module, "systemd", lambda: False)
    monkeypatch.setattr(machine, "UNITS", f"{host.root}/units")
    for name in ("CRON", "PROFILE"):
        monkeypatch.setattr(machine, name, f"{host.root}/{name.lower()}")
    monkeypatch.setattr(machine, "COMPLETIONS", (f"{host.root}/bash",))
    return host


def test_the_timer_is_set_up_after_the_plugins_on_which_it_depends(bare: Host) -> None:
    changes = set_up(bare, dry_run=True)
    parts = list(dict.fromkeys(change.part for change in changes))
    assert parts == [
        "the users dokkupy and dokku",
        f"the state in {bare.root}",
        "the audit",
        "the plugin proxy",
        "the timer",
        "completion for bash",
    ]
    assert "wire, dry_run=True" in [change.line for change in changes]
    assert f"create {bare.root}/journal/open" in [change.line for change in changes]


def test_the_plugins_parts_are_removed_first(bare: Host) -> None:
    changes = tear_down(bare, purge=True, dry_run=True)
    assert [change.line for change in changes] == ["unwire, dry_run=True", f"remove {bare.root}"]


def test_the_completion_of_another_dokku_stays(bare: Host) -> None:
    with open(f"{bare.root}/bash", "w") as file:
        file.write("# of another program\n")
    assert "completion for bash" not in [change.part for change in set_up(bare, dry_run=True)]


def test_purge_is_refused_without_remove_and_while_an_app_exists(run: Run, host: Host) -> None:
    assert "--purge has no effect without --remove" in run("setup", "--purge")[2]
    assert "To remove dokkupy, add --yes" in run("setup", "--remove")[2]
    run("apps:create", "blog")
    assert "There are still apps: blog" in run("setup", "--remove", "--purge", "--dry-run")[2]


def test_an_enabled_unit_of_an_earlier_version_is_enabled_again_so_that_the_engine_starts_it(
    bare: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "systemd", lambda: True)
    monkeypatch.setattr(machine, "execute", lambda argv, check: Completed(tuple(argv), 0, "", ""))
    os.makedirs(machine.UNITS)
    for name, text in machine.UNIT_TEXTS.items():
        Path(machine.UNITS, name).write_text(text)

    def lines() -> list[str]:
        return [change.line for change in set_up(bare, dry_run=True) if change.part == "the timer"]

    assert lines() == []
    boot = Path(machine.UNITS, "dokkupy-boot.service")
    boot.write_text(boot.read_text().replace("target docker.service", "target"))
    assert "enable dokkupy-boot.service" in lines() and "enable dokkupy-tick.timer" not in lines()
    assert "WantedBy=multi-user.target docker.service" in machine.UNIT_TEXTS["dokkupy-boot.service"]
    # tests/e2e/test_reboot.py restarts the engine while the unit is running.
    assert "PartOf=docker.service" in machine.UNIT_TEXTS["dokkupy-boot.service"]
