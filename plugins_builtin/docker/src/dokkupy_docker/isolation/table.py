"""The table in the kernel: verify it, restore it. As the system user by sudo, for exactly these two commands."""

from __future__ import annotations

import os

from dokkupy_sdk import Host
from dokkupy_sdk.errors import HostError
from dokkupy_sdk.execute import execute

from dokkupy_docker.isolation.rules import TABLE, missing
from dokkupy_docker.settings import LOCAL

NFT = "/usr/sbin/nft"
FILE = "/etc/dokkupy/isolation.nft"
LIST = (NFT, "list", "table", "inet", TABLE)
LOAD = (NFT, "-f", FILE)


def installed() -> bool:
    return os.path.exists(NFT)


def host_ports(host: Host) -> str:
    return LOCAL.get(host.store, None, "host-ports")


def lacking(host: Host) -> list[str]:
    """The missing rules of the table; empty when it is complete. Raises HostError if the table cannot be read."""
    done = execute([*as_root(), *LIST], check=False)
    if done.ok:
        return missing(done.stdout, host_ports(host))
    if "No such file" in done.stderr:
        return [f"the table inet {TABLE}"]
    raise HostError(
        "The packet filter could not be read",
        details=tuple(done.stderr.splitlines()[-5:]),
        hint="Check that nftables works: sudo nft list tables. Then run: sudo dokkupy setup",
    )


def load() -> None:
    """Replace the table by that of the file, which root wrote. Raises HostError when the kernel refuses it."""
    execute([*as_root(), *LOAD])


def restore(host: Host) -> None:
    """The timer's job: restore the table after somebody flushed the packet filter."""
    if installed() and os.path.exists(FILE) and lacking(host):
        load()


def as_root() -> list[str]:
    return [] if os.geteuid() == 0 else ["sudo", "-n"]
