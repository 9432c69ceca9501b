"""Where processes listen, from the text of /proc/net/tcp and tcp6, to explain why a check found no listener."""

from __future__ import annotations

import ipaddress

LISTEN = "0A"
"""The kernel's number of the state (include/net/tcp_states.h)."""

ENGINE_DNS = "127.0.0.11"
"""Docker's resolver listens there in every container."""


def listeners(text: str) -> list[tuple[str, int]]:
    """(address, port) of the listening sockets; other lines are skipped."""
    found = []
    for line in text.splitlines():
        words = line.split()
        if len(words) < 4 or words[3] != LISTEN or ":" not in words[1]:
            continue
        raw, _, port = words[1].partition(":")
        try:
            found.append((address(raw), int(port, 16)))
        except ValueError:
            continue
    return sorted({entry for entry in found if entry[0] != ENGINE_DNS}, key=lambda entry: (entry[1], entry[0]))


def address(raw: str) -> str:
    """The kernel prints words of 32 bits in the host's byte order (little endian on all that we run on)."""
    data = bytes.fromhex(raw)
    swapped = b"".join(data[start : start + 4][::-1] for start in range(0, len(data), 4))
    if len(swapped) == 4:
        return str(ipaddress.IPv4Address(swapped))
    found = ipaddress.IPv6Address(swapped)
    return str(found.ipv4_mapped or found)


def explain(found: list[tuple[str, int]], port: int) -> str:
    """Why nothing answers on the port, as text; empty when the sockets do not show it."""
    on_port = [where for where, number in found if number == port]
    if on_port and all(ipaddress.ip_address(where).is_loopback for where in on_port):
        return f"it listens on {on_port[0]} only"
    if on_port or not found:
        return "" if on_port else "it listens on no port"
    places = ", ".join(f"{where}:{number}" for where, number in found[:5])
    return f"it listens on {places}"
