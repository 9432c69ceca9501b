"""The fake of the role Engine, in memory."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from ipaddress import ip_network

from dokkupy_sdk import Host
from dokkupy_sdk.errors import AppError, Conflict, HostError, NotFound
from dokkupy_sdk.model import Ending, Image, Readiness
from dokkupy_sdk.roles import Container, ContainerSpec, Engine, ExecResult, ImageBuild


class FakeEngine(Engine):
    """made: containers by name. exit_codes: command text -> status of a task that runs it. output: what it prints.
    files: path -> content of the files that every image has. builds: what was built, with the Dockerfiles' texts.
    fails: the error of the next build, when set. mounts: whether builds have BuildKit's. lasting: commands that do not end by themselves. client: what
    `start_argv` says."""

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self.made: dict[str, Container] = {}
        self.specs: dict[str, ContainerSpec] = {}
        self.tags: dict[str, str] = {}
        self.nets: dict[str, tuple[str, Mapping[str, str]]] = {}
        self.image_labels: dict[str, Mapping[str, str]] = {}
        self.exit_codes: dict[str, int] = {}
        self.output: dict[str, list[bytes]] = {}
        self.files: dict[str, bytes] = {}
        self.lasting: set[str] = set()
        self.builds: list[tuple[ImageBuild, str]] = []
        self.fails: Exception | None = None
        self.mounts = True
        self.vols: dict[str, Mapping[str, str]] = {}
        self.removed_volumes: list[str] = []
        self.client = ["true"]
        self.ended: dict[str, list[Ending]] = {}
        self.clock = time.time
        self.count = 0

    def prepare(self) -> Readiness:
        return Readiness()

    def image(self, ref: str) -> Image | None:
        identifier = self.tags.get(ref, ref if ref in self.tags.values() else "")
        return Image(identifier, labels=self.image_labels.get(identifier, {})) if identifier else None

    def pull(self, ref: str) -> Image:
        raise HostError(f"{ref} cannot be pulled: there is no registry here")

    def tag(self, image: str, ref: str) -> None:
        if self.image(image) is None:
            raise HostError(f"There is no image {image}")
        self.tags[ref] = self.tags.get(image, image)

    def remove_image(self, ref: str) -> None:
        self.tags.pop(ref, None)

    def images(self, labels: Mapping[str, str]) -> list[tuple[str, tuple[str, ...], int]]:
        found: dict[str, list[str]] = {}
        for ref, identifier in self.tags.items():
            if covers(self.image_labels.get(identifier, {}), labels):
                found.setdefault(identifier, []).append(ref)
        return [(identifier, tuple(refs), 1000) for identifier, refs in found.items()]

    def can_mount_in_builds(self) -> bool:
        return self.mounts

    def build(self, build: ImageBuild) -> Image:
        self.builds.append((build, build.dockerfile.read_text()))
        if self.fails is not None:
            raise self.fails
        return self.keep(build.tag, build.labels)

    def load(self, archive: str, ref: str) -> Image:
        return self.keep(ref, {})

    def keep(self, ref: str, labels: Mapping[str, str]) -> Image:
        """An image of this name, new each time."""
        self.count += 1
        identifier = f"sha256:{self.count:064x}"
        self.tags[ref] = identifier
        self.image_labels[identifier] = dict(labels)
        return Image(identifier, labels=labels)

    def create(self, spec: ContainerSpec, *, start: bool = True) -> Container:
        if spec.name in self.made:
            raise Conflict(f"The name {spec.name} is taken")
        if self.image(spec.image) is None:
            raise HostError(f"There is no image {spec.image}")
        self.count += 1
        container = Container(
            f"{self.count:064x}",
            spec.name,
            spec.image,
            "running" if start else "created",
            dict(spec.labels),
            {spec.network: spec.address} if spec.network else {},
            command=(*(spec.entrypoint or ()), *(spec.command or ())),
        )
        self.made[spec.name] = container
        self.specs[container.id] = spec
        return container

    def containers(self, labels: Mapping[str, str], *, running_only: bool = False) -> list[Container]:
        return [
            one
            for one in self.made.values()
            if covers(one.labels, labels) and (one.state == "running" or not running_only)
        ]

    def container(self, ref: str) -> Container | None:
        return next((one for one in self.made.values() if ref in (one.id, one.name)), None)

    def need(self, ref: str) -> Container:
        found = self.container(ref)
        if found is None:
            raise HostError(f"There is no container {ref}")
        return found

    def rename(self, ref: str, name: str) -> None:
        found = self.need(ref)
        if name != found.name:
            if name in self.made:
                raise Conflict(f"The name {name} is taken")
            del self.made[found.name]
            self.made[name] = replace(found, name=name)

    def put(self, ref: str, state: str, code: int | None = None) -> None:
        """Let a container be in a state, as if something had happened to it."""
        found = self.need(ref)
        self.made[found.name] = replace(found, state=state, exit_code=code)

    def age(self, seconds: int) -> None:
        """Let time go by for what runs."""
        for name, one in self.made.items():
            if one.state == "running":
                self.made[name] = replace(one, up_seconds=one.up_seconds + seconds)

    def end(self, ref: str, code: int, *, at: float, oom: bool = False, restarted: bool = False) -> None:
        """Let a container end by itself. restarted: the engine has started it again."""
        found = self.need(ref)
        self.ended.setdefault(found.id, []).append(Ending(at, code, oom))
        state = "running" if restarted else "exited"
        self.made[found.name] = replace(
            found,
            state=state,
            exit_code=0 if restarted else code,
            oom_killed=oom and not restarted,
            restarts=found.restarts + restarted,
            up_seconds=0,
        )

    def forget_endings(self) -> None:
        """As after a start of the engine."""
        self.ended.clear()

    def endings(self, since: float) -> Mapping[str, Sequence[Ending]]:
        return {ref: [one for one in found if one.at >= since] for ref, found in self.ended.items()}

    def start(self, ref: str, *, restart_policy: str | None = None) -> None:
        self.put(ref, "running")
        found = self.need(ref)
        self.made[found.name] = replace(found, restarts=0, up_seconds=0)

    def stop(self, ref: str, *, timeout: int | None, restart_policy: str | None = None) -> None:
        if self.container(ref) is not None:
            if self.need(ref).state == "running":
                self.ended.setdefault(self.need(ref).id, []).append(Ending(self.clock(), 143, stopped=True))
            self.put(ref, "exited", 143)

    def remove(self, ref: str) -> None:
        found = self.container(ref)
        if found is not None:
            del self.made[found.name]

    def wait(self, ref: str, *, timeout: float | None = None) -> int:
        command = " ".join(self.need(ref).command)
        if timeout is not None and command in self.lasting:
            raise TimeoutError(f"{ref} did not end within {timeout} seconds")
        code = self.exit_codes.get(command, 0)
        self.end(ref, code, at=self.clock())
        return code

    def logs(
        self, ref: str, *, tail: int | None = None, follow: bool = False, timestamps: bool = False, since: int = 0
    ) -> Iterator[tuple[str, bytes]]:
        lines = self.output.get(" ".join(self.need(ref).command), [])
        for line in lines if tail is None else lines[len(lines) - tail :] if tail else []:
            yield "stdout", line

    def exec(self, ref: str, command: Sequence[str], *, timeout: float = 30.0, user: str = "") -> ExecResult:
        self.need(ref)
        return ExecResult(self.exit_codes.get(" ".join(command), 0), "")

    def attach_argv(self, ref: str, command: Sequence[str], *, tty: bool) -> list[str]:
        return ["true"]

    def start_argv(self, ref: str, *, stdin: bool) -> list[str]:
        return self.client

    def copy_out(self, image: str, path: str, *, limit: int) -> bytes | None:
        content = self.files.get(path)
        if content is not None and len(content) > limit:
            raise AppError(f"{path} is larger than {limit} bytes")
        return content

    def has_file(self, image: str, path: str) -> bool:
        return path in self.files

    def ensure_network(self, name: str, *, subnet: str, labels: Mapping[str, str]) -> None:
        subnet = subnet or f"10.200.{len(self.nets)}.0/24"
        for other, (taken, _) in self.nets.items():
            if other != name and ip_network(taken).overlaps(ip_network(subnet)):
                raise Conflict(f"The subnet {subnet} overlaps {taken} of {other}")
        self.nets.setdefault(name, (subnet, labels))

    def remove_network(self, name: str) -> None:
        if any(name in one.addresses for one in self.made.values()):
            raise Conflict(f"The network {name} has containers in it")
        self.nets.pop(name, None)

    def networks(self, labels: Mapping[str, str]) -> list[tuple[str, str]]:
        return [(name, subnet) for name, (subnet, given) in self.nets.items() if covers(given, labels)]

    def connect(self, network: str, ref: str, aliases: Sequence[str]) -> None:
        found = self.container(ref)
        if found is None:
            raise NotFound(f"There is no container {ref}")
        if network not in found.addresses:
            self.count += 1
            self.made[found.name] = replace(found, addresses={**found.addresses, network: f"10.250.0.{self.count}"})

    def disconnect(self, network: str, ref: str) -> None:
        found = self.container(ref)
        if found is not None:
            left = {name: address for name, address in found.addresses.items() if name != network}
            self.made[found.name] = replace(found, addresses=left)

    def ensure_volume(self, name: str, *, labels: Mapping[str, str]) -> None:
        self.vols.setdefault(name, dict(labels))

    def volumes(self, labels: Mapping[str, str]) -> list[str]:
        return sorted(name for name, given in self.vols.items() if covers(given, labels))

    def remove_volume(self, name: str) -> None:
        if any(word.startswith(f"{name}:") for one in self.made.values() for word in self.specs[one.id].options):
            raise Conflict(f"The volume {name} is used by a container")
        self.vols.pop(name, None)
        self.removed_volumes.append(name)


def covers(given: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    return all(key in given and (not value or given[key] == value) for key, value in wanted.items())
