"""Medians and ratios, measured side by side in one run. Nothing here asserts a time: the machines are noisy.

`make bench` prints them. On the machine under test, the clock runs inside it, so that `docker exec` is not measured.
"""

from __future__ import annotations

import json
import statistics
from pathlib import Path

from apps import Repository
from bed.host import Host
from state import latest_image

BARE = ["/opt/dokkupy/venv/bin/python", "-I", "-c", "pass"]
TIMER = """
import json, statistics, subprocess, sys, time
rows = json.loads(sys.argv[1])
spent = [[] for _ in rows]
for _ in range(int(sys.argv[2])):
    for times, argv in zip(spent, rows):
        start = time.perf_counter()
        subprocess.run(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        times.append(time.perf_counter() - start)
print(json.dumps([statistics.median(times) for times in spent]))
"""
"""Times the commands in turn, so that a slow second hits all of them."""


def medians(host: Host, rows: list[list[str]], rounds: int = 15) -> list[float]:
    """The median seconds of each command, run on the machine itself."""
    ran = host.exec([BARE[0], "-I", "-c", TIMER, json.dumps(rows), str(rounds)])
    return [float(one) for one in json.loads(ran.stdout)]


def test_start_up_of_commands(host: Host, app: str, repository: Repository) -> None:
    host.git_push(repository.path, app)
    host.exec(["dokkupy", "config:set", "--no-restart", app, "KEY=value"])
    for apps in (1, 100, 500):
        present = len(host.exec(["dokkupy", "--quiet", "apps:list"]).stdout.split())
        for number in range(present, apps):
            host.exec(["dokkupy", "apps:create", f"bench-{number}"])
        rows = [
            ["version"],
            ["config:get", app, "KEY"],
            ["apps:list"],
            ["ps:report", app],
            ["domains:report", app],
            ["help"],
        ]
        found = medians(host, [BARE, *(["dokkupy", *row] for row in rows)])
        print(f"\n{apps} apps; a bare interpreter: {found[0] * 1000:.1f} ms")
        for row, seconds in zip(rows, found[1:], strict=True):
            print(f"  {' '.join(row[:1]):<16} {seconds * 1000:6.1f} ms  {seconds / found[0]:.2f}x")
        (every,) = medians(host, [["dokkupy", "ps:report"]], 3)
        print(f"  {'ps:report (all)':<16} {every * 1000:6.1f} ms  {every / found[0]:.2f}x")
    for number in range(1, 500):
        host.exec(["dokkupy", "apps:destroy", f"bench-{number}", "--force"], check=False)


PREPARE = """
mkdir -p /root/.ssh /home/floor/.ssh
[ -e /root/.ssh/id_ed25519 ] || ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519
printf 'StrictHostKeyChecking no\nUserKnownHostsFile /dev/null\nLogLevel ERROR\n' > /root/.ssh/config
dokkupy ssh-keys:list | grep -q NAME=.bench. || dokkupy ssh-keys:add bench /root/.ssh/id_ed25519.pub
id floor 2>/dev/null || useradd -M -d /home/floor -s /bin/bash floor
cp /root/.ssh/id_ed25519.pub /home/floor/.ssh/authorized_keys
git init -q --bare /home/floor/floor.git
chown -R floor /home/floor
git config --global user.name bench
git config --global user.email bench@example.com
git config --global --add safe.directory '*'
"""


def test_over_ssh(host: Host, app: str) -> None:
    host.exec(["bash", "-ec", PREPARE], env={"HOME": "/root"})
    host.exec(["dokkupy", "apps:create", app])
    rows = [["ssh", "dokku@127.0.0.1", *words.split()] for words in ("version", "apps:list", f"domains:report {app}")]
    bare, login, *found = medians(host, [BARE, ["ssh", "floor@127.0.0.1", "true"], *rows], 9)
    print(f"\nover SSH; a login that runs `true`: {login * 1000:.0f} ms; a bare interpreter: {bare * 1000:.1f} ms")
    for row, seconds in zip(rows, found, strict=True):
        print(f"  {row[2]:<16} {seconds * 1000:6.0f} ms, {(seconds - login) / bare:.2f} interpreters beyond the login")


def test_a_push_and_its_parts(host: Host, app: str, repository: Repository) -> None:
    host.exec(["bash", "-ec", PREPARE], env={"HOME": "/root"})
    host.exec(["dokkupy", "apps:create", app])
    host.exec(["dokkupy", "domains:set", app, f"{app}.example.com"])
    host.copy_in(repository.path, "/root/pushed")
    for name, url in (("dokku", f"dokku@127.0.0.1:{app}"), ("floor", "floor@127.0.0.1:floor.git")):
        host.exec(["git", "-C", "/root/pushed", "remote", "add", name, url], env={"HOME": "/root"})
        host.exec(["git", "-C", "/root/pushed", "push", "-q", "--force", name, "main"], env={"HOME": "/root"})
    script = Path(__file__).with_name("inside.py").read_bytes()
    host.copy_in(script, "/root/inside.py")
    ran = host.exec(
        ["python3", "/root/inside.py", "/root/pushed", app, f"{app}.example.com", "7"], env={"HOME": "/root"}
    )
    found = json.loads(ran.stdout)
    floor = sum(found[part] for part in ("git", "build", "release task", "start"))
    print("\ngit push of a one-line change (web, worker, release task, health check); medians of 7")
    for part, seconds in found.items():
        print(f"  {part:<20} {seconds:.2f} s")
    print(
        f"  platform's overhead: {found['new version serves'] - floor:.2f} s until it serves, "
        f"{found['push returns'] - floor:.2f} s until the push returns"
    )


