"""Real containers of busybox on the machine's docker, behind the tests' own small scheduler."""

from __future__ import annotations

import io
import json
import os
import subprocess
import tarfile
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from dokkupy_sdk import Host
from dokkupy_sdk.errors import HostError
from dokkupy_sdk.model import Activity, Instance, InstanceStatus, Release
from dokkupy_sdk.names import AppName, ProcessType
from dokkupy_sdk.roles import ExecResult

DOCKER = "/usr/bin/docker"
LABEL = "dokkupy.checks-test"
APP = AppName("blog")


def docker(*words: str, check: bool = True, data: bytes | None = None, timeout: float = 60) -> str:
    done = subprocess.run([DOCKER, *words], capture_output=True, input=data, timeout=timeout, check=False)
    assert not check or done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().strip()


@pytest.fixture(scope="session")
def image() -> Iterator[str]:
    """An image of busybox alone."""
    tag = f"dokkupy-checks-test:{uuid.uuid4().hex[:12]}"
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.add("/bin/busybox", "bin/busybox", filter=executable)
        for name in ("sh", "httpd", "nc", "cat", "sleep", "echo", "true", "false", "touch", "test", "printf", "mkdir"):
            link = tarfile.TarInfo(f"bin/{name}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            archive.addfile(link)
        for name in ("tmp", "www"):
            folder = tarfile.TarInfo(name)
            folder.type, folder.mode = tarfile.DIRTYPE, 0o777
            archive.addfile(folder)
    docker("import", "--change", f"LABEL {LABEL}=1", "-", tag, data=buffer.getvalue())
    yield tag
    docker("rmi", "-f", tag)


def executable(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.mode = 0o755
    return entry


class Scheduler:
    """The part of a scheduler that checks use."""

    def __init__(self) -> None:
        self.pids: dict[str, str] = {}
        self.working = False

    def exec(self, instance: Instance, command: Sequence[str], *, timeout: float = 30.0, user: str = "") -> ExecResult:
        try:
            done = subprocess.run(
                [DOCKER, "exec", instance.id, *command],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise TimeoutError from None
        output = done.stdout.decode(errors="replace")
        if "is not running" in output:
            raise HostError("The container is not running")
        return ExecResult(done.returncode, output)

    def status(self, instances: Sequence[Instance]) -> tuple[InstanceStatus, ...]:
        rows = []
        for instance in instances:
            text = docker("inspect", instance.id, check=False)
            found: list[dict[str, Any]] = json.loads(text or "[]")
            if not found:
                rows.append(InstanceStatus(instance, "missing"))
                continue
            state = found[0]["State"]
            rows.append(
                InstanceStatus(
                    instance, state["Status"], state["ExitCode"], state["OOMKilled"], found[0]["RestartCount"]
                )
            )
        return tuple(rows)

    def activity(self, instances: Sequence[Instance]) -> tuple[Activity, ...]:
        """Reports instances as idle (or busy) from the start; the tests of docker-local observe real processes."""
        for one in instances:
            self.pids.setdefault(one.id, docker("inspect", "-f", "{{.State.Pid}}", one.id, check=False))
        alive = [
            self.pids[one.id] not in ("", "0") and os.path.exists(f"/proc/{self.pids[one.id]}") for one in instances
        ]
        return tuple(Activity(known=True, alive=one, working=self.working) for one in alive)


class Lines(list[str]):
    """A console that keeps its lines. on: what is done when a line with these words comes, once."""

    log = None

    def __init__(self) -> None:
        super().__init__()
        self.on: dict[str, Callable[[], object]] = {}

    def __bool__(self) -> bool:
        return True

    def stream(self, line: str, *, error: bool = False) -> None:
        self.append(line)

    def warn(self, text: str) -> None:
        self.append(f"! {text}")

    def detail(self, text: str) -> None:
        self.append(text)
        for words in [words for words in self.on if words in text]:
            self.on.pop(words)()

    section = title = header = debug = progress = detail

    @property
    def text(self) -> str:
        return "\n".join(self)


@pytest.fixture
def host(tmp_path: Path) -> Host:
    host = Host(str(tmp_path / "root"), out=Lines())  # type: ignore[arg-type]
    host.store.write("apps", APP, "app", data={"created_at": "now"})
    host.store.write("apps", APP, "domains", data={"vhosts": ["*.example.com", "blog.example.com"]})
    host.override_role("scheduler", "docker-local", Scheduler())
    return host


Start = Callable[..., Instance]


@pytest.fixture
def start(image: str) -> Iterator[Start]:
    """Start an instance that runs a line of shell; all are removed by their label at the end."""
    run = uuid.uuid4().hex[:12]
    counts: dict[str, int] = {}

    def begin(script: str, process: str = "web", *, port: int = 5000, options: tuple[str, ...] = ()) -> Instance:
        counts[process] = counts.get(process, 0) + 1
        identifier = docker(
            "run", "-d", "--pull=never", "--label", f"{LABEL}={run}", *options, image, "/bin/sh", "-c", script
        )
        facts: dict[str, Any] = json.loads(docker("inspect", identifier))[0]
        address = facts["NetworkSettings"]["IPAddress"]
        return Instance(
            app=APP,
            process=ProcessType(process),
            index=counts[process],
            id=identifier,
            name=f"{APP}.{process}.{counts[process]}",
            address=address,
            port=port,
            release=1,
            deployment="d1",
        )

    yield begin
    for identifier in docker("ps", "-aq", "--filter", f"label={LABEL}={run}").split():
        docker("rm", "-f", identifier, check=False)


def times(host: Host, **values: str) -> None:
    """Set properties of checks (`default_wait` for default-wait)."""
    host.store.write(
        "apps", APP, "checks", data={"properties": {key.replace("_", "-"): value for key, value in values.items()}}
    )


def release(files: dict[str, str] | None = None, **settings: str) -> Release:
    """A release with these files and lists of types that are not checked (`skipped`, `disabled`)."""
    values = {name.replace("_", "-"): value for name, value in settings.items()}
    return Release(
        app=APP,
        number=1,
        image="sha256:0",
        created_at="",
        source="git-hook",
        files=files or {},
        settings={"checks": values},
    )
