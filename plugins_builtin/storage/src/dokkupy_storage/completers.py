"""Completion of entries, mounts and labels (entry-point group `dokkupy.completers`)."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.completion import Typed
from dokkupy_sdk.names import AppName


def entry_names(host: Host, typed: Typed) -> list[str]:
    """For `storage:undestroy`, those in the trash."""
    from dokkupy_storage.records import entries

    if typed.command.name == "undestroy":
        from dokkupy_storage.entries.changes import destroyed

        return [one.name for one in destroyed(host)]
    return [entry.name for entry in entries(host)]


def mountable(host: Host, typed: Typed) -> list[str]:
    """The entries; to unmount, what the app has mounted."""
    from dokkupy_storage.mounts import render
    from dokkupy_storage.records import entries, mounts_of

    names = {entry.id: entry.name for entry in entries(host)}
    if typed.command.name == "mount":
        return list(names.values())
    mounts = mounts_of(host, AppName(typed.app)) if typed.app else ()
    return [names[one.entry] if one.entry in names else render.colon_form(one) for one in mounts]


def mount_points(host: Host, typed: Typed) -> list[str]:
    """The directories in the app's containers where something is mounted."""
    from dokkupy_storage.records import mounts_of

    return [one.target for one in mounts_of(host, AppName(typed.app))] if typed.app else []


def mount_options(host: Host, typed: Typed) -> list[str]:
    from dokkupy_storage.names import OPTIONS

    return list(OPTIONS)


def owners(host: Host, typed: Typed) -> list[str]:
    """Whom a directory may be given to by name, and `false` for nobody."""
    from dokkupy_storage.directories.directory import OWNERS

    return ["false", *OWNERS]


def label_keys(host: Host, typed: Typed) -> list[str]:
    """The keys of the entry's labels, or of its annotations."""
    from dokkupy_storage.records import find_entry

    entry = find_entry(host, typed.arguments[0]) if typed.arguments else None
    if entry is None:
        return []
    return list(entry.labels if typed.command.name.startswith("labels") else entry.annotations)


def entry_properties(host: Host, typed: Typed) -> list[str]:
    """The properties of an entry; with `--global`, those of all storage."""
    from dokkupy_apps.completers import properties

    from dokkupy_storage.entries.changes import CHANGEABLE

    return properties(host, typed) if typed.is_global else list(CHANGEABLE)