def test_changes(host: Host, app: str, repository: Repository) -> None:
    repository.scalable()
    host.git_push(repository.path, app)
    start = f"docker run -d --pull=never -e PORT=5000 {latest_image(host, app)} | xargs docker rm -f"
    rows = [
        ["bash", "-c", start],
        ["dokkupy", "ps:restart", app],
        ["dokkupy", "ps:scale", app, "web=3"],
        ["dokkupy", "ps:scale", app, "web=1"],
        ["bash", "-c", f"dokkupy config:set {app} NOW=$RANDOM$RANDOM"],
        ["dokkupy", "releases:rollback", app],
        ["bash", "-c", "dokkupy apps:create bench-$RANDOM$RANDOM"],
    ]
    names = [
        "docker run, rm (by hand)",
        "ps:restart",
        "ps:scale web=3",
        "ps:scale web=1",
        "config:set",
        "rollback",
        "apps:create",
    ]
    print("\nchanges; the app has web and worker")
    for name, seconds in zip(names, medians(host, rows, 7), strict=True):
        print(f"  {name:<28} {seconds:.2f} s")
    for name in host.exec(["dokkupy", "--quiet", "apps:list"]).stdout.split():
        if name.startswith("bench-"):
            host.exec(["dokkupy", "apps:destroy", name, "--force"])


SERVER = """
import asyncio, os
ANSWER = b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\nContent-Type: text/plain\\r\\n\\r\\nok"
class Server(asyncio.Protocol):
    def connection_made(self, transport): self.transport = transport
    def data_received(self, data): self.transport.write(ANSWER * data.count(b"\\r\\n\\r\\n"))
async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Server, "0.0.0.0", int(os.environ["PORT"]))
    await server.serve_forever()
asyncio.run(main())
"""

BY_HAND = """
daemon on; pid /run/by-hand.pid; worker_processes auto; events {{ worker_connections 768; }}
http {{ access_log off; upstream app {{ server {0}; }} upstream kept {{ server {0}; keepalive 32; }}
proxy_http_version 1.1; proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $remote_addr;
proxy_set_header X-Forwarded-Port $server_port; proxy_set_header X-Forwarded-Proto $scheme;
proxy_set_header X-Request-Start $msec;
server {{ listen 8081; server_name {1}; location / {{ proxy_pass http://app; }} }}
server {{ listen 8082; server_name {1}; location / {{ proxy_pass http://kept; proxy_set_header Connection "";
proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $remote_addr;
proxy_set_header X-Forwarded-Port $server_port; proxy_set_header X-Forwarded-Proto $scheme;
proxy_set_header X-Request-Start $msec; }} }} }}
"""


def rates(host: Host, name: str, *ports: int, number: int) -> list[float]:
    """Requests a second at each port, in turn so that a slow second hits all. number: of requests in a round; without
    kept connections each takes a port of the machine for a minute, and there are 28,000."""
    found: list[list[float]] = [[] for _ in ports]
    for _ in range(9):
        for port, row in zip(ports, found, strict=True):
            ran = host.exec(
                ["ab", "-q", "-k", "-n", str(number), "-c", "16", "-H", f"Host: {name}", f"http://127.0.0.1:{port}/"]
            )
            assert "Non-2xx" not in ran.stdout and "Failed requests:        0" in ran.stdout, ran.stdout
            line = next(line for line in ran.stdout.splitlines() if line.startswith("Requests per second"))
            row.append(float(line.split()[3]))
    return [statistics.median(row) for row in found]


def test_throughput_of_the_proxy(host: Host, app: str, repository: Repository) -> None:
    name = f"{app}.example.com"
    repository.write("web.py", SERVER)
    repository.write("app.json", "{}")
    repository.write("Procfile", "web: python3 web.py\n")
    repository.commit("answer fast")
    host.exec(["dokkupy", "apps:create", app])
    host.exec(["dokkupy", "domains:set", app, name])
    host.exec(["dokkupy", "nginx:set", app, "access-log-path", "off"])
    host.git_push(repository.path, app)
    host.exec(["apt-get", "-q", "update"])
    host.exec(["apt-get", "-q", "install", "-y", "--no-install-recommends", "apache2-utils"])
    config = host.exec(["dokkupy", "nginx:show-config", app]).stdout
    upstream = next(line.split()[1].rstrip(";") for line in config.splitlines() if line.strip().startswith("server 1"))
    host.copy_in(BY_HAND.format(upstream, name).encode(), "/root/by-hand.conf")
    host.exec(["nginx", "-c", "/root/by-hand.conf"])
    try:
        plain, plain_by_hand = rates(host, name, 80, 8081, number=1400)
        host.exec(["dokkupy", "nginx:set", app, "proxy-keepalive", "32"])
        host.exec(["dokkupy", "proxy:build-config", app])
        kept, kept_by_hand = rates(host, name, 80, 8082, number=20000)
    finally:
        host.exec(["bash", "-c", "kill $(cat /run/by-hand.pid)"])
    print("\nrequests a second through nginx, keep-alive at the client's side")
    print(f"  as generated {plain:.0f}, by hand {plain_by_hand:.0f}, ratio {plain / plain_by_hand:.3f}")
    print(f"  proxy-keepalive 32: {kept:.0f}, by hand {kept_by_hand:.0f}, ratio {kept / kept_by_hand:.3f}")
