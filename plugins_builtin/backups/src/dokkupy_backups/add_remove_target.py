"""Adds, checks and removes targets, and shows their keys."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from datetime import UTC, datetime

from dokkupy_sdk import Host
from dokkupy_sdk.errors import Conflict, HostError, UserError
from dokkupy_sdk.files import make_directory, write_atomic
from dokkupy_sdk.names import Secret
from dokkupy_sdk.operation import Transaction, call, operation
from dokkupy_sdk.values import replace

from dokkupy_backups.names import TargetName
from dokkupy_backups.record.manifest import stamp
from dokkupy_backups.record.stored import BackupFile, InterruptedFile, follow, records
from dokkupy_backups.repository.restic import Repository
from dokkupy_backups.run.exclusive import working
from dokkupy_backups.schedule.due import PrunedFile
from dokkupy_backups.schedule.stored import schedules
from dokkupy_backups.target import ssh
from dokkupy_backups.target.location import parse_credentials, parse_location, refuse_forbidden
from dokkupy_backups.target.stored import Target, TargetFile, key_path, nodename, read_key, read_target

PROBE = "probe"
PROBE_BYTES = 4096


def add(
    host: Host, name: TargetName, url: str, words: list[str], *, host_key: str = "", host_name: str = ""
) -> tuple[Target, bool, int]:
    """Add a target, or give an existing one its credentials, key or host key again.

    Returns (target, whether the repository was made now, number of backups in it). The key is on the disk before the
    repository exists, and stays there when something fails: a repository whose key nobody has is never made.
    """
    location = parse_location(url)
    refuse_forbidden(location)
    if location.kind == "directory" and (location.path + "/").startswith(host.root + "/"):
        raise UserError(
            f"{location.path} is inside dokkupy's state, which is itself in backups",
            hint=f"Choose a directory outside of {host.root}.",
        )
    before = host.store.find(TargetFile, name)
    if before is not None and before.url != url:
        raise Conflict(
            f"The target {name} exists already: {before.url}",
            hint="Choose another name, or remove that target: dokkupy backups:target-remove {name}",
        )
    kept = before.credentials if before is not None else {}
    credentials, key = parse_credentials(location, words, kept)
    host_name = host_name or (before.host_name if before is not None else nodename())
    # Who gives the key has it.
    shown = key is not None or (before is not None and before.key_shown)
    target = Target(name, location, host_name, credentials, stamp(datetime.now(UTC)), shown)
    with operation(host, "backups:target-add", f"backup-target:{name}") as tx:
        if host.dry_run:
            tx.describe_plan(f"open the repository at {url}, or create it", "write, read and delete a probe")
            tx.save(target.record(), name)
            return target, False, 0
        if location.kind == "sftp":
            ssh.ensure_key(host, name)
            host.out.detail(f"SSH host key of {location.host}: {ssh.pin(host, name, location, host_key)}")
        ensure_key(host, tx, name, key)
        repository = Repository(host, target)
        made = open_or_make(tx, repository, given=key is not None or before is not None)
        tx.step("probe", lambda: probe(repository))
        tx.save(target.record(), name)
        tx.commit()
        follow(host, repository, repository.snapshots())
    return target, made, len(records(host, target=name))


def ensure_key(host: Host, tx: Transaction, name: TargetName, given: Secret | None) -> None:
    """The key that opens the repository or creates it: the given one, the existing one, or a new one."""
    path = key_path(host, name)
    if given is None and os.path.exists(path):
        return
    old = ""
    with suppress(HostError):
        old = read_key(host, name).reveal()
    key = given.reveal() if given is not None else secrets.token_urlsafe(32)
    if old and old != key:
        # A wrong key must not replace the right one.
        os.replace(path, path + ".before")
        tx.register_undo("keep the previous key", call(restore_key, name=str(name)))
    make_directory(os.path.dirname(path))
    write_atomic(path, key.encode() + b"\n")


def restore_key(host: Host, *, name: str) -> None:
    path = key_path(host, name)
    if os.path.exists(path + ".before"):
        os.replace(path + ".before", path)


def open_or_make(tx: Transaction, repository: Repository, *, given: bool) -> bool:
    """Create the repository unless it exists. Returns whether it was created. Raises HostError if the key does not open
    an existing one."""
    name = repository.target.name
    try:
        if repository.exists():
            return False
    except HostError as error:
        if error.code == "wrong_key" and not given:
            raise Conflict(
                f"The repository at {repository.target.location.url} exists already, with its own key",
                hint=f"Give its key: dokkupy backups:target-add {name} {repository.target.location.url} key=...",
            ) from error
        raise
    repository.host.out.section(f"Creating a repository at {repository.target.location.url}")
    tx.step("create the repository", repository.init)
    return True


def probe(repository: Repository) -> None:
    """Test writing, reading and deleting, because a missing permission would otherwise show only in an emergency."""
    sent = secrets.token_bytes(PROBE_BYTES)
    identifier = repository.store(PROBE, ["probe"], lambda write: write(sent))
    got = b"".join(repository.pieces(identifier, PROBE))
    repository.forget([identifier])
    if got != sent:
        raise HostError(
            f"The target {repository.target.name} did not return the data that was written to it",
            code="damaged",
            hint="Do not store backups there. Check its disk or bucket, or add another target: dokkupy backups:target-add NAME URL",
        )


def check(host: Host, name: TargetName) -> int:
    """Open the repository, test it, and read its list of backups. Returns their number."""
    target = read_target(host, name)
    read_key(host, name)
    with working(host, "backups:target-check", target) as (tx, repository):
        if host.dry_run:
            tx.describe_plan(f"write, read and delete a probe on {name}")
            return 0
        repository.run(["cat", "config", "--no-lock"])
        tx.step("probe", lambda: probe(repository))
        follow(host, repository, repository.snapshots())
        tx.commit()
    return len(records(host, target=name))


def refresh(host: Host, target: Target) -> None:
    """Make the host's records match the repository."""
    with working(host, "backups:list", target) as (_, repository):
        if not host.dry_run:
            follow(host, repository, repository.snapshots())


