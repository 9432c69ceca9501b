"""After a deploy: crashes are detected, reported and handled; one-off processes have the app's environment and end in
time."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from apps import Repository
from bed.engine import SOON, Ran
from bed.host import Host

APP = "aftermath"
WORKER = """
import os, time
print("worker is up", flush=True)
while True:
    time.sleep(0.1)
    if os.path.exists("/tmp/eat"):
        os.remove("/tmp/eat")
        eaten = [bytearray(1 << 20) for _ in range(200)]
"""
PEM = "-----BEGIN KEY-----\nabc=\n\n-----END KEY-----\n"
LARGE = "x" * 100_000


@pytest.fixture(scope="module")
def app(host: Host, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    repository = Repository(tmp_path_factory.mktemp("aftermath") / "app")
    repository.write("worker.py", WORKER)
    repository.scalable()
    host.exec(["dokkupy", "apps:create", APP])
    host.exec(["dokkupy", "config:import", APP, "-"], input=f'PEM="{PEM}"\nLARGE={LARGE}\n'.encode())
    host.exec(["dokkupy", "domains:set", APP, f"{APP}.example.com"])
    host.exec(["dokkupy", "resource:limit", "--memory", "64", "--process-type", "worker", APP])
    host.exec(["dokkupy", "ps:scale", APP, "web=1", "worker=1"])
    host.git_push(repository.path, APP)
    yield APP
    host.exec(["dokkupy", "apps:destroy", APP, "--force"])


def until(condition: Callable[[], bool], what: str, seconds: float = SOON) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what} did not come true within {seconds:.0f} s"
        time.sleep(0.3)


def events(host: Host, name: str) -> list[dict[str, str]]:
    rows = json.loads(host.exec(["dokkupy", "events", "--format", "json", "-n", "300"]).stdout)
    return [row for row in rows if row["event"] == name and row.get("app") == APP]


def runs(host: Host) -> list[str]:
    labels = ("--filter", f"label=dokkupy.app={APP}", "--filter", "label=dokkupy.kind=run")
    return host.exec(["docker", "ps", "-aq", *labels]).stdout.split()


def report(host: Host, key: str) -> str:
    return host.exec(["dokkupy", "ps:report", APP, key]).stdout.strip()


def test_crashes_are_detected_reported_and_handled(host: Host, app: str) -> None:
    host.exec(["dokkupy", "tick"])
    process = host.exec(["docker", "inspect", "-f", "{{.State.Pid}}", f"{APP}.web.1"]).stdout.strip()
    host.exec(["kill", "-9", process])
    host.exec(["docker", "exec", f"{APP}.worker.1", "touch", "/tmp/eat"])
    until(lambda: host.exec(["dokkupy", "tick"]).code == 0 and len(events(host, "process_crashed")) >= 2, "two events")
    seen = {row["process"]: row for row in events(host, "process_crashed")}
    assert (seen["web.1"]["exit_code"], seen["web.1"]["signal"], seen["web.1"]["oom"]) == ("137", "SIGKILL", "")
    assert seen["worker.1"]["oom"] == "true" and "worker is up" in seen["worker.1"]["lines"]
    assert "(exit 137, 1 restart, last " in report(host, "--status-web.1")
    assert "(out of memory, " in report(host, "--status-worker.1")
    doctor = host.exec(["dokkupy", "doctor"], check=False).stdout
    assert f"{APP}: web.1 crashed and was restarted" in doctor and f"dokkupy logs {APP}" in doctor
    assert "dokkupy[web.1]: State changed from up to crashed" in host.exec(["dokkupy", "logs", APP]).stdout


def test_containers_that_docker_stopped_or_removed_run_again_and_do_not_count_as_crashed(host: Host, app: str) -> None:
    before = len(events(host, "process_crashed"))
    host.exec(["docker", "stop", "-t", "1", f"{APP}.worker.1"])
    host.exec(["docker", "rm", "-f", f"{APP}.web.1"])
    until(lambda: host.exec(["dokkupy", "tick"]).code == 0 and report(host, "--running") == "true", "both run")
    assert host.http_get(f"{APP}.example.com").status == 200
    assert len(events(host, "process_crashed")) == before


def test_one_off_process_has_every_variable_unchanged(host: Host, app: str) -> None:
    code = "import hashlib, os; print(hashlib.sha256((os.environ['PEM'] + os.environ['LARGE']).encode()).hexdigest())"
    attached = host.exec(["dokkupy", "run", APP, "python3", "-c", code]).stdout
    web = host.exec(["docker", "exec", f"{APP}.web.1", "python3", "-c", code]).stdout
    assert attached == web
    assert host.exec(["dokkupy", "run", APP, "printenv", "PEM"]).stdout.rstrip("\n") == PEM.rstrip("\n")
    assert host.exec(["dokkupy", "run", APP, "sh", "-c", "exit 7"], check=False).code == 7


def test_one_off_process_ends_with_its_caller_and_at_its_time_limit(host: Host, app: str, tmp_path: Path) -> None:
    client = subprocess.Popen(
        [*host._ssh_command(), f"dokku@{host.ip}", "run", APP, "sleep", "300"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until(lambda: len(runs(host)) == 1, "the container is there")
    client.terminate()
    client.wait()
    until(lambda: runs(host) == [], "the container is gone")
    host.exec(["dokkupy", "run:detached", "--ttl-seconds", "1", APP, "sleep", "300"])
    time.sleep(1.1)
    until(lambda: host.exec(["dokkupy", "tick"]).code == 0 and runs(host) == [], "its time is over")
    assert [row["reason"] for row in events(host, "run_ended")][-2:] == [
        "its caller disconnected",
        "it reached its time limit of 1 s",
    ]


def test_what_a_prune_took_from_a_stopped_app_is_named_and_comes_back_by_the_named_commands(
    fresh_host: Host, app_base: str, repository: Repository
) -> None:
    """On a machine of its own, because `docker system prune -af --volumes` takes from all apps."""
    host, name, volume = fresh_host, "pruned", "pruned-files"

    def dokkupy(*words: str, check: bool = True) -> Ran:
        return host.exec(["dokkupy", *words], check=check)

    host.exec(["install", "-d", "-o", "dokkupy", "-m", "700", "/var/lib/kept"])
    dokkupy("backups:target-add", "kept", "/var/lib/kept")
    dokkupy("network:create", "backend")
    dokkupy("storage:create", "data")
    dokkupy("apps:create", name)
    dokkupy("domains:set", name, f"{name}.example.com")
    dokkupy("docker-options:add", name, "deploy", f"-v {volume}:/files")
    dokkupy("storage:mount", name, "data", "--container-dir", "/data")
    dokkupy("network:set", name, "attach-post-create", "backend")
    dokkupy("cron:set", name, "task.clean", "0 4 * * * true")
    host.git_push(repository.path, name)
    host.exec(["docker", "exec", "-u", "0", f"{name}.web.1", "sh", "-c", "echo kept >/files/file"])
    host.exec(["sh", "-c", "echo kept >/var/lib/dokku/data/storage/data/file"])
    dokkupy("backups:create", f"app:{name}", "--target", "kept")
    dokkupy("ps:stop", name)

    host.exec(["docker", "system", "prune", "-af", "--volumes"])
    host.load_image(app_base, "python:3.13-slim")
    doctor = dokkupy("doctor", check=False).stdout
    for found in (f"its volume {volume} is missing", "The network backend is missing", "the images of v1 are missing"):
        assert found in doctor, doctor
    why = dokkupy("why", name).stdout
    assert f"The volume {volume} of {name} is gone" in why and "The image of v1 is missing" in why, why
    refused = dokkupy("ps:start", name, check=False)
    assert refused.code != 0 and f"backups:restore app:{name}" in refused.stderr, refused.stderr
    assert volume not in host.exec(["docker", "volume", "ls", "-q"]).stdout.split()

    dokkupy("--force", "backups:restore", f"app:{name}", "--no-safety")
    dokkupy("ps:start", name)
    assert host.http_get(f"{name}.example.com").status == 200
    kept = host.exec(["docker", "exec", f"{name}.web.1", "cat", "/files/file", "/data/file"]).stdout
    assert kept == "kept\nkept\n"
    form = "{{range $name, $_ := .NetworkSettings.Networks}}{{$name}} {{end}}"
    joined = host.exec(["docker", "inspect", "-f", form, f"{name}.web.1"]).stdout.split()
    assert sorted(joined) == ["backend", f"dokkupy-app-{name}"]
    assert "true" in dokkupy("cron:list", name).stdout
    assert " missing" not in dokkupy("doctor", check=False).stdout
