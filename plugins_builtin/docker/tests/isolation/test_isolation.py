"""The packet filter keeps networks apart. The kernel itself is asked: a router with two bridges of ours, a neighbour on
its LAN and a cloud, each a network namespace that only the tests' processes hold, so that no packet can leave."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from dokkupy_docker.isolation import doctor, install, rules, table
from dokkupy_docker.network import bridge_name
from dokkupy_docker.settings import ports
from dokkupy_sdk import Host
from dokkupy_sdk.errors import HostError, UserError
from dokkupy_sdk.execute import Completed

APP, OTHER, ROUTER, LAN, CLOUD = "10.208.1.2", "10.208.2.2", "10.208.1.1", "192.0.2.2", "100.100.100.200"
APP_6, OTHER_6, SIBLING_6 = "2001:db8:1::2", "2001:db8:2::2", "2001:db8:1::3"
SIBLING, SIBLING_LINK_LOCAL = "10.208.1.3", "fe80::3%eth0"

SERVER = """
import select, socket, sys
made = []
for port in map(int, sys.argv[1:]):
    one = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)
    made.append(one)
print("ready", flush=True)
while True:
    for one in select.select(made, [], [])[0]:
        one.accept()[0].close()
"""

CLIENT = """
import json, socket, sys
from concurrent.futures import ThreadPoolExecutor
def reach(place):
    try:
        socket.create_connection(tuple(place), timeout=float(sys.argv[1])).close()
        return True
    except OSError:
        return False
places = json.load(sys.stdin)
print(json.dumps(list(ThreadPoolExecutor(len(places)).map(reach, places))))
"""


class Net:
    """Network namespaces, each held by a process that serves some ports in it."""

    def __init__(self, stack: ExitStack) -> None:
        self.stack = stack
        self.pids: dict[str, int] = {}

    def space(self, name: str) -> None:
        holder = subprocess.Popen(["unshare", "--net", "sleep", "600"])
        self.stack.callback(holder.wait)
        self.stack.callback(holder.kill)
        mine = os.readlink("/proc/self/ns/net")
        while os.readlink(f"/proc/{holder.pid}/ns/net") == mine:
            assert holder.poll() is None
        self.pids[name] = holder.pid
        # accept_dad: an address can be used at once, without the second in which the kernel checks for duplicates
        self.run(name, "sh", "-c", "echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad")
        self.run(name, "ip", "link", "set", "lo", "up")

    def argv(self, name: str, *words: str) -> list[str]:
        return ["nsenter", f"--net=/proc/{self.pids[name]}/ns/net", "--", *words]

    def run(self, name: str, *words: str, text: str = "") -> str:
        done = subprocess.run(self.argv(name, *words), input=text, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (words, done.stderr)
        return done.stdout

    def serve(self, name: str, *served: int) -> None:
        words = self.argv(name, sys.executable, "-c", SERVER, *map(str, served))
        server = subprocess.Popen(words, stdout=subprocess.PIPE)
        self.stack.callback(server.wait)
        self.stack.callback(server.kill)
        assert server.stdout is not None
        self.stack.callback(server.stdout.close)
        assert server.stdout.readline() == b"ready\n"

    def guest(self, name: str, link: str, addresses: tuple[str, ...], gateways: tuple[str, ...]) -> None:
        """A namespace at the end of a cable; the other end is the router's interface of that name."""
        self.space(name)
        router = str(self.pids["router"])
        self.run(name, "ip", "link", "add", "eth0", "type", "veth", "peer", "name", link, "netns", router)
        self.run("router", "ip", "link", "set", link, "up")
        for address in addresses:
            self.run(name, "ip", "address", "add", address, "dev", "eth0", *(["nodad"] if ":" in address else []))
        self.run(name, "ip", "link", "set", "eth0", "up")
        for gateway in gateways:
            self.run(name, "ip", "route", "add", "default", "via", gateway)

    def reach(self, name: str, *places: tuple[str, int], within: int = 20) -> list[bool]:
        """Which of these are reached; within: seconds, few where no answer is what is hoped for."""
        return json.loads(self.run(name, sys.executable, "-c", CLIENT, str(within), text=json.dumps(places)))


