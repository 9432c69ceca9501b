"""The commit that serves, and the commit that a rebuild builds, from an app's record."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.names import AppName

from dokkupy_git.repository.bare import Repository
from dokkupy_git.repository.refs import HEADS
from dokkupy_git.settings import GitFile, deploy_branch


def origin_of(host: Host, app: AppName) -> str:
    return host.store.load(GitFile, app).origin


def deployed_commit(host: Host, app: AppName) -> str:
    """The commit that serves; empty if none was deployed by this plugin."""
    return host.store.load(GitFile, app).sha


def rebuilt_commit(host: Host, app: AppName) -> str:
    """The commit that a rebuild builds: the one that serves, or a newer one of the deploy branch."""
    branch = HEADS + deploy_branch(host, app)
    head = Repository(host, app).ref(branch)
    return deployed_commit(host, app) if host.store.load(GitFile, app).head == f"{branch}@{head}" else head
