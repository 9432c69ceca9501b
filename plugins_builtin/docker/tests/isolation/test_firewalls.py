"""The doctor's findings about ufw and firewalld, from their output."""

from __future__ import annotations

from pathlib import Path

import pytest
from dokkupy_docker.isolation import firewalls
from dokkupy_sdk.execute import Completed

pytestmark = pytest.mark.unit

UFW = """\
Status: active
Logging: on (low)
Default: deny (incoming), allow (outgoing), deny (routed)
New profiles: skip

To                         Action      From
--                         ------      ----
22/tcp                     ALLOW IN    Anywhere                  
{rules}
22/tcp (v6)                ALLOW IN    Anywhere (v6)             
"""  # noqa: W291 - as it prints it
ZONE = """\
public
  target: {target}
  icmp-block-inversion: no
  interfaces: 
  sources: 
  services: dhcpv6-client ssh {services}
  ports: {ports}
  protocols: 
  forward: yes
"""  # noqa: W291


@pytest.mark.parametrize(
    ("rules", "closed"),
    [
        ("", [80, 443]),
        ("80/tcp                     ALLOW IN    Anywhere", [443]),
        ("443                        ALLOW IN    Anywhere", [80]),
        ("80,443/tcp (Nginx Full)    ALLOW IN    Anywhere", []),
        ("80:8010/tcp                LIMIT IN    Anywhere", []),
        ("Anywhere                   ALLOW IN    10.0.0.0/8", [80, 443]),
        ("80/tcp                     ALLOW IN    10.0.0.0/8", [80, 443]),
        ("80,443/udp                 ALLOW IN    Anywhere", [80, 443]),
        ("80/tcp                     DENY IN     Anywhere", [80, 443]),
        ("Anywhere                   ALLOW IN    Anywhere", []),
    ],
)
def test_ports_that_ufw_closes_are_named_with_the_command_that_opens_them(rules: str, closed: list[int]) -> None:
    finding = firewalls.of_ufw(UFW.format(rules=rules))
    assert finding.remedy == " && ".join(f"ufw allow {port}/tcp" for port in closed)
    assert finding.level == ("warning" if closed else "ok")


def test_ufw_that_lets_all_in_closes_nothing() -> None:
    assert firewalls.of_ufw(UFW.format(rules="").replace("deny (incoming)", "allow (incoming)")).level == "ok"


@pytest.mark.parametrize(
    ("target", "services", "ports", "closed"),
    [
        ("default", "", "", [80, 443]),
        ("default", "http https", "", []),
        ("default", "http", "443/udp", [443]),
        ("default", "", "80/tcp 400-500/tcp", []),
        ("ACCEPT", "", "", []),
        ("DROP", "https", "", [80]),
    ],
)
def test_ports_that_firewalld_s_zone_closes(target: str, services: str, ports: str, closed: list[int]) -> None:
    assert firewalls.closed_by_zone(ZONE.format(target=target, services=services, ports=ports)) == closed


@pytest.mark.parametrize("root", [True, False])
def test_networks_that_firewalld_does_not_know_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, root: bool
) -> None:
    answers = {
        "is-active": "active\n",
        "--get-default-zone": "public\n",
        "--list-all": ZONE.format(target="default", services="http", ports=""),
        "--list-interfaces": "docker0 dokkupy-208-1\n",
    }
    asked: list[str] = []

    def execute(argv: list[str], **_: object) -> Completed:
        asked.append(argv[-1])
        key = next(word for word in argv if word in answers)
        return Completed(tuple(argv), 0, answers[key], "")

    (tmp_path / "net").mkdir()
    for name in ("lo", "docker0", "dokkupy-208-0", "dokkupy-208-1"):
        (tmp_path / "net" / name).touch()
    (tmp_path / "firewall-cmd").touch()
    monkeypatch.setattr(firewalls, "execute", execute)
    monkeypatch.setattr(firewalls, "UFW", str(tmp_path / "none"))
    monkeypatch.setattr(firewalls, "FIREWALLD", str(tmp_path / "firewall-cmd"))
    monkeypatch.setattr(firewalls, "systemd", lambda: True)
    monkeypatch.setattr(firewalls, "INTERFACES", str(tmp_path / "net"))
    monkeypatch.setattr(firewalls.os, "geteuid", lambda: 0 if root else 1000)
    found = list(firewalls.findings())
    if not root:  # nobody else may ask firewalld
        assert [one.level for one in found] == ["ok"] and asked == ["firewalld"]
        return
    ports, networks = found
    assert ports.remedy == "firewall-cmd --permanent --zone=public --add-service=https && firewall-cmd --reload"
    assert "dokkupy-208-0:" in networks.message and networks.remedy.endswith("systemctl restart docker")


def test_firewalld_is_not_asked_for_where_systemd_does_not_run_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    (tmp_path / "firewall-cmd").touch()
    monkeypatch.setattr(firewalls, "UFW", str(tmp_path / "none"))
    monkeypatch.setattr(firewalls, "FIREWALLD", str(tmp_path / "firewall-cmd"))
    monkeypatch.setattr(firewalls, "systemd", lambda: False)
    monkeypatch.setattr(firewalls, "execute", lambda argv, **_: asked.append(argv))
    assert list(firewalls.findings()) == [] and asked == []
