"""The role source, by git."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from dokkupy_sdk import Host
from dokkupy_sdk.errors import HostError, NotFound
from dokkupy_sdk.files import make_directory
from dokkupy_sdk.model import Readiness
from dokkupy_sdk.names import AppName, GitRef, shown
from dokkupy_sdk.roles import SourceStore

from dokkupy_git.repository.bare import (
    LEFTOVER_DIRECTORY,
    LEFTOVER_FILE,
    Repository,
    remove_file,
    repository_path,
    require_git,
)
from dokkupy_git.settings import SETTINGS, deploy_branch


class GitSources(SourceStore):
    """Bare repositories in `<root>/repos`."""

    def __init__(self, host: Host) -> None:
        self.host = host

    def prepare(self) -> Readiness:
        try:
            require_git()
        except HostError as fault:
            return Readiness("not-installed", fault.message, fault.hint)
        return Readiness()

    def has_code(self, app: AppName) -> bool:
        from dokkupy_git.deployed import rebuilt_commit

        return bool(rebuilt_commit(self.host, app))

    def checkout(self, app: AppName, directory: Path, revision: str = "") -> str:
        from dokkupy_git.checkout.write_tree import write_tree
        from dokkupy_git.deployed import origin_of, rebuilt_commit

        repository = Repository(self.host, app)
        branch = deploy_branch(self.host, app)
        commit = repository.resolve(GitRef(revision)) if revision else rebuilt_commit(self.host, app)
        if not commit:
            wanted = f"revision {shown(revision)}" if revision else f"branch {branch}"
            raise NotFound(f"{app} has no {wanted}", hint=f"Push it: git push dokku@HOST:{app} {revision or branch}")
        keep = SETTINGS.get(self.host.store, app, "keep-git-dir") == "true"
        write_tree(repository, commit, directory, keep_git=keep, origin=origin_of(self.host, app))
        return commit

    def labels(self, app: AppName) -> dict[str, str]:
        from dokkupy_git.incoming import image_labels

        return image_labels(SETTINGS.raw(self.host.store, app, "source-image"))

    def forget(self, app: AppName) -> None:
        path = repository_path(self.host, app)
        for leftover in (path, copy_path(self.host, app)):
            # HEAD goes first, because without it this is not a repository, even after an interruption.
            remove_file(os.path.join(leftover, "HEAD"))
            shutil.rmtree(leftover, ignore_errors=True)
        if os.path.isdir(path):
            raise HostError(f"{path} could not be removed", hint="Check its owner and mode.")

    def rename(self, old: AppName, new: AppName) -> None:
        source, target = repository_path(self.host, old), repository_path(self.host, new)
        if os.path.isdir(source) and not os.path.isdir(target):
            os.rename(source, target)

    def copy(self, old: AppName, new: AppName) -> None:
        """Copy a repository. Objects are shared by hard links, because they never change. The copy appears completely."""
        source, target = repository_path(self.host, old), repository_path(self.host, new)
        if not os.path.isdir(source) or os.path.isdir(target):
            return
        temporary = copy_path(self.host, new)
        shutil.rmtree(temporary, ignore_errors=True)
        make_directory(os.path.dirname(temporary))
        shutil.copytree(source, temporary, copy_function=link_or_copy, ignore=unfinished, symlinks=True)
        os.rename(temporary, target)


def copy_path(host: Host, app: AppName) -> str:
    """Where a copy grows. Its name is no app's, and the next attempt finds what a killed one left."""
    return host.path("repos", f".{AppName(app)}.git.copy")


def link_or_copy(source: str, target: str) -> None:
    if "/objects/" in source:
        os.link(source, target)
    else:
        shutil.copy2(source, target)


def unfinished(_directory: str, names: list[str]) -> list[str]:
    return [
        name
        for name in names
        if LEFTOVER_DIRECTORY.fullmatch(name) or LEFTOVER_FILE.fullmatch(name) or name.endswith(".lock")
    ]
