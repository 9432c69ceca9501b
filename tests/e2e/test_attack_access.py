"""A malicious deployer tries to use other apps, shared names, ports of the host, and services, with real keys over
SSH."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bed.engine import SOON, Ran, run
from bed.host import Host

Attack = Callable[..., Ran]


@pytest.fixture
def victim(host: Host, app: str) -> Iterator[str]:
    """Somebody else's app with a recorded build. The attacker's app has the same name with `-x` at its end."""
    own = f"{app}-x"
    for name in (app, own):
        host.exec(["dokkupy", "apps:create", name])
    yield app
    host.exec(["dokkupy", "ssh-keys:remove", "mallory"], check=False)
    host.exec(["dokkupy", "apps:destroy", own, "--force"], check=False)


@pytest.fixture
def attack(host: Host, victim: str, tmp_path: Path) -> Attack:
    """Run a command over SSH as the deployer of the attacker's app."""
    key = tmp_path / "mallory"
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)])
    host.exec(
        ["dokkupy", "ssh-keys:add", "mallory", "--role", "deployer", "--apps", f"{victim}-x"],
        input=key.with_suffix(".pub").read_text(),
    )
    connection = host._ssh_command()
    connection[connection.index("-i") + 1] = str(key)

    def typed(*words: str) -> Ran:
        return run([*connection, f"dokku@{host.ip}", shlex.join(words)], check=False, input="", timeout=SOON)

    return typed


def test_deployer_cannot_access_other_apps_or_get_another_role(host: Host, victim: str, attack: Attack) -> None:
    own = f"{victim}-x"
    host.exec(["dokkupy", "config:set", "--no-restart", victim, "CANARY=t0psecret"])
    refused = attack("config:show", victim)
    assert refused.code == 1
    assert f"There is no app {victim} that the key mallory may use; its apps: {own}" in refused.stderr
    for words in (
        ("run:logs", victim),
        ("builds:list", victim),
        ("backups:create", f"app:{victim}"),
        ("config:show", "--global"),
    ):
        ran = attack(*words)
        assert ran.code == 1 and "Access denied" in ran.stderr, words
    for words in (("ps:stop", "--all"), ("report", "--all"), ("services",)):
        ran = attack(*words)
        assert victim not in (ran.output).replace(own, ""), words
    assert host.exec(["dokkupy", "config:get", victim, "CANARY"]).stdout == "t0psecret\n"
    assert attack("ssh-keys:set", "mallory", "--role", "admin").code == 1
    assert f"mallory: a deployer of {own}" in attack("whoami").stdout
    host.exec(["dokkupy", "ssh-keys:set", "mallory", "--role", "viewer"])
    refused = attack("apps:lock", own)
    assert refused.code == 1 and "The key mallory (viewer) lacks the permission app:write" in refused.stderr


def test_deployer_cannot_use_names_and_ports_that_apps_share(host: Host, victim: str, attack: Attack) -> None:
    own = f"{victim}-x"
    names = ("_", "apps.example.com", "*.apps.example.com", ".example.com", f"{victim}.apps.example.com")
    for words in (("domains:add", own, "_"), ("domains:add", own, names[-1]), ("domains:set", own, *names)):
        assert attack(*words).code == 1, words
    for row in ("http:443:5000", "http:5433:5000", "tcp:9000:5000"):
        assert attack("ports:add", own, row).code == 1, row
    assert attack("proxy:set", own, "proxy-port", "443").code == 1
    assert attack("proxy:set", "--global", "deployer-ports", "1-65535").code == 1
    assert host.exec(["dokkupy", "domains:report", own, "--domains-app-vhosts"]).stdout == f"{own}.apps.example.com\n"
    assert host.exec(["dokkupy", "ports:report", own, "--ports-map"]).stdout == "\n"
