"""The optional role of a source that knows how code came about: its commits, for people to read."""

from __future__ import annotations

from abc import ABC, abstractmethod

from dokkupy_sdk.values import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from dokkupy_sdk import Host
    from dokkupy_sdk.names import AppName


@dataclass(frozen=True, slots=True)
class Commit:
    """id: in full. author, subject: as their author wrote them, so print them by `lines.one_line`."""

    id: str
    author: str
    subject: str


class SourceHistory(ABC):
    """The commits of the apps' code. Its entry point (group `dokkupy.source_history`) has the name of the source."""

    @abstractmethod
    def commits(self, app: AppName, until: str, after: str = "", *, limit: int = 1) -> Sequence[Commit]:
        """The commits that `until` has and `after` lacks, newest first. until, after: revisions as releases have them.
        Empty if the source does not know one of them. Never raises because of an unknown revision."""


def commits(host: Host, app: AppName, until: str, after: str = "", *, limit: int = 1) -> Sequence[Commit]:
    """The commits of the selected source; none if it keeps no history, or cannot read it now."""
    from dokkupy_sdk.errors import DokkupyError

    name = host.default_adapter("source") if host.offered("source") else ""
    if name not in host.offered("source_history"):
        return ()
    try:
        found: SourceHistory = host.role("source_history", name)
        return found.commits(app, until, after, limit=limit)
    except DokkupyError:
        return ()
