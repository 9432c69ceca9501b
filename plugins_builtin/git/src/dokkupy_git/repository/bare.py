"""An app's bare repository. It is created, and often read, without running git."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
from collections.abc import Mapping

from dokkupy_sdk.errors import HostError
from dokkupy_sdk.execute import Completed, execute
from dokkupy_sdk.files import make_directory, write_atomic
from dokkupy_sdk.names import AppName

from dokkupy_git.repository import program

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_sdk import Host

CONFIG = b"[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n"
COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
ZERO = "0" * 40


class Repository:
    """`<root>/repos/<app>.git`."""

    def __init__(self, host: Host, app: AppName) -> None:
        self.host = host
        self.app = app
        self.path = repository_path(host, app)

    @property
    def exists(self) -> bool:
        return os.path.isfile(os.path.join(self.path, "HEAD"))

    @property
    def is_configured(self) -> bool:
        """Whether somebody changed the repository's configuration since it was created."""
        try:
            with open(os.path.join(self.path, "config"), "rb") as file:
                return file.read(len(CONFIG) + 1) != CONFIG
        except OSError:
            return True

    def ensure(self, branch: str = "master") -> None:
        """Create the repository unless it exists. HEAD is written last, because it makes it a repository."""
        if self.exists:
            return
        for name in ("objects/info", "objects/pack", "refs/heads", "refs/tags"):
            make_directory(os.path.join(self.path, name))
        write_atomic(os.path.join(self.path, "config"), CONFIG)
        self.point_head(branch)

    def point_head(self, branch: str) -> None:
        """Set the branch that clones check out."""
        write_atomic(os.path.join(self.path, "HEAD"), f"ref: refs/heads/{branch}\n".encode())

    def head_branch(self) -> str:
        """The branch that HEAD names."""
        try:
            with open(os.path.join(self.path, "HEAD"), encoding="utf-8", errors="replace") as file:
                return file.read().strip().removeprefix("ref: refs/heads/")
        except FileNotFoundError:
            return ""

    def git(
        self,
        *words: str,
        config: tuple[str, ...] = (),
        env: Mapping[str, str] | None = None,
        stdin: bytes | None = None,
        check: bool = True,
        timeout: float | None = 300.0,
    ) -> Completed:
        argv = program.git(*words, repository=self.path, config=config)
        return execute(argv, env=program.local_env(env), stdin=stdin, check=check, timeout=timeout)

    def ref(self, name: str) -> str:
        """The commit (or tag object) of a full ref name; empty if there is no such ref."""
        loose = os.path.join(self.path, *name.split("/"))
        try:
            with open(loose, encoding="ascii", errors="replace") as file:
                found = file.read().strip()
            return found if COMMIT.fullmatch(found) else ""
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            return self.packed().get(name, "")

    def packed(self) -> dict[str, str]:
        try:
            with open(os.path.join(self.path, "packed-refs"), encoding="utf-8", errors="surrogateescape") as file:
                rows = [line.rstrip("\n").partition(" ") for line in file if line[:1] not in "#^"]
        except FileNotFoundError:
            return {}
        return {name: commit for commit, _, name in rows if COMMIT.fullmatch(commit)}

    def branches(self) -> bool:
        """Whether any branch exists."""
        for _, _, files in os.walk(os.path.join(self.path, "refs", "heads")):
            if any(not name.endswith(".lock") for name in files):
                return True
        return any(name.startswith("refs/heads/") for name in self.packed())

    def move_ref(self, name: str, commit: str) -> None:
        """Set a ref to this commit; an empty commit deletes it. Idempotent."""
        if commit:
            self.git("update-ref", name, commit)
        elif self.ref(name):
            self.git("update-ref", "-d", name)

    def resolve(self, revision: str) -> str:
        """The commit id of a branch, tag or id; empty if there is none."""
        for prefix in ("refs/heads/", "refs/tags/", ""):
            done = self.git(
                "rev-parse", "--verify", "--quiet", "--end-of-options", f"{prefix}{revision}^{{commit}}", check=False
            )
            if done.ok:
                return done.stdout.strip()
        return ""

    def updated_at(self, branch: str) -> str:
        """When the branch last moved, in seconds since the epoch; empty if it does not exist."""
        loose = os.path.join(self.path, "refs", "heads", *branch.split("/"))
        for path in (loose, os.path.join(self.path, "packed-refs")):
            try:
                if self.ref(f"refs/heads/{branch}"):
                    return str(int(os.stat(path).st_mtime))
            except OSError:
                continue
        return ""


def repository_path(host: Host, app: AppName) -> str:
    return host.path("repos", f"{AppName(app)}.git")


# cleaning up after a killed push or fetch


def hold(repository: Repository) -> int:
    """Share the repository with other pushes and fetches; returns a descriptor that children may inherit.

    Who finds nobody else there first sweeps away what a killed one left: a living one would still hold the lock,
    which goes with the last process that has the descriptor.
    """
    path = os.path.join(repository.path, "dokkupy.lock")
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            sweep(repository)
        except BlockingIOError:
            pass
        fcntl.flock(fd, fcntl.LOCK_SH)
    except BaseException:
        os.close(fd)
        raise
    return fd


LEFTOVER_DIRECTORY = re.compile(r"(?:tmp_objdir-)?incoming-.*")
LEFTOVER_FILE = re.compile(r"tmp_.*|fast_import_crash_.*|shallow_.*")


def sweep(repository: Repository) -> None:
    """Remove quarantines, half packs, lock files and waiting refs. Only while nobody else uses the repository."""
    objects = os.path.join(repository.path, "objects")
    for entry in scan(objects):
        if LEFTOVER_DIRECTORY.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False):
            remove_directory(entry.path)
    for entry in [*scan(os.path.join(objects, "pack")), *scan(repository.path)]:
        if LEFTOVER_FILE.fullmatch(entry.name):
            remove_file(entry.path)
    for name in ("packed-refs.lock", "HEAD.lock", "shallow.lock"):
        remove_file(os.path.join(repository.path, name))
    for directory, _, names in os.walk(os.path.join(repository.path, "refs")):
        for name in names:
            if name.endswith(".lock"):
                remove_file(os.path.join(directory, name))
    own = os.path.join(repository.path, *program.OWN_REFS.split("/"))
    if os.path.isdir(own):
        remove_directory(own)


def scan(path: str) -> list[os.DirEntry[str]]:
    try:
        return list(os.scandir(path))
    except FileNotFoundError:
        return []


def remove_directory(path: str) -> None:
    import shutil  # here, because it loads modules for archives: each push would wait for them

    shutil.rmtree(path, ignore_errors=True)


def remove_file(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


PROGRAMS = ("/usr/local/bin", "/usr/bin", "/bin")


def require_git() -> str:
    """The path of the program."""
    for directory in PROGRAMS:
        if os.access(path := os.path.join(directory, program.GIT), os.X_OK):
            return path
    raise HostError("The program git is not installed", hint="Install it: apt-get install git")
