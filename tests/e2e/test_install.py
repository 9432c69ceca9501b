"""The installer on bare machines and on machines without systemd, and the removal of dokkupy."""

from __future__ import annotations

import http.client
import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from apps import Repository
from bed import images, servers
from bed.checkout import ROOT
from bed.engine import SOON, Ran, run
from bed.host import SOURCE, Host
from dokkupy_sdk.testing.effort import THOROUGH
from pages import UNINSTALL
from reader import Reader
from state import containers, wiring

from tests.e2e.conftest import MakeHost

DEMO_HOST = "hello.dokkupy.localhost"


def demo(host: Host) -> Ran:
    started = time.monotonic()
    ran = host.install("--demo", "--yes")
    spent = time.monotonic() - started
    print(f"\n{ran.output}\ninstall.sh --demo took {spent:.1f} s")
    return ran


def assert_demo_serves(host: Host) -> None:
    answer = host.http_get(DEMO_HOST)
    assert (answer.status, answer.body) == (200, "Hello from dokkupy!\n")
    assert_stranger_is_refused(host)


def assert_stranger_is_refused(host: Host) -> None:
    """Check that a name of no app is refused: the proxy closes the connection or answers with an error."""
    try:
        status = host.http_get("nobody.example.com").status
    except (OSError, http.client.HTTPException):
        return
    assert status >= 400


def release_number(host: Host) -> int:
    document = json.loads(host.exec(["dokkupy", "releases", "hello", "--format", "json"]).stdout)
    releases = document["releases"] if isinstance(document, dict) else document
    return max(int(release["number"]) for release in releases)


@pytest.fixture(scope="module")
def bare() -> Iterator[Host]:
    """Debian 12 with systemd, bash, apt and the checkout: no Python, no git, no Docker, until the demo is installed."""
    machine = Host(images.bare("bookworm"), "bare")
    try:
        machine.copy_checkout()
        yield machine
    finally:
        machine.close()


def test_dry_run_changes_nothing(bare: Host) -> None:
    ran = bare.install("--demo", "--dry-run")
    assert "docker.io" in ran.stdout
    assert bare.exec(["test", "-e", "/opt/dokkupy"], check=False).code != 0
    assert bare.exec(["test", "-e", "/usr/sbin/nginx"], check=False).code != 0


def test_unknown_option_is_refused_with_the_usage(bare: Host) -> None:
    ran = bare.exec([f"{SOURCE}/install.sh", "--dmeo"], check=False)
    assert ran.code != 0
    assert "--demo" in ran.stderr


@pytest.fixture
def new(bare: Host, request: pytest.FixtureRequest) -> Host:
    """The bare machine. `.ci/run` has installed the demo on one before these tests, so there it is one on which dokkupy is
    installed without the demo, which saves minutes."""
    if not os.environ.get("DOKKUPY_DEMO_WAS_TYPED"):
        return bare
    host: Host = request.getfixturevalue("fresh_host")
    host.exec(["dokkupy", "domains:clear-global"])  # the demo has a domain of its own where the host has none
    return host


def test_demo_serves_on_a_new_machine_and_a_second_run_only_makes_a_new_release(new: Host) -> None:
    first = demo(new)
    assert f"http://{DEMO_HOST}/" in first.stdout
    assert "Hello from dokkupy!" in first.stdout
    assert_says_what_is_next(first, new)
    assert_demo_serves(new)
    before, number = wiring(new), release_number(new)

    demo(new)
    assert_demo_serves(new)
    assert wiring(new) == before
    assert release_number(new) == number + 1

    new.reboot()
    new.engine_ready()
    assert_demo_serves_soon(new)


def assert_says_what_is_next(ran: Ran, host: Host) -> None:
    """Check that the installer prints one line for each step, and at the end the next commands with this machine's
    address."""
    assert "with mode" not in ran.stdout
    assert [line.strip() for line in ran.stdout.splitlines()[-5:]] == [
        "-----> dokkupy 0.1.0 is ready. Next, on your laptop: your key, your domain, and in a repository your app",
        f"ssh root@{host.ip} dokkupy ssh-keys:add me < ~/.ssh/id_ed25519.pub",
        f"ssh root@{host.ip} dokkupy domains:set-global apps.example.com",
        f"git remote add dokku dokku@{host.ip}:blog",
        "git push dokku main",
    ]


