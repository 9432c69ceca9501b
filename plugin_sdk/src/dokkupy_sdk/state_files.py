"""The files of the state as a whole, for repairs, checks and inventories."""

from __future__ import annotations

import os

from dokkupy.errors import StateError
from dokkupy.kernel.store import parse, previous_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy.kernel.store import Store, Table


def state_files(store: Store, *tops: str) -> list[str]:
    """The paths of all tables below these directories, sorted, including lost ones."""
    found = []
    for top in tops:
        for directory, _, names in os.walk(os.path.join(store.root, top)):
            tables = {name.removesuffix(".previous") for name in names if name.endswith((".toml", ".toml.previous"))}
            found += [os.path.join(directory, name) for name in tables]
    return sorted(found)


def previous_generation(path: str) -> Table:
    """The table before the last change; empty if there was none or if it cannot be read either."""
    try:
        with open(previous_of(path), "rb") as file:
            return parse(previous_of(path), file.read())
    except (OSError, StateError):
        return {}


def services(store: Store) -> list[str]:
    """`kind:name` of the services that have a record, even a broken one. A destroyed service may leave a directory."""
    return [
        f"{kind}:{one}"
        for kind in store.names("services")
        for one in store.names("services", kind)
        if os.path.exists(store.path("services", kind, one, "service"))
    ]
