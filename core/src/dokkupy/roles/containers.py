"""The roles Containers and ContainerSessions: the containers, and what one can do with an existing one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence

from dokkupy.model.secret import Secret
from dokkupy.model.values import dataclass, field

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy.model.crash import Ending


@dataclass(frozen=True, slots=True)
class ContainerSpec:
    """A container to create.

    image: an id or reference on the host. command: arguments; None is the image's command. env: the whole environment; an
    adapter must not put it on an argv. network: a network made by `Networks.ensure`; empty for none. address: a fixed IPv4
    address in it, or empty. options: docker options as arguments, already validated. publish: (address, port of the host,
    port of the container), TCP; nothing else is published. stop_signal, stop_timeout (seconds): how it is stopped.
    memory: bytes; 0 for no limit.
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
    """An existing container. addresses: network name -> IPv4. state: as in `InstanceStatus`. up_seconds: how long it has
    been running, rounded down as in a listing. finished_at: when it last ended; only `find` fills it in."""

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
    """The result of a command in a container. output: stdout and stderr together, at most 64 KiB."""

    exit_code: int
    output: str


class Containers(ABC):
    """The containers that an engine has. All methods raise `HostError` when the engine does not answer."""

    @abstractmethod
    def create(self, spec: ContainerSpec, *, start: bool = True) -> Container:
        """Create and start a container. A failure leaves nothing behind. start: False only creates it, for the program of
        `ContainerSessions.start_argv`."""

    @abstractmethod
    def find_all(self, labels: Mapping[str, str], *, running_only: bool = False, network: str = "") -> list[Container]:
        """Containers with all of these labels (an empty value matches any value), including stopped ones. network: only
        those in this network. exit_code, oom_killed and restarts are not filled in; `find` returns them."""

    @abstractmethod
    def find(self, ref: str) -> Container | None:
        """One container by id or name, with all fields; None if it is gone."""

    @abstractmethod
    def endings(self, since: float) -> Mapping[str, Sequence[Ending]]:
        """Container id -> how it ended since a time (epoch seconds), oldest first, as far as the engine remembers. Docker
        keeps its last 256 events, and forgets them when it ends itself."""

    @abstractmethod
    def change(self, ref: str, *, name: str | None = None, restart_policy: str | None = None) -> None:
        """Change what is given. Raises NotFound, and Conflict if another container has the name."""

    @abstractmethod
    def start(self, ref: str) -> None:
        """Start an existing container. Raises NotFound."""

    @abstractmethod
    def stop(self, ref: str, *, timeout: int | None, restart_policy: str | None = None) -> None:
        """Send the stop signal, wait `timeout` seconds (None: the container's own timeout), then kill. Idempotent.
        restart_policy: set this policy first, so that the engine does not restart the container."""

    @abstractmethod
    def remove(self, ref: str) -> None:
        """Kill and remove; idempotent."""


class ContainerSessions(ABC):
    """Reads a container's output, waits for its end, and runs commands in it. All methods raise `HostError` when the engine
    does not answer."""

    @abstractmethod
    def wait(self, ref: str, *, timeout: float | None = None) -> int:
        """Wait for the container to end, and return its exit code. Raises TimeoutError."""

    @abstractmethod
    def logs(
        self, ref: str, *, tail: int | None = None, follow: bool = False, timestamps: bool = False, since: int = 0
    ) -> Iterator[tuple[str, bytes]]:
        """Lines as ("stdout" | "stderr", bytes without the newline). since: omit lines before this time (epoch seconds).
        follow: also yield new lines, until the container ends."""

    @abstractmethod
    def exec(self, ref: str, command: Sequence[str], *, timeout: float = 30.0, user: str = "") -> ExecResult:
        """Run a command in a running container and wait for its end. Raises TimeoutError."""

    @abstractmethod
    def attach_argv(self, ref: str, command: Sequence[str], *, tty: bool) -> list[str]:
        """The argv of a program that runs a command in a container on the caller's own terminal."""

    @abstractmethod
    def start_argv(self, ref: str, *, stdin: bool) -> list[str]:
        """The argv of a program that starts a created container on the caller's own terminal or pipes. The program exits
        with the container's exit status, or with another one if the container could not be started (`exit_code` of
        `Containers.find` says why: 127 for a missing command). It forwards signals unless the container has a terminal."""
