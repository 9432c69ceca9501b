"""The commands of a datastore (reference, section 6.2), which are the same for all. Imports little, because every command
loads it."""

from __future__ import annotations

from dokkupy_sdk.cli import Group

from dokkupy_services.commands.attach import add_connect, add_enter, add_tunnel
from dokkupy_services.commands.change import add_change
from dokkupy_services.commands.create_destroy import add_create_destroy
from dokkupy_services.commands.inspect import add_inspect
from dokkupy_services.commands.links import add_links
from dokkupy_services.commands.mounts import add_mounts
from dokkupy_services.commands.start_stop import add_start_stop


def datastore_group(
    kind: str, title: str, help: str, *, dumps: bool = True, connects: bool = True, version: str = "VERSION"
) -> Group:
    """The commands of one kind of datastore. title: its usual spelling. dumps, connects: see `Datastore`. version: the tag of
    its image, for the example of an upgrade."""
    group = Group(kind, help)
    add_create_destroy(group, kind, title)
    add_start_stop(group, kind, title)
    add_links(group, kind, title)
    add_inspect(group, kind, title)
    add_change(group, kind, title, version)
    add_mounts(group, kind)
    add_enter(group, kind)
    add_tunnel(group, kind)
    if connects:
        add_connect(group, kind)
    if dumps:
        from dokkupy_services.commands.backups import add_backups
        from dokkupy_services.commands.data import add_data

        add_data(group, kind, title)
        add_backups(group, kind)
    return group
