"""The roles Images and ImageBuilds: the images on this host, and how they are built."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

from dokkupy.model.build import Image, RegistryLogin
from dokkupy.model.names import AppName
from dokkupy.model.secret import Secret
from dokkupy.model.values import dataclass, field

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class ImageBuild:
    """An image to build from a Dockerfile.

    context: the directory that COPY sees. Its content is untrusted, and no link in it is followed. dockerfile: an
    absolute path, inside the context or outside of it. options: docker options of the phase build, as arguments; those
    that a build does not have are ignored. env: the values for options that name only a variable (`--build-arg KEY`).
    secrets: id -> content, for `RUN --mount=type=secret,id=ID`; they never appear on an argv, in a layer or in the
    history, and are missing without BuildKit. labels: override those of the Dockerfile and the options. tag: the name of
    the image. app: the build fetches base images with the logins of this app; None: with those that all apps share.
    private: only builds with the same text share caches (`RUN --mount=type=cache`); empty: the build shares
    none. Keep it out of logs and argv. title: of a build that is the platform's own matter, such as a base image: it shows
    one line with this title, and its output goes to the log; empty: the output is shown.
    """

    context: Path
    dockerfile: Path
    tag: str
    options: tuple[str, ...] = ()
    env: Mapping[str, Secret] = field(default_factory=dict)
    secrets: Mapping[str, Secret] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    private: Secret = Secret("")
    app: AppName | None = None
    title: str = ""


class Images(ABC):
    """The images that an engine has. All methods raise `HostError` when the engine does not answer."""

    @abstractmethod
    def find(self, ref: str) -> Image | None:
        """The image on this host by id or reference; None if it is not here. Never pulls."""

    @abstractmethod
    def pull(self, ref: str) -> Image:
        """Fetch an image, with the login that all apps share if there is one, because every app can name a pulled image.
        Raises HostError with the registry's own message."""

    @abstractmethod
    def tag(self, image: str, ref: str) -> None:
        """Add a name to an image. Idempotent."""

    @abstractmethod
    def remove(self, ref: str) -> None:
        """Remove a name of an image, and with the last name the image, unless a container uses it. Idempotent."""

    @abstractmethod
    def find_all(self, labels: Mapping[str, str]) -> list[tuple[str, tuple[str, ...], int]]:
        """The images with all of these labels, or all images if there are none: (id, names, size in bytes)."""

    @abstractmethod
    def load(self, archive: str, ref: str) -> Image:
        """Make an image from a tar archive of a root file system, and give it a name."""

    @abstractmethod
    def copy_out(self, image: str, path: str, *, limit: int) -> bytes | None:
        """A file in an image; None if it does not exist. Raises AppError if it is larger than `limit` bytes."""

    @abstractmethod
    def has_file(self, image: str, path: str) -> bool:
        """Whether an image has a file (or a link) at an absolute path."""


class ImageBuilds(ABC):
    """Builds images from Dockerfiles. All methods raise `HostError` when the engine does not answer."""

    @abstractmethod
    def can_mount(self) -> bool:
        """Whether `RUN --mount=...` (caches, secrets) works in a build; raises HostError when nothing can build."""

    @abstractmethod
    def build(self, build: ImageBuild) -> Image:
        """Build the image, name it and return it. Print progress to `host.out`. Raises AppError `build_failed` with the last
        lines, or HostError `disk_full`. A failure or a signal leaves no process, no name and no file."""

    @abstractmethod
    def load(self, archive: str, name: str) -> Image:
        """Load the image of this name from an untrusted archive file (of `docker save`, or an OCI layout). The image gets no
        name on this host, so that existing names keep their meaning. Raises UserError."""


class ImageRegistries(ABC):
    """Where images come from and go to. All methods raise `HostError` when the engine or the registry does not answer."""

    @abstractmethod
    def check(self, login: RegistryLogin) -> None:
        """Log in once, and keep nothing. Raises UserError `login_refused` when the registry refuses it."""

    @abstractmethod
    def digest(self, ref: str, login: RegistryLogin | None) -> str | None:
        """The digest of an image that a registry has; None when there is none, or when this login may not read it."""

    @abstractmethod
    def push(self, image: str, ref: str, login: RegistryLogin | None) -> None:
        """Send an image of this host to a registry under a name, with the progress on `host.out`; afterwards the name is not
        one of this host. Raises UserError `login_refused`, HostError with the registry's own message."""
