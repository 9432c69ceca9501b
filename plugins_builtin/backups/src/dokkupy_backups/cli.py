"""`backups:*`: targets, backups, verifications, restores, schedules."""

from __future__ import annotations

from datetime import datetime

from dokkupy_sdk.access import allowed, check_access
from dokkupy_sdk.cli import Annotated, Arg, CommandResult, Group, Host, Opt, confirm
from dokkupy_sdk.cron import Cron
from dokkupy_sdk.errors import NotFound, UserError

from dokkupy_backups.names import BackupId, DataSubset, HostName, IdOrTime, SubjectName, SubjectOrId, TargetName
from dokkupy_backups.target.location import TargetUrl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

group = Group("backups", "Verified backups of services, apps and the host")

Subject = Annotated[SubjectName, Arg("subject", "`host`, `app:NAME` or a service such as `postgres:NAME`")]
MaybeSubject = Annotated[SubjectName | None, Arg("subject")]
Name = Annotated[TargetName, Arg("target")]
ToTarget = Annotated[TargetName | None, Opt("--target", help="Target to use; not needed if there is only one")]
Identifier = Annotated[BackupId, Arg("id")]


def moment_of(text: str) -> datetime:
    """`2026-11-25`, `2026-11-25 03:30` or ISO 8601. Without a zone, it is in the host's time zone."""
    try:
        return datetime.fromisoformat(text).astimezone()
    except ValueError:
        raise UserError(f"{text[:40]!r} is neither a time such as 2026-11-25T03:30 nor the id of a backup") from None


# targets


@group.command("target-add", permission="host:write", mutating=True, secret_args=True)
def target_add(
    host: Host,
    target: Annotated[TargetName, Arg("target", complete=())],
    url: Annotated[TargetUrl, Arg("url")],
    credentials: Annotated[
        list[str], Arg("NAME=VALUE", "Credentials: access-key, secret-key and region, or user and password; key")
    ] = [],  # noqa: B006
    *,
    stdin: Annotated[bool, Opt("--stdin", help="Read NAME=VALUE lines from standard input too")] = False,
    host_key: Annotated[str, Opt("--host-key", help="SSH host key to expect, such as `ssh-ed25519 AAAA...`")] = "",
    host_name: Annotated[HostName | None, Opt("--host-name", help="Name of this host in the repository")] = None,
) -> CommandResult:
    """Add a target for backups: /DIRECTORY, s3:https://HOST/BUCKET, sftp:USER@HOST/PATH or rest:https://HOST/.

    backups:target-add disk /mnt/backups
    """
    from dokkupy_sdk.files import read_input

    from dokkupy_backups import add_remove_target

    words = [*credentials, *(read_input(65536).strip("\n").split("\n") if stdin else ())]
    found, made, count = add_remove_target.add(
        host, target, url, [word for word in words if word], host_key=host_key, host_name=host_name or ""
    )
    if not host.dry_run:
        host.out.section(f"{target} is {'a new repository' if made else f'a repository with {count} backups'}")
        if made or not found.key_shown:
            host.out.warn(f"Save its encryption key elsewhere now: dokkupy backups:target-key {target}")
            host.out.warn("Without the key the backups cannot be restored, and no backup of this host contains it.")
    return CommandResult({"target": target, "url": url, "made": made, "backups": count})


@group.command("target-list", permission="host:read")
def target_list(host: Host) -> CommandResult:
    """List the targets."""
    from dokkupy_backups.record.stored import records
    from dokkupy_backups.record.tables import target_listing
    from dokkupy_backups.schedule.stored import schedules
    from dokkupy_backups.target.stored import read_target, target_names

    rows: list[dict[str, Any]] = []
    for name in target_names(host):
        found = read_target(host, name)
        rows.append(
            {
                "target": str(name),
                "url": found.location.url,
                "kind": found.location.kind,
                "host-name": found.host_name,
                "backups": len(records(host, target=name)),
                "key-shown": found.key_shown,
                "schedules": [str(one.subject) for one in schedules(host) if one.target == name],
            }
        )
    return target_listing(rows)


