"""The role Engine: images, containers, networks, exec and logs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dokkupy.model.build import Image
from dokkupy.model.checks import Readiness
from dokkupy.model.secret import Secret

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy.kernel.host import Host
    from dokkupy.model.crash import Ending


@dataclass(frozen=True, slots=True)
class ContainerSpec:
    """A container to be.

    image: id or reference that is on the host. command: argv words (None: the image's). env: whole environment;
    never put on an argv by an adapter. network: name of a network made by `ensure_network`, or empty for none at
    all. address: fixed IPv4 in it, or empty. options: docker options as argv words, already validated.
    publish: (address, port of the host, port of the container), TCP; nothing is published unless it is said here.
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
    long it has been running, rounded down as a listing has it."""

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
    created_at: str = ""
    command: tuple[str, ...] = ()
    up_seconds: int = 0


@dataclass(frozen=True, slots=True)
class ExecResult:
    """The outcome of a command in a container; output is stdout and stderr together, at most 64 KiB."""

    exit_code: int
    output: str


@dataclass(frozen=True, slots=True)
class ImageBuild:
    """An image to be made from a Dockerfile.

    context: the directory that COPY sees; its content is untrusted, no link in it is followed. dockerfile: absolute
    path, in the context or outside of it. options: docker options of the phase build as argv words; those that a
    build does not have are left out. env: where options that name a variable without a value (`--build-arg KEY`)
    find it. secrets: id -> content, for `RUN --mount=type=secret,id=ID`; never on an argv, in a layer or in the
    history; without BuildKit they do not exist. labels: win over the Dockerfile's and the options' own. tag: the name
    of the image.
    """

    context: Path
    dockerfile: Path
    tag: str
    options: tuple[str, ...] = ()
    env: Mapping[str, Secret] = field(default_factory=dict)
    secrets: Mapping[str, Secret] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)


class Engine(ABC):
    """A container engine. All methods raise `HostError` when the engine does not answer."""

    def __init__(self, host: Host) -> None:
        self.host = host

    @abstractmethod
    def prepare(self) -> Readiness:
        """Whether the engine can be used; never raises."""

    # images
    @abstractmethod
    def image(self, ref: str) -> Image | None:
        """The image on this host by id or reference; None when it is not here. Never pulls."""

    @abstractmethod
    def pull(self, ref: str) -> Image:
        """Fetch an image. Raises HostError with the registry's own words."""

    @abstractmethod
    def tag(self, image: str, ref: str) -> None:
        """Give an image one more name; idempotent."""

    @abstractmethod
    def remove_image(self, ref: str) -> None:
        """Take a name from an image, and the image with its last name, unless a container uses it; idempotent."""

    @abstractmethod
    def images(self, labels: Mapping[str, str]) -> list[tuple[str, tuple[str, ...], int]]:
        """Images with all of these labels, all images when none is given: (id, names, size in bytes)."""

    @abstractmethod
    def can_mount_in_builds(self) -> bool:
        """Whether `RUN --mount=...` (caches, secrets) works in a build; raises HostError when nothing can build."""

    @abstractmethod
    def build(self, build: ImageBuild) -> Image:
        """Build with the progress on `host.out`, give the image its name. Raises AppError `build_failed` with the last
        lines, HostError `disk_full`. On any failure (also a signal) no process, no name and no file is left."""

    @abstractmethod
    def load(self, archive: str, ref: str) -> Image:
        """Make an image of a tar archive of a root file system and give it a name."""

    # containers
    @abstractmethod
    def create(self, spec: ContainerSpec, *, start: bool = True) -> Container:
        """Create and start. On any failure nothing is left. start: False leaves the start to `start_argv`'s program."""

    @abstractmethod
    def containers(self, labels: Mapping[str, str], *, running_only: bool = False) -> list[Container]:
        """Containers with all of these labels (an empty value matches any value), stopped ones too.
        exit_code, oom_killed and restarts are not filled in: ask `container` for them."""

    @abstractmethod
    def container(self, ref: str) -> Container | None:
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
        `container` says why: 127 for a command that is not there). It hands signals on unless the container has a
        terminal."""

    @abstractmethod
    def copy_out(self, image: str, path: str, *, limit: int) -> bytes | None:
        """A file out of an image, None when it is not there. Raises AppError when larger than limit bytes."""

    @abstractmethod
    def has_file(self, image: str, path: str) -> bool:
        """Whether an image has a file (or a link) at an absolute path."""

    # networks
    @abstractmethod
    def ensure_network(self, name: str, *, subnet: str, labels: Mapping[str, str]) -> None:
        """A private bridge network; idempotent. subnet: CIDR, or empty for a free one of the adapter's choice. Raises
        Conflict when the subnet overlaps another."""

    @abstractmethod
    def remove_network(self, name: str) -> None:
        """Idempotent; raises Conflict while containers are in it."""

    @abstractmethod
    def networks(self, labels: Mapping[str, str]) -> list[tuple[str, str]]:
        """(name, subnet) of the networks with all of these labels; an empty mapping gives all networks."""

    @abstractmethod
    def connect(self, network: str, ref: str, aliases: Sequence[str]) -> None:
        """Let a container, running or not, into one more network, where it answers to these names too. Idempotent:
        one that is in it already stays as it is. Raises NotFound."""

    @abstractmethod
    def disconnect(self, network: str, ref: str) -> None:
        """Put a container out of a network; its connections there end. Idempotent, also for what is gone."""

    # volumes
    @abstractmethod
    def ensure_volume(self, name: str, *, labels: Mapping[str, str]) -> None:
        """An empty volume, unless it is there already."""

    @abstractmethod
    def volumes(self, labels: Mapping[str, str]) -> list[str]:
        """Names of the volumes with all of these labels."""

    @abstractmethod
    def remove_volume(self, name: str) -> None:
        """Idempotent; the data is gone. Raises Conflict while a container has it."""
