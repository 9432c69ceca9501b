"""Writes a commit's tree with its submodules into a directory, and its history if a build uses git."""

from __future__ import annotations

import os
import shutil
import subprocess

from dokkupy_sdk.errors import HostError
from dokkupy_sdk.execute import environment

from dokkupy_git.checkout.tree_files import OPEN_UMASK, survey, unpack
from dokkupy_git.repository import program
from dokkupy_git.repository.bare import COMMIT, Repository

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path


def write_tree(
    repository: Repository,
    commit: str,
    directory: Path,
    *,
    keep_git: bool = False,
    origin: str = "",
) -> None:
    """Write a commit's tree with its submodules into an empty directory. Raises AppError for a malicious tree.

    origin: the URL that relative submodule URLs are relative to.
    """
    if not COMMIT.fullmatch(commit):
        raise ValueError(f"not a commit id: {commit!r}")
    found = survey(repository, commit)
    unpack(repository.path, commit, directory)
    if found.modules:
        from dokkupy_git.checkout.submodules import write_submodules

        write_submodules(repository, commit, directory, found.modules, origin=origin)
    git_directory = os.path.join(directory, ".git")
    if keep_git:
        keep_history(repository, commit, git_directory)
    else:
        shutil.rmtree(git_directory)


def keep_history(repository: Repository, commit: str, target: str) -> None:
    """Make `.git` a repository with the commit and its history, for builds that determine a version by git."""
    for name in ("objects/pack", "refs/heads", "refs/tags"):
        os.makedirs(os.path.join(target, name), exist_ok=True)
    with open(os.path.join(target, "config"), "w") as file:
        file.write("[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n")
    with open(os.path.join(target, "refs", "heads", "master"), "w") as file:
        file.write(commit + "\n")
    with open(os.path.join(target, "HEAD"), "w") as file:
        file.write("ref: refs/heads/master\n")
    pack = program.git("pack-objects", "--revs", "--stdout", "-q", repository=repository.path)
    with subprocess.Popen(
        pack,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment(program.local_env()),
    ) as packing:
        assert packing.stdin is not None
        packing.stdin.write(f"{commit}\n".encode())
        packing.stdin.close()
        packing.stdin = None
        index = subprocess.run(
            program.git("index-pack", "--stdin", repository=target),
            stdin=packing.stdout,
            capture_output=True,
            env=environment(program.local_env()),
            umask=OPEN_UMASK,
            check=False,
        )
    if packing.returncode or index.returncode:
        raise HostError(
            "The history could not be copied into the build's directory",
            hint="Check the free space of the disk, then push again.",
        )
