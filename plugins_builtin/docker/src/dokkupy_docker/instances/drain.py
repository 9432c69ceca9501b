"""Draining: an instance that gets no new requests from the proxy finishes its open connections."""

from __future__ import annotations

import time
from collections.abc import Sequence

from dokkupy_sdk import Host
from dokkupy_sdk.model import Instance

ESTABLISHED, LISTENING = "01", "0A"
TABLES = ("tcp", "tcp6")
QUIET_SECONDS = 1.0
"""A connection that the proxy opened just before the switch shows within this time."""

STEP_SECONDS = 0.25


def established(tables: Sequence[str]) -> int:
    """Connections of others to the ports that an instance listens on, in the texts of /proc/net/tcp and tcp6 (proc(5)):
    hexadecimal, one a line."""
    rows = [line.split() for table in tables for line in table.splitlines()[1:]]
    places = [(row[3], row[1].rpartition(":")[2]) for row in rows if len(row) > 3]
    ports = {port for state, port in places if state == LISTENING}
    return sum(state == ESTABLISHED and port in ports for state, port in places)


def busy(host: Host, instance: Instance) -> bool | None:
    """Whether the instance has connections; None if that is unknown."""
    from dokkupy_docker.engine_api import api

    found = api.get(f"/containers/{instance.id}/json")
    pid = found["State"]["Pid"] if found else 0
    if not pid:
        return False
    try:
        texts = []
        for name in TABLES:
            with open(f"/proc/{pid}/net/{name}", encoding="ascii") as file:
                texts.append(file.read())
        return established(texts) > 0
    except OSError:
        return None


def wait_until_idle(host: Host, instances: Sequence[Instance], *, timeout: int) -> None:
    """Wait until no connection is left, at most `timeout` seconds."""
    web = [one for one in instances if one.process == "web"]
    if not web:
        return
    end = time.monotonic() + timeout
    time.sleep(min(QUIET_SECONDS, timeout))
    while time.monotonic() < end:
        states = [busy(host, one) for one in web]
        if not any(state for state in states):
            if None in states:  # unknown: give requests a moment more
                time.sleep(max(0.0, min(5.0, end - time.monotonic())))
            return
        time.sleep(STEP_SECONDS)