def assert_demo_serves_soon(host: Host, seconds: float = SOON) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            assert_demo_serves(host)
        except (OSError, AssertionError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
        else:
            return


def test_demo_serves_without_systemd(make_host: MakeHost, app_base: str) -> None:
    host = make_host(images.ready("bookworm", systemd=False), "plain")
    host.copy_checkout()
    # The first installation on a machine, where the service user does not exist yet. The last test goes on with an installed one.
    host.exec(["bash", "-ec", SOMEBODY + PYENV])
    install_with(host, AS_ROOT_TYPES)
    assert interpreter(host) == "/usr/bin/python3.11"
    assert service_user_runs_it(host)
    # This machine has the official base image. The bare machine above makes one from Debian's packages, which is half
    # of its time.
    host.engine_ready()
    host.load_image(app_base, "python:3.13-slim")
    demo(host)
    assert_demo_serves(host)
    if THOROUGH:  # usually, the machine with systemd alone is given the demo twice
        before = wiring(host)
        demo(host)
        assert wiring(host) == before


def test_uninstall_removes_only_what_is_ours_and_a_release_can_be_installed_again(
    fresh_host: Host, repository: Repository, tmp_path: Path
) -> None:
    host = fresh_host
    # a site and a container that do not belong to dokkupy
    site = b"server { listen 8099; server_name other.example.com; return 200 other; }\n"
    host.copy_in(site, "/etc/nginx/conf.d/other.conf")
    host.exec(["nginx", "-s", "reload"])
    host.exec(["docker", "run", "-d", "--pull=never", "--name", "other", "python:3.13-slim", "sleep", "600"])

    # An app, which the page keeps at first and removes at its end.
    host.exec(["ln", "-s", SOURCE, "/root/dokkupy"])
    host.git_push(repository.path, "blog")
    host.exec(["dokkupy", "config:set", "blog", "GREETING=Servus"])
    host.load_image(servers.server("redis:7"), "redis:7")
    host.exec(["dokkupy", "redis:create", "cache", "--image-version", "7"])
    host.exec(["dokkupy", "storage:ensure-directory", "blog"])
    before = {"dokkupy redis:start": 'test "$(docker ps --format "{{.Names}}")" = other'}
    after = {
        "./install.sh --uninstall --purge": "test $(dokkupy config:get blog GREETING) = Servus && docker ps | grep blog.web.1 && docker ps | grep dokku.redis.cache"
    }
    Reader(host).follow(replace(UNINSTALL, before={**before, **after}))

    for path in (
        "/opt/dokkupy",
        "/usr/local/bin/dokkupy",
        "/usr/local/bin/dokku",
        "/var/lib/dokkupy",
        "/etc/dokkupy",
        "/var/lib/dokku/data/storage",
    ):
        assert host.exec(["test", "-e", path], check=False).code != 0, path
    for login in ("dokkupy", "dokku"):
        assert host.exec(["id", login], check=False).code != 0, login
    left = [line for line in "\n".join(wiring(host)).splitlines() if "dokku" in line]
    assert left == []
    host.exec(["nginx", "-t"])
    host.exec(["sshd", "-t"])
    assert host.http_get("other.example.com", port=8099).body == "other"
    assert containers(host) == ["other"]
    assert host.exec(["docker", "volume", "ls", "-q", "--filter", "name=dokkupy"]).stdout == ""

    # install again, from the folder that `make release` writes
    run([sys.executable, str(ROOT / "release.py"), "--untried", "--into", str(tmp_path / "releases")])
    host.copy_in(tmp_path / "releases", "/root/releases")
    (version,) = [path.name for path in (tmp_path / "releases").iterdir()]
    unsure = host.exec([f"{SOURCE}/install.sh", "--yes", "--from", f"/root/releases/{version}"], check=False)
    assert unsure.code != 0 and "--from requires --version" in unsure.stderr
    missing = host.exec(
        [f"{SOURCE}/install.sh", "--yes", "--version", "9.9.9", "--from", "/root/releases"], check=False
    )
    assert missing.code != 0 and "There is no release 9.9.9 in /root/releases" in missing.stderr
    said = host.install("--yes", "--version", version, "--from", f"/root/releases/{version}").stdout
    assert f"Installing dokkupy {version} from /root/releases/{version}" in said
    assert f"dokkupy {version} is ready" in said
    assert host.exec(["dokkupy", "apps:list", "--quiet"]).code == 0


#: An interpreter that only root can reach, and a shim for it, as pyenv, uv, asdf and conda make them.
PYENV = """
chmod 700 /root
mkdir -p /root/.pyenv/shims /root/.pyenv/versions/3.11/bin /root/.pyenv/versions/3.11/lib
cp -L /usr/bin/python3.11 /root/.pyenv/versions/3.11/bin/python3.11
cp -RL /usr/lib/python3.11 /root/.pyenv/versions/3.11/lib/
printf '#!/bin/sh\\nexec /root/.pyenv/versions/3.11/bin/python3.11 "$@"\\n' >/root/.pyenv/shims/python3
chmod 755 /root/.pyenv/shims/python3
ln -s ../versions/3.11/bin/python3.11 /root/.pyenv/shims/git
"""
AS_ROOT_TYPES = (
    "/home/somebody/.local/bin:/root/.pyenv/shims:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
)
#: An interpreter that everyone can run, but that its owner could replace by a program that root would then run.
SOMEBODY = """
useradd -m -s /bin/sh somebody
mkdir -p /home/somebody/.local/bin
cp -L /usr/bin/python3.11 /home/somebody/.local/bin/python3
chown -R somebody: /home/somebody
chmod 755 /home/somebody
"""


@pytest.fixture
def rooted(fresh_host: Host) -> Host:
    """An installed machine on which the first `python3` and `git` on root's PATH belong to another user, and the next ones
    are in a directory with mode 0700."""
    fresh_host.exec(["bash", "-ec", SOMEBODY + PYENV])
    return fresh_host


def install_with(host: Host, path: str) -> str:
    """Install as an administrator whose shell has this PATH and a strict umask."""
    script = f"umask 077; exec {SOURCE}/install.sh --yes"
    return host.exec(["bash", "-c", script], env={"PATH": path, "HOME": "/root"}).stdout


def interpreter(host: Host) -> str:
    return host.exec(["readlink", "-e", "/opt/dokkupy/venv/bin/python"]).stdout.strip()


def service_user_runs_it(host: Host) -> bool:
    # by a shell, because the engine itself would search the program with root's rights
    return host.exec(["bash", "-c", "dokkupy apps:list --quiet && dokkupy tick"], user="dokkupy", check=False).code == 0


def test_installer_chooses_an_interpreter_that_the_service_user_can_run(rooted: Host) -> None:
    host = rooted
    refused = host.exec(["bash", "-c", "dokkupy apps:list"], user="somebody", check=False)
    assert refused.code != 0 and "sudo dokkupy" in refused.stderr

    # an older environment that was made with root's interpreter and has a third-party plugin
    site = "/opt/dokkupy/venv/lib/python3.11/site-packages"
    host.exec(["ln", "-sfn", "/root/.pyenv/versions/3.11/bin/python3.11", "/opt/dokkupy/venv/bin/python3"])
    host.copy_in(b"[dokkupy.plugins]\nmine = mine\n", f"{site}/dokkupy_mine-1.0.dist-info/entry_points.txt")
    assert not service_user_runs_it(host)
    for path in (AS_ROOT_TYPES, "/usr/sbin:/usr/bin:/sbin:/bin"):
        said = install_with(host, path)
        assert interpreter(host) == "/usr/bin/python3.11"
        assert service_user_runs_it(host)
        if path == AS_ROOT_TYPES:
            assert "already up to date" not in said
            assert "The plugin dokkupy-mine 1.0 is not in a package index: install it again" in said
        else:
            assert "already up to date" in said

    # an incomplete installation: some files are missing
    host.exec(["rm", "-r", f"{site}/typer", f"{site}/dokkupy/cli"])
    install_with(host, AS_ROOT_TYPES)
    assert service_user_runs_it(host)
