"""Deploys on a host of fakes, for tests of plugins."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from dokkupy_sdk import Host
from dokkupy_sdk.model import Deployment
from dokkupy_sdk.names import AppName
from dokkupy_sdk.testing.fakes import write_tree

from dokkupy_apps.apps import create_app
from dokkupy_apps.deploy import deploy_source


def deploy(host: Host, app: str, tree: Mapping[str, str], *, revision: str = "a" * 40) -> Deployment:
    """Deploy a tree (path -> text) like a push. The app is created if it does not exist."""
    name = AppName(app)
    if not host.store.has_app(name):
        create_app(host, name)

    def fill(directory: Path) -> str:
        write_tree(directory, tree)
        return revision

    deployment = deploy_source(host, name, kind="git-hook", fill=fill)
    if deployment is None:
        raise ValueError(f"{app} skips deploys: call deploy_source")
    return deployment
