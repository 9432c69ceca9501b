"""The role source history: the commits of an app's repository."""

from __future__ import annotations

from dokkupy_sdk.history import Commit, SourceHistory
from dokkupy_sdk.names import AppName

from dokkupy_git.repository.bare import COMMIT, Repository

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from dokkupy_sdk import Host

FORMAT = "%H%x1f%an%x1f%s"


class GitHistory(SourceHistory):
    def __init__(self, host: Host) -> None:
        self.host = host

    def commits(self, app: AppName, until: str, after: str = "", *, limit: int = 1) -> Sequence[Commit]:
        repository = Repository(self.host, app)
        if not repository.exists or any(one and not COMMIT.fullmatch(one) for one in (until, after)) or not until:
            return ()
        without = ["--not", after] if after else []
        done = repository.git("log", f"--max-count={limit}", f"--format={FORMAT}", until, *without, "--", check=False)
        rows = (line.split("\x1f", 2) for line in done.stdout.split("\n")) if done.ok else ()
        return [Commit(*row) for row in rows if len(row) == 3]
