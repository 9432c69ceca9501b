"""Debian 13 has other versions of Docker (26, BuildKit as a plugin), nginx and systemd. Only these support memory
limits of builds and HTTP/3, which is tested by a client that verifies the certificate."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from apps import Repository
from bed import images
from bed.host import Host
from test_certs import Authority, authority, deploy, https_get, send
from test_install import assert_demo_serves, demo

__all__ = ["authority"]
PLACE = "/opt/http3"
CGROUPS = "/sys/fs/cgroup/pids"

GREEDY = """\
FROM python:3.13-slim
RUN python3 -c "x = bytearray({megabytes} << 20); print('had', len(x))"
WORKDIR /app
COPY . .
CMD ["python3", "web.py"]
"""


@pytest.fixture(scope="module")
def host(app_base: str) -> Iterator[Host]:
    """A machine with Debian 13 on which the demo is installed."""
    machine = Host(images.ready("trixie"), "trixie")
    try:
        machine.copy_checkout()
        machine.install("--yes")
        machine.engine_ready()
        machine.load_image(app_base, "python:3.13-slim")
        demo(machine)
        machine.add_key()
        yield machine
    finally:
        machine.close()


def test_demo_serves_on_debian_13(host: Host) -> None:
    assert_demo_serves(host)


def test_build_that_exceeds_its_memory_limit_is_killed_and_the_error_says_so(
    host: Host, app: str, tmp_path: Path
) -> None:
    host.exec(["dokkupy", "apps:create", app])
    host.exec(["dokkupy", "resource:limit", app, "--process-type", "build", "--memory", "100"])
    repository = Repository(tmp_path / "app")
    repository.write("Dockerfile", GREEDY.format(megabytes=300))
    repository.commit("a build that wants much")
    failed = host.git_push(repository.path, app, check=False)
    assert failed.code != 0
    assert "a step was killed, probably because the build reached its memory limit of 100 MB" in failed.stderr
    assert "--process-type build --memory" in failed.stderr

    repository.write("Dockerfile", GREEDY.format(megabytes=20))
    repository.commit("a build that wants little")
    assert "had 20971520" in host.git_push(repository.path, app).stderr

    host.exec(["dokkupy", "resource:limit-clear", app, "--process-type", "build"])
    host.exec(["dokkupy", "builds:set", "--global", "memory", "120m"])
    try:
        repository.write("Dockerfile", GREEDY.format(megabytes=301))
        repository.commit("a build that wants more than the host gives")
        failed = host.git_push(repository.path, app, check=False)
        assert "the build reached its memory limit of 120 MB" in failed.stderr
    finally:
        host.exec(["dokkupy", "builds:set", "--global", "memory"])
    assert "had 315621376" in host.git_push(repository.path, app).stderr
    # nothing of the build still runs, and there was no warning
    assert "dokkupy-limits" not in host.exec(["docker", "ps", "-a", "--format", "{{.Names}}"]).stdout


BOMB = """\
FROM python:3.13-slim
COPY bomb.py .
RUN python3 bomb.py
"""
FORKS = """\
import os, time
for count in range(20000):
    if os.fork() == 0:
        time.sleep(60)
