"""The installer on machines that are bare, that have no systemd, and that want dokkupy gone again."""

from __future__ import annotations

import http.client
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from bed import images
from bed.checkout import ROOT
from bed.engine import Ran, run
from bed.host import SOURCE, Host
from state import containers, wiring

from tests.e2e.conftest import MakeHost

DEMO_HOST = "hello.dokkupy.localhost"
#: What the issue allows the demo on a bare machine; a shared test machine of two cores gets half as much again.
DEMO_LIMIT = 270


def demo(host: Host) -> Ran:
    started = time.monotonic()
    ran = host.install("--demo", "--yes", timeout=600)
    spent = time.monotonic() - started
    print(f"\n{ran.output}\ninstall.sh --demo took {spent:.1f} s")
    assert spent < DEMO_LIMIT
    return ran


def assert_demo_serves(host: Host) -> None:
    answer = host.http_get(DEMO_HOST)
    assert (answer.status, answer.body) == (200, "Hello from dokkupy!\n")
    assert_stranger_is_refused(host)


def assert_stranger_is_refused(host: Host) -> None:
    """The catch-all closes the connection or says an error: a name that nobody was given serves no app."""
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


def test_demo_serves_on_a_bare_machine_and_again_changes_only_the_release(bare: Host) -> None:
    first = demo(bare)
    assert f"http://{DEMO_HOST}/" in first.stdout
    assert "Hello from dokkupy!" in first.stdout
    assert_says_what_is_next(first, bare)
    assert_demo_serves(bare)
    before, number = wiring(bare), release_number(bare)

    demo(bare)
    assert_demo_serves(bare)
    assert wiring(bare) == before
    assert release_number(bare) == number + 1

    bare.reboot()
    bare.engine_ready()
    assert_demo_serves_soon(bare)


def assert_says_what_is_next(ran: Ran, host: Host) -> None:
    """One line for each thing set up, and at the end what a newcomer types, with this machine's address."""
    assert "with mode" not in ran.stdout
    assert [line.strip() for line in ran.stdout.splitlines()[-5:]] == [
        "-----> dokkupy 0.1.0 is ready. Next, on your laptop: your key, your domain, and in a repository your app",
        f"ssh root@{host.ip} dokkupy ssh-keys:add me < ~/.ssh/id_ed25519.pub",
        f"ssh root@{host.ip} dokkupy domains:set-global apps.example.com",
        f"git remote add dokku dokku@{host.ip}:blog",
        "git push dokku main",
    ]


def assert_demo_serves_soon(host: Host, seconds: float = 60) -> None:
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
    # With the official base at hand: the bare machine above makes one from Debian's packages, which is half of its time.
    host.install("--yes")
    host.engine_ready()
    host.load_image(app_base, "python:3.13-slim")
    demo(host)
    assert_demo_serves(host)
    before = wiring(host)
    demo(host)
    assert wiring(host) == before


def test_uninstall_takes_everything_away_but_what_is_not_ours_and_a_release_brings_it_back(
    fresh_host: Host, tmp_path: Path
) -> None:
    host = fresh_host
    # A site and a container that somebody else put there.
    site = b"server { listen 8099; server_name other.example.com; return 200 other; }\n"
    host.copy_in(site, "/etc/nginx/conf.d/other.conf")
    host.exec(["nginx", "-s", "reload"])
    host.exec(["docker", "run", "-d", "--pull=never", "--name", "other", "python:3.13-slim", "sleep", "600"])

    host.install("--uninstall", "--purge", "--yes")

    for path in ("/opt/dokkupy", "/usr/local/bin/dokkupy", "/usr/local/bin/dokku", "/var/lib/dokkupy"):
        assert host.exec(["test", "-e", path], check=False).code != 0, path
    for login in ("dokkupy", "dokku"):
        assert host.exec(["id", login], check=False).code != 0, login
    left = [line for line in "\n".join(wiring(host)).splitlines() if "dokku" in line]
    assert left == []
    host.exec(["nginx", "-t"])
    host.exec(["sshd", "-t"])
    assert host.http_get("other.example.com", port=8099).body == "other"
    assert containers(host) == ["other"]

    # And back again, out of the folder that `make release` writes.
    run([sys.executable, str(ROOT / "release.py"), "--untried", "--into", str(tmp_path)])
    host.copy_in(tmp_path, "/root/releases")
    (version,) = [path.name for path in tmp_path.iterdir()]
    unsure = host.exec([f"{SOURCE}/install.sh", "--yes", "--from", f"/root/releases/{version}"], check=False)
    assert unsure.code != 0 and "--from goes with --version" in unsure.stderr
    missing = host.exec(
        [f"{SOURCE}/install.sh", "--yes", "--version", "9.9.9", "--from", "/root/releases"], check=False
    )
    assert missing.code != 0 and "There is no release 9.9.9 in /root/releases" in missing.stderr
    said = host.install("--yes", "--version", version, "--from", f"/root/releases/{version}").stdout
    assert f"Installing dokkupy {version} from /root/releases/{version}" in said
    assert f"dokkupy {version} is ready" in said
    assert host.exec(["dokkupy", "apps:list", "--quiet"]).code == 0


#: A real interpreter that root alone can reach, and a shim for it, as pyenv, uv, asdf and conda make them.
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
#: One that everybody can run, and that its owner could replace by something that root then runs.
SOMEBODY = """
useradd -m -s /bin/sh somebody
mkdir -p /home/somebody/.local/bin
cp -L /usr/bin/python3.11 /home/somebody/.local/bin/python3
chown -R somebody: /home/somebody
chmod 755 /home/somebody
"""


@pytest.fixture
def rooted(make_host: MakeHost) -> Host:
    """A machine whose `python3` and `git` that root finds first are another user's, then root's own below mode 0700."""
    host = make_host(images.ready("bookworm"), "rooted")
    host.copy_checkout()
    host.exec(["bash", "-ec", SOMEBODY + PYENV])
    return host


def install_with(host: Host, path: str) -> str:
    """Install as an administrator whose shell has this PATH and a strict umask."""
    script = f"umask 077; exec {SOURCE}/install.sh --yes"
    return host.exec(["bash", "-c", script], env={"PATH": path, "HOME": "/root"}).stdout


def interpreter(host: Host) -> str:
    return host.exec(["readlink", "-e", "/opt/dokkupy/venv/bin/python"]).stdout.strip()


def service_user_runs_it(host: Host) -> bool:
    # By a shell: the engine itself looks a program up with root's rights.
    return host.exec(["bash", "-c", "dokkupy apps:list --quiet && dokkupy tick"], user="dokkupy", check=False).code == 0


def test_interpreter_is_one_that_the_service_user_can_run(rooted: Host) -> None:
    host = rooted
    install_with(host, AS_ROOT_TYPES)
    assert interpreter(host) == "/usr/bin/python3.11"
    assert service_user_runs_it(host)
    refused = host.exec(["bash", "-c", "dokkupy apps:list"], user="somebody", check=False)
    assert refused.code != 0 and "sudo dokkupy" in refused.stderr

    # An environment from before, made of root's own interpreter, with a plugin of somebody else's in it.
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
            assert "The plugin dokkupy-mine 1.0 is in no package index: install it again" in said
        else:
            assert "already up to date" in said

    # An installation that was cut off: files of it are missing.
    host.exec(["rm", "-r", f"{site}/typer", f"{site}/dokkupy/cli"])
    install_with(host, AS_ROOT_TYPES)
    assert service_user_runs_it(host)
