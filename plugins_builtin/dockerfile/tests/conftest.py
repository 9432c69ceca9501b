"""Real builds by the host's docker; the engine is a stand-in that asks the same docker."""

from __future__ import annotations

import json
import shutil
import subprocess
import tarfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dokkupy_sdk import Host
from dokkupy_sdk.model import Build, Image, Port, Source
from dokkupy_sdk.names import AppName, Secret

LABEL = "dokkupy.test"
DOCKER = "/usr/bin/docker"


def docker(*words: str, check: bool = True) -> str:
    done = subprocess.run([DOCKER, *words], capture_output=True, text=True, check=False)
    assert not check or done.returncode == 0, done.stderr
    return done.stdout.strip()


class InspectingEngine:
    """The two methods of an engine that a builder needs."""

    def image(self, ref: str) -> Image | None:
        found = docker("image", "inspect", ref, check=False)
        if not found or found == "[]":
            return None
        facts: dict[str, Any] = json.loads(found)[0]
        config = facts["Config"]
        ports = tuple(
            Port("http", int(port.partition("/")[0]), int(port.partition("/")[0]))
            for port in config.get("ExposedPorts") or {}
        )
        return Image(facts["Id"], ports=ports, labels=config.get("Labels") or {})

    def tag(self, image: str, ref: str) -> None:
        docker("tag", image, ref)


class Lines(list[str]):
    """A console that keeps its lines."""

    log = None

    def __bool__(self) -> bool:  # an empty list, but a console
        return True

    def stream(self, line: str, *, error: bool = False) -> None:
        self.append(line)

    def warn(self, text: str) -> None:
        self.append(f"! {text}")

    def detail(self, text: str) -> None:
        self.append(text)

    section = title = header = debug = progress = detail


class Bench:
    """A host, a source tree and a run label by which everything that it built is removed."""

    def __init__(self, path: Path) -> None:
        self.run = uuid.uuid4().hex[:12]
        self.source = path / "source"
        self.source.mkdir()
        self.lines = Lines()
        self.host = Host(str(path / "root"), out=self.lines, who="tester")  # type: ignore[arg-type]
        self.host.adopt("engine", "inspecting", InspectingEngine())

    def write(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            target = self.source / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)

    def build(self, *options: str, env: dict[str, str] | None = None) -> Build:
        return Build(
            id="b1", source=Source(AppName("blog"), self.source, "git-hook"), builder="dockerfile",
            env={key: Secret(value) for key, value in (env or {}).items()}, options=options,
            tag=f"dokkupy-test/{self.run}:build", labels={LABEL: self.run, "com.dokku.app-name": "blog"},
        )  # fmt: skip

    def images(self) -> list[str]:
        return docker("images", "-aq", "--no-trunc", "--filter", f"label={LABEL}={self.run}").split()

    def cleanup(self) -> None:
        for image in set(self.images()):
            docker("rmi", "-f", image, check=False)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.cleanup()


@pytest.fixture(scope="session")
def busybox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An image with a shell, made of the host's static busybox."""
    program = shutil.which("busybox")
    assert program is not None, "apt-get install busybox-static"
    directory = tmp_path_factory.mktemp("busybox")
    archive = directory / "root.tar"
    with tarfile.open(archive, "w") as tar:
        tar.add(program, "bin/busybox")
        for name in ("sh", "sleep", "cat", "echo", "env", "test", "wc"):
            link = tarfile.TarInfo(f"bin/{name}")
            link.type = tarfile.SYMTYPE
            link.linkname = "busybox"
            tar.addfile(link)
    name = f"dokkupy-test/busybox:{uuid.uuid4().hex[:12]}"
    docker("import", "--change", f"LABEL {LABEL}=busybox", str(archive), name)
    yield name
    docker("rmi", "-f", name, check=False)
