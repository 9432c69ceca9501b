"""Machines for the end-to-end tests.

`host` is installed once and shared: a test leaves nothing there but its own app. `fresh_host` is an installed machine
of the test's own, to be rebooted and broken; it starts from a snapshot, in seconds.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from apps import Repository
from bed import checkout, cleanup, images
from bed.engine import docker, image_exists
from bed.host import Host

#: The names under which apps in the tests find their base image.
APP_BASE_NAMES = ("python:3.13-slim", "python:3.11-slim")

MakeHost = Callable[..., Host]

#: Seconds of each file, of the last whole run here or those that the repository keeps.
TIMES = (checkout.ROOT / ".venv" / "times", checkout.ROOT / "tests" / "times")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files come first, so that the workers end together; an unknown one may be long."""
    seconds = recorded(next((path.read_text() for path in TIMES if path.exists()), ""))
    items.sort(key=lambda item: -seconds.get(file_of(item.nodeid), 600.0))


def recorded(text: str) -> dict[str, float]:
    """The lines `FILE: N s`."""
    lines = (line.partition(": ") for line in text.splitlines())
    return {name: float(rest.removesuffix(" s")) for name, _, rest in lines if name.endswith(".py")}


def file_of(nodeid: str) -> str:
    return nodeid.partition("::")[0]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Adds what each file took to the times that test.sh prints and keeps."""
    where = os.environ.get("DOKKUPY_TIMES")
    if where is None or "PYTEST_XDIST_WORKER" in os.environ:  # whom the controller asks for its reports
        return
    seconds: dict[str, float] = {}
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                name = file_of(report.nodeid)
                seconds[name] = seconds.get(name, 0.0) + report.duration
    with Path(where).open("a") as file:
        file.writelines(f"{name}: {spent:.0f} s\n" for name, spent in seconds.items())


@pytest.fixture(scope="session", autouse=True)
def _bed() -> Iterator[None]:
    cleanup.leftovers()
    yield
    # A machine that did not boot has no fixture that would close it.
    cleanup.leftovers(mine=True)
    cleanup.old_snapshots()


@pytest.fixture(scope="session")
def app_base() -> str:
    """The outer engine's tag of the Python image that test apps build on."""
    return images.python()


@pytest.fixture(scope="session")
def installed_snapshot(app_base: str) -> tuple[str, str]:
    """Image and volume of a machine on which `install.sh --yes` ran and the apps' base image is loaded."""
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
            # Three seconds a deploy of a worker would be minutes of the suite: test_start_and_stop.py waits for them.
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
    """An installed machine that all tests share."""
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
    """Boots machines from any image of the bed and throws them away: `make_host(images.bare("trixie"), "name")`."""
    made: list[Host] = []

    def make(image: str, name: str, seed: str | None = None) -> Host:
        made.append(Host(image, name, seed=seed))
        return made[-1]

    yield make
    for machine in made:
        machine.close()


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A working copy of the sample app, committed on `main`."""
    return Repository(tmp_path / "app")


@pytest.fixture
def app(host: Host, request: pytest.FixtureRequest) -> Iterator[str]:
    """A name for an app of the test's own on the shared host; the app is destroyed afterwards."""
    name = "t-" + hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:10]
    yield name
    # What a test is about has ended: no process gets half a minute to finish its work.
    kill = 'docker ps -q --filter "label=dokkupy.app=$0" | xargs -r docker kill'
    host.exec(["sh", "-c", kill, name], check=False)
    host.exec(["dokkupy", "apps:destroy", name, "--force"], check=False)
