"""The role Source: brings code to the host and can bring it again."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path

from dokkupy.model.checks import Readiness
from dokkupy.model.names import AppName


class SourceStore(ABC):
    """Where an app's code is kept between deploys, for `ps:rebuild`."""

    @abstractmethod
    def prepare(self) -> Readiness: ...

    @abstractmethod
    def has_code(self, app: AppName) -> bool: ...

    @abstractmethod
    def checkout(self, app: AppName, directory: Path, revision: str = "") -> str:
        """Write the tree of a revision (default: the deployed one) into an empty directory; returns the commit id.

        Nothing of the tree is executed: no hooks, filters, LFS or `ext::` transports. Submodules included.
        """

    @abstractmethod
    def forget(self, app: AppName) -> None:
        """Remove the app's code; idempotent."""

    @abstractmethod
    def rename(self, old: AppName, new: AppName) -> None:
        """Idempotent: done already is fine."""

    @abstractmethod
    def copy(self, old: AppName, new: AppName) -> None: ...
