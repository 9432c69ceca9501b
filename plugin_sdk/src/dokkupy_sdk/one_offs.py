"""The roles OneOffs and OneOffSessions: commands that run in containers of their own, beside an app's instances."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping

from dokkupy.host import Host
from dokkupy.model.names import AppName
from dokkupy.roles.containers import Container, ContainerSpec


class OneOffs(ABC):
    """The one-off containers of a scheduler. The entry point of its adapter, in the group `dokkupy.one_offs`, has the
    scheduler's name, and the adapter has the role OneOffSessions too. All methods raise `HostError` when the scheduler does
    not answer."""

    @abstractmethod
    def create(self, spec: ContainerSpec, *, start: bool = True) -> Container:
        """Create and start a container. A failure leaves nothing behind. spec: from `Surroundings.one_off` of the same
        scheduler, with the caller's changes. start: False only creates it, for `start` or `start_argv`."""

    @abstractmethod
    def start(self, ref: str) -> None:
        """Start a created container. Raises NotFound."""

    @abstractmethod
    def find(self, ref: str) -> Container | None:
        """One container by id or name, with its exit code; None if it is gone."""

    @abstractmethod
    def find_all(self, labels: Mapping[str, str]) -> list[Container]:
        """The containers with all of these labels (an empty value matches any value), including ended ones. The exit code
        is not filled in."""

    @abstractmethod
    def stop(self, ref: str, *, timeout: int | None) -> None:
        """Ask the command to end, wait `timeout` seconds (None: the container's own timeout), then kill. Idempotent."""

    @abstractmethod
    def remove(self, ref: str) -> None:
        """Kill and remove; idempotent."""


class OneOffSessions(ABC):
    """Waits for one-off containers, reads their output, and starts them on the caller's terminal."""

    @abstractmethod
    def wait(self, ref: str) -> int:
        """Wait for the command to end, and return its exit code."""

    @abstractmethod
    def logs(
        self, ref: str, *, tail: int | None = None, follow: bool = False, timestamps: bool = False
    ) -> Iterator[tuple[str, bytes]]:
        """Lines as ("stdout" | "stderr", bytes without the newline), as `Instances.logs` yields them."""

    @abstractmethod
    def start_argv(self, ref: str, *, stdin: bool) -> list[str]:
        """The argv of a program that starts a created container on the caller's own terminal or pipes. It exits with the
        command's exit code, and forwards signals unless the container has a terminal."""


class OneOffContainers(OneOffs, OneOffSessions):
    """Both roles, which one adapter has."""


class EngineOneOffs(OneOffContainers):
    """One-off containers of this host's engine."""

    def __init__(self, host: Host) -> None:
        self.host = host

    def create(self, spec: ContainerSpec, *, start: bool = True) -> Container:
        return self.host.containers().create(spec, start=start)

    def start(self, ref: str) -> None:
        self.host.containers().start(ref)

    def find(self, ref: str) -> Container | None:
        return self.host.containers().find(ref)

    def find_all(self, labels: Mapping[str, str]) -> list[Container]:
        return self.host.containers().find_all(labels)

    def stop(self, ref: str, *, timeout: int | None) -> None:
        self.host.containers().stop(ref, timeout=timeout)

    def remove(self, ref: str) -> None:
        self.host.containers().remove(ref)

    def wait(self, ref: str) -> int:
        return self.host.sessions().wait(ref)

    def logs(
        self, ref: str, *, tail: int | None = None, follow: bool = False, timestamps: bool = False
    ) -> Iterator[tuple[str, bytes]]:
        return self.host.sessions().logs(ref, tail=tail, follow=follow, timestamps=timestamps)

    def start_argv(self, ref: str, *, stdin: bool) -> list[str]:
        return self.host.sessions().start_argv(ref, stdin=stdin)


def one_offs(host: Host, app: AppName | str) -> OneOffContainers:
    """Those of an app's scheduler."""
    return host.role("one_offs", host.scheduler_name(AppName(app)))  # type: ignore[no-any-return]


def all_one_offs(host: Host) -> list[OneOffContainers]:
    """Those of every installed scheduler."""
    return host.adapters("one_offs")
