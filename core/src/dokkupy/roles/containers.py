"""The roles Containers and ContainerSessions: containers, and what a caller does with one that exists."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from dokkupy.model.secret import Secret

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy.model.crash import Ending


@dataclass(frozen=True, slots=True)
class ContainerSpec:
    """A container to be.

    image: id or reference that is on the host. command: argv words (None: the image's). env: whole environment;
    never put on an argv by an adapter. network: name of a network made by `Networks.ensure`, or empty for none at
    all. address: fixed IPv4 in it, or empty. options: docker options as argv words, already validated.
    publish: (address, port of the host, port of the container), TCP; nothing else is published.
    stop_signal/stop_timeout: how it is asked to go; seconds. memory: bytes, 0 for no limit.
    """

    name: str
    image: str
    command: tuple[str, ...] | None = None
    entrypoint: tuple[str, ...] | None = None
    env: Mapping[str, Secret] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    network: str = ""
    address: str = ""
    aliases: tuple[str, ...] = ()
    publish: tuple[tuple[str, int, int], ...] = ()
    restart_policy: str = "no"
    options: tuple[str, ...] = ()
    init: bool = True
    stop_signal: str = ""
    stop_timeout: int = 30
    log_max_size: str = "10m"
    tty: bool = False
    stdin: bool = False
    remove_on_exit: bool = False


@dataclass(frozen=True, slots=True)
class Container:
    """A container as the engine sees it. addresses: network name -> IPv4. state as in `InstanceStatus`. up_seconds: how
    long it has been running, rounded down as a listing has it. finished_at: when it ended last, as `find` knows."""

    id: str
    name: str
    image: str
    state: str
    labels: Mapping[str, str] = field(default_factory=dict)
    addresses: Mapping[str, str] = field(default_factory=dict)
    exit_code: int | None = None
    oom_killed: bool = False
    restarts: int = 0
    started_at: str = ""
    finished_at: str = ""
    created_at: str = ""
    command: tuple[str, ...] = ()
    up_seconds: int = 0


@dataclass(frozen=True, slots=True)
class ExecResult:
    """The outcome of a command in a container; output is stdout and stderr together, at most 64 KiB."""

    exit_code: int
    output: str


class Containers(ABC):
    """The containers that an engine has. All methods raise `HostError` when the engine does not answer."""

    @abstractmethod
    def create(self, spec: ContainerSpec, *, start: bool = True) -> Container:
        """Create and start. On any failure nothing is left. start: False leaves the start to the program of `ContainerSessions.start_argv`."""

    @abstractmethod
    def find_all(self, labels: Mapping[str, str], *, running_only: bool = False) -> list[Container]:
        """Containers with all of these labels (an empty value matches any value), stopped ones too.
        exit_code, oom_killed and restarts are not filled in: ask `find` for them."""

    @abstractmethod
    def find(self, ref: str) -> Container | None:
        """One container by id or name, with everything known; None when it is gone."""

    @abstractmethod
    def endings(self, since: float) -> Mapping[str, Sequence[Ending]]:
        """Container id -> how it ended since a time (epoch seconds), oldest first. As far as the engine remembers:
        Docker keeps its last 256 events, and forgets them when it ends itself."""

    @abstractmethod
    def rename(self, ref: str, name: str) -> None: ...

    @abstractmethod
    def start(self, ref: str, *, restart_policy: str | None = None) -> None:
        """Start a container that exists. With restart_policy, that policy is set first. Raises NotFound."""

    @abstractmethod
    def stop(self, ref: str, *, timeout: int | None, restart_policy: str | None = None) -> None:
        """Send the stop signal, wait `timeout` seconds (None: what the container was made with), then kill; idempotent. With restart_policy, that policy is
        set first, so that the engine does not bring the container back."""

    @abstractmethod
    def remove(self, ref: str) -> None:
        """Kill and remove; idempotent."""


class ContainerSessions(ABC):
    """Reads what a container prints, waits for its end, and runs commands in it. All methods raise `HostError` when the engine does not answer."""

    @abstractmethod
    def wait(self, ref: str, *, timeout: float | None = None) -> int:
        """The exit code, once the container has ended. Raises TimeoutError."""

    @abstractmethod
    def logs(
        self, ref: str, *, tail: int | None = None, follow: bool = False, timestamps: bool = False, since: int = 0
    ) -> Iterator[tuple[str, bytes]]:
        """Lines as ("stdout" | "stderr", bytes without the newline). since: epoch seconds; earlier lines are left out.
        With follow, those that come too, until the container ends."""

    @abstractmethod
    def exec(self, ref: str, command: Sequence[str], *, timeout: float = 30.0, user: str = "") -> ExecResult:
        """Run a command inside a running container and wait. Raises TimeoutError."""

    @abstractmethod
    def attach_argv(self, ref: str, command: Sequence[str], *, tty: bool) -> list[str]:
        """The argv of a program that runs a command in a container on the caller's own terminal."""

    @abstractmethod
    def start_argv(self, ref: str, *, stdin: bool) -> list[str]:
        """The argv of a program that starts a created container on the caller's own terminal or pipes, and ends as the
        container does: with its exit status, or with another one when it could not be started (`exit_code` of
        `Containers.find` says why: 127 for a command that is not there). It hands signals on unless the container has a
        terminal."""