@group.command("target-check", permission="host:write", mutating=True)
def target_check(host: Host, target: Name) -> CommandResult:
    """Test writing, reading and deleting on a target, and list the backups stored there."""
    from dokkupy_backups import add_remove_target

    count = add_remove_target.check(host, target)
    if not host.dry_run:
        host.out.section(f"{target} works: data was written, read and deleted. It has {count} backups")
    return CommandResult({"target": target, "backups": count})


@group.command("target-key", permission="host:write", mutating=True)
def target_key(host: Host, target: Name) -> CommandResult:
    """Print the encryption key of a target, so that you can store it away from this host."""
    from dokkupy_backups import add_remove_target

    key = add_remove_target.key(host, target).reveal()
    if host.dry_run:
        host.plan.append(f"print the key of {target}, and record that it was shown")
        return CommandResult()
    return CommandResult({"target": target, "key": key}, [key])


@group.command("target-remove", permission="host:write", mutating=True)
def target_remove(
    host: Host,
    target: Name,
    *,
    force: Annotated[bool, Opt("--force", help="Remove it even if it holds the only backups of something")] = False,
) -> CommandResult:
    """Remove a target with its key and credentials; the backups stored there stay."""
    from dokkupy_backups import add_remove_target

    host = host.for_invocation(force=host.force or force)
    add_remove_target.remove(host, target)
    if not host.dry_run:
        host.out.section(f"{target} is removed; its repository is unchanged")
    return CommandResult({"target": target})


# backups


@group.command("create", permission="service:write", mutating=True)
def create(
    host: Host,
    subject: Subject,
    *,
    target: ToTarget = None,
    accept_smaller: Annotated[
        bool, Opt("--accept-smaller", help="Accept a backup that is much smaller than the last one")
    ] = False,
) -> CommandResult:
    """Back up a subject; the command succeeds when the backup was read back and compared.

    backups:create postgres:db
    """
    from dokkupy_backups.run import create as work
    from dokkupy_backups.target.stored import choose_target

    chosen = choose_target(host, target or scheduled_target(host, subject))
    record = work.create(host, subject, chosen, accept_smaller=accept_smaller)
    if record is None:
        return CommandResult()
    host.out.section(f"Backup {record.short} of {subject} is done; to verify it: dokkupy backups:verify {record.short}")
    return CommandResult(record.row())


def scheduled_target(host: Host, subject: SubjectName) -> TargetName | None:
    from dokkupy_backups.schedule.stored import read_schedule

    found = read_schedule(host, subject)
    return found.target if found else None


@group.command("list", permission="service:read")
def list_backups(
    host: Host,
    subject: MaybeSubject = None,
    *,
    target: ToTarget = None,
    refresh: Annotated[
        bool, Opt("--refresh", help="Read the list from the targets, not from this host's records")
    ] = False,
) -> CommandResult:
    """List the backups, newest first."""
    from dokkupy_backups import add_remove_target
    from dokkupy_backups.record.stored import records, usable
    from dokkupy_backups.record.tables import backup_listing
    from dokkupy_backups.target.stored import read_target, target_names

    if refresh:
        check_access(host, "host:read")
        for name in [target] if target else target_names(host):
            add_remove_target.refresh(host, read_target(host, name))
    found = usable(host, "service:read", records(host, subject, target))
    return backup_listing(found)


@group.command("info", permission="service:read")
def show(host: Host, id: Identifier) -> CommandResult:
    """Show the details of a backup."""
    from dokkupy_backups.record.stored import require_record
    from dokkupy_backups.record.tables import detail_lines

    record = require_record(host, id)
    data = {
        **record.row(),
        "sha256": record.sha256,
        "about": dict(record.about),
        "facts-before": dict(record.before),
        "facts-after": dict(record.after),
        "plugins": dict(record.plugins),
        "manifest": record.manifest,
    }
    return CommandResult(data, detail_lines(record, data), header=f"{record.subject} backup {record.short} information")


