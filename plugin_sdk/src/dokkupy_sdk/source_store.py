"""The role Source: keeps the code of apps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

from dokkupy.host import Host
from dokkupy.model.checks import Readiness
from dokkupy.model.names import AppName

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path


class SourceStore(ABC):
    """Keeps an app's code between deploys, for `ps:rebuild`."""

    @abstractmethod
    def prepare(self) -> Readiness: ...

    @abstractmethod
    def has_code(self, app: AppName) -> bool: ...

    @abstractmethod
    def checkout(self, app: AppName, directory: Path, revision: str = "") -> str:
        """Write the tree of a revision (default: the deployed one) into an empty directory. Returns the commit id.

        Nothing in the tree is executed: no hooks, filters, LFS or `ext::` transports. Submodules are included.
        """

    def labels(self, app: AppName) -> Mapping[str, str]:
        """Labels of an image that is built from the app's code again, such as the image that the code came from."""
        return {}

    @abstractmethod
    def forget(self, app: AppName) -> None:
        """Remove the app's code. Idempotent."""

    @abstractmethod
    def rename(self, old: AppName, new: AppName) -> None:
        """Move an app's code to a new name. Idempotent."""

    @abstractmethod
    def copy(self, old: AppName, new: AppName) -> None: ...


def source_store(host: Host) -> SourceStore:
    return host.role("source", host.default_adapter("source"))  # type: ignore[no-any-return]
