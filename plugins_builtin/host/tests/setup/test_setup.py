"""The steps of `setup`, in a dry run: the tests change nothing of the machine."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from dokkupy import hookspecs
from dokkupy.host import Host
from dokkupy_host.setup import machine
from dokkupy_host.setup.machine import set_up, tear_down
from dokkupy_sdk import setup

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
