"""The role Builder: turns source into an image."""

from __future__ import annotations

from abc import ABC, abstractmethod

from dokkupy.model.build import Build, Image, Source
from dokkupy.model.checks import Readiness


class Builder(ABC):
    """Name: the entry point's, and what `builder:set APP selected NAME` takes."""

    @abstractmethod
    def prepare(self) -> Readiness: ...

    @abstractmethod
    def detect(self, source: Source) -> int:
        """How sure this builder is that the source is for it: 0 not at all; the highest wins, ties by name.
        By convention 100: a file made for this builder; 50: a language's marker; 1: fallback. Must not execute
        anything of the source."""

    @abstractmethod
    def build(self, build: Build) -> Image:
        """Build, print progress by `host.out`, tag as `build.tag`, return the image. Raises AppError. On any failure
        (also a signal) no process and no tag is left."""
