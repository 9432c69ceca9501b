"""Code on its way to being deployed: what the deploy's own hooks must know of it, and what follows when it serves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dokkupy_sdk.names import AppName
from dokkupy_sdk.operation import call

from dokkupy_git.checkout import write_tree
from dokkupy_git.repository import COMMIT, Repository
from dokkupy_git.settings import SETTINGS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

    from dokkupy_sdk import Host
    from dokkupy_sdk.model import Deployment
    from dokkupy_sdk.operation import Tx

    from dokkupy_git.sources import GitSources


@dataclass(frozen=True, slots=True)
class Incoming:
    """A commit that is being deployed.

    quarantine: environment that makes a push's objects visible. adopt: the branch that becomes the deploy branch.
    ref: the full name of a ref that names the commit once it serves (a push's own is moved by git). image: the
    property source-image. origin: the URL that it came from.
    """

    commit: str
    quarantine: Mapping[str, str] = field(default_factory=dict)
    adopt: str = ""
    ref: str = ""
    image: str | None = None
    origin: str = ""


def sources_of(host: Host) -> GitSources:
    return host.role("source", "git")  # type: ignore[no-any-return]


def deploy(
    host: Host, app: AppName, *, kind: str, incoming: Incoming, metadata: str = "", no_cache: bool = False
) -> None:
    """Build and deploy a commit as one operation; its refs and settings move with the switch or not at all."""
    from dokkupy_sdk.deploy import deploy_source

    repository = Repository(host, app)
    keep = SETTINGS.get(host.store, app, "keep-git-dir") == "true"

    def fill(directory: Path) -> str:
        write_tree(
            repository, incoming.commit, directory,
            quarantine=incoming.quarantine, keep_git=keep, origin=incoming.origin or origin_of(host, app),
        )  # fmt: skip
        return incoming.commit

    pending = sources_of(host).pending
    pending[app] = incoming
    try:
        deploy_source(
            host, app, kind=kind, fill=fill, revision=incoming.commit, metadata=metadata or incoming.commit,
            no_cache=no_cache,
        )  # fmt: skip
    finally:
        pending.pop(app, None)


def origin_of(host: Host, app: AppName) -> str:
    return str(host.store.read("apps", app, "git").get("origin", ""))


def deployed_commit(host: Host, app: AppName) -> str:
    """The commit that serves; empty when none was deployed from here."""
    return str(host.store.read("apps", app, "git").get("sha", ""))


def settle(host: Host, deployment: Deployment, tx: Tx) -> None:
    """The new release serves: note its commit, adopt the branch, move the ref. Undone when the deploy still fails."""
    app = deployment.app
    incoming = sources_of(host).pending.get(app)
    before = host.store.read("apps", app, "git")
    after = dict(before)
    properties = dict(before.get("properties", {}))
    if COMMIT.fullmatch(deployment.release.revision):
        after["sha"] = deployment.release.revision
    if incoming is not None:
        after["sha"] = incoming.commit
        if incoming.adopt:
            properties["deploy-branch"] = incoming.adopt
        if incoming.image is not None:
            properties["source-image"] = incoming.image
        if incoming.origin:
            after["origin"] = incoming.origin
    if properties:
        after["properties"] = properties
    if after != before:
        tx.write("apps", app, "git", data=after)
    if incoming is None:
        return
    repository = Repository(host, app)
    if incoming.ref and repository.ref(incoming.ref) != incoming.commit:
        old = repository.ref(incoming.ref)
        tx.step(
            f"move {incoming.ref}",
            lambda: repository.move_ref(incoming.ref, incoming.commit),
            undo=call(restore_ref, app=str(app), ref=incoming.ref, commit=old),
        )
    if incoming.adopt:
        old_branch = repository.head_branch() or SETTINGS.properties["deploy-branch"].default
        tx.step(
            "let clones check the branch out",
            lambda: repository.point_head(incoming.adopt),
            undo=call(restore_head, app=str(app), branch=old_branch),
        )


def restore_ref(host: Host, app: str, ref: str, commit: str) -> None:
    repository = Repository(host, AppName(app))
    if repository.exists:
        repository.move_ref(ref, commit)


def restore_head(host: Host, app: str, branch: str) -> None:
    repository = Repository(host, AppName(app))
    if repository.exists:
        repository.point_head(branch)


def revision_env(host: Host, app: AppName) -> str:
    """The commit for the environment of a new release: the one that is on its way, else the one that serves."""
    sources = sources_of(host)
    incoming = sources.pending.get(app)
    if incoming is not None:
        return incoming.commit
    return sources.checked_out.get(app) or deployed_commit(host, app)
