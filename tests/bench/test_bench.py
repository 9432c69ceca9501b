"""Medians and ratios, measured side by side in one run. No time is asserted, because the machines are noisy.

`make bench` prints them. The clock runs inside the machine under test, so that `docker exec` is not measured.
"""

from __future__ import annotations

import json
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
"""A script that times the commands in turn, so that a slow second affects all of them."""


def medians(host: Host, rows: list[list[str]], rounds: int = 15) -> list[float]:
    """The median seconds of each command, measured on the machine itself."""
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


def test_commands_that_arrive_over_ssh(host: Host, app: str) -> None:
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
    print("\ngit push of a one-line change (web, worker, release task, health check; default-wait 0); medians of 7")
    for part, seconds in found.items():
        print(f"  {part:<20} {seconds:.2f} s")
    print(
        f"  platform's overhead: {found['new version serves'] - floor:.2f} s until it serves, "
        f"{found['push returns'] - floor:.2f} s until the push returns"
    )


STARTS = """
import http.client, json, statistics, subprocess, sys, threading, time
def start(image, found):
    run = ["docker", "run", "-d", "--pull=never", "-e", "PORT=5000", image]
    found.append(subprocess.run(run, capture_output=True, text=True, check=True).stdout.strip())
    form = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
    address = subprocess.run(["docker", "inspect", "-f", form, found[-1]], capture_output=True, text=True).stdout.strip()
    while True:
        try:
            connection = http.client.HTTPConnection(address, 5000, timeout=2)
            connection.request("GET", "/health")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.01)
spent = []
for _ in range(int(sys.argv[3])):
    found = []
    threads = [threading.Thread(target=start, args=(sys.argv[1], found)) for _ in range(int(sys.argv[2]))]
    began = time.perf_counter()
    for one in threads: one.start()
    for one in threads: one.join()
    spent.append(time.perf_counter() - began)
    subprocess.run(["docker", "rm", "-f", *found], capture_output=True)
print(statistics.median(spent))
"""
"""A script that starts instances of an image by hand, beside each other, until each answers its check."""


def started_by_hand(host: Host, image: str, count: int, rounds: int = 7) -> float:
    """The median seconds of the start of so many instances: the app's own part of a change."""
    return float(host.exec([BARE[0], "-I", "-c", STARTS, image, str(count), str(rounds)]).stdout)


def test_changes_of_a_deployed_app(host: Host, app: str, repository: Repository) -> None:
    repository.scalable()
    host.git_push(repository.path, app)
    image = latest_image(host, app)
    own = {count: started_by_hand(host, image, count) for count in (1, 2)}
    rows = [
        ["dokkupy", "ps:restart", app],
        ["dokkupy", "ps:scale", app, "web=3"],
        ["dokkupy", "ps:scale", app, "web=1"],
        ["bash", "-c", f"dokkupy config:set {app} NOW=$RANDOM$RANDOM"],
        ["dokkupy", "releases:rollback", app],
        ["bash", "-c", "dokkupy apps:create bench-$RANDOM$RANDOM"],
    ]
    names = {
        "ps:restart": 1,
        "ps:scale web=3": 2,
        "ps:scale web=1": 0,
        "config:set": 1,
        "rollback": 1,
        "apps:create": 0,
    }
    print("\nchanges; the app has one web process")
    for count, seconds in own.items():
        print(f"  {f'start of {count} by hand, until each answers':<40} {seconds:.2f} s")
    for (name, count), seconds in zip(names.items(), medians(host, rows, 7), strict=True):
        print(f"  {name:<40} {seconds:.2f} s, {seconds - own.get(count, 0):.2f} s beyond the app's own start")
    for name in host.exec(["dokkupy", "--quiet", "apps:list"]).stdout.split():
        if name.startswith("bench-"):
            host.exec(["dokkupy", "apps:destroy", name, "--force"])
