"""Draining: an instance that the proxy no longer asks finishes the connections that it has."""

from __future__ import annotations

import time
from collections.abc import Sequence

from dokkupy_sdk import Host
from dokkupy_sdk.model import Instance

ESTABLISHED = "01"
TABLES = ("tcp", "tcp6")
QUIET_SECONDS = 1.0
"""A connection that the proxy opened just before the switch shows within this time."""

STEP_SECONDS = 0.25


def established(table: str, port: int) -> int:
    """Connections of others to a port in the text of /proc/net/tcp (proc(5)); hexadecimal, one a line."""
    count = 0
    for line in table.splitlines()[1:]:
        words = line.split()
        if len(words) > 3 and words[3] == ESTABLISHED and int(words[1].rpartition(":")[2], 16) == port:
            count += 1
    return count


def busy(host: Host, instance: Instance) -> bool | None:
    """Whether somebody is connected to the instance; None when that cannot be seen."""
    from dokkupy_docker.engine_api import api

    found = api.get(f"/containers/{instance.id}/json")
    pid = found["State"]["Pid"] if found else 0
    if not pid:
        return False
    try:
        total = 0
        for name in TABLES:
            with open(f"/proc/{pid}/net/{name}", encoding="ascii") as file:
                total += established(file.read(), instance.port)
        return total > 0
    except OSError:
        return None


def wait_until_idle(host: Host, instances: Sequence[Instance], *, timeout: int) -> None:
    """Wait until nobody is connected any more, at most `timeout` seconds."""
    web = [one for one in instances if one.process == "web"]
    if not web:
        return
    end = time.monotonic() + timeout
    time.sleep(min(QUIET_SECONDS, timeout))
    while time.monotonic() < end:
        states = [busy(host, one) for one in web]
        if not any(state for state in states):
            if None in states:  # not to be seen: give requests a moment more
                time.sleep(max(0.0, min(5.0, end - time.monotonic())))
            return
        time.sleep(STEP_SECONDS)
