"""`--parallel` with `--all`: several apps are processed at once, each in a process of its own."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest
from dokkupy.cli.output import Terminal
from dokkupy.errors import AppError, Interrupted, UserError
from dokkupy.host import Host
from dokkupy.kernel.journal import NEW, Journal
from dokkupy.kernel.operation import operation, unfinished
from dokkupy_commands.use_cases.parallel import workers
from dokkupy_host.timer.temporary import remove_left_over
from dokkupy_sdk.parallel import over_each_at_once
from dokkupy_sdk.state import PropertiesFile

from plugins_builtin.commands.tests.conftest import Run

APPS = ("blog", "shop", "wiki")


@pytest.fixture
def apps(run: Run) -> tuple[str, ...]:
    for app in APPS:
        assert run("apps:create", app)[0] == 0
    return APPS


def until(path: Path) -> None:
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline, f"{path.name} did not come"
        time.sleep(0.01)


@pytest.mark.parametrize("parallel", ["2", "-1", "0", "50"])
def test_all_apps_are_changed_and_each_line_names_its_app(run: Run, apps: tuple[str, ...], parallel: str) -> None:
    status, out, err = run("proxy:disable", "--all", "--parallel", parallel)
    assert (status, err) == (0, "")
    for app in apps:
        prefix = "" if parallel == "0" or (parallel == "-1" and os.cpu_count() == 1) else f"{app}: "
        assert f"-----> {prefix}Disabling proxy for app ({app})\n" in out
        assert "Proxy enabled:                 false" in run("proxy:report", app)[1]


@pytest.mark.parametrize("words", [("ps:restart", "--all"), ("ps:stop", "blog"), ("proxy:build-config", "--all")])
def test_impossible_number_of_apps_is_refused(run: Run, apps: tuple[str, ...], words: tuple[str, ...]) -> None:
    status, out, err = run(*words, "--parallel", "-2")
    assert (status, out) == (1, "")
    assert "--parallel -2 is not a number of apps" in err


def test_number_of_workers_is_the_same_as_in_dokku() -> None:
    assert [workers(0), workers(1), workers(5), workers(-1)] == [1, 1, 5, os.cpu_count()]
    with pytest.raises(UserError):
        workers(-2)


def test_several_apps_are_processed_at_the_same_time(host: Host, tmp_path: Path) -> None:
    def meet(app: str) -> None:
        (tmp_path / app).touch()
        for other in APPS:
            until(tmp_path / other)

    assert over_each_at_once(host, APPS, meet, 3) == ([(app, None) for app in APPS], [])


def test_no_more_than_the_given_number_of_apps_is_processed_at_once(host: Host, tmp_path: Path) -> None:
    def alone(app: str) -> None:
        (tmp_path / "room").mkdir()
        time.sleep(0.05)
        (tmp_path / "room").rmdir()

    assert over_each_at_once(host, APPS, alone, 1)[1] == []


def test_lines_are_complete_and_failures_name_their_app(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    def talk(app: str) -> None:
        for _ in range(300):
            host.out.stream(app * 30)
        host.out.warn("nearly done")
        if app == "shop":
            raise AppError("it failed", hint="Try again.")
        if app == "wiki":
            os.kill(os.getpid(), signal.SIGKILL)

    host = host.for_invocation(out=Terminal())
    done, failed = over_each_at_once(host, APPS, talk, 3)
    out, err = capsys.readouterr()
    assert sorted(out.splitlines()) == [f"       {app}: {app * 30}" for app in APPS for _ in range(300)]
    assert sorted(err.splitlines()) == [f" !     {app}: nearly done" for app in APPS]
    assert done == [("blog", None)]
    assert {app: str(error) for app, error in failed} == {
        "shop": "it failed",
        "wiki": "its process was killed",
    }
    assert {getattr(error, "hint", "") for _, error in failed} == {"Try again.", ""}


def test_failures_are_listed_at_the_end_and_the_status_says_so(
    run: Run, apps: tuple[str, ...], host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail_for_shop(settings: object, tx: object, app: str, *words: str) -> None:
        if app == "shop":
            raise AppError("the disk is on fire", hint="Extinguish it.")

    monkeypatch.setattr("dokkupy_sdk.settings.Settings.set", fail_for_shop)
    status, out, err = run("proxy:enable", "--all", "--parallel", "3")
    assert status == 1
    assert sorted(out.splitlines()) == [f"-----> {app}: Enabling proxy for app ({app})" for app in ("blog", "wiki")]
    assert err == " !     shop: the disk is on fire\n !     Extinguish it.\n"


def test_signal_rolls_every_running_app_back_and_starts_no_further_one(host: Host, tmp_path: Path) -> None:
    def wait(app: str) -> None:
        with operation(host, "test", f"app:{app}") as tx:
            tx.save(PropertiesFile(properties={"begun": "true"}), app, "test")
            (tmp_path / app).touch()
            if app == "shop":
                until(tmp_path / "blog")
                os.kill(os.getppid(), signal.SIGTERM)
            time.sleep(20)

    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Interrupted, match="SIGTERM") as ended:
        over_each_at_once(host, APPS, wait, 2)
    assert ended.value.exit_code == 128 + signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) == before
    assert not (tmp_path / "wiki").exists()
    for app in APPS:
        assert not host.store.read("apps", app, "test")


def test_new_journal_is_never_visible_without_its_first_line(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(host.root, "1")
    real = Journal.write

    def look_first(self: Journal, entry: dict[str, object], *, sync: bool = False) -> None:
        assert unfinished(host, "app:blog") == []
        real(self, entry, sync=sync)

    monkeypatch.setattr(Journal, "write", look_first)
    journal.begin({"subject": "app:shop"})
    assert [entries[0]["subject"] for _, entries in unfinished(host)] == ["app:shop"]


def test_first_line_that_a_killed_process_left_is_removed(host: Host) -> None:
    left = Path(host.root, *NEW, "1.jsonl")
    left.parent.mkdir(parents=True)
    left.write_text("{")
    os.utime(left, (0, 0))
    remove_left_over(host)
    assert not left.exists()


def test_operation_may_end_while_unfinished_ones_are_read(host: Host) -> None:
    directory = Path(host.root, "journal", "open")
    directory.mkdir(parents=True)
    (directory / "0.jsonl").symlink_to("moved-to-the-closed-ones")
    (directory / "1.jsonl").write_text('{"subject": "app:blog"}\n')
    assert [name for name, _ in unfinished(host)] == ["1"]
