"""Commits that dokkupy creates from an archive or a `FROM image` line. A ref keeps them until they serve."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO

from dokkupy_sdk.errors import HostError, UserError
from dokkupy_sdk.execute import environment
from dokkupy_sdk.names import shown
from dokkupy_sdk.operation import new_id
from dokkupy_sdk.values import dataclass

from dokkupy_git.fetch import archives
from dokkupy_git.repository import program
from dokkupy_git.repository.bare import COMMIT, ZERO, Repository, hold

NAME = re.compile(r"[^\x00-\x1f\x7f<>]{1,200}")


@dataclass(frozen=True, slots=True)
class Author:
    """The author of such a commit: `git:from-image APP IMAGE [USER EMAIL]`."""

    name: str
    email: str

    def line(self, word: str) -> bytes:
        return f"{word} {self.name} <{self.email}> {int(time.time())} +0000\n".encode()


def author(name: str, email: str) -> Author:
    for text in (name, email):
        if text and not NAME.fullmatch(text):
            raise UserError(f"{shown(text)} is not a name or email for a commit")
    return Author(name or "Dokku", email or "automated@dokku.sh")


@contextmanager
def waiting_ref(repository: Repository) -> Iterator[str]:
    """A ref that keeps a commit from being collected during its deploy. The next process removes that of a killed one."""
    fd = hold(repository)
    name = f"{program.OWN_REFS}/{new_id()}"
    try:
        yield name
    finally:
        try:
            repository.move_ref(name, "")
        finally:
            os.close(fd)


def header(ref: str, who: Author, message: str, parent: str) -> bytes:
    text = message.encode()
    start = b"commit %s\nmark :1\n" % ref.encode() + who.line("author") + who.line("committer")
    start += b"data %d\n%s\n" % (len(text), text)
    return start + (f"from {parent}\n".encode() if parent else b"")


@contextmanager
def fast_import(repository: Repository) -> Iterator[tuple[IO[bytes], list[str]]]:
    """A running `git fast-import` to write to. The list gets the commit's id. An error leaves nothing."""
    argv = program.git(
        "fast-import",
        "--quiet",
        "--done",
        "--force",
        repository=repository.path,
        config=("fastimport.unpackLimit=1000",),
    )
    result: list[str] = []
    with subprocess.Popen(
        argv,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(program.local_env()),
        cwd=repository.path,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            yield process.stdin, result
            process.stdin.close()
            result.append(process.stdout.read().decode(errors="replace").strip())
            words = process.stderr.read().decode(errors="replace").strip()
        except BrokenPipeError:
            words = process.stderr.read().decode(errors="replace").strip()
        except BaseException:
            process.kill()
            raise
    if process.returncode or not result or not COMMIT.fullmatch(result[0]):
        raise HostError(
            "git could not store the code",
            details=tuple(words.splitlines()[:5]),
            hint="Check the free space of the disk, then run the command again.",
        )


def commit_archive(
    repository: Repository,
    ref: str,
    file: IO[bytes],
    kind: str,
    limits: archives.Limits,
    who: Author,
    message: str,
    parent: str,
) -> str:
    """A commit with an archive's content, on top of `parent`. Raises BadArchive."""
    prefix = archives.survey(file, kind, limits)
    with fast_import(repository) as (out, result):
        archives.write_commands(out, file, kind, limits, prefix, header(ref, who, message, parent))
    return result[0]


def commit_files(
    repository: Repository, ref: str, files: Mapping[bytes, bytes], who: Author, message: str, parent: str
) -> str:
    """A commit with exactly these files."""
    with fast_import(repository) as (out, result):
        out.write(header(ref, who, message, parent))
        out.write(b"deleteall\n")
        for path, data in files.items():
            out.write(b"M 100644 inline %s\ndata %d\n" % (archives.quoted(path), len(data)) + data + b"\n")
        out.write(b"\nget-mark :1\ndone\n")
    return result[0]


def same_tree(repository: Repository, one: str, other: str) -> bool:
    if not other or other == ZERO:
        return False
    done = repository.git("rev-parse", f"{one}^{{tree}}", f"{other}^{{tree}}")
    trees = done.stdout.split()
    return len(trees) == 2 and trees[0] == trees[1]
