"""Fetches and writes submodules without `git submodule`, which would use configuration and paths from the repository.

Each gitlink of the tree is looked up in `.gitmodules`, its URL judged like one that a user typed, the commit fetched
into a bare repository that is kept beside the app's (so a rebuild needs no network), and its tree written in place.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from dokkupy_sdk.errors import AppError, UserError
from dokkupy_sdk.execute import stream
from dokkupy_sdk.files import make_directory, write_atomic
from dokkupy_sdk.names import shown

from dokkupy_git.checkout.tree_files import survey, unpack
from dokkupy_git.repository import program
from dokkupy_git.repository.bare import COMMIT, CONFIG, Repository
from dokkupy_git.repository.reach import fetch_settings
from dokkupy_git.settings import allowed_protocols
from dokkupy_git.urls import Remote, parse_remote, relative_to

MAX_DEPTH = 5
MAX_MODULES = 200


class ModuleRepository(Repository):
    """A bare repository with a submodule's commits, below the app's own."""

    def __init__(self, parent: Repository, url: str) -> None:
        super().__init__(parent.host, parent.app)
        self.path = os.path.join(parent.path, "modules", hashlib.sha256(url.encode()).hexdigest()[:32])

    def prepare(self) -> None:
        if not self.exists:
            for name in ("objects/info", "objects/pack", "refs/heads"):
                make_directory(os.path.join(self.path, name))
            write_atomic(os.path.join(self.path, "config"), CONFIG)
            self.point_head("master")


def write_submodules(
    repository: Repository,
    commit: str,
    directory: Path,
    modules: Mapping[bytes, str],
    *,
    origin: str = "",
) -> None:
    """Write all submodules, recursively, into an existing tree."""
    repository.host.out.section("Updating submodules")
    left = [MAX_MODULES]
    descend(repository, repository, commit, str(directory), modules, origin, 1, left)


def descend(
    top: Repository,
    repository: Repository,
    commit: str,
    directory: str,
    modules: Mapping[bytes, str],
    origin: str,
    depth: int,
    left: list[int],
) -> None:
    if depth > MAX_DEPTH:
        raise AppError(
            f"Submodules are nested deeper than {MAX_DEPTH} levels",
            code="bad_source",
            hint="Include the inner repositories as plain files.",
        )
    urls = module_urls(repository, commit)
    for raw, wanted in modules.items():
        left[0] -= 1
        path = os.fsdecode(raw)
        if left[0] < 0:
            raise AppError(
                f"The source has more than {MAX_MODULES} submodules",
                code="bad_source",
                hint="Include some of them as plain files.",
            )
        if path not in urls:
            raise AppError(
                f"No submodule mapping found in .gitmodules for path {shown(path)}",
                code="bad_submodule",
                hint=f"Add it again: git submodule add URL {shown(path)}. Or remove it: git rm --cached {shown(path)}",
            )
        remote = judged(top, urls[path], path, origin)
        module = ModuleRepository(top, remote.url)
        module.prepare()
        fetch_commit(module, remote, wanted, path)
        found = survey(module, wanted)
        target = os.path.join(directory, path)
        # git created this directory with the tree, and never through a link.
        if os.path.realpath(target) != os.path.join(os.path.realpath(directory), path) or not os.path.isdir(target):
            raise AppError(
                f"The submodule {shown(path)} is below a symbolic link",
                code="bad_source",
                hint="Move the submodule to a path of real directories.",
            )
        unpack(module.path, wanted, target)
        descend(top, module, wanted, target, found.modules, remote.url, depth + 1, left)
        drop_index(target)


def drop_index(directory: str) -> None:
    os.unlink(os.path.join(directory, ".git", "index"))
    os.rmdir(os.path.join(directory, ".git"))


def judged(repository: Repository, url: str, path: str, origin: str) -> Remote:
    protocols = allowed_protocols(repository.host)
    try:
        if url.startswith(("./", "../")):
            if not origin:
                raise UserError(
                    f"its URL {shown(url)} is relative, and the code did not come from a URL",
                    hint="Give it an absolute URL: git submodule set-url PATH URL",
                )
            url = relative_to(origin, url)
        return parse_remote(url, protocols=protocols, local=False)
    except UserError as error:
        raise AppError(
            f"The submodule {shown(path)} cannot be fetched: {error.message}", hint=error.hint, code="bad_submodule"
        ) from error


def module_urls(repository: Repository, commit: str) -> dict[str, str]:
    """Path -> URL from the tree's `.gitmodules`. git parses the blob, without includes."""
    done = repository.git("config", "--no-includes", "-z", "--blob", f"{commit}:.gitmodules", "--list", check=False)
    names: dict[str, dict[str, str]] = {}
    for row in done.stdout.split("\0") if done.ok else []:
        key, _, value = row.partition("\n")
        section, _, rest = key.partition(".")
        name, _, field = rest.rpartition(".")
        if section == "submodule" and field in ("path", "url"):
            names.setdefault(name, {})[field] = value
    return {entry["path"]: entry["url"] for entry in names.values() if "path" in entry and "url" in entry}


def has_commit(module: Repository, commit: str) -> bool:
    return module.git("cat-file", "-e", f"{commit}^{{tree}}", check=False).ok


def fetch_commit(module: Repository, remote: Remote, commit: str, path: str) -> None:
    """Fetch one commit by its id, or all refs if the server does not permit that."""
    if not COMMIT.fullmatch(commit):
        raise AppError(
            f"The submodule {shown(path)} does not name a commit",
            code="bad_source",
            hint="Commit the submodule again and push.",
        )
    keep = f"refs/heads/{commit}"
    if module.ref(keep) and has_commit(module, commit):
        return
    settings = fetch_settings(module.host, remote)
    lines: list[str] = []
    for refspecs, depth in (
        ([f"{commit}:{keep}"], ["--depth=1"]),
        (["+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"], []),
    ):
        argv = program.git(
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-write-fetch-head",
            "--no-auto-gc",
            *depth,
            "--",
            remote.url,
            *refspecs,
            repository=module.path,
            config=program.fetch_config(remote.scheme),
        )
        status = stream(argv, lines.append, env=program.network_env(settings))
        if status == 0 and has_commit(module, commit):
            module.move_ref(keep, commit)
            return
    raise AppError(
        f"The submodule {shown(path)} cannot be fetched from {remote.url}",
        details=tuple(lines[-5:]),
        hint="Check that the commit was pushed there and that the host may read it (git:auth, git:public-key).",
        code="bad_submodule",
    )
