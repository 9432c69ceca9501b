"""Dokku's backup commands of a service (reference, section 6.2). `backups:*` can do more."""

from __future__ import annotations

from dokkupy_sdk.cli import Annotated, Arg, CommandResult, Group, Host, Opt
from dokkupy_sdk.cron import Cron
from dokkupy_sdk.errors import PluginError, UserError
from dokkupy_sdk.names import digits

from dokkupy_services.commands.parameters import Name
from dokkupy_services.commands.parameters import found as datastore_of
from dokkupy_services.names import ServiceName

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_services.backup_role import ServiceBackups

LINES = 100
"""How many lines `backup-logs` prints by default."""

Bucket = Annotated[str, Arg("bucket-name")]
AllDatabases = Annotated[bool, Opt("--all-databases", help="Every database of the server, where a dump has them")]
Iam = Annotated[bool, Opt("--use-iam", "-u", help="Not supported: use an access key and a secret key")]


def backups(host: Host, kind: str, service: ServiceName, *, use_iam: bool = False) -> tuple[ServiceBackups, str]:
    """The adapter that backs up, and the subject. Raises NotFound, PluginError."""
    from dokkupy_services import records
    from dokkupy_services.backup_role import ROLE

    one = records.read(host, kind, service)
    if use_iam:
        raise UserError(
            "The identity of a machine (IAM role) cannot be used for buckets",
            hint=f"{kind}:backup-auth {service} KEY SECRET",
        )
    names = list(host.registry.group(f"dokkupy.{ROLE}"))
    if not names:
        raise PluginError(
            "No plugin backs up services", plugin="backups", hint="dokkupy plugin:install dokkupy-backups"
        )
    found: ServiceBackups = host.role(ROLE, names[0])
    return found, one.subject


def require_all_dumped(host: Host, kind: str, service: ServiceName) -> None:
    """Raise UserError if a backup of this kind of service has one database only."""
    if not datastore_of(host, kind).dumps_all:
        raise UserError(
            f"A backup has the database of {kind}:{service}, which a restore compares; not the server's other databases",
            hint=f"Give each database a service of its own, or: {kind}:export {service} --all-databases > FILE",
            code="one_database",
        )


def add_backups(group: Group, kind: str) -> None:
    @group.command("backup", permission="host:write", mutating=True)
    def backup(
        host: Host,
        service: Name,
        bucket: Bucket,
        *,
        use_iam: Iam = False,
        all_databases: AllDatabases = False,
    ) -> CommandResult:
        """Back up a service to a bucket; backups:create does the same for any target."""
        if all_databases:
            require_all_dumped(host, kind, service)
        found, subject = backups(host, kind, service, use_iam=use_iam)
        return CommandResult({"service": service, "backup": found.backup(subject, bucket)})

    @group.command("backup-auth", permission="host:write", mutating=True, secret_args=1)
    def backup_auth(
        host: Host,
        service: Name,
        key: Annotated[str, Arg("aws-access-key-id")],
        secret: Annotated[str, Arg("aws-secret-access-key")],
        region: Annotated[str, Arg("aws-default-region")] = "",
        signature: Annotated[str, Arg("aws-signature-version", inert="restic always uses signature version 4")] = "",
        endpoint: Annotated[str, Arg("endpoint-url")] = "",
    ) -> CommandResult:
        """Store the credentials for a service's buckets."""
        from dokkupy_sdk.names import Secret

        found, subject = backups(host, kind, service)
        found.authenticate(subject, key, Secret(secret), region, endpoint)
        return CommandResult({"service": service})

    @group.command("backup-deauth", permission="host:write", mutating=True)
    def backup_deauth(host: Host, service: Name) -> CommandResult:
        """Remove the stored credentials."""
        found, subject = backups(host, kind, service)
        found.forget(subject)
        return CommandResult({"service": service})

    @group.command("backup-schedule", permission="host:write", mutating=True)
    def backup_schedule(
        host: Host,
        service: Name,
        schedule: Annotated[Cron, Arg("schedule", '"0 3 * * *"')],
        bucket: Bucket,
        *,
        use_iam: Iam = False,
    ) -> CommandResult:
        """Back up a service at these times; backups:schedule also sets how many are kept."""
        found, subject = backups(host, kind, service, use_iam=use_iam)
        found.schedule(subject, schedule, bucket)
        return CommandResult({"service": service, "schedule": schedule, "bucket": bucket})

    @group.command("backup-schedule-cat", permission="host:read")
    def backup_schedule_cat(host: Host, service: Name) -> CommandResult:
        """Print the schedule as a line of a crontab."""
        found, subject = backups(host, kind, service)
        line = found.scheduled(subject)
        return CommandResult({"service": service, "line": line}, [line])

    @group.command("backup-unschedule", permission="host:write", mutating=True)
    def backup_unschedule(host: Host, service: Name) -> CommandResult:
        """Remove the schedule; the backups stay."""
        found, subject = backups(host, kind, service)
        found.unschedule(subject)
        return CommandResult({"service": service})

    add_logs(group, kind)
    add_encryption(group, kind)


def add_logs(group: Group, kind: str) -> None:
    @group.command("backup-logs", permission="service:read", formats=False)
    def backup_logs(
        host: Host,
        service: Name,
        number: Annotated[str, Arg("lines")] = "",
        *,
        tail: Annotated[bool, Opt("--tail", "-t", help="Follow: print new lines as they arrive")] = False,
    ) -> None:
        """Print how the backups of a service ended, the latest last."""
        from dokkupy_services import records, report

        report.print_backup_logs(host, records.read(host, kind, service), digits(number) or LINES, follow=tail)


def add_encryption(group: Group, kind: str) -> None:
    """Dokku encrypts by GPG on request. Here every backup is encrypted by its target's key."""
    always = "Backups are always encrypted with the key of their target"
    hint = "Save that key: dokkupy backups:target-key TARGET"

    @group.command("backup-set-encryption", permission="host:write", mutating=True, secret_args=1)
    def set_encryption(host: Host, service: Name, passphrase: Annotated[str, Arg("passphrase")] = "") -> CommandResult:
        """Do nothing: backups are always encrypted, by their target's key."""
        if not passphrase:
            raise UserError("Please specify a passphrase")
        backups(host, kind, service)
        host.out.warn(f"{always}; the passphrase is not needed. {hint}")
        return CommandResult({"service": service, "encrypted": True})

    @group.command("backup-unset-encryption", permission="host:write", mutating=True)
    def unset_encryption(host: Host, service: Name) -> CommandResult:
        """Refuse: backups are always encrypted."""
        backups(host, kind, service)
        raise UserError(f"{always}, which cannot be disabled", hint=hint)

    @group.command("backup-set-public-key-encryption", permission="host:write", mutating=True)
    def set_public(host: Host, service: Name, key: Annotated[str, Arg("public-key-id")] = "") -> CommandResult:
        """Refuse: restic has no public keys."""
        backups(host, kind, service)
        raise UserError(f"{always}, not with a public key", hint=hint)

    @group.command("backup-unset-public-key-encryption", permission="host:write", mutating=True)
    def unset_public(host: Host, service: Name) -> CommandResult:
        """Do nothing: there is no public key."""
        backups(host, kind, service)
        host.out.section(f"Nothing to unset: there is no public key. {always}")
        return CommandResult({"service": service, "encrypted": True})