"""


def test_fork_bomb_in_a_build_is_stopped_by_the_app_s_limit_of_processes(host: Host, app: str, tmp_path: Path) -> None:
    host.exec(["dokkupy", "apps:create", app])
    host.exec(["dokkupy", "resource:limit", app, "--process-type", "build", "--pids", "200"])
    repository = Repository(tmp_path / "app")
    repository.write("Dockerfile", BOMB)
    repository.write("bomb.py", FORKS)
    repository.commit("a fork bomb")
    failed = host.git_push(repository.path, app, check=False)
    assert failed.code != 0 and "BlockingIOError" in failed.stderr
    assert "--process-type build --pids" in failed.stderr
    assert host.exec(["cat", f"{CGROUPS}/dokkupy-builds/pids.max"]).stdout.strip() == "16384"


def test_limits_of_an_app_apply_to_its_process_types(host: Host, app: str, tmp_path: Path) -> None:
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


@pytest.fixture(scope="module")
def client(host: Host) -> None:
    """A client for HTTP/3 on the machine, in its own virtual environment."""
    host.exec(["python3", "-m", "venv", PLACE])
    host.exec([f"{PLACE}/bin/pip", "install", "-q", "aioquic"])
    host.copy_in(Path(__file__).parent / "http3_client.py", f"{PLACE}/client.py")


def ask(host: Host, name: str, other: str = "", address: str = "127.0.0.1") -> dict[str, Any]:
    """The site's answer by HTTP/3; empty if there is none. other: a different host name in the request."""
    words = [f"{PLACE}/bin/python", f"{PLACE}/client.py", address, name, other or name, f"{PLACE}/root.crt"]
    done = host.exec(words, check=False)
    return json.loads(done.stdout) if done.code == 0 else {}


def report(host: Host, app: str) -> str:
    return host.exec(["dokkupy", "nginx:report", app, "--nginx-http3-served"]).stdout.strip()


def test_http3_is_served_only_for_apps_that_enable_it(
    host: Host, client: None, app: str, repository: Repository, authority: Authority
) -> None:
    assert "--with-http_v3_module" in host.exec(["nginx", "-V"]).stderr
    host.copy_in(authority.root.read_bytes(), f"{PLACE}/root.crt")
    name = deploy(host, app, repository)
    send(host, "certs:add", app, authority.issue(name))
    assert "alt-svc" not in https_get(host, name, authority).headers
    assert (ask(host, name), report(host, app)) == ({}, "false")

    host.exec(["dokkupy", "nginx:set", app, "http3", "true"])
    host.exec(["dokkupy", "proxy:build-config", app])
    assert https_get(host, name, authority).headers["alt-svc"] == 'h3=":443"; ma=3600'
    answer = ask(host, name)
    assert (answer["headers"][":status"], answer["body"]) == ("200", "Hello from dokkupy!\n")
    assert report(host, app) == "true"
    assert "served on UDP port 443" in host.exec(["dokkupy", "doctor"], check=False).stdout
    assert ask(host, f"unknown.{name}") == {}
    assert ask(host, name, f"unknown.{name}")["headers"][":status"] == "421"

    # a second app uses the same socket, and a third one only TCP
    try:
        for number, wanted in ((2, "true"), (3, "false")):
            host.exec(["dokkupy", "apps:clone", app, f"{app}-{number}"])
            host.exec(["dokkupy", "domains:set", f"{app}-{number}", f"{number}.{name}"])
            host.exec(["dokkupy", "nginx:set", f"{app}-{number}", "http3", wanted])
            send(host, "certs:update", f"{app}-{number}", authority.issue(f"{number}.{name}"))
        assert ask(host, f"2.{name}")["body"] == "Hello from dokkupy!\n"
        assert ask(host, name)["headers"][":status"] == "200"
        assert ask(host, f"3.{name}") == {}
        assert https_get(host, f"3.{name}", authority).status == 200
        everything = host.exec(["nginx", "-T"]).stdout
        sockets = [line.split()[1] for line in everything.splitlines() if " reuseport" in line]
        assert sockets and len(sockets) == len(set(sockets)), sockets
    finally:
        for number in (2, 3):
            host.exec(["dokkupy", "apps:destroy", f"{app}-{number}", "--force"], check=False)
    assert ask(host, name)["headers"][":status"] == "200"

    host.exec(["dokkupy", "nginx:set", app, "http3"])
    host.exec(["dokkupy", "proxy:build-config", app])
    assert (ask(host, name), report(host, app)) == ({}, "false")
    assert https_get(host, name, authority).status == 200
    assert " quic" not in host.exec(["nginx", "-T"]).stdout
