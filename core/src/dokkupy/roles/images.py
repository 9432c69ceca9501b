"""The roles Images and ImageBuilds: the images on this host, and how they are built."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dokkupy.model.build import Image
from dokkupy.model.secret import Secret


@dataclass(frozen=True, slots=True)
class ImageBuild:
    """An image to be made from a Dockerfile.

    context: the directory that COPY sees; its content is untrusted, no link in it is followed. dockerfile: absolute
    path, in the context or outside of it. options: docker options of the phase build as argv words; those that a
    build does not have are left out. env: where options that name a variable without a value (`--build-arg KEY`)
    find it. secrets: id -> content, for `RUN --mount=type=secret,id=ID`; never on an argv, in a layer or in the
    history; without BuildKit they do not exist. labels: win over the Dockerfile's and the options' own. tag: the name
    of the image. private: whose caches the steps see (`RUN --mount=type=cache`): only builds with the same text share any;
    empty: nobody else's. It belongs in no log and no argv.
    """

    context: Path
    dockerfile: Path
    tag: str
    options: tuple[str, ...] = ()
    env: Mapping[str, Secret] = field(default_factory=dict)
    secrets: Mapping[str, Secret] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    private: Secret = Secret("")


class Images(ABC):
    """The images that an engine has. All methods raise `HostError` when the engine does not answer."""

    @abstractmethod
    def find(self, ref: str) -> Image | None:
        """The image on this host by id or reference; None when it is not here. Never pulls."""

    @abstractmethod
    def pull(self, ref: str) -> Image:
        """Fetch an image. Raises HostError with the registry's own words."""

    @abstractmethod
    def tag(self, image: str, ref: str) -> None:
        """Give an image one more name; idempotent."""

    @abstractmethod
    def remove(self, ref: str) -> None:
        """Take a name from an image, and the image with its last name, unless a container uses it; idempotent."""

    @abstractmethod
    def find_all(self, labels: Mapping[str, str]) -> list[tuple[str, tuple[str, ...], int]]:
        """Images with all of these labels, all images when none is given: (id, names, size in bytes)."""

    @abstractmethod
    def load(self, archive: str, ref: str) -> Image:
        """Make an image of a tar archive of a root file system and give it a name."""

    @abstractmethod
    def copy_out(self, image: str, path: str, *, limit: int) -> bytes | None:
        """A file out of an image, None when it is not there. Raises AppError when larger than limit bytes."""

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
        """Build with the progress on `host.out`, give the image its name. Raises AppError `build_failed` with the last
        lines, HostError `disk_full`. On any failure (also a signal) no process, no name and no file is left."""

    @abstractmethod
    def load(self, archive: str, name: str) -> Image:
        """Make an image of an untrusted archive of images (`docker save`, an OCI layout; a file), the one that the archive
        calls by this name, and give it no name: what names mean stays as it is. Raises UserError."""
