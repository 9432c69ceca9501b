"""The fakes of the roles Containers and ContainerSessions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from dokkupy_sdk.errors import Conflict, HostError
from dokkupy_sdk.model import Ending
from dokkupy_sdk.roles import Container, Containers, ContainerSessions, ContainerSpec, ExecResult
from dokkupy_sdk.testing.labels import covers
from dokkupy_sdk.values import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_sdk.testing.fake_engine import FakeEngine


class FakeContainers(Containers):
    def __init__(self, engine: FakeEngine) -> None:
        self.engine = engine

    def create(self, spec: ContainerSpec, *, start: bool = True) -> Container:
        if spec.name in self.engine.made:
            raise Conflict(f"The name {spec.name} is taken")
        if self.engine.images.find(spec.image) is None:
            raise HostError(f"There is no image {spec.image}")
        self.engine.count += 1
        container = Container(
            f"{self.engine.count:064x}",
            spec.name,
            spec.image,
            "running" if start else "created",
            dict(spec.labels),
            {spec.network: spec.address} if spec.network else {},
            command=(*(spec.entrypoint or ()), *(spec.command or ())),
        )
        self.engine.made[spec.name] = container
        self.engine.specs[container.id] = spec
        return container

    def find_all(self, labels: Mapping[str, str], *, running_only: bool = False, network: str = "") -> list[Container]:
        return [
            one
            for one in self.engine.made.values()
            if covers(one.labels, labels) and (one.state == "running" or not running_only)
            if not network or network in one.addresses
        ]

    def find(self, ref: str) -> Container | None:
        return next((one for one in self.engine.made.values() if ref in (one.id, one.name)), None)

    def endings(self, since: float) -> Mapping[str, Sequence[Ending]]:
        return {ref: [one for one in found if one.at >= since] for ref, found in self.engine.ended.items()}

    def change(self, ref: str, *, name: str | None = None, restart_policy: str | None = None) -> None:
        found = self.engine.require(ref)
        if name is not None and name != found.name:
            if name in self.engine.made:
                raise Conflict(f"The name {name} is taken")
            del self.engine.made[found.name]
            self.engine.made[name] = replace(found, name=name)

    def start(self, ref: str) -> None:
        self.engine.put(ref, "running")
        found = self.engine.require(ref)
        self.engine.made[found.name] = replace(found, restarts=0, up_seconds=0)

    def stop(self, ref: str, *, timeout: int | None, restart_policy: str | None = None) -> None:
        if self.find(ref) is not None:
            if self.engine.require(ref).state == "running":
                self.engine.ended.setdefault(self.engine.require(ref).id, []).append(
                    Ending(self.engine.clock(), 143, stopped=True)
                )
            self.engine.put(ref, "exited", 143)

    def remove(self, ref: str) -> None:
        found = self.find(ref)
        if found is not None:
            del self.engine.made[found.name]


class FakeContainerSessions(ContainerSessions):
    def __init__(self, engine: FakeEngine) -> None:
        self.engine = engine

    def wait(self, ref: str, *, timeout: float | None = None) -> int:
        command = " ".join(self.engine.require(ref).command)
        if timeout is not None and command in self.engine.lasting:
            raise TimeoutError(f"{ref} did not end within {timeout} seconds")
        code = self.engine.exit_codes.get(command, 0)
        self.engine.end(ref, code, at=self.engine.clock())
        return code

    def logs(
        self, ref: str, *, tail: int | None = None, follow: bool = False, timestamps: bool = False, since: int = 0
    ) -> Iterator[tuple[str, bytes]]:
        lines = self.engine.output.get(" ".join(self.engine.require(ref).command), [])
        for line in lines if tail is None else lines[len(lines) - tail :] if tail else []:
            yield "stdout", line

    def exec(self, ref: str, command: Sequence[str], *, timeout: float = 30.0, user: str = "") -> ExecResult:
        self.engine.require(ref)
        text = " ".join(command)
        output = b"\n".join(self.engine.output.get(text, []))
        return ExecResult(self.engine.exit_codes.get(text, 0), output.decode())

    def attach_argv(self, ref: str, command: Sequence[str], *, tty: bool) -> list[str]:
        return ["true", *command]

    def start_argv(self, ref: str, *, stdin: bool) -> list[str]:
        return self.engine.client
