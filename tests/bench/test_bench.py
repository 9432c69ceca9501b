"""Medians and ratios, measured side by side in one run. No time is asserted, because the machines are noisy.

`make bench` prints them. The clock runs inside the machine under test, so that `docker exec` is not measured.
"""

from __future__ import annotations

import json
from pathlib import Path
from statistics import median

from apps import Repository
from bed.host import Host
from state import latest_image

BARE = ["/opt/dokkupy/venv/bin/python", "-I", "-c", "pass"]
TIMER = """
import json, resource, subprocess, sys, time
def used():
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return children.ru_utime + children.ru_stime
rows = json.loads(sys.argv[1])
spent = [[] for _ in rows]
for _ in range(int(sys.argv[2])):
    for times, argv in zip(spent, rows):
        start, before = time.perf_counter(), used()
        subprocess.run(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        times.append((time.perf_counter() - start, used() - before))
print(json.dumps(spent))
"""
"""A script that times the commands in turn, so that a slow second affects all of them: seconds of wall time and of the
processor for each run."""


def measured(host: Host, rows: list[list[str]], rounds: int) -> list[list[tuple[float, float]]]:
    """(wall time, processor time) of each run of each command, measured on the machine itself."""
    ran = host.exec([BARE[0], "-I", "-c", TIMER, json.dumps(rows), str(rounds)])
    return [[(wall, processor) for wall, processor in times] for times in json.loads(ran.stdout)]


def medians(host: Host, rows: list[list[str]], rounds: int = 15) -> list[float]:
    """The median seconds of each command."""
    return [median(wall for wall, _ in times) for times in measured(host, rows, rounds)]


INDEXED = """
import sys
sys.path.append(sys.argv[1])
from dokkupy_plugins.launch import Index
print(Index(sys.argv[1]).entry_points() is not None)
"""


def require_index(host: Host) -> None:
    """Fail if the launcher cannot use its index: it works without one, but each command takes up to a third longer."""
    packages = host.exec([BARE[0], "-I", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]).stdout.strip()
    assert host.exec([BARE[0], "-IS", "-c", INDEXED, packages]).stdout == "True\n"


def test_start_up_of_commands(host: Host, app: str, repository: Repository) -> None:
    require_index(host)
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
        found = measured(host, [BARE, *(["dokkupy", *row] for row in rows)], 41)
        (bare, bare_used), *others = [tuple(map(median, zip(*times, strict=True))) for times in found]
        print(f"\n{apps} apps; a bare interpreter: {bare * 1000:.1f} ms, {bare_used * 1000:.1f} ms of the processor")
        for row, (seconds, used) in zip(rows, others, strict=True):
            ratios = f"{seconds / bare:.2f}x, by processor time {used / bare_used:.2f}x"
            print(f"  {' '.join(row[:1]):<16} {seconds * 1000:6.1f} ms  {ratios}")
        (every,) = medians(host, [["dokkupy", "ps:report"]], 3)
        print(f"  {'ps:report (all)':<16} {every * 1000:6.1f} ms  {every / bare:.2f}x")
    for number in range(1, 500):
        host.exec(["dokkupy", "apps:destroy", f"bench-{number}", "--force"], check=False)


PREPARE = """
mkdir -p /root/.ssh /home/floor/.ssh
[ -e /root/.ssh/id_ed25519 ] || ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519
printf 'StrictHostKeyChecking no\nUserKnownHostsFile /dev/null\nLogLevel ERROR\n' > /root/.ssh/config
dokkupy ssh-keys:list | grep -q NAME=.bench. || dokkupy ssh-keys:add bench /root/.ssh/id_ed25519.pub
id floor 2>/dev/null || useradd -M -d /home/floor -s /bin/sh floor
cp /root/.ssh/id_ed25519.pub /home/floor/.ssh/authorized_keys
git init -q --bare /home/floor/floor.git
chown -R floor /home/floor
git config --global user.name bench
git config --global user.email bench@example.com
git config --global --add safe.directory '*'
"""


def test_commands_that_arrive_over_ssh(host: Host, app: str, repository: Repository) -> None:
    require_index(host)
    host.exec(["bash", "-ec", PREPARE], env={"HOME": "/root"})
    host.git_push(repository.path, app)
    host.exec(["dokkupy", "config:set", "--no-restart", app, "KEY=value"])
    lines = ("version", "apps:list", f"config:get {app} KEY", f"domains:report {app}", f"ps:report {app}")
    logins = [["ssh", "floor@127.0.0.1", "echo dokku version 0.38.27"], ["ssh", "floor@127.0.0.1", " ".join(BARE)]]
    rows = [BARE, *logins, *(["ssh", "dokku@127.0.0.1", *line.split()] for line in lines)]
    bare, login, *found = [[wall for wall, _ in times] for times in measured(host, rows, 41)]
    one = median(bare)
    print(f"\nover SSH; a login that prints: {median(login) * 1000:.0f} ms; a bare interpreter: {one * 1000:.1f} ms")
    for name, times in zip(("bare interpreter", *lines), found, strict=True):
        # each run is compared with the login of its own round
        beyond = median(seconds - floor for seconds, floor in zip(times, login, strict=True))
        print(f"  {name:<26} {median(times) * 1000:6.0f} ms, {beyond / one:.2f} interpreters beyond the login")


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
