"""A build that fills the engine's disk: the error says so, nothing of the build stays, and the next push works."""

from __future__ import annotations

from pathlib import Path

import pytest
from apps import Repository
from bed.checkout import ROOT
from bed.host import Host
from test_buildpacks import leftovers, until

MEGABYTES = 1500
"""The size of the disk: enough for the base image, an app's dependencies and a few layers."""

GREEDY = """

import sys

if "collectstatic" in sys.argv:
    with open("/app/greedy", "wb") as file:
        for _ in range(4000):
            file.write(bytes(1 << 20))
"""


@pytest.fixture
def small(fresh_host: Host) -> Host:
    """A machine whose engine has a small disk."""
    fresh_host.exec(
        [
            "bash",
            "-ec",
            f"""
        systemctl stop docker.socket docker.service
        mkdir /mnt/small
        mount -t tmpfs -o size={MEGABYTES}m,mode=711 tmpfs /mnt/small
        cp -a /var/lib/docker/. /mnt/small/
        mount --bind /mnt/small /var/lib/docker
        systemctl start docker.service
    """,
        ]
    )
    fresh_host.engine_ready()
    return fresh_host


def used(host: Host) -> int:
    """Megabytes on the engine's disk."""
    return int(host.exec(["df", "-BM", "--output=used", "/var/lib/docker"]).stdout.split()[1].removesuffix("M"))


def test_build_that_fills_the_disk_leaves_nothing_and_the_next_push_works(small: Host, tmp_path: Path) -> None:
    host = small
    host.exec(["dokkupy", "apps:create", "blog"])
    host.exec(["dokkupy", "domains:set", "blog", "blog.example.com"])
    host.exec(["dokkupy", "config:set", "blog", "SECRET_KEY=x", "DATABASE_URL=sqlite:////tmp/blog.sqlite3"])
    repository = Repository(tmp_path / "app", ROOT / "examples" / "apps" / "django")
    host.git_push(repository.path, "blog")
    assert "Hello from Django" in host.http_get("blog.example.com").body

    before = used(host), leftovers(host)
    settings = (repository.path / "blog" / "settings.py").read_text()
    for turn in range(3):
        repository.write("blog/settings.py", f"# {turn}\n{settings}{GREEDY}")
        repository.commit("settings that fill the disk")
        failed = host.git_push(repository.path, "blog", check=False)
        assert failed.code != 0
        assert "App build failed: the disk is full" in failed.stderr, failed.stderr[-3000:]
        assert "Hello from Django" in host.http_get("blog.example.com").body
        until(lambda: used(host) < before[0] + 50)  # BuildKit frees the disk space of a failed step after some seconds
    assert leftovers(host)[1:] == before[1][1:]
    assert host.exec(["dokkupy", "apps:locked", "blog"], check=False).code != 0

    repository.write("blog/settings.py", settings)
    repository.replace("blog/urls.py", "Hello", "Bye")
    repository.commit("settings that do not")
    host.git_push(repository.path, "blog")
    assert "Bye from Django" in host.http_get("blog.example.com").body
