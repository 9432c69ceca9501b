"""The encrypted values in all state files and their previous generations, and secrets that are not encrypted yet."""

from __future__ import annotations

import importlib
import os
import pkgutil
import re
import sys
from contextlib import suppress
from functools import cache

from dokkupy_sdk import Host
from dokkupy_sdk.errors import DokkupyError
from dokkupy_sdk.names import Sealed, Secret
from dokkupy_sdk.records import Malformed, decode, encode

from dokkupy_secrets.keyring import MARK, parts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

TOKEN = re.compile(r"sealed:([0-9a-f]{8}):[A-Za-z0-9+/]+")
ENDINGS = (".toml", ".toml.previous")
UNDO = ("journal", "backups")
"""Previous contents of files that the undo of an interrupted operation restores."""


def tables(host: Host, top: str = "") -> Iterator[str]:
    """The paths of the state files below a directory of the state, and of their previous generations."""
    for directory, names, files in os.walk(host.path(top)):
        if directory == host.path():
            names[:] = [name for name in names if name in ("apps", "backups", "global", "services")]
        for name in sorted(files):
            if name.endswith(ENDINGS):
                yield os.path.join(directory, name)


def parts_of(host: Host, path: str) -> tuple[str, ...]:
    """The parts of a state file's path; its previous generation has the same."""
    return tuple(os.path.relpath(path, host.root).removesuffix(".previous").removesuffix(".toml").split(os.sep))


def read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return b""


def ids(host: Host) -> set[str]:
    """The ids of the keys that are in use. Raises StateError for a file that cannot be read, because its content is
    unknown."""
    found = {name for path in tables(host) for token in in_file(host, path) for name in id_of(token)}
    return found | undo_ids(host)


def are_used(host: Host) -> bool:
    """Whether any value is encrypted."""
    return any(True for _, table in readable(host) for _ in sealed(table))


def readable(host: Host) -> Iterator[tuple[str, dict[str, Any]]]:
    """The path and the table of each state file, each parsed once. Broken ones are left out: they are reported where the state
    is examined."""
    for path in tables(host):
        try:
            yield path, host.store.decode(parts_of(host, path), read(path))
        except DokkupyError:
            continue


def in_file(host: Host, path: str) -> list[Sealed]:
    """The encrypted values in a file. Raises StateError."""
    text = read(path)
    return list(sealed(host.store.decode(parts_of(host, path), text))) if MARK.encode() in text else []


def undo_ids(host: Host) -> set[str]:
    """The ids of keys in the journals of interrupted operations, whose contents are not rewritten."""
    found: set[str] = set()
    for directory, _, files in os.walk(host.path(*UNDO)):
        for name in files:
            text = read(os.path.join(directory, name)).decode(errors="replace")
            found |= {one[1] for one in TOKEN.finditer(text)}
    return found


def id_of(token: str) -> list[str]:
    name, _ = parts(token)
    return [name] if name else []


def sealed(value: Any) -> Iterator[Sealed]:
    """The encrypted values in a table."""
    if isinstance(value, Sealed):
        yield value
    elif isinstance(value, (dict, list)):
        for one in value.values() if isinstance(value, dict) else value:
            yield from sealed(one)


# secrets that are not encrypted


def plain_files(host: Host) -> list[str]:
    """The files with secrets that are not encrypted."""
    looks = PlainLook(host)
    return [path for path, table in readable(host) if looks.finds(path, table)]


class PlainLook:
    """Looks for secrets in tables that are not encrypted."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self._kinds: list[type] | None = None

    def finds(self, path: str, table: dict[str, Any]) -> bool:
        if self._kinds is None:
            self._kinds = record_kinds(self.host)
        return any(True for _ in plain(typed(self._kinds, parts_of(self.host, path), table)))


def record_kinds(host: Host) -> list[type]:
    """The records of all plugins that are loaded. Slow: it imports all of them."""
    for package in sorted({entry.target.partition(":")[0].partition(".")[0] for entry in host.registry.entries}):
        import_all(package)
    found = {
        kind
        for name, module in list(sys.modules.items())
        if name.startswith("dokkupy")
        for kind in list(vars(module).values())
        if isinstance(kind, type) and "/" in str(getattr(kind, "file", ""))
    }
    return sorted(found, key=lambda kind: (kind.__module__, kind.__qualname__))


@cache
def import_all(package: str) -> None:
    try:
        path = importlib.import_module(package).__path__
    except (ImportError, AttributeError):
        return
    for module in pkgutil.walk_packages(path, f"{package}.", onerror=lambda _: None):
        if not module.name.endswith("__main__") and ".testing" not in module.name:
            with suppress(ImportError):  # a module of an extra that is not installed
                importlib.import_module(module.name)


def typed(kinds: Iterable[type], place: tuple[str, ...], table: dict[str, Any]) -> dict[str, Any]:
    """The table with a Secret for each value that one of its records declares as one."""
    for kind in kinds:
        keys = keys_of(str(getattr(kind, "file", "")), place)
        if keys is None:
            continue
        try:
            given = dict(zip(getattr(kind, "known_by_path", ()), keys, strict=False))
            new = encode(decode(kind, table, given))
        except (Malformed, DokkupyError, TypeError):
            continue  # another record of the same file, or a broken one, which the doctor reports
        if any(True for _ in plain(new)):
            table = {**table, **new}
    return table


def keys_of(pattern: str, place: tuple[str, ...]) -> list[str] | None:
    """The part that the `*` of a record's file matches, if these parts match it."""
    wanted = pattern.split("/")
    if place[0] == "global" and wanted[:2] == ["apps", "*"]:
        wanted = ["global", *wanted[2:]]
    if len(wanted) != len(place) or not all(one in ("*", part) for one, part in zip(wanted, place, strict=True)):
        return None
    return [part for one, part in zip(wanted, place, strict=True) if one == "*"]


def plain(value: Any) -> Iterator[Secret]:
    """The secrets in a table that are not encrypted in their file."""
    if isinstance(value, Secret):
        if value.sealed is None and value.reveal():
            yield value
    elif isinstance(value, (dict, list, tuple)):
        for one in value.values() if isinstance(value, dict) else value:
            yield from plain(one)
