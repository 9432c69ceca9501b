"""A malicious deployer attacks by the network: what packets of an app, of a build, of a neighbour and of a visitor can
reach."""

from __future__ import annotations

import json
import selectors
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from apps import Repository
from bed import images
from bed.engine import LABEL, SOON, docker, run
from bed.host import Host

PORT = 5000
#: An address from which clouds serve credentials, and which is not link-local. Here, a network namespace of the
#: machine has it.
CLOUD = "100.100.100.200"
SLOW_CONNECTIONS = 2500

REACH = """
import json, socket, sys
from concurrent.futures import ThreadPoolExecutor
def reach(place):
    try:
        socket.create_connection(tuple(place), timeout=1.5).close()
        return True
    except OSError:
        return False
places = json.loads(sys.argv[1])
print(json.dumps(list(ThreadPoolExecutor(len(places)).map(reach, places))))
"""
PROBE = """
import socket, sys, threading
tries, hits = [], []
def probe(number):
    for _ in range(number):
        with socket.socket() as one:
            one.settimeout(0.15)
            tries.append(1)
            if one.connect_ex((sys.argv[1], int(sys.argv[2]))) == 0:
                hits.append(1)
threads = [threading.Thread(target=probe, args=(30,)) for _ in range(6)]
[one.start() for one in threads]
[one.join() for one in threads]
print(len(tries), len(hits))
"""
NAMES = """
import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write((self.headers.get("Host") or "").encode())
http.server.ThreadingHTTPServer(("", 5000), Handler).serve_forever()
"""
REDIRECT = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(302)
        self.send_header("Location", sys.argv[1])
        self.end_headers()
http.server.ThreadingHTTPServer(("", 5000), Handler).serve_forever()
"""


@dataclass(frozen=True)
class Apps:
    """Mallory's app, somebody else's app, and the address of that app's instance."""

    host: Host
    own: str
    other: str
    address: str
    repository: Repository

    def inside(self, script: str, *words: str) -> str:
        """Run a script in Mallory's container, like the code of the app."""
        argv = ["docker", "exec", "-i", f"{self.own}.web.1", "python3", "-", *words]
        return self.host.exec(argv, input=script).stdout

    def reaches(self, *places: tuple[str, int]) -> list[bool]:
        return json.loads(self.inside(REACH, json.dumps(places)))


@pytest.fixture(scope="module")
def apps(host: Host, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apps]:
    own, other = "mallory", "victim"
    try:
        repository = Repository(tmp_path_factory.mktemp("attack") / "app")
        repository.write("web.py", NAMES)
        repository.commit("answer with the name that was asked for")
        for app in (own, other):
            host.git_push(repository.path, app)
        form = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
        address = host.exec(["docker", "inspect", "-f", form, f"{other}.web.1"]).stdout.strip()
        yield Apps(host, own, other, address, repository)
    finally:
        for app in (own, other):
            host.exec(["dokkupy", "apps:destroy", app, "--force"], check=False)


def test_other_app_cannot_be_reached_while_networks_are_created_and_removed(apps: Apps) -> None:
    churn = "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do docker network create attack-$i; docker network rm attack-$i; done"
    with ThreadPoolExecutor(1) as pool:
        networks = pool.submit(apps.host.exec, ["sh", "-c", churn], check=False)
        tries, hits = map(int, apps.inside(PROBE, apps.address, str(PORT)).split())
        removed = [line for line in networks.result().stdout.splitlines() if line.startswith("attack-")]
    assert (tries, hits, len(removed)) == (180, 0, 12)