@group.command("verify", permission="service:write", mutating=True)
def verify(
    host: Host,
    what: Annotated[SubjectOrId, Arg("subject|id")],
    *,
    target: ToTarget = None,
    read_data_subset: Annotated[
        DataSubset | None, Opt("--read-data-subset", noun="PERCENT", help="Part of the data to read, such as 5%")
    ] = None,
) -> CommandResult:
    """Verify a backup: restore it into a temporary copy and compare the content."""
    from dokkupy_backups.record.stored import last, records, require_record, usable
    from dokkupy_backups.run import verify as work

    wanted = what.meant
    if isinstance(wanted, BackupId):
        record = require_record(host, wanted)
    else:
        found = last(usable(host, "service:write", records(host, wanted, target)), lambda one: one.why != "safety")
        if found is None:
            raise NotFound(f"There is no backup of {wanted}", hint=f"dokkupy backups:create {wanted}")
        record = found
    proven = work.verify(host, record, subset=read_data_subset)
    if proven is None:
        return CommandResult()
    host.out.section(f"Backup {proven.short} of {proven.subject} is verified")
    return CommandResult(proven.row())


@group.command("restore", permission="service:write", mutating=True)
def restore(
    host: Host,
    subject: Subject,
    *,
    at: Annotated[
        IdOrTime | None,
        Opt("--at", noun="TIME|ID", help="Id of a backup, or a time: the newest one before it"),
    ] = None,
    to: Annotated[str, Opt("--to", noun="NAME", help="Restore into a new service of this name")] = "",
    target: ToTarget = None,
    no_safety: Annotated[bool, Opt("--no-safety", help="Do not back up the current data first")] = False,
    force: Annotated[bool, Opt("--force", help="Do not ask")] = False,
) -> CommandResult:
    """Restore a backup over its subject, which is backed up first, or with --to as a new one."""
    from dokkupy_backups.run import restore as work

    if to:
        check_access(host, "host:write")  # the new service has no links, so it belongs to no app
    host = host.for_invocation(force=host.force or force)
    record = chosen_record(host, subject, at, target)
    if not to and not work.holds_nothing(host, subject):
        confirm(host, str(subject), f"{subject} (its current content)")
    saved = work.restore(host, subject, record, to=to, safety=not no_safety)
    if not host.dry_run:
        if saved is not None:
            host.out.section(f"The previous content is in the backup {saved.short}")
        host.out.section(f"{subject} is restored{f' as {to}' if to else ''} from {record.short} of {record.started}")
    return CommandResult({"subject": subject, "backup": record.id, "to": to, "safety": saved.id if saved else ""})


def chosen_record(host: Host, subject: SubjectName, at: IdOrTime | None, target: TargetName | None) -> Any:
    from dokkupy_backups.record.stored import choose, records, require_record, usable
    from dokkupy_backups.target.stored import choose_target, nodename

    if at and at.id:
        check_access(host, "service:write", at.id)
        return require_record(host, at.id)
    found = usable(host, "service:write", records(host, subject, target))
    name = choose_target(host, TargetName(found[0].target)).host_name if found else nodename()
    return choose(found, subject, moment_of(at) if at else None, name)


@group.command("delete", permission="host:write", mutating=True)
def delete(
    host: Host,
    id: Identifier,
    *,
    force: Annotated[bool, Opt("--force", help="Delete even the last verified backup")] = False,
) -> CommandResult:
    """Delete one backup; the next prune frees its space."""
    from dokkupy_backups.record.stored import require_record
    from dokkupy_backups.run import retention

    host = host.for_invocation(force=host.force or force)
    record = require_record(host, id)
    retention.delete(host, record)
    return CommandResult({"id": record.id, "subject": str(record.subject)})


@group.command("prune", permission="host:write", mutating=True)
def prune(host: Host, *, target: ToTarget = None) -> CommandResult:
    """Delete backups that no schedule keeps, and free their space; the timer does this daily for targets that schedules use."""
    from dokkupy_backups.run import retention
    from dokkupy_backups.schedule.stored import policies
    from dokkupy_backups.target.stored import read_target, target_names

    gone = []
    for name in [target] if target else target_names(host):
        gone += retention.prune(host, read_target(host, name), policies(host, name))
    lines = [f"-----> Deleted {one.short} of {one.subject}" for one in gone] or [
        "-----> Nothing to delete: all backups are kept"
    ]
    return CommandResult({"forgotten": [one.row() for one in gone]}, lines)


# schedules


