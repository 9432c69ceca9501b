"""Medians and ratios, measured side by side in one run. Nothing here asserts a time: the machines are noisy.

`make bench` prints them. On the machine under test, the clock runs inside it, so that `docker exec` is not measured.
"""

from __future__ import annotations

import json
import statistics
import time

from apps import Repository
from bed.host import Host

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


def test_changes(host: Host, app: str, repository: Repository) -> None:
    repository.scalable()
    host.git_push(repository.path, app)
    pushes, builds = [], []
    for number in range(5):
        repository.greet(f"bench {number}")
        start = time.perf_counter()
        host.git_push(repository.path, app)
        pushes.append(time.perf_counter() - start)
        host.copy_in(repository.path, "/root/by-hand")
        start = time.perf_counter()
        host.exec(["env", "DOCKER_BUILDKIT=1", "docker", "build", "-q", "/root/by-hand"])
        builds.append(time.perf_counter() - start)
    print(f"\npush of a one-line change: {statistics.median(pushes):.2f} s; its image build by hand: "
          f"{statistics.median(builds):.2f} s (each with its way into the machine)")  # fmt: skip
    rows = [
        ["dokkupy", "ps:restart", app], ["dokkupy", "ps:scale", app, "web=3"], ["dokkupy", "ps:scale", app, "web=1"],
        ["dokkupy", "releases:rollback", app], ["docker", "run", "--rm", "--pull=never", f"dokku/{app}:latest", "true"],
    ]  # fmt: skip
    for row, seconds in zip(rows, medians(host, rows, 5), strict=True):
        print(f"  {' '.join(row[:2]):<28} {seconds:.2f} s")
