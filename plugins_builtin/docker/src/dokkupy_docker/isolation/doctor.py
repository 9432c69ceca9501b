"""What the doctor finds of the packet filter."""

from __future__ import annotations

import os

from dokkupy_sdk import Host
from dokkupy_sdk.errors import HostError
from dokkupy_sdk.model import Finding

from dokkupy_docker.isolation.table import FILE, NFT, host_ports, installed, lacking

CHECK = "networks"
WITHOUT = "apps may reach each other while networks are created, and neighbours on the LAN reach databases"


def finding(host: Host) -> Finding:
    if not installed():
        return Finding(
            CHECK, "error", f"{NFT} is missing: {WITHOUT}", "apt-get install nftables, then: sudo dokkupy setup"
        )
    if not os.path.exists(FILE):
        return Finding(CHECK, "error", f"{FILE} is missing: {WITHOUT}", "Run: sudo dokkupy setup")
    try:
        lacks = lacking(host)
    except HostError as error:
        words = " ".join((error.message, *error.details))
        return Finding(CHECK, "error", f"{words}: whether apps are apart is not known", "Run: sudo dokkupy setup")
    if lacks:
        return Finding(
            CHECK,
            "error",
            f"The packet filter lacks {', '.join(lacks)}: {WITHOUT}",
            "The timer restores it; to restore it now: dokkupy doctor --fix",
        )
    open_to = "DNS and the proxy" + (f" and ports {ports}" if (ports := host_ports(host)) else "")
    return Finding(
        CHECK,
        "ok",
        f"apps are apart, closed to the LAN and to the cloud's credentials, and reach {open_to} on the host",
    )
