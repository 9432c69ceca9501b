"""The role Builder: turns source into an image."""

from __future__ import annotations

from abc import ABC, abstractmethod

from dokkupy.host import Host
from dokkupy.model.build import Build, Image, Source
from dokkupy.model.checks import Readiness


class Builder(ABC):
    """Builds images from source. `builder:set APP selected NAME` takes the name of its entry point."""

    title: str = ""
    """What people call it, if that is not the name of its entry point: `Dockerfile`."""

    @abstractmethod
    def prepare(self) -> Readiness: ...

    @abstractmethod
    def detect(self, source: Source) -> int:
        """How well the source fits this builder. The highest number wins, and the first name among equals; 0 means not at
        all. By convention, 100 is for a file that is made for this builder, 50 for a language's marker, and 1 for a
        fallback. With 100, the builder of the serving release stays. Must not execute anything in the source."""

    @abstractmethod
    def build(self, build: Build) -> Image:
        """Build the image, tag it as `build.tag` and return it. Print progress to `host.out`. Raises AppError. A failure or
        a signal leaves no process and no tag."""


def builder_of(host: Host, name: str) -> Builder:
    """The builder of this name."""
    return host.role("builder", name)  # type: ignore[no-any-return]
