"""HTTP/3 by Debian 13's nginx, asked by a client that checks the certificate."""

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

__all__ = ["authority"]
PLACE = "/opt/http3"


@pytest.fixture(scope="module")
def host(app_base: str) -> Iterator[Host]:
    """A machine with Debian 13, whose nginx has HTTP/3, and a client for it in an environment of its own."""
    machine = Host(images.ready("trixie"), "http3")
    try:
        machine.copy_checkout()
        machine.install("--yes")
        machine.engine_ready()
        machine.load_image(app_base, "python:3.13-slim")
        machine.add_key()
        machine.exec(["python3", "-m", "venv", PLACE])
        machine.exec([f"{PLACE}/bin/pip", "install", "-q", "aioquic"])
        machine.copy_in(Path(__file__).parent / "http3_client.py", f"{PLACE}/client.py")
        yield machine
    finally:
        machine.close()


def ask(host: Host, name: str, other: str = "", address: str = "127.0.0.1") -> dict[str, Any]:
    """What the site answers by HTTP/3; empty when it does not. other: in the request, where it differs."""
    words = [f"{PLACE}/bin/python", f"{PLACE}/client.py", address, name, other or name, f"{PLACE}/root.crt"]
    done = host.exec(words, check=False)
    return json.loads(done.stdout) if done.code == 0 else {}


def report(host: Host, app: str) -> str:
    return host.exec(["dokkupy", "nginx:report", app, "--nginx-http3-served"]).stdout.strip()


def test_http3_is_served_to_who_asks_for_it_and_to_nobody_else(
    host: Host, app: str, repository: Repository, authority: Authority
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

    # A second app on the same socket; a third is by TCP alone.
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
