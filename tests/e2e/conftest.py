"""Machines for the end-to-end tests.

`host` is installed once and shared, so a test must not leave anything there but its own app. `fresh_host` is an
installed machine for one test, which may reboot and break it. It starts from a snapshot, in seconds.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest
from dokkupy_sdk.testing.effort import THOROUGH

sys.path.insert(0, str(Path(__file__).parent))

from apps import Repository
from bed import checkout, cleanup, images, meter
from bed.engine import docker, image_exists
from bed.host import Host

#: The names of the base image for apps in the tests.
APP_BASE_NAMES = ("python:3.13-slim", "python:3.11-slim")

MakeHost = Callable[..., Host]

#: Compiling pack from source takes a worker as long as all other builders together. Its plugin has unit tests.
collect_ignore = [] if THOROUGH else ["test_pack.py"]

#: The seconds that each file took, from the last complete run on this machine or from the repository.
TIMES = (checkout.ROOT / ".venv" / "times", checkout.ROOT / "tests" / "times")

#: The property of a report with the seconds of a processor, and the sum at the report before it.
PROCESSOR = "processor"
SPENT = pytest.StashKey[float]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the longest files first, so that the workers end at about the same time. An unknown file counts as long."""
    seconds = recorded(next((path.read_text() for path in TIMES if path.exists()), ""))
    items.sort(key=lambda item: -seconds.get(file_of(item.nodeid), 600.0))


def recorded(text: str) -> dict[str, float]:
    """The lines `FILE: N s`, with or without what follows."""
    lines = (line.partition(": ") for line in text.splitlines())
    return {name: float(rest.split()[0]) for name, _, rest in lines if name.endswith(".py")}


def file_of(nodeid: str) -> str:
    return nodeid.partition("::")[0]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Say in each report what its part of the test took of a processor."""
    report = yield
    now = meter.seconds()
    report.user_properties.append((PROCESSOR, now - item.config.stash.get(SPENT, 0.0)))
    item.config.stash[SPENT] = now
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the tests that took most of a processor, and add each file's seconds to the times that test.sh prints and stores."""
    if "PYTEST_XDIST_WORKER" in os.environ:  # only the controller has all reports
        return
    files: dict[str, list[float]] = {}
    tests: dict[str, float] = {}
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                spent = dict(report.user_properties).get(PROCESSOR, 0.0)
                tests[report.nodeid] = tests.get(report.nodeid, 0.0) + spent
                sums = files.setdefault(file_of(report.nodeid), [0.0, 0.0])
                sums[0] += report.duration
                sums[1] += spent
    if terminalreporter.config.option.durations:
        terminalreporter.write_sep("=", "most seconds of a processor, with setup and teardown")
        for nodeid, spent in sorted(tests.items(), key=lambda one: -one[1])[:40]:
            terminalreporter.write_line(f"{spent:.0f} s {nodeid}")
    if where := os.environ.get("DOKKUPY_TIMES"):
        with Path(where).open("a") as file:
            file.writelines(
                f"{name}: {wall:.0f} s, {spent:.0f} s of a processor\n" for name, (wall, spent) in files.items()
            )


@pytest.fixture(scope="session", autouse=True)
def _bed() -> Iterator[None]:
    cleanup.leftovers()
    yield
    # no fixture removes a machine that did not boot
    cleanup.leftovers(mine=True)
    cleanup.old_snapshots()


@pytest.fixture(scope="session")
def app_base() -> str:
    """The outer engine's tag of the Python image on which test apps are built."""
    return images.python()


@pytest.fixture(scope="session")
def installed_snapshot(app_base: str) -> tuple[str, str]:
    """Image and volume of a machine on which `install.sh --yes` was run and the apps' base image was loaded."""
    image = images.ready("bookworm")
    tag = f"dokkupy-bed/installed:{checkout.fingerprint()}-{image[-6:]}-{app_base[-6:]}"
    seed = cleanup.seed_of(tag)
    with images.alone("snapshot"):
        return installed(tag, seed, image, app_base)


def installed(tag: str, seed: str, image: str, app_base: str) -> tuple[str, str]:
    if not image_exists(tag) or docker("volume", "inspect", seed, check=False).code:
        machine = Host(image, "installing")
        try:
            machine.copy_checkout()
            machine.install("--yes")
            machine.engine_ready()
            machine.exec(["dokkupy", "domains:add-global", "apps.example.com"])
            # Without this wait: three seconds for each deploy of a worker would add minutes. test_start_and_stop.py
            # tests it.
            machine.exec(["dokkupy", "checks:set", "--global", "default-wait", "0"])
            machine.load_image(app_base, *APP_BASE_NAMES)
            machine.snapshot(tag, seed)
        finally:
            machine.close()
    return tag, seed


def _started(snapshot: tuple[str, str], name: str) -> Host:
    tag, seed = snapshot
    machine = Host(tag, name, seed=seed)
    machine.engine_ready()
    machine.add_key()
    return machine


@pytest.fixture(scope="session")
def host(installed_snapshot: tuple[str, str]) -> Iterator[Host]:
    """The installed machine that all tests share."""
    machine = _started(installed_snapshot, "shared")
    yield machine
    machine.close()


@pytest.fixture
def fresh_host(installed_snapshot: tuple[str, str]) -> Iterator[Host]:
    """An installed machine for one test."""
    machine = _started(installed_snapshot, "fresh")
    yield machine
    machine.close()


@pytest.fixture
def make_host() -> Iterator[MakeHost]:
    """Boots machines from any image of the bed and removes them afterwards: `make_host(images.bare("trixie"),
    "name")`."""
    made: list[Host] = []

    def make(image: str, name: str, seed: str | None = None) -> Host:
        made.append(Host(image, name, seed=seed))
        return made[-1]

    yield make
    for machine in made:
        machine.close()


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A clone of the sample app, committed on `main`."""
    return Repository(tmp_path / "app")


@pytest.fixture
def app(host: Host, request: pytest.FixtureRequest) -> Iterator[str]:
    """A name for a test's own app on the shared host. The app is destroyed afterwards."""
    name = "t-" + hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:10]
    yield name
    # The test is over, so its processes need not get half a minute to finish their work.
    kill = 'docker ps -q --filter "label=dokkupy.app=$0" | xargs -r docker kill'
    host.exec(["sh", "-c", f'{kill}; dokkupy apps:destroy "$0" --force', name], check=False)
