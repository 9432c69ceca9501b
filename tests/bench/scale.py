"""Runs on the machine under test: deploys N tiny apps, and times commands with one of them and with all.

`scale.py deploy FIRST LAST` makes the apps `scale-FIRST` to `scale-LAST`, each with three domains and two processes.
`scale.py measure ROUNDS` prints a JSON object: row -> median milliseconds of the clock and of the processor, with as many
apps as there are. Those of the processor are the command's own and of the programs that it waits for, not the engine's.
`scale.py await COUNT` waits until that many apps answer through the proxy, and prints the seconds since the boot.
`scale.py by-hand` stops all containers of apps and starts them again with the docker client; prints the seconds.
`scale.py memory` prints MB by who holds it (the proportional set size of each process).
"""

from __future__ import annotations

import http.client
import json
import resource
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

IMAGE = "dokkupy-bench/tiny:1"
DOCKERFILE = """\
FROM scratch
COPY busybox /bin/busybox
COPY busybox /bin/sh
COPY www /www
CMD ["/bin/busybox", "httpd", "-f", "-p", "5000", "-h", "/www"]
"""
GENERATED = "/root/tiny"


def run(*argv: str) -> str:
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True)
    if done.returncode:
        raise SystemExit(f"{argv}\n{done.stdout}")
    return done.stdout


def name_of(number: int) -> str:
    return f"scale-{number}"


def domains_of(name: str) -> list[str]:
    return [f"{name}.example.com", f"www.{name}.example.com", f"{name}.example.org"]


def make_image(tag: str) -> None:
    """Make an image of 2 MB with a static web server and a page that names the image."""
    directory = Path(GENERATED)
    (directory / "www").mkdir(parents=True, exist_ok=True)
    (directory / "busybox").write_bytes(Path("/bin/busybox").read_bytes())
    (directory / "busybox").chmod(0o755)
    (directory / "www" / "index.html").write_text(tag)
    (directory / "Dockerfile").write_text(DOCKERFILE)
    run("docker", "build", "-q", "-t", tag, GENERATED)


def deploy(first: int, last: int) -> None:
    for number in range(first, last + 1):
        name = name_of(number)
        run("dokkupy", "apps:create", name)
        run("dokkupy", "domains:set", name, *domains_of(name))
        run("dokkupy", "ps:scale", "--skip-deploy", name, "web=1", "worker=1")
        # No wait for the worker, because this time does not belong to the platform.
        run("dokkupy", "checks:set", name, "default-wait", "0")
        run("dokkupy", "git:from-image", name, IMAGE)
        print(f"{name} {time.strftime('%H:%M:%S')}", flush=True)


def timed(argv: list[str]) -> tuple[float, float]:
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    run(*argv)
    spent, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return spent * 1000, used * 1000


def rows() -> dict[str, list[list[str]]]:
    """Row -> commands. The first is measured, and the following ones undo its changes without being measured."""
    app = name_of(1)
    further = f"further.{app}.example.com"
    return {
        "a bare interpreter": [["/opt/dokkupy/venv/bin/python", "-I", "-c", "pass"]],
        "version": [["dokkupy", "version"]],
        "apps:list": [["dokkupy", "apps:list"]],
        "config:export, of one": [["dokkupy", "config:export", app]],
        "ps:report, of one": [["dokkupy", "ps:report", app]],
        "ps:report, of all": [["dokkupy", "ps:report"]],
        "domains:report, of one": [["dokkupy", "domains:report", app]],
        "domains:report, of all": [["dokkupy", "domains:report"]],
        "apps:report, of all": [["dokkupy", "apps:report"]],
        "nginx:show-config, of one": [["dokkupy", "nginx:show-config", app]],
        "config:set --no-restart": [["dokkupy", "config:set", "--no-restart", app, "KEY=value"]],
        "apps:create": [["dokkupy", "apps:create", "scale-new"], ["dokkupy", "apps:destroy", "--force", "scale-new"]],
        "domains:add": [["dokkupy", "domains:add", app, further], ["dokkupy", "domains:remove", app, further]],
        "docker run and rm of two, by hand": [["bash", "-c", BY_HAND]],
        "ps:restart": [["dokkupy", "ps:restart", app]],
        "ps:scale web=2": [["dokkupy", "ps:scale", app, "web=2"], ["dokkupy", "ps:scale", app, "web=1"]],
        "git:from-image": [["dokkupy", "git:from-image", app, "--"]],
        "proxy:build-config": [["dokkupy", "proxy:build-config", app]],
        "tick": [["dokkupy", "tick"]],
        "doctor": [["bash", "-c", "dokkupy doctor || true"]],
    }


BY_HAND = f"""
for n in 1 2; do docker run -d --init --pull=never {IMAGE} & done | xargs docker rm -f
"""


def measure(rounds: int) -> dict[str, tuple[float, float]]:
    spent: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for turn in range(rounds):
        for row, (measured, *back) in rows().items():
            if measured[:2] == ["dokkupy", "git:from-image"]:
                measured = [*measured[:3], tag := f"dokkupy-bench/tiny:{time.time_ns()}"]
                make_image(tag)
            spent[row].append(timed(measured))
            for argv in back:
                run(*argv)
            if row in ("ps:restart", "ps:scale web=2", "git:from-image"):
                time.sleep(2)  # replaced instances retire in the background
        print(f"round {turn + 1} of {rounds}", file=sys.stderr, flush=True)
    return {
        row: (statistics.median(clock for clock, _ in times), statistics.median(used for _, used in times))
        for row, times in spent.items()
    }


def answers(name: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", 80, timeout=2)
    try:
        connection.request("GET", "/", headers={"Host": domains_of(name)[0]})
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def wait_for(count: int) -> float:
    missing = [name_of(number) for number in range(1, count + 1)]
    while missing:
        missing = [name for name in missing if not answers(name)]
        time.sleep(0.05)
    began = int(Path("/proc/1/stat").read_text().rpartition(")")[2].split()[19]) / 100
    return float(Path("/proc/uptime").read_text().split()[0]) - began


def by_hand() -> float:
    """Start the same containers only with the docker client, sixteen at a time."""
    ids = run("docker", "ps", "-q", "--filter", "label=dokkupy.kind=deploy").split()
    run("docker", "stop", "-t", "1", *ids)
    start = time.perf_counter()
    subprocess.run(
        ["xargs", "-P", "16", "-n", "8", "docker", "start"],
        input="\n".join(ids), text=True, check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    return time.perf_counter() - start


GROUPS = ("dokkupy", "nginx", "dockerd", "containerd-shim", "containerd", "docker-init", "busybox", "sh")


def memory() -> dict[str, float]:
    found: dict[str, float] = defaultdict(float)
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            line = (directory / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            words = (directory / "smaps_rollup").read_text().split()
        except OSError:
            continue
        # processes of the engine and the apps, by the names of their programs, and any process of ours that stays
        # resident
        group = next(
            (name for name in GROUPS if name in line.split(" ")[0] or (name == "dokkupy" and name in line[:60])), "rest"
        )
        found[group] += int(words[words.index("Pss:") + 1]) / 1024
    return {group: round(size, 1) for group, size in sorted(found.items())}


def main(words: list[str]) -> None:
    verb, *rest = words
    if verb == "deploy":
        make_image(IMAGE)
        deploy(int(rest[0]), int(rest[1]))
    elif verb == "measure":
        print(json.dumps(measure(int(rest[0]))))
    elif verb == "await":
        print(wait_for(int(rest[0])))
    elif verb == "by-hand":
        print(by_hand())
    else:
        print(json.dumps(memory()))


main(sys.argv[1:])
