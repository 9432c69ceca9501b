"""The subjects that plugins offer."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.errors import NotFound, PluginError
from dokkupy_sdk.roles import BackupSubject

from dokkupy_backups import hookspecs
from dokkupy_backups.names import SubjectName


def subjects(host: Host) -> dict[SubjectName, BackupSubject]:
    """Name -> subject, sorted. Raises PluginError if two plugins offer the same name."""
    found: dict[SubjectName, tuple[str, BackupSubject]] = {}
    for plugin, subject in host.hooks.gather(hookspecs.backup_subjects, host=host):
        name = SubjectName(subject.name)
        if name in found:
            raise PluginError(
                f"The plugins {found[name][0]} and {plugin} both offer a backup of {name}",
                plugin=plugin,
                hint="Disable one of them: dokkupy plugin:disable NAME",
            )
        found[name] = (plugin, subject)
    return {name: found[name][1] for name in sorted(found)}


def require_subject(host: Host, name: SubjectName) -> BackupSubject:
    found = subjects(host)
    if name in found:
        return found[name]
    known = ", ".join(found) or "none"
    raise NotFound(f"No service, app or host to back up is called {name}", hint=f"Known: {known}")


def restorable(host: Host, name: SubjectName) -> BackupSubject:
    """An existing subject, or a service of a known kind that is gone, because it can be restored from its backups."""
    found = subjects(host)
    kind, _, own = name.partition(":")
    if name in found or not own or host.registry.find("dokkupy.datastore", kind) is None:
        return require_subject(host, name)
    from dokkupy_services.data.subject import ServiceSubject

    return ServiceSubject(host, kind, own)


def plugins(host: Host) -> dict[str, str]:
    """Distribution -> version of each installed plugin."""
    return {entry.distribution: entry.version for entry in host.registry.entries}
