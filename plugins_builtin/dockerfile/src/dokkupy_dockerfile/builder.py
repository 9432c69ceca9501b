"""The role builder, by `docker build`."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections import deque
from dataclasses import replace

from dokkupy_sdk import Host
from dokkupy_sdk.errors import AppFault, HostFault, UserError
from dokkupy_sdk.execute import stream
from dokkupy_sdk.files import make_directory, read_text
from dokkupy_sdk.model import Build, Image, Readiness, Source
from dokkupy_sdk.names import RelativePath
from dokkupy_sdk.roles import Builder

from dokkupy_dockerfile.client import Client, NotInstalled, find_client
from dokkupy_dockerfile.expose import exposed_ports
from dokkupy_dockerfile.options import Vetted, vet
from dokkupy_dockerfile.settings import SETTINGS

LARGEST = 1024 * 1024
TAIL = 20
STALE_SECONDS = 24 * 3600
IMAGE_ID = re.compile(r"sha256:[0-9a-f]{64}")
FULL_DISK = re.compile(r"no space left on device", re.IGNORECASE)


class DockerfileBuilder(Builder):
    """Builds by the docker client: the engine's API alone has no BuildKit."""

    def prepare(self) -> Readiness:
        try:
            client = find_client(self.host)
        except NotInstalled as fault:
            return Readiness("not-installed", fault.message, fault.hint)
        return Readiness(reason="" if client.buildkit else "without BuildKit: the classic builder is used")

    def detect(self, source: Source) -> int:
        """100 with a Dockerfile; less when a file for another builder lies beside it, as Dokku orders them."""
        path = os.path.join(source.directory, self.dockerfile_path(source))
        if not os.path.lexists(path):
            return 0
        markers = (".buildpacks", "project.toml")
        return 80 if any(os.path.lexists(os.path.join(source.directory, name)) for name in markers) else 100

    def dockerfile_path(self, source: Source) -> RelativePath:
        return RelativePath(SETTINGS.get(self.host.store, source.app, "dockerfile-path"))

    def build(self, build: Build) -> Image:
        source = build.source
        path = self.dockerfile_path(source)
        text = read_text(source.directory, path, limit=LARGEST)
        if text is None:
            raise AppFault(
                f"{path} is not in the source",
                hint=f"Add it, or say where it is: builder-dockerfile:set {source.app} dockerfile-path PATH",
            )
        for ignore in (".dockerignore", f"{path}.dockerignore"):
            read_text(source.directory, ignore, limit=LARGEST)  # refuses a link: the client would follow it
        client = find_client(self.host)
        vetted = vet(build.options, build.env, buildkit=client.buildkit, buildx=client.buildx)
        for remark in vetted.remarks:
            self.host.out.warn(remark)
        identifier = self.run(build, client, path, vetted)
        image = self.host.engine().image(identifier)
        if image is None:
            raise HostFault(
                f"The image {identifier} was built but the engine does not have it",
                hint="A builder of your own (--builder) must load its images into the engine.",
            )
        self.host.engine().tag(image.id, build.tag)
        ports = exposed_ports(text, arguments(vetted, build), option(vetted, "--target"))
        return replace(image, ports=ports) if ports else image

    def run(self, build: Build, client: Client, path: RelativePath, vetted: Vetted) -> str:
        """Run the client to its end; the image's id. Without `-t`: what a killed process leaves has no name, and
        carries our labels, so that the clean-up finds it."""
        tail: deque[str] = deque(maxlen=TAIL)

        def line(text: str) -> None:
            tail.append(text)
            self.host.out.stream(text)

        with private_directory(self.host) as directory:
            result = os.path.join(directory, "image-id")
            argv = build_argv(client, build, path, vetted, result)
            status = stream(argv, line, env=build_env(client, build, vetted))
            if status != 0:
                if any(FULL_DISK.search(text) for text in tail):
                    raise HostFault(
                        "App build failed: the disk is full", details=tuple(tail), code="disk_full",
                        hint="Free some disk space (dokkupy cleanup) and deploy again.",
                    )  # fmt: skip
                raise AppFault("App build failed", details=tuple(tail), code="build_failed")
            with open(result, encoding="ascii") as file:
                identifier = file.read().strip()
        if not IMAGE_ID.fullmatch(identifier):
            raise HostFault(f"docker build left no image id but {identifier[:80]!r}")
        return identifier


class private_directory:
    """A directory for one build's result. A killed build's is removed by the next, a day later."""

    def __init__(self, host: Host) -> None:
        self.parent = host.path("tmp", "dockerfile")

    def __enter__(self) -> str:
        import time

        make_directory(self.parent)
        for entry in os.scandir(self.parent):
            if time.time() - entry.stat(follow_symlinks=False).st_mtime > STALE_SECONDS:
                shutil.rmtree(entry.path, ignore_errors=True)
        self.path = tempfile.mkdtemp(dir=self.parent)
        return self.path

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.path, ignore_errors=True)


def build_argv(client: Client, build: Build, path: RelativePath, vetted: Vetted, result: str) -> list[str]:
    """The argv of the build. Values of variables are not in it."""
    root = str(build.source.directory)
    argv = [client.path, "build"]
    if client.buildkit:
        argv.append("--progress=plain")
    if client.buildx:
        argv.append("--load")
    argv += [*vetted.words, f"--iidfile={result}", f"--file={os.path.join(root, path)}"]
    for key, value in build.labels.items():  # after the user's own, so that ours count
        argv.append(f"--label={key}={value}")
    return [*argv, root]


def build_env(client: Client, build: Build, vetted: Vetted) -> dict[str, str]:
    """Beside the clean environment: only the variables that the build options name."""
    env = {"DOCKER_BUILDKIT": "1" if client.buildkit else "0", "DOCKER_CLI_HINTS": "false"}
    for key in vetted.keys:
        value = build.env[key].reveal()
        if "\x00" in value:
            raise UserError(f"The variable {key} has a NUL and cannot be a build argument")
        env[key] = value
    return env


def option(vetted: Vetted, name: str) -> str:
    words = vetted.words
    return next((words[index + 1] for index, word in enumerate(words[:-1]) if word == name), "")


def arguments(vetted: Vetted, build: Build) -> dict[str, str]:
    """The build arguments with their values, for the EXPOSE lines."""
    found = {}
    for name, value in zip(vetted.words, vetted.words[1:], strict=False):
        if name == "--build-arg":
            key, equals, text = value.partition("=")
            found[key] = text if equals else build.env[key].reveal()
    return found
