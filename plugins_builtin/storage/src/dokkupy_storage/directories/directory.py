"""Directories of the host: their path, their owner, and whether one is still the same directory."""

from __future__ import annotations

import os
import secrets
import stat

from dokkupy_sdk import Host
from dokkupy_sdk.errors import HostError, UserError
from dokkupy_sdk.names import digits

OWNERS = {"herokuish": 32767, "heroku": 1000, "paketo": 2000, "root": 0}
"""Name -> the user that images of these builders run as (reference, section 1.31)."""

KEPT = "false"
"""Instead of an owner: the directory keeps its current one."""

MODE = 0o755
"""The mode of a new directory, whatever the caller's umask, because containers run as other users than dokkupy."""

ROOT_SECONDS = 3600


def storage_root(host: Host) -> str:
    """`/var/lib/dokku/data/storage`, as in scripts for Dokku; beside the state directory if that is not the standard
    one."""
    return os.path.join(os.path.dirname(os.path.normpath(host.root)), "dokku", "data", "storage")


def owner_of(text: str) -> int | None:
    """The user's number; None to keep the owner. Raises UserError."""
    if text in OWNERS:
        return OWNERS[text]
    if text == KEPT:
        return None
    number = digits(text)
    if number is not None and number < 2**32 - 1:
        return number
    raise UserError(
        f"Unsupported chown permissions: {text[:40]!r}", hint=f"Use {', '.join(OWNERS)}, false or a user's number"
    )


def name_in_root(host: Host, path: str) -> str:
    """The one component of a path directly below the storage root; else empty. Only such a path cannot be moved from
    inside a container, because deeper ones are in a directory that apps write to."""
    directory, name = os.path.split(path)
    return name if directory == storage_root(host) else ""


def is_below_root(host: Host, path: str) -> bool:
    return path.startswith(storage_root(host) + "/")


def require_real(host: Host, path: str) -> int:
    """The inode of a path. Below the storage root no component may be a symbolic link, because apps write there.

    Raises HostError if the path does not exist, UserError for a link.
    """
    root = storage_root(host)
    missing = HostError(
        f"{path} does not exist, and dokkupy does not mount an empty directory instead",
        hint="Create it (mkdir), attach its disk, or restore its backup. To create a directory in "
        f"{root}: storage:ensure-directory NAME",
        code="no_directory",
    )
    if not is_below_root(host, path):
        try:
            return os.stat(path).st_ino
        except FileNotFoundError:
            raise missing from None
        except OSError as error:
            raise HostError(
                f"{path} cannot be used: {error.strerror}",
                hint="Check the owner and mode of the path, and that its disk is attached.",
            ) from None
    held = -1
    try:
        held = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        for part in path.removeprefix(root + "/").split("/"):
            inner = os.open(part, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=held)
            os.close(held)
            held = inner
            if stat.S_ISLNK(os.fstat(held).st_mode):
                raise UserError(
                    f"{part} in {path} is a symbolic link, which an app may have created",
                    hint="An admin can mount the link's target instead.",
                    code="symbolic_link",
                )
        return os.fstat(held).st_ino
    except FileNotFoundError:
        raise missing from None
    except OSError as error:
        raise HostError(
            f"{path} cannot be used: {error.strerror}",
            hint="Check the owner and mode of the path, and that its disk is attached.",
        ) from None
    finally:
        if held >= 0:
            os.close(held)


def is_empty(path: str) -> bool:
    """Whether it is an empty directory that this user may read."""
    try:
        with os.scandir(path) as found:
            return next(found, None) is None
    except OSError:
        return False


def ensure(host: Host, path: str, *, owner: int | None) -> bool:
    """Create a directory directly in the storage root, unless it exists; returns whether it was created."""
    try:
        os.mkdir(path)
        os.chmod(path, MODE)
        made = True
    except FileExistsError:
        made = False
    except OSError as error:
        raise HostError(f"{path} cannot be created: {error.strerror}", hint="Run as root: dokkupy setup") from None
    require_real(host, path)
    give(host, path, owner=owner)
    return made


def give(host: Host, path: str, *, owner: int | None = None, mode: str = "") -> None:
    """Give a directory and all that is in it to an owner, never through a link; set the mode of the directory itself."""
    steps = ['chown -h -R "$OWNER:$OWNER" /work'] if owner is not None else []
    steps += ['chmod "$MODE" /work'] if mode else []
    if steps:
        as_root(host, "\n".join(steps), path, OWNER=str(owner), MODE=mode)


def mode_of(text: str) -> str:
    """The mode in octal digits. Raises UserError."""
    if not 3 <= len(text) <= 4 or not {*text} <= {*"01234567"}:
        raise UserError(f"{text[:40]!r} is not a mode such as 0755")
    return text


def remove_empty_root(host: Host, *, dry_run: bool) -> list[str]:
    """Remove the storage root and its parents if they are empty; returns what was removed."""
    root = storage_root(host)
    gone: list[str] = []
    for path in (root, os.path.dirname(root), os.path.dirname(os.path.dirname(root))):
        if not os.path.isdir(path) or set(os.listdir(path)) - {os.path.basename(one) for one in gone}:
            break
        if not dry_run:
            os.rmdir(path)
        gone.append(path)
    return [f"remove {path}" for path in gone]


def as_root(host: Host, script: str, directory: str, **env: str) -> tuple[str, ...]:
    """Run a script as root that sees one directory of the host, at `/work`; returns its last lines."""
    from dokkupy_sdk.programs import run_program

    name = f"dokkupy-storage-{secrets.token_hex(4)}"
    code, lines = run_program(host, name, script, mounts={directory: "/work"}, timeout=ROOT_SECONDS, env=env)
    if code:
        raise HostError(
            f"{directory}: {lines[-1] if lines else f'status {code}'}",
            details=lines,
            hint="Correct what this line names, such as a full or read-only disk, then run the command again.",
        )
    return lines
