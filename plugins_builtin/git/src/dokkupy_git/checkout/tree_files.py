"""The files of one tree: they are counted before anything is written, and then written by one git process.

The tree is untrusted. git itself refuses paths that leave the directory, pass through a link or touch `.git`; no hook,
filter or attribute program is configured that could run. What is left to us are trees that are small in the pack and
enormous on the disk.
"""

from __future__ import annotations

import errno
import os
import shutil
import subprocess

from dokkupy_sdk.errors import AppError, HostError
from dokkupy_sdk.execute import environment
from dokkupy_sdk.files import unwritable
from dokkupy_sdk.values import dataclass

from dokkupy_git.repository import program
from dokkupy_git.repository.bare import Repository
from dokkupy_git.settings import number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

GITLINK = b"160000"
OPEN_UMASK = 0o022
"""The umask. The files become part of an image, whose user must be able to read them."""


@dataclass(frozen=True, slots=True)
class Survey:
    """The size of a tree. modules: path -> commit of its submodules."""

    files: int
    size: int
    modules: dict[bytes, str]


def survey(repository: Repository, commit: str) -> Survey:
    """Count a tree before it is written. Raises AppError if it exceeds the host's limits."""
    max_files, max_size = number(repository.host, "tree-max-files"), number(repository.host, "tree-max-size")
    argv = program.git("ls-tree", "-r", "-l", "-z", "--full-tree", commit, repository=repository.path)
    files = size = 0
    modules: dict[bytes, str] = {}
    with subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(program.local_env()),
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            rest = b""
            while chunk := process.stdout.read1(1 << 16):  # type: ignore[attr-defined]
                *rows, rest = (rest + chunk).split(b"\0")
                for row in rows:
                    facts, _, path = row.partition(b"\t")
                    mode, _, identifier, length = facts.split()
                    files += 1
                    if mode == GITLINK:
                        modules[path] = identifier.decode()
                    elif length != b"-":
                        size += int(length)
                if files > max_files or size > max_size or len(rest) > 1 << 20:
                    process.kill()
                    raise too_large(files, max_files, max_size)
            words = process.stderr.read().decode(errors="replace").strip()
        finally:
            process.stdout.close()
    if process.returncode:
        raise HostError(
            f"The tree of {commit} cannot be read",
            details=tuple(words.splitlines()[-5:]),
            hint="Check the repository that you pushed from: git fsck. Then push again.",
        )
    return Survey(files, size, modules)


def too_large(files: int, max_files: int, max_size: int) -> AppError:
    if files > max_files:
        return AppError(
            f"The commit has more than {max_files} files",
            code="bad_source",
            hint="An admin may allow more: git:set --global tree-max-files NUMBER",
        )
    return AppError(
        f"The files of the commit have more than {max_size} bytes",
        code="bad_source",
        hint="An admin may allow more: git:set --global tree-max-size BYTES",
    )


FULL = 64 * 1024
"""In bytes. A disk with less free space counts as full."""


def unpack(git_directory: str, commit: str, directory: Path | str) -> None:
    """Write the files. git's index for this is in `.git`, the only name that no tree can contain."""
    own = os.path.join(directory, ".git")
    os.mkdir(own, 0o700)
    argv = program.git(f"--work-tree={directory}", "read-tree", "-u", "--reset", commit, repository=git_directory)
    env = environment(program.local_env({"GIT_INDEX_FILE": os.path.join(own, "index")}))
    done = subprocess.run(
        argv, stdin=subprocess.DEVNULL, capture_output=True, env=env, umask=OPEN_UMASK, cwd=directory, check=False
    )
    if done.returncode:
        words = done.stderr.decode(errors="replace").strip().splitlines()
        # git says only "unable to write file" if the disk becomes full within a file.
        if any("No space left" in word for word in words) or shutil.disk_usage(directory).free < FULL:
            raise unwritable(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "The checkout of the commit")
        raise AppError(
            f"The tree of {commit} cannot be written",
            details=tuple(words[-5:]),
            code="bad_source",
            hint="The lines above name the file. Rename or remove it, then push again.",
        )