@pytest.fixture(scope="module")
def net() -> Iterator[Net]:
    with ExitStack() as stack:
        net = Net(stack)
        net.space("router")
        for path in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
            net.run("router", "sh", "-c", f"echo 1 >/proc/sys/net/{path}")
        for number in (1, 2):
            bridge = bridge_name(f"10.208.{number}.0/24")
            net.run("router", "ip", "link", "add", bridge, "type", "bridge")
            net.run("router", "ip", "address", "add", f"10.208.{number}.1/24", "dev", bridge)
            net.run("router", "ip", "address", "add", f"2001:db8:{number}::1/64", "dev", bridge, "nodad")
            net.run("router", "ip", "link", "set", bridge, "up")
        for name, number, last in (("app", 1, 2), ("sibling", 1, 3), ("other", 2, 2)):
            addresses = (f"10.208.{number}.{last}/24", f"2001:db8:{number}::{last}/64", f"fe80::{last}/64")
            net.guest(name, f"v-{name}", addresses, (f"10.208.{number}.1", f"2001:db8:{number}::1"))
            net.run("router", "ip", "link", "set", f"v-{name}", "master", bridge_name(f"10.208.{number}.0/24"))
        net.guest("lan", "v-lan", (f"{LAN}/24", "2001:db8:3::2/64"), ("192.0.2.1", "2001:db8:3::1"))
        net.run("router", "ip", "address", "add", "192.0.2.1/24", "dev", "v-lan")
        net.run("router", "ip", "address", "add", "2001:db8:3::1/64", "dev", "v-lan", "nodad")
        net.guest("cloud", "v-cloud", (f"{CLOUD}/32",), ())
        net.run("cloud", "ip", "route", "add", "default", "via", "198.51.100.1", "dev", "eth0", "onlink")
        net.run("router", "ip", "address", "add", "198.51.100.1/32", "dev", "v-cloud")
        net.run("router", "ip", "route", "add", f"{CLOUD}/32", "dev", "v-cloud")
        # a published port: the address is translated before the packet is forwarded
        net.run("router", "nft", "-f", "-", text=PUBLISHED)
        for name in ("app", "sibling", "other", "lan"):
            net.serve(name, 5432)
        net.serve("router", 22, 80, 8080)
        net.serve("cloud", 53, 80)
        yield net


PUBLISHED = f"""
table ip published {{
	chain before {{
		type nat hook prerouting priority -100;
		iifname "v-lan" tcp dport 15432 dnat to {APP}:5432
	}}
}}
"""

WALLS = {
    "app": (
        (OTHER, 5432),
        (OTHER_6, 5432),
        (CLOUD, 80),
        (ROUTER, 22),
        (ROUTER, 8080),
        ("10.208.2.1", 22),
        ("192.0.2.1", 22),
        ("2001:db8:1::1", 22),
    ),
    "other": ((APP, 5432), (APP_6, 5432)),
    "lan": ((APP, 5432), (APP_6, 5432)),
    "cloud": ((APP, 5432),),
}
OPEN = {
    "app": (
        (SIBLING, 5432),
        (SIBLING_6, 5432),
        (SIBLING_LINK_LOCAL, 5432),
        (LAN, 5432),
        ("2001:db8:3::2", 5432),
        (ROUTER, 80),
        ("192.0.2.1", 80),
        ("2001:db8:1::1", 80),
        (CLOUD, 53),
    ),
    "lan": (("192.0.2.1", 15432), ("192.0.2.1", 22), ("192.0.2.1", 8080)),
    "router": ((APP, 5432), (OTHER, 5432), (OTHER_6, 5432), ("127.0.0.1", 22)),
}


def reached(
    net: Net, wanted: dict[str, tuple[tuple[str, int], ...]], within: int = 20
) -> dict[tuple[str, str, int], bool]:
    return {
        (name, *place): answer
        for name, places in wanted.items()
        for place, answer in zip(places, net.reach(name, *places, within=within), strict=True)
    }


def test_networks_are_isolated_with_the_table_and_not_without_it(net: Net) -> None:
    without = reached(net, WALLS | {"router": OPEN["router"]})
    assert all(without.values()), [place for place, answer in without.items() if not answer]
    net.run("router", "nft", "-f", "-", text=rules.table())
    walls, passages = reached(net, WALLS, within=1), reached(net, OPEN)
    assert not any(walls.values()), [place for place, answer in walls.items() if answer]
    assert all(passages.values()), [place for place, answer in passages.items() if not answer]


