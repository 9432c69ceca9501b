"""The rules of the packet filter, as text for nft. Pure.

The engine separates its networks itself. But Docker 20.10 removes its rules for a moment at every `network create`, and
if the host forwards packets, no rule of Docker keeps neighbours on the LAN out. These rules are in a separate table
before the engine's and only drop packets. Packets that they accept still pass through the engine's rules.
"""

from __future__ import annotations

import re

from dokkupy_sdk.outgoing import METADATA
from dokkupy_sdk.values import dataclass

from dokkupy_docker.network import BRIDGE, POOL

TABLE = "dokkupy"

CLOUD = ("169.254.0.0/16", *(one for one in METADATA if ":" not in one))
"""Addresses at which clouds give out credentials. Some of these are name servers too, so port 53 stays open."""

CLOUD_6 = ("fe80::/10", *(one for one in METADATA if ":" in one))

HOST_PORTS = (53, 80, 443)
"""Ports that apps may reach on the host itself: its name server, and the proxy, which serves the public names of other
apps."""

RULE = re.compile(r'^\s*(.*?)\s*\b(accept|drop) comment "([^"]+)"$', re.MULTILINE)
CHAIN = re.compile(r"type filter hook (\w+) priority [^;]+; policy accept;")


@dataclass(frozen=True, slots=True)
class Rule:
    """Which packets match, the verdict, and the reason. The comment is shown by `nft list` and identifies the rule."""

    match: str
    verdict: str
    comment: str

    def __str__(self) -> str:
        return f'{self.match} {self.verdict} comment "{self.comment}"'.strip()


@dataclass(frozen=True, slots=True)
class Chain:
    """Rules at one hook of the kernel. priority: lower than the engine's (0), so that these rules come first."""

    name: str
    hook: str
    priority: int
    rules: tuple[Rule, ...]

    def __str__(self) -> str:
        head = f"type filter hook {self.hook} priority {self.priority}; policy accept;"
        return f"\tchain {self.name} {{\n" + "".join(f"\t\t{line}\n" for line in (head, *self.rules)) + "\t}\n"


def chains(host_ports: str = "") -> tuple[Chain, ...]:
    """host_ports: additional ports and ranges that apps may reach on the host, separated by commas."""
    ours, known = f'"{BRIDGE}*"', "meta l4proto { tcp, udp } th dport"
    ports = ", ".join(merged(host_ports))
    return (
        Chain(
            "loopback",
            "prerouting",
            -300,
            (Rule('iifname != "lo" ip daddr 127.0.0.0/8', "drop", "nothing from a network reaches loopback"),),
        ),
        Chain(
            "forwarding",
            "forward",
            -150,
            (
                Rule("ct state established,related", "accept", "answers"),
                # this hook gets bridged packets only if they are filtered (br_netfilter)
                Rule("fib daddr . iif oif exists", "accept", "within one network"),
                Rule(f"{known} 53 ip daddr {{ {', '.join(CLOUD)} }}", "accept", "the name servers of clouds"),
                Rule(f"ip daddr {{ {', '.join(CLOUD)} }}", "drop", "no credentials of the cloud"),
                Rule(f"ip6 daddr {{ {', '.join(CLOUD_6)} }}", "drop", "no credentials of the cloud by IPv6"),
                Rule("ct status dnat", "accept", "ports that were published"),
                Rule(f"oifname {ours}", "drop", "no other way into a network of ours"),
                Rule(f"ip daddr {POOL}", "drop", "no other way to an address of ours"),
            ),
        ),
        Chain(
            "receiving",
            "input",
            -150,
            (
                Rule(f"iifname != {ours}", "accept", "not from a network of ours"),
                Rule("ct state established,related", "accept", "answers to the host"),
                Rule("meta l4proto { icmp, ipv6-icmp }", "accept", "errors and neighbours"),
                Rule(f"{known} {{ {ports} }}", "accept", f"open to apps: {ports}"),
                Rule("", "drop", "no other port of the host"),
            ),
        ),
    )


def merged(ports: str) -> list[str]:
    """These ports and ranges with those that are always open, in order; nft refuses ranges that overlap."""
    ranges = [(port, port) for port in HOST_PORTS]
    for text in filter(None, ports.split(",")):
        first, _, last = text.partition("-")
        ranges.append((int(first), int(last or first)))
    found: list[tuple[int, int]] = []
    for first_port, last_port in sorted(ranges):
        if found and first_port <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], last_port))
        else:
            found.append((first_port, last_port))
    return [str(a) if a == b else f"{a}-{b}" for a, b in found]


def table(host_ports: str = "") -> str:
    """The whole table; loading it replaces the existing one in one step, so there is no moment without."""
    body = "".join(str(chain) for chain in chains(host_ports))
    return (
        "# Written by `dokkupy setup`: keeps the networks of apps apart.\n"
        f"table inet {TABLE} {{\n}}\ndelete table inet {TABLE}\ntable inet {TABLE} {{\n{body}}}\n"
    )


def missing(listing: str, host_ports: str = "") -> list[str]:
    """The missing parts of the table, as nft lists it. nft prints matches differently in each version, so rules are
    compared by order, verdict and comment."""
    wanted = chains(host_ports)
    hooks = CHAIN.findall(listing)
    lacking = [f"chain {chain.name}" for chain in wanted if chain.hook not in hooks]
    found = [(verdict, comment) for _, verdict, comment in RULE.findall(listing)]
    rules = [(rule.verdict, rule.comment) for chain in wanted for rule in chain.rules]
    lacking += [f"rule {comment!r}" for verdict, comment in rules if (verdict, comment) not in found]
    return lacking or (["the order of the rules"] if found != rules else [])