def test_app_reaches_the_proxy_but_neither_the_host_nor_the_cloud_s_credentials(apps: Apps) -> None:
    host = apps.host
    with ExitStack() as stack:
        begin = (
            "unshare --net sleep 600 & echo $! >/run/attack-cloud; "
            "while [ $(readlink /proc/$!/ns/net) = $(readlink /proc/$$/ns/net) ]; do sleep 0.05; done"
        )
        host.exec(["sh", "-c", begin])
        stack.callback(host.exec, ["sh", "-c", "kill $(cat /run/attack-cloud)"])
        inside = "nsenter --net=/proc/$(cat /run/attack-cloud)/ns/net"
        host.exec(
            [
                "sh",
                "-c",
                f"""set -e
            ip link add attack-cloud type veth peer name eth0 netns $(cat /run/attack-cloud)
            ip address add 198.51.100.1/32 dev attack-cloud; ip link set attack-cloud up
            ip route add {CLOUD}/32 dev attack-cloud
            {inside} ip link set lo up; {inside} ip address add {CLOUD}/32 dev eth0; {inside} ip link set eth0 up
            {inside} ip route add default via 198.51.100.1 dev eth0 onlink
            {inside} timeout 120 python3 -m http.server 80 >/dev/null 2>&1 &""",
            ]
        )
        host.exec(
            [
                "curl",
                "-sS",
                "--noproxy",
                "*",
                "--retry",
                "20",
                "--retry-connrefused",
                "--retry-delay",
                "1",
                "-o",
                "/dev/null",
                f"http://{CLOUD}/",
            ]
        )
        gateway = host.exec(
            ["docker", "inspect", "-f", "{{range .NetworkSettings.Networks}}{{.Gateway}}{{end}}", f"{apps.own}.web.1"]
        ).stdout.strip()
        walls = ((apps.address, PORT), (CLOUD, 80), (gateway, 22), (host.ip, 22))
        assert apps.reaches(*walls, (gateway, 80), (host.ip, 80)) == [False] * 4 + [True] * 2


def test_neighbour_on_the_lan_cannot_reach_apps_past_the_proxy(apps: Apps) -> None:
    """The neighbour is a container beside the machine. It routes packets for the apps' networks to the machine."""
    script = f'ip route add 10.208.0.0/12 via {apps.host.ip} && exec python3 -c "$0" "$1"'
    places = [(apps.address, PORT), (apps.host.ip, 80)]
    ran = docker(
        "run",
        "--rm",
        "--pull=never",
        "--label",
        f"{LABEL}=1",
        "--cap-add",
        "NET_ADMIN",
        "--entrypoint",
        "sh",
        images.ready("bookworm"),
        "-c",
        script,
        REACH,
        json.dumps(places),
    )
    assert json.loads(ran.stdout) == [False, True]


def test_removed_table_of_the_packet_filter_is_detected_and_restored(apps: Apps) -> None:
    host = apps.host
    host.exec(["nft", "delete", "table", "inet", "dokkupy"])
    try:
        assert "The packet filter lacks the table inet dokkupy" in host.exec(["dokkupy", "doctor"], check=False).stdout
        fixed = host.exec(["dokkupy", "doctor", "--fix"], check=False).stdout
        assert "ok      networks: apps are isolated from each other" in fixed
    finally:
        host.exec(["dokkupy", "recover"])
    assert (
        "ok      networks: apps are isolated from each other"
        in host.exec(["dokkupy", "doctor"], check=False, user="dokkupy").stdout
    )


def test_git_sync_cannot_fetch_from_another_app(apps: Apps, tmp_path: Path) -> None:
    """Run the command that sshd runs for the key of a deployer."""
    host = apps.host
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "key")])
    public = (tmp_path / "key.pub").read_text()
    host.exec(["dokkupy", "ssh-keys:add", "mallory", "--role", "deployer", "--apps", apps.own], input=public)
    try:
        for words in (
            f"git:from-archive {apps.own} http://{apps.address}:{PORT}/x.tar",
            f"git:sync {apps.own} https://{apps.address}:{PORT}/x.git",
            f"git:sync {apps.own} ssh://git@127.0.0.1/x.git",
        ):
            done = host.exec(
                ["dokkupy", "ssh-entry", "mallory"], user="dokkupy", env={"SSH_ORIGINAL_COMMAND": words}, check=False
            )
            assert done.code != 0 and "SSH keys may not fetch" in done.stderr, (words, done.output)
    finally:
        host.exec(["dokkupy", "ssh-keys:remove", "mallory"])