def test_ports_of_the_host_open_when_an_admin_names_them(net: Net) -> None:
    net.run("router", "nft", "-f", "-", text=rules.table("22,8000-8099"))
    assert net.reach("app", (ROUTER, 22), (ROUTER, 8080), (ROUTER, 80)) == [True, True, True]
    net.run("router", "nft", "-f", "-", text=rules.table("22"))
    assert net.reach("app", (ROUTER, 22), (ROUTER, 8080), (ROUTER, 80), within=2) == [True, False, True]


def test_loopback_addresses_do_not_come_from_a_network(net: Net) -> None:
    """With route_localnet, which engines set for what is published on loopback, a network reaches loopback."""
    net.run("router", "sh", "-c", "echo 1 >/proc/sys/net/ipv4/conf/all/route_localnet")
    net.run("app", "ip", "address", "del", "127.0.0.1/8", "dev", "lo")
    net.run("app", "ip", "route", "add", "127.0.0.1/32", "via", ROUTER)
    net.run("app", "sh", "-c", "echo 1 >/proc/sys/net/ipv4/conf/all/route_localnet")
    net.run("router", "nft", "delete", "table", "inet", "dokkupy")
    before = net.reach("app", ("127.0.0.1", 80))
    net.run("router", "nft", "-f", "-", text=rules.table())
    assert (before, net.reach("app", ("127.0.0.1", 80), within=1)) == ([True], [False])


def test_doctor_names_what_is_missing_of_the_table(
    net: Net, host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def execute(argv: list[str], **options: object) -> Completed:
        done = subprocess.run(net.argv("router", *argv), capture_output=True, text=True, check=False)
        if options.get("check", True) and done.returncode:
            raise HostError("nft failed", details=(done.stderr,))
        return Completed(tuple(argv), done.returncode, done.stdout, done.stderr)

    file = tmp_path / "isolation.nft"
    monkeypatch.setattr(table, "execute", execute)
    monkeypatch.setattr(table, "LOAD", (table.NFT, "-f", str(file)))
    monkeypatch.setattr(table, "FILE", str(file))
    monkeypatch.setattr(doctor, "FILE", str(file))
    assert (doctor.finding(host).level, doctor.finding(host).remedy) == ("error", "Run: sudo dokkupy setup")
    file.write_text(rules.table())
    table.load()
    assert doctor.finding(host).level == "ok"

    net.run("router", "nft", "delete", "chain", "inet", "dokkupy", "receiving")
    lacks = doctor.finding(host)
    assert (
        lacks.level == "error" and "chain receiving" in lacks.message and "no other port of the host" in lacks.message
    )
    table.restore(host)
    assert doctor.finding(host).level == "ok"

    net.run("router", "nft", "insert", "rule", "inet", "dokkupy", "forwarding", "accept", "comment", '"mine"')
    assert "the order of the rules" in doctor.finding(host).message
    net.run("router", "nft", "flush", "ruleset")
    assert "the table inet dokkupy" in doctor.finding(host).message
    table.restore(host)
    assert table.lacking(host) == []


def test_setup_continues_without_nft_and_the_doctor_reports_it(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (install, doctor):
        monkeypatch.setattr(module, "installed", lambda: False)
    assert install.set_up(host, dry_run=False) == []
    assert doctor.finding(host).remedy == "apt-get install nftables, then: sudo dokkupy setup"


def test_bridges_have_the_name_that_the_rules_know_and_the_kernel_takes() -> None:
    assert bridge_name("10.208.1.0/24") == "dokkupy-208-1"
    assert bridge_name("10.223.255.0/24") == "dokkupy-223-255"
    assert len(bridge_name("10.223.255.0/24")) <= 15
    assert bridge_name("192.168.0.0/24") == ""


def test_networks_of_apps_are_on_such_bridges(host: Host, app: str) -> None:
    networks = host.networks()
    networks.ensure(f"dokkupy-app-{app}", subnet="", labels={"dokkupy.app": app})
    subnet = next(one.subnet for one in networks.find_all({}) if one.name == f"dokkupy-app-{app}")
    assert os.path.isdir(f"/sys/class/net/{bridge_name(subnet)}/bridge")


@pytest.mark.parametrize("text", ["0", "65536", "22,", "80-70", "1-2-3", "ssh", "٢٢", "22 "])
def test_host_ports_are_ports_and_ranges(text: str) -> None:
    with pytest.raises(UserError):
        ports(text)


def test_ports_that_overlap_become_one_range() -> None:
    assert rules.merged("") == ["53", "80", "443"]
    assert rules.merged("81-90,22,85-100,443") == ["22", "53", "80-100", "443"]