@group.command("schedule", permission="host:write", mutating=True)
def schedule(
    host: Host,
    subject: Subject,
    cron: Annotated[Cron, Arg("cron", 'Five fields, such as "30 3 * * *"')],
    *,
    target: ToTarget = None,
    keep_last: Annotated[int, Opt("--keep-last", help="How many backups to keep")] = 0,
    keep_daily: Annotated[int, Opt("--keep-daily", help="For how many days to keep the last of each")] = 0,
    keep_weekly: Annotated[int, Opt("--keep-weekly", help="For how many weeks to keep the last of each")] = 0,
    keep_monthly: Annotated[int, Opt("--keep-monthly", help="For how many months to keep the last of each")] = 0,
    verify: Annotated[
        Cron | None,
        Opt("--verify", noun="SCHEDULE", help="When to verify the newest backup; after each backup if not given"),
    ] = None,
    objective: Annotated[int, Opt("--objective", help="Maximum age in hours of the last verified backup")] = 0,
) -> CommandResult:
    """Back up a subject at these times, verify the backups, and keep the given number.

    backups:schedule postgres:db '30 3 * * *' --keep-daily 7
    """
    from dokkupy_backups.run.retention import Keep
    from dokkupy_backups.schedule.change import make_schedule
    from dokkupy_backups.schedule.due import local_now
    from dokkupy_backups.target.stored import choose_target

    keep = Keep(keep_last, keep_daily, keep_weekly, keep_monthly)
    made = make_schedule(host, subject, cron, choose_target(host, target), keep, verify, objective, local_now())
    if not host.dry_run:
        host.out.section(
            f"{subject} is backed up into {made.target} at {cron}, first at {cron.after(made.since):%Y-%m-%d %H:%M}"
        )
        if not keep.words():
            host.out.detail("All backups are kept; to limit them: --keep-last, --keep-daily, ...")
    return CommandResult(made.row())


@group.command("unschedule", permission="host:write", mutating=True)
def unschedule(host: Host, subject: Subject) -> CommandResult:
    """Remove a subject's schedule; its backups stay."""
    from dokkupy_backups.schedule.change import end

    end(host, subject)
    return CommandResult({"subject": str(subject)})


@group.command("run-due", permission="host:write", mutating=True, hidden=True)
def run_due(host: Host) -> CommandResult:
    """Run the backups and verifications that are due; `tick` starts this."""
    from dokkupy_backups.schedule import due

    if host.dry_run:
        host.plan.extend(due.what_is_due(host, due.local_now()))
        return CommandResult()
    lines = due.run_due(host)
    return CommandResult(lines, [f"-----> {line}" for line in lines])


@group.command("report", permission="service:read")
def report(
    host: Host,
    subject: MaybeSubject = None,
    *,
    verbose: Annotated[bool, Opt("--verbose", help="Also show empty values on a terminal")] = False,
) -> CommandResult:
    """Show how old the last verified backup of each subject is."""
    from dokkupy_backups.doctor import report_rows
    from dokkupy_backups.record.tables import report_lines
    from dokkupy_backups.schedule.due import local_now

    rows = [
        row
        for row in report_rows(host, subject, local_now())
        if allowed(host, "service:read", SubjectName(row["subject"]))
    ]
    if subject is not None and not rows:
        raise NotFound(f"Nothing to back up is called {subject}", hint="Such as postgres:db, app:blog or host.")
    lines: list[str] = []
    for row in rows:
        if not getattr(host.out, "quiet", False):
            lines.append(f"=====> {row['subject']} backups information")
        lines += report_lines(row, whole=verbose)
    return CommandResult(rows if subject is None else rows[0], lines)


@group.command("set", permission="host:write", mutating=True)
def set_property(
    host: Host,
    name: Annotated[str, Arg("property")] = "",
    value: Annotated[str, Arg("value", "New value; without one, the property is unset")] = "",
    *,
    is_global: Annotated[bool, Opt("--global", help="Always so: these properties have no other scope")] = True,
) -> None:
    """Set or unset a property of all backups: smallest-percent, upload-limit, safety-days."""
    from dokkupy_sdk.operation import operation

    from dokkupy_backups.settings import SETTINGS

    if not is_global:
        raise UserError("Backups are set up for the whole host", hint="Leave out --global=false")
    with operation(host, "backups:set", "host", takes_away=not value) as tx:
        SETTINGS.set(tx, None, name, value)
    host.out.header(f"Setting {name} to {value}" if value else f"Unsetting {name}")