def test_redirect_of_add_cannot_lead_the_engine_to_another_app(apps: Apps) -> None:
    """A server of the attacker's, beside the machine, redirects each request to the page of the other app."""
    page = f"http://{apps.address}:{PORT}/page-of-the-victim"
    label = f"--label={LABEL}=1"
    server = docker("run", "-d", "--rm", "--pull=never", label, images.python(), "python3", "-c", REDIRECT, page)
    try:
        form = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
        address = docker("inspect", "-f", form, server.stdout.strip()).stdout.strip()
        apps.repository.write("Dockerfile", f"FROM scratch\nADD --chown=1\thttp://{address}:{PORT}/x /x\n")
        apps.repository.commit("an attack")
        pushed = apps.host.git_push(apps.repository.path, apps.own, check=False)
    finally:
        docker("rm", "-f", server.stdout.strip())
    assert pushed.code != 0 and "it leads to an address of the host, of an app or of a cloud's own" in pushed.stderr
    assert "page-of-the-victim" not in apps.host.exec(["docker", "logs", f"{apps.other}.web.1"]).output


def test_request_to_one_app_cannot_have_the_name_of_another(apps: Apps) -> None:
    own, other = (f"{app}.apps.example.com" for app in (apps.own, apps.other))
    with socket.create_connection((apps.host.ip, 80), 60) as connection:
        connection.sendall(f"GET http://{own}/ HTTP/1.1\r\nHost: {other}\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while chunk := connection.recv(4096):
            answer += chunk
    assert answer.startswith(b"HTTP/1.1 200") and own.encode() in answer and other.encode() not in answer


def hold(address: str, count: int, stack: ExitStack) -> int:
    """Begin a request on each of many connections, and finish none. Returns how many connections were made within two
    minutes."""
    ready = stack.enter_context(selectors.DefaultSelector())
    for _ in range(count):
        one = stack.enter_context(socket.socket())
        one.setblocking(False)
        one.connect_ex((address, 80))
        ready.register(one, selectors.EVENT_WRITE)
    made, deadline = 0, time.monotonic() + SOON
    while made < count and time.monotonic() < deadline:
        for key, _ in ready.select(1):
            ready.unregister(key.fileobj)
            assert isinstance(key.fileobj, socket.socket)
            made += key.fileobj.send(b"GET / HTTP/1.1\r\nX-Slow: ") > 0
    return made


def test_slow_connections_do_not_block_other_clients(apps: Apps) -> None:
    with ExitStack() as stack:
        assert hold(apps.host.ip, SLOW_CONNECTIONS, stack) == SLOW_CONNECTIONS
        answers = [apps.host.http_get(f"{apps.other}.apps.example.com").status for _ in range(5)]
    assert answers == [200] * 5


def test_two_apps_reach_each_other_by_name_in_a_shared_network_and_again_after_its_loss(apps: Apps) -> None:
    host, place = apps.host, (f"{apps.other}.web", 5000)
    assert apps.reaches(place) == [False]
    try:
        host.exec(["dokkupy", "network:create", "attack-shared"])
        for app in (apps.own, apps.other):
            host.exec(["dokkupy", "network:set", app, "attach-post-create", "attack-shared"])
            host.exec(["dokkupy", "ps:restart", app])
        assert apps.reaches(place) == [True]
        refused = host.exec(["dokkupy", "--force", "network:destroy", "attack-shared"], check=False)
        assert refused.code == 1 and apps.own in refused.stderr
        for app in (apps.own, apps.other):
            host.exec(["dokkupy", "ps:stop", app])
        host.exec(["docker", "network", "prune", "-f"])
        for app in (apps.own, apps.other):
            host.exec(["dokkupy", "ps:start", app])
        assert apps.reaches(place) == [True]
    finally:
        for app in (apps.own, apps.other):
            host.exec(["dokkupy", "network:set", app, "attach-post-create"], check=False)
            host.exec(["dokkupy", "ps:restart", app], check=False)
