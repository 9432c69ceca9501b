"""ufw and firewalld beside dokkupy's table. Neither changes the table. The table only drops packets, so what the
firewalls refuse stays refused. Tested with ufw 0.36 and firewalld 1.3: enable, reload, reset and a restart remove none
of its rules.

The doctor checks what they block by default: the ports of the proxy, and with firewalld each network that the engine
made before firewalld ran. Only root can read their rules.
"""

from __future__ import annotations

import os
import re

from dokkupy_sdk.execute import execute
from dokkupy_sdk.model import Finding
from dokkupy_sdk.setup import systemd

from dokkupy_docker.network import BRIDGE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CHECK = "firewall"
UFW = "/etc/ufw/ufw.conf"
FIREWALLD = "/usr/bin/firewall-cmd"
INTERFACES = "/sys/class/net"
WEB = {80: "http", 443: "https"}
"""The proxy's ports, and what firewalld calls them."""

ALLOWED = re.compile(
    r"^(?P<ports>[\d,:]+|Anywhere)(?:/tcp)?(?: \(.*?\)+)? +(?:ALLOW|LIMIT)(?: IN)? +Anywhere", re.MULTILINE
)
LOOK = "Run: sudo dokkupy doctor"


def findings() -> Iterator[Finding]:
    if re.search(r"(?m)^ENABLED=yes", text_of(UFW)):
        yield of_ufw(execute(["ufw", "status", "verbose"], check=False).stdout if os.geteuid() == 0 else "")
    if os.path.exists(FIREWALLD) and systemd() and execute(["systemctl", "is-active", "firewalld"], check=False).ok:
        yield from of_firewalld()


def of_ufw(status: str) -> Finding:
    """status: what `ufw status verbose` prints, empty when it cannot be asked. Pure."""
    if not status:
        return Finding(CHECK, "ok", "ufw is active; only root can check whether it allows web traffic", LOOK)
    closed = [] if "allow (incoming)" in status else closed_by_ufw(status)
    return of_ports("ufw", closed, " && ".join(f"ufw allow {port}/tcp" for port in closed))


def closed_by_ufw(status: str) -> list[int]:
    """The proxy's ports that no rule opens to everybody. Pure."""
    found = [one["ports"] for one in ALLOWED.finditer(status)]
    return [port for port in WEB if not any(includes(text, port) for text in found)]


def includes(text: str, port: int) -> bool:
    """Whether `80`, `80,443`, `8000:8010` or `Anywhere` includes a port. Pure."""
    if text == "Anywhere":
        return True
    ranges = (one.partition(":") for one in text.split(",") if one)
    return any(int(first) <= port <= int(last or first) for first, _, last in ranges)


def of_firewalld() -> Iterator[Finding]:
    if os.geteuid() != 0:
        yield Finding(
            CHECK, "ok", "firewalld is active; only root can check whether it allows web and app traffic", LOOK
        )
        return
    zone = execute([FIREWALLD, "--get-default-zone"], check=False).stdout.strip()
    closed = closed_by_zone(execute([FIREWALLD, "--list-all"], check=False).stdout)
    words = " ".join(f"--add-service={WEB[port]}" for port in closed)
    command = f"firewall-cmd --permanent --zone={zone} {words} && firewall-cmd --reload"
    yield of_ports(f"firewalld (its zone {zone})", closed, command)
    inside = execute([FIREWALLD, "--zone=docker", "--list-interfaces"], check=False).stdout.split()
    outside = sorted(name for name in bridges() if name not in inside)
    if outside:
        yield Finding(
            CHECK,
            "warning",
            f"firewalld has no zone for {', '.join(outside)}: apps on them cannot reach anything outside their network",
            "The engine registers its networks with firewalld when it starts: systemctl restart docker",
        )


def closed_by_zone(listing: str) -> list[int]:
    """The proxy's ports that a zone closes. listing: what `firewall-cmd --list-all` prints. Pure."""
    rows = (line.strip().partition(": ") for line in listing.splitlines())
    said = {name.rstrip(":"): value.split() for name, _, value in rows}
    if said.get("target") == ["ACCEPT"]:
        return []
    ports = [one.removesuffix("/tcp").replace("-", ":") for one in said.get("ports", []) if one.endswith("/tcp")]
    services = said.get("services", [])
    return [
        port for port, name in WEB.items() if name not in services and not any(includes(one, port) for one in ports)
    ]


def of_ports(firewall: str, closed: list[int], command: str) -> Finding:
    if not closed:
        return Finding(CHECK, "ok", f"{firewall} allows ports 80 and 443")
    names = " and ".join(map(str, closed))
    return Finding(
        CHECK, "warning", f"{firewall} blocks port {names}: apps cannot be reached on it from outside", command
    )


def bridges() -> Iterable[str]:
    try:
        return [name for name in os.listdir(INTERFACES) if name.startswith(BRIDGE)]
    except OSError:
        return []


def text_of(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError:
        return ""
