"""Deploys a commit, and records what serves."""

from __future__ import annotations

from dokkupy_sdk.names import AppName
from dokkupy_sdk.operation import call

from dokkupy_git.checkout.write_tree import write_tree
from dokkupy_git.deployed import origin_of
from dokkupy_git.incoming import Incoming, image_labels
from dokkupy_git.repository import refs
from dokkupy_git.repository.bare import COMMIT, Repository
from dokkupy_git.repository.refs import HEADS, Move
from dokkupy_git.settings import SETTINGS, GitFile, deploy_branch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

    from dokkupy_sdk import Host
    from dokkupy_sdk.model import Deployment, Source
    from dokkupy_sdk.operation import Transaction


def deploy(
    host: Host,
    app: AppName,
    *,
    kind: str,
    incoming: Incoming,
    metadata: str = "",
    no_cache: bool = False,
    patience: float = 0,
) -> None:
    """Build and deploy a commit as one operation. Its refs and settings change with the switch, or not at all. patience:
    seconds to wait for a running change of the app."""
    from dokkupy_apps.deploy import deploy_source

    repository = Repository(host, app)
    keep = SETTINGS.get(host.store, app, "keep-git-dir") == "true"

    def fill(directory: Path) -> str:
        if patience:  # the refs may have moved meanwhile
            refs.require_possible(repository, incoming.moves)
        write_tree(
            repository,
            incoming.commit,
            directory,
            keep_git=keep,
            origin=incoming.origin or origin_of(host, app),
        )
        return incoming.commit

    def record(tx: Transaction, deployment: Deployment | None) -> None:
        if deployment is None:
            keep_code(tx, app, incoming)
        else:
            record_serving(tx, deployment, incoming)

    deploy_source(
        host,
        app,
        kind=kind,
        fill=fill,
        revision=incoming.commit,
        metadata=metadata or incoming.commit,
        no_cache=no_cache,
        labels=image_labels(incoming.image),
        record=record,
        patience=patience,
    )


def record_serving(tx: Transaction, deployment: Deployment, incoming: Incoming | None = None) -> None:
    """The release serves: record its commit, adopt the branch, and move the refs. Undone if the deploy then fails."""
    host, app = tx.host, deployment.app
    before = host.store.load(GitFile, app)
    moves = moves_of(Repository(host, app), incoming) if incoming is not None else ()
    after = with_serving(host, deployment, incoming, before, moves)
    if after != before:
        tx.save(after, app)
    if incoming is not None:
        move_refs(tx, app, incoming, moves)


def keep_code(tx: Transaction, app: AppName, incoming: Incoming) -> None:
    """The release is not started: a rebuild uses its code, and the record of what serves does not change."""
    before = tx.host.store.load(GitFile, app)
    properties = with_source(before, incoming)
    tx.save(before.replace(properties=properties, origin=incoming.origin or before.origin, head=""), app)
    move_refs(tx, app, incoming, moves_of(Repository(tx.host, app), incoming))


def with_source(before: GitFile, incoming: Incoming) -> dict[str, str]:
    """The properties that depend on the origin of the code."""
    properties = dict(before.properties)
    if incoming.adopt:
        properties["deploy-branch"] = incoming.adopt
    properties.pop("source-image", None)
    if incoming.image:
        properties["source-image"] = incoming.image
    return properties


def move_refs(tx: Transaction, app: AppName, incoming: Incoming, moves: tuple[Move, ...]) -> None:
    repository = Repository(tx.host, app)
    if moves:
        rows = [[move.ref, move.old, move.new] for move in moves]
        tx.step(
            f"move {', '.join(move.ref for move in moves)}",
            lambda: refs.make(repository, moves),
            undo=call(restore_refs, app=str(app), moves=rows),
        )
    if incoming.adopt:
        old_branch = repository.head_branch() or SETTINGS.properties["deploy-branch"].default
        tx.step(
            "set HEAD to the branch, so that clones check it out",
            lambda: repository.point_head(incoming.adopt),
            undo=call(restore_head, app=str(app), branch=old_branch),
        )


def moves_of(repository: Repository, incoming: Incoming) -> tuple[Move, ...]:
    if not incoming.ref:
        return tuple(move for move in incoming.moves if move.old != move.new)
    old = repository.ref(incoming.ref)
    return (Move(incoming.ref, old, incoming.commit),) if old != incoming.commit else ()


def with_serving(
    host: Host, deployment: Deployment, incoming: Incoming | None, before: GitFile, moves: tuple[Move, ...]
) -> GitFile:
    """The app's record of what serves. sha: the commit; head: what the deploy branch names, where that is another (after
    a rollback, or the deploy of a tag): as long as it does, a rebuild takes the commit that serves."""
    properties, origin = dict(before.properties), before.origin
    sha = deployment.release.revision if COMMIT.fullmatch(deployment.release.revision) else before.sha
    if incoming is not None:
        sha, properties = incoming.commit, with_source(before, incoming)
        origin = incoming.origin or origin
    branch = HEADS + (
        incoming.adopt if incoming is not None and incoming.adopt else deploy_branch(host, deployment.app)
    )
    moved = {move.ref: move.new for move in moves}
    head = moved.get(branch) or Repository(host, deployment.app).ref(branch)
    differs = sha and head != sha
    return before.replace(properties=properties, sha=sha, origin=origin, head=f"{branch}@{head}" if differs else "")


def restore_refs(host: Host, *, app: str, moves: list[list[str]]) -> None:
    repository = Repository(host, AppName(app))
    if repository.exists:
        refs.undo(repository, [Move(*row) for row in moves])


def restore_head(host: Host, *, app: str, branch: str) -> None:
    repository = Repository(host, AppName(app))
    if repository.exists:
        repository.point_head(branch)


def keep_revision(tx: Transaction, source: Source) -> None:
    """Write the commit into the app's variables, and remove the variable of an earlier name."""
    from dokkupy_apps.desired.config import set_env
    from dokkupy_sdk.names import EnvKey, Secret

    from dokkupy_git.settings import revision_variable

    app, name = source.app, revision_variable(tx.host, source.app)
    record = tx.host.store.load(GitFile, app)
    before = record.revision_variable
    changes: dict[EnvKey, Secret | None] = {EnvKey(before): None} if before and before != name else {}
    if name and source.revision:
        changes[EnvKey(name)] = Secret(source.revision)
    set_env(tx, app, changes)
    if before != name:
        tx.save(record.replace(revision_variable=name), app)
