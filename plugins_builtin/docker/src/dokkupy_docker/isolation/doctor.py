"""The doctor's findings about the packet filter."""

from __future__ import annotations

import os

from dokkupy_sdk import Host
from dokkupy_sdk.errors import HostError
from dokkupy_sdk.model import Finding

from dokkupy_docker.isolation.table import FILE, NFT, host_ports, installed, lacking

CHECK = "networks"
WITHOUT = "apps can reach each other while networks are created, and other machines on the LAN can reach databases"


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
        return Finding(CHECK, "error", f"{words}: whether apps are isolated is unknown", "Run: sudo dokkupy setup")
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
        "apps are isolated from each other, from the LAN and from the cloud's credentials; on "
        f"the host they reach {open_to}",
    )
