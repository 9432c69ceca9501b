"""Changes of refs: git validates them first, and they are made all at once or not at all."""

from __future__ import annotations

from dokkupy_sdk.errors import HostError, UserError
from dokkupy_sdk.values import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dokkupy_git.repository.bare import Repository

HEADS = "refs/heads/"


@dataclass(frozen=True, slots=True)
class Move:
    """A ref with its object before and after the change; empty for none."""

    ref: str
    old: str
    new: str

    @property
    def back(self) -> Move:
        return Move(self.ref, self.new, self.old)

    def instruction(self, *, checked: bool = True) -> str:
        """A line for `git update-ref --stdin -z`. checked: the ref must still be what it was."""
        none = "0" * len(self.new or self.old)
        if self.new:
            return f"update {self.ref}\0{self.new}\0{(self.old or none) if checked else ''}\0"
        return f"delete {self.ref}\0{self.old if checked else ''}\0"


def peeled(repository: Repository, moves: Sequence[Move]) -> list[Move]:
    """The changes as git stores them. A branch names a commit, so an annotated tag is replaced by its commit. Raises
    UserError."""
    branches = {move.new: move.ref for move in moves if move.new and move.ref.startswith(HEADS)}
    commits = commits_of(repository, branches)
    return [
        Move(move.ref, move.old, commits[move.new]) if move.new and move.ref.startswith(HEADS) else move
        for move in moves
    ]


def commits_of(repository: Repository, wanted: Mapping[str, str]) -> dict[str, str]:
    """Object -> its commit. wanted: object -> a ref that is to name it. One git for all, because a push may have thousands of
    refs. Raises UserError for an object that is not a commit."""
    if not wanted:
        return {}
    lines = "".join(f"{name}^{{commit}}\n" for name in wanted)
    done = repository.git("cat-file", "--batch-check=%(objectname) %(objecttype)", stdin=lines.encode())
    found = {}
    for (name, ref), line in zip(wanted.items(), done.stdout.splitlines(), strict=True):
        commit, _, kind = line.partition(" ")
        if kind != "commit":
            raise UserError(
                f"{ref} would name {name[:10]}, which is not a commit",
                hint="Push a branch, a commit or a tag of a commit.",
            )
        found[name] = commit
    return found


def require_permitted(repository: Repository, moves: Sequence[Move]) -> None:
    """Raise UserError for what the repository's own `receive.deny*` settings forbid."""
    if not repository.is_configured:
        return
    settings = repository.git(
        "config", "--bool", "--get-regexp", r"^receive\.deny(nonfastforwards|deletes)$", check=False
    )
    forbidden = {line.partition(" ")[0] for line in settings.stdout.splitlines() if line.endswith(" true")}
    if not forbidden:
        return
    for move in moves:
        if not move.new and "receive.denydeletes" in forbidden:
            raise UserError(
                f"{move.ref} cannot be deleted: this repository denies deletions (receive.denyDeletes)",
                hint="An admin may allow it in the app's repository: git config receive.denyDeletes false",
            )
        if (
            "receive.denynonfastforwards" in forbidden
            and move.old
            and move.new
            and move.ref.startswith(HEADS)
            and not repository.git("merge-base", "--is-ancestor", move.old, move.new, check=False).ok
        ):
            raise UserError(
                f"{move.ref} is not a fast-forward: this repository denies non-fast-forwards "
                "(receive.denyNonFastForwards)",
                hint="Fetch and merge first: git pull",
            )


def stored(repository: Repository, moves: Sequence[Move]) -> list[Move]:
    """The changes as git stores them, after it has prepared them. Only a change that it refuses may need another object:
    usually, a branch is pushed a commit, and no process has to ask for the kind of object. Raises UserError or HostError."""
    try:
        require_possible(repository, moves)
    except HostError:
        as_commits = peeled(repository, moves)
        if as_commits == list(moves):
            raise
        require_possible(repository, as_commits)
        return as_commits
    return list(moves)


def require_possible(repository: Repository, moves: Sequence[Move]) -> None:
    """Let git prepare the changes and then abort, to detect locks, conflicting names and values that have changed."""
    update(repository, [move.instruction() for move in moves], end="abort")


def make(repository: Repository, moves: Sequence[Move]) -> None:
    """Make all of the changes or none."""
    update(repository, [move.instruction() for move in moves], end="commit")


def undo(repository: Repository, moves: Sequence[Move]) -> None:
    """Restore the refs to their old values. Idempotent."""
    back = [move.back for move in moves if repository.ref(move.ref) != move.old]
    if back:
        update(repository, [move.instruction(checked=False) for move in back], end="commit")


def update(repository: Repository, instructions: Sequence[str], *, end: str) -> None:
    text = "".join(["start\0", *instructions, "prepare\0", f"{end}\0"])
    done = repository.git("update-ref", "--stdin", "-z", stdin=text.encode(), check=False)
    if not done.ok:
        words = [line.removeprefix("fatal: ") for line in done.stderr.splitlines() if line.strip()]
        raise HostError(
            f"git refused the refs of {repository.app}: {words[0] if words else 'no reason given'}",
            details=tuple(words[1:5]),
            code="refs_refused",
            hint="Nothing was deployed. If somebody else pushed first, fetch and push again.",
        )
