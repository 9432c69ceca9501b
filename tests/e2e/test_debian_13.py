"""Debian 13: another Docker (26, BuildKit as a plugin), another nginx and systemd; and what only a newer Docker can."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from apps import Repository
from bed import images
from bed.host import Host
from test_install import assert_demo_serves, demo

GREEDY = """\
FROM python:3.13-slim
RUN python3 -c "x = bytearray({megabytes} << 20); print('had', len(x))"
WORKDIR /app
COPY . .
CMD ["python3", "web.py"]
"""


@pytest.fixture(scope="module")
def host(app_base: str) -> Iterator[Host]:
    """A machine with Debian 13 on which the demo was installed."""
    machine = Host(images.ready("trixie"), "trixie")
    try:
        machine.copy_checkout()
        demo(machine)
        machine.load_image(app_base, "python:3.13-slim")
        machine.add_key()
        yield machine
    finally:
        machine.close()


def test_demo_serves_on_debian_13(host: Host) -> None:
    assert_demo_serves(host)


def test_build_that_wants_more_memory_than_it_may_have_is_ended_and_says_so(
    host: Host, app: str, tmp_path: Path
) -> None:
    host.exec(["dokkupy", "apps:create", app])
    host.exec(["dokkupy", "resource:limit", app, "--process-type", "build", "--memory", "100"])
    repository = Repository(tmp_path / "app")
    repository.write("Dockerfile", GREEDY.format(megabytes=300))
    repository.commit("a build that wants much")
    failed = host.git_push(repository.path, app, check=False)
    assert failed.code != 0
    assert "a step was killed; the build may have 100 MB of memory" in failed.stderr
    assert "resource:limit --process-type build --memory" in failed.stderr

    repository.write("Dockerfile", GREEDY.format(megabytes=20))
    repository.commit("a build that wants little")
    assert "had 20971520" in host.git_push(repository.path, app).stderr

    host.exec(["dokkupy", "resource:limit-clear", app, "--process-type", "build"])
    host.exec(["dokkupy", "builds:set", "--global", "memory", "120m"])
    try:
        repository.write("Dockerfile", GREEDY.format(megabytes=301))
        repository.commit("a build that wants more than the host gives")
        failed = host.git_push(repository.path, app, check=False)
        assert "the build may have 120 MB of memory" in failed.stderr
    finally:
        host.exec(["dokkupy", "builds:set", "--global", "memory"])
    assert "had 315621376" in host.git_push(repository.path, app).stderr
    # Nothing is left running for it, and nothing was warned about.
    assert "dokkupy-limits" not in host.exec(["docker", "ps", "-a", "--format", "{{.Names}}"]).stdout


def test_an_app_s_own_limits_hold_for_its_types(host: Host, app: str, tmp_path: Path) -> None:
    host.exec(["dokkupy", "apps:create", app])
    host.exec(["dokkupy", "resource:limit", app, "--memory", "200", "--cpu", "0.5"])
    host.exec(["dokkupy", "resource:limit", app, "--process-type", "worker", "--memory", "64m"])
    repository = Repository(tmp_path / "app")
    repository.scalable()
    host.git_push(repository.path, app)
    host.exec(["dokkupy", "ps:scale", app, "worker=1"])
    found = {}
    for name in ("web", "worker"):
        form = "{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}}"
        found[name] = host.exec(["docker", "inspect", "-f", form, f"{app}.{name}.1"]).stdout.strip()
    assert found == {"web": f"{200 << 20} 500000000", "worker": f"{64 << 20} 500000000"}
