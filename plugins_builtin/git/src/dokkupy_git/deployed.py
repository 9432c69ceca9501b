"""What an app's record says of the commit that serves, and which commit a rebuild builds."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.names import AppName

from dokkupy_git.repository.bare import Repository
from dokkupy_git.repository.refs import HEADS
from dokkupy_git.settings import GitFile, deploy_branch


def origin_of(host: Host, app: AppName) -> str:
    return host.store.load(GitFile, app).origin


def deployed_commit(host: Host, app: AppName) -> str:
    """The commit that serves; empty when none was deployed from here."""
    return host.store.load(GitFile, app).sha


def rebuilt_commit(host: Host, app: AppName) -> str:
    """The commit that a rebuild builds: what serves, or what the deploy branch has come to name since."""
    branch = HEADS + deploy_branch(host, app)
    head = Repository(host, app).ref(branch)
    return deployed_commit(host, app) if host.store.load(GitFile, app).head == f"{branch}@{head}" else head
