"""Decides which ref of a push is deployed, and what the client sees about the others."""

from __future__ import annotations

import os
import sys

from dokkupy_sdk.errors import UserError
from dokkupy_sdk.names import AppName, GitRef, shown
from dokkupy_sdk.values import dataclass

from dokkupy_git.push.pkt_line import LONGEST_INPUT
from dokkupy_git.repository import refs
from dokkupy_git.repository.bare import COMMIT
from dokkupy_git.repository.refs import HEADS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from dokkupy_sdk import Host

    from dokkupy_git.repository.bare import Repository

TAGS = "refs/tags/"


@dataclass(frozen=True, slots=True)
class Update:
    """A line from git: a ref, and its commit before and after; all zeros for none."""

    old: str
    new: str
    ref: str

    @property
    def deletes(self) -> bool:
        return not self.new.strip("0")

    @property
    def move(self) -> refs.Move:
        old, new = (name if name.strip("0") else "" for name in (self.old, self.new))
        return refs.Move(self.ref, old, new)

    @property
    def branch(self) -> str:
        return self.ref.removeprefix(HEADS) if self.ref.startswith(HEADS) else ""


@dataclass(frozen=True, slots=True)
class Plan:
    """deploy: the update to deploy, if any. branch: the deploy branch, adopted when `adopt`. warnings: for the
    client."""

    deploy: Update | None
    branch: str
    adopt: bool = False
    warnings: tuple[str, ...] = ()


def parse_updates(text: str) -> list[Update]:
    """Parse git's lines `old new ref`. Raises UserError for other lines."""
    updates = []
    for line in text.splitlines():
        old, _, rest = line.partition(" ")
        new, _, ref = rest.partition(" ")
        if not COMMIT.fullmatch(old) or not COMMIT.fullmatch(new) or not ref.startswith("refs/"):
            raise UserError(
                "The hook reads git's own lines on standard input",
                hint="Only git runs this command, when somebody pushes.",
            )
        updates.append(Update(old, new, ref))
    return updates


def plan(updates: Sequence[Update], *, branch: str, chosen: bool, has_branches: bool) -> Plan:
    """Decide what a push does. branch: the deploy branch; chosen: somebody set it; has_branches: not the first push.

    Raises UserError for a push that is refused whole.
    """
    adopt = False
    if not chosen and not has_branches:
        pushed = [update.branch for update in updates if update.branch and not update.deletes]
        if pushed and branch not in pushed:
            branch = "main" if "main" in pushed else pushed[0]
            adopt = True
            branch = str(GitRef(branch))
    for update in updates:
        if update.ref == HEADS + branch and update.deletes:
            raise UserError(
                f"{branch} is the branch that deploys; it cannot be deleted",
                hint="Choose another deploy branch first: git:set APP deploy-branch BRANCH",
            )
    deploy = next((update for update in updates if update.ref == HEADS + branch), None)
    if deploy is None:  # Dokku deploys a tag of that name too
        deploy = next((update for update in updates if update.ref == TAGS + branch and not update.deletes), None)
    warnings: list[str] = []
    if deploy is None:
        for update in updates:
            if not update.deletes:
                short = update.ref.removeprefix(HEADS).removeprefix(TAGS)
                warnings.append(f"deploy did not complete, you must push to {branch}.")
                warnings.append(f"for example, try 'git push <dokku> {shown(short)[1:-1]}:{branch}'")
                break
    else:
        for update in updates:
            if update.branch and update is not deploy and not update.deletes:
                warnings.append(f"{shown(update.branch)[1:-1]} was stored; only {branch} deploys")
    return Plan(deploy, branch, adopt, tuple(warnings))


PATIENCE = 3600.0
"""Seconds that `git push -o wait` waits at most for a running change of the app."""


def receive(host: Host, app: AppName, *, no_cache: bool = False, waits: bool = False) -> int:
    """The body of `git-hook`: deploy what was pushed, or store it with a warning, and move the refs.

    Whatever git would refuse is asked before the deploy; any error refuses the push, and then nothing has changed.
    """
    from dokkupy_git.deploy import deploy
    from dokkupy_git.incoming import Incoming
    from dokkupy_git.repository import program
    from dokkupy_git.repository.bare import Repository
    from dokkupy_git.settings import deploy_branch, deploy_branch_is_chosen

    if not os.environ.get(program.PUSH):
        raise UserError("git-hook is run by git during a push", hint="Use: git push dokku@HOST:APP")
    host.store.require_app(app)
    repository = Repository(host, app)
    updates = parse_updates(sys.stdin.read(LONGEST_INPUT))
    require_whole(repository, updates)
    decided = plan(
        updates,
        branch=deploy_branch(host, app),
        chosen=deploy_branch_is_chosen(host, app),
        has_branches=repository.branches(),
    )
    pushed = [update.move for update in updates]
    refs.require_permitted(repository, pushed)
    moves = refs.stored(repository, pushed)
    if decided.deploy is not None:
        commit = moves[updates.index(decided.deploy)].new
        if not decided.deploy.branch:  # a tag, perhaps an annotated one
            commit = refs.commits_of(repository, {commit: decided.deploy.ref})[commit]
        adopt = decided.branch if decided.adopt else ""
        incoming = Incoming(commit, adopt=adopt, moves=tuple(moves))
        patience = PATIENCE if waits else 0
        deploy(host, app, kind="git-hook", incoming=incoming, no_cache=no_cache, patience=patience)
    else:
        refs.make(repository, moves)
        if no_cache:
            host.out.warn("-o no-cache has no effect: nothing is built")
        if waits:
            host.out.warn("-o wait has no effect: nothing is deployed")
    for line in decided.warnings:
        host.out.warn(line)
    return 0


def require_whole(repository: Repository, updates: Sequence[Update]) -> None:
    """Refuse commits whose ancestors are missing.

    git leaves a file `shallow_*` in the repository while a client pushes that has only part of a history.
    """
    if not any(name.startswith("shallow_") for name in os.listdir(repository.path)):
        return
    pushed = "".join(f"{name}\n" for name in sorted({update.new for update in updates if not update.deletes}))
    if not repository.git("rev-list", "--quiet", "--stdin", "--not", "--all", stdin=pushed.encode(), check=False).ok:
        raise UserError(
            "Shallow pushes are not supported: the history is incomplete",
            hint="Fetch the full history first: git fetch --unshallow",
        )
