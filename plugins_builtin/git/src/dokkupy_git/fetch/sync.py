"""`git:sync`: fetches a branch, tag or commit of another repository into the app's."""

from __future__ import annotations

import re

from dokkupy_sdk.errors import HostError, NotFound, UserError
from dokkupy_sdk.execute import execute, stream
from dokkupy_sdk.names import GitRef, shown
from dokkupy_sdk.values import dataclass

from dokkupy_git.repository import program
from dokkupy_git.repository.bare import COMMIT, Repository
from dokkupy_git.urls import Remote

HEADS = "refs/heads/"
TAGS = "refs/tags/"


@dataclass(frozen=True, slots=True)
class Target:
    """What to fetch. ref: the full name on the other side, empty for a bare commit id. branch: its short name when it
    is a branch. commit: as advertised (of an annotated tag: the tag's object), empty when unknown."""

    ref: str
    branch: str
    commit: str


def advertised(remote: Remote, settings: program.FetchSettings) -> tuple[dict[str, str], str]:
    """(ref -> id, the default branch) of the remote. settings: from `fetch_settings`."""
    argv = program.git(
        "ls-remote",
        "--symref",
        "--quiet",
        "--",
        remote.url,
        "HEAD",
        f"{HEADS}*",
        f"{TAGS}*",
        config=program.fetch_config(remote.scheme),
    )
    done = execute(argv, env=program.network_env(settings), check=False, timeout=120)
    if not done.ok:
        raise HostError(
            f"{remote.url} cannot be read",
            details=tuple(done.stderr.strip().splitlines()[-5:]),
            hint="Redirects are not followed: use the final URL, which often ends in .git."
            if re.search(r"error: 30[1278]|redirect", done.stderr)
            else "Check the URL, and that the host may read it (git:auth, git:public-key, git:allow-host).",
        )
    refs: dict[str, str] = {}
    default = ""
    for line in done.stdout.splitlines():
        value, _, name = line.partition("\t")
        if value.startswith("ref: ") and name == "HEAD":
            default = value.removeprefix("ref: ").removeprefix(HEADS)
        elif COMMIT.fullmatch(value):
            refs[name] = value
    return refs, default


def choose(refs: dict[str, str], default: str, wanted: GitRef | None, url: str) -> Target:
    """The ref that a user means: a branch, else a tag, else a commit id. Without a name, the default branch."""
    if wanted is None:
        if not default or HEADS + default not in refs:
            raise NotFound(f"{url} has no default branch", hint="Name a branch, tag or commit after the URL.")
        return Target(HEADS + default, str(GitRef(default)), refs[HEADS + default])
    name = wanted.removeprefix(HEADS)
    if HEADS + name in refs:
        return Target(HEADS + name, name, refs[HEADS + name])
    tag = wanted.removeprefix(TAGS)
    if TAGS + tag in refs:
        return Target(TAGS + tag, "", refs.get(f"{TAGS}{tag}^{{}}", refs[TAGS + tag]))
    if COMMIT.fullmatch(wanted):
        return Target("", "", str(wanted))
    raise NotFound(f"{url} has no branch, tag or commit {shown(wanted)}", hint="Give a commit by its full id.")


def fetch(repository: Repository, remote: Remote, target: Target, keep: str, settings: program.FetchSettings) -> str:
    """Fetch a target into the ref `keep`, and return the commit. Prints progress to the console."""
    attempts = [[f"+{target.ref or target.commit}:{keep}"]]
    if not target.ref:  # a server may refuse an id without a ref, so all refs are fetched
        attempts.append(["+refs/heads/*:refs/remotes/sync/*", "+refs/tags/*:refs/tags/*"])
    lines: list[str] = []
    for refspecs in attempts:
        argv = program.git(
            "fetch",
            "--quiet",
            "--no-tags",
            "--force",
            "--no-write-fetch-head",
            "--no-auto-gc",
            "--",
            remote.url,
            *refspecs,
            repository=repository.path,
            config=program.fetch_config(remote.scheme),
        )
        if stream(argv, lines.append, env=program.network_env(settings)) == 0:
            name = keep if repository.ref(keep) else target.commit
            done = repository.git("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}", check=False)
            if done.ok:
                commit = done.stdout.strip()
                repository.move_ref(keep, commit)
                return commit
    raise HostError(
        f"{remote.url} could not be fetched",
        details=tuple(lines[-5:]),
        hint="Check the URL, and that the host may read it (git:auth, git:public-key, git:allow-host).",
    )


def require_one(build: bool, if_changes: bool) -> None:
    if build and if_changes:
        raise UserError("--build and --build-if-changes cannot be combined")
