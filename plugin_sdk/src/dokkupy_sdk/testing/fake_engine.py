"""The fake of a container engine, in memory: what there is and what will happen is state of the engine, for all roles."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import cached_property

from dokkupy_sdk import Host
from dokkupy_sdk.errors import HostError
from dokkupy_sdk.model import Ending, Image, Readiness
from dokkupy_sdk.roles import Container, ContainerSpec, Engine, ImageBuild
from dokkupy_sdk.testing.fake_containers import FakeContainers, FakeContainerSessions
from dokkupy_sdk.testing.fake_images import FakeImageBuilds, FakeImageRegistries, FakeImages
from dokkupy_sdk.testing.fake_networks import FakeNetworks, FakeVolumes
from dokkupy_sdk.values import replace


class FakeEngine(Engine):
    """made: containers by name. exit_codes: command text -> status of a task that runs it. output: what it prints.
    files: path -> content of the files that every image has. built: what was built, with the Dockerfiles' texts.
    fails: the error of the next build, when set. mounts: whether builds have BuildKit's. lasting: commands that do not end by themselves. accounts:
    server -> user -> password of the registries that want a login. pushed: name -> image of what registries have. client: what
    `start_argv` says."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.made: dict[str, Container] = {}
        self.specs: dict[str, ContainerSpec] = {}
        self.tags: dict[str, str] = {}
        self.nets: dict[str, tuple[str, Mapping[str, str]]] = {}
        self.image_labels: dict[str, Mapping[str, str]] = {}
        self.image_triggers: dict[str, tuple[str, ...]] = {}
        self.exit_codes: dict[str, int] = {}
        self.output: dict[str, list[bytes]] = {}
        self.files: dict[str, bytes] = {}
        self.lasting: set[str] = set()
        self.built: list[tuple[ImageBuild, str]] = []
        self.fails: Exception | None = None
        self.mounts = True
        self.accounts: dict[str, dict[str, str]] = {}
        self.pushed: dict[str, str] = {}
        self.vols: dict[str, Mapping[str, str]] = {}
        self.removed_volumes: list[str] = []
        self.client = ["true"]
        self.ended: dict[str, list[Ending]] = {}
        self.clock = time.time
        self.count = 0

    def prepare(self) -> Readiness:
        return Readiness()

    @cached_property
    def images(self) -> FakeImages:
        return FakeImages(self)

    @cached_property
    def builds(self) -> FakeImageBuilds:
        return FakeImageBuilds(self)

    @cached_property
    def registries(self) -> FakeImageRegistries:
        return FakeImageRegistries(self)

    @cached_property
    def containers(self) -> FakeContainers:
        return FakeContainers(self)

    @cached_property
    def sessions(self) -> FakeContainerSessions:
        return FakeContainerSessions(self)

    @cached_property
    def networks(self) -> FakeNetworks:
        return FakeNetworks(self)

    @cached_property
    def volumes(self) -> FakeVolumes:
        return FakeVolumes(self)

    def keep(self, ref: str, labels: Mapping[str, str]) -> Image:
        """An image of this name, new each time."""
        self.count += 1
        identifier = f"sha256:{self.count:064x}"
        self.tags[ref] = identifier
        self.image_labels[identifier] = dict(labels)
        return Image(identifier, labels=labels)

    def require(self, ref: str) -> Container:
        found = self.containers.find(ref)
        if found is None:
            raise HostError(f"There is no container {ref}")
        return found

    def put(self, ref: str, state: str, code: int | None = None) -> None:
        """Let a container be in a state, as if something had happened to it."""
        found = self.require(ref)
        self.made[found.name] = replace(found, state=state, exit_code=code)

    def age(self, seconds: int) -> None:
        """Let time go by for what runs."""
        for name, one in self.made.items():
            if one.state == "running":
                self.made[name] = replace(one, up_seconds=one.up_seconds + seconds)

    def end(self, ref: str, code: int, *, at: float, oom: bool = False, restarted: bool = False) -> None:
        """Let a container end by itself. restarted: the engine has started it again."""
        found = self.require(ref)
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