def remove(host: Host, name: TargetName) -> None:
    """Remove a target. If its repository contains backups, `--force` is required, because the key is removed too. Nothing
    in the repository is deleted."""
    read_target(host, name)
    users = [str(one.subject) for one in schedules(host) if one.target == name]
    if users:
        raise Conflict(
            f"The target {name} is used by the schedules of {', '.join(users)}",
            hint="Give the schedules another target, or remove them: dokkupy backups:unschedule SUBJECT",
        )
    held = records(host, target=name)
    elsewhere = {(one.subject, one.host_name) for one in records(host) if one.target != name}
    only = sorted({str(one.subject) for one in held if (one.subject, one.host_name) not in elsewhere})
    if only and not host.force:
        raise Conflict(
            f"The target {name} holds the only backups of {', '.join(only)}",
            hint="Make other backups first, or use --force: the repository stays, and can only be read with its key.",
        )
    with operation(host, "backups:target-remove", f"backup-target:{name}", takes_away=True) as tx:
        for one in held:
            tx.remove(BackupFile, one.id)
        tx.remove(TargetFile, name)
        tx.commit((call(forget_files, name=str(name)),))


def forget_files(host: Host, *, name: str) -> None:
    import shutil

    for path in (key_path(host, name), key_path(host, name) + ".before"):
        with suppress(FileNotFoundError):
            os.unlink(path)
    shutil.rmtree(ssh.directory(host, name), ignore_errors=True)
    host.store.remove(PrunedFile, name)
    host.store.remove(InterruptedFile, name)


def key(host: Host, name: TargetName) -> Secret:
    """The encryption key, which an admin should store elsewhere. Records that it was shown."""
    target = read_target(host, name)
    found = read_key(host, name)
    if not target.key_shown and not host.dry_run:
        with operation(host, "backups:target-key", f"backup-target:{name}") as tx:
            tx.save(replace(target, key_shown=True).record(), name)
    return found
