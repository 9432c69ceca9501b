"""Stored targets: URL and credentials in a table, the encryption key in its own file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from urllib.parse import quote

from dokkupy_sdk import Host
from dokkupy_sdk.errors import HostError, NotFound
from dokkupy_sdk.names import Secret
from dokkupy_sdk.records import Record
from dokkupy_sdk.values import dataclass, field

from dokkupy_backups.names import TargetName
from dokkupy_backups.target.location import Location, parse_location


class TargetFile(Record, file="backups/targets/*"):
    """A target; see `Target`."""

    url: str
    host_name: str
    added_at: str = ""
    key_shown: bool = False
    credentials: Mapping[str, Secret] = {}


@dataclass(frozen=True, slots=True)
class Target:
    """host_name: this host's name in the repository, which other hosts may share. key_shown: whether the key has ever been
    printed."""

    name: TargetName
    location: Location
    host_name: str
    credentials: Mapping[str, Secret] = field(default_factory=dict)
    added_at: str = ""
    key_shown: bool = False

    def record(self) -> TargetFile:
        return TargetFile(
            url=self.location.url,
            host_name=self.host_name,
            added_at=self.added_at,
            key_shown=self.key_shown,
            credentials=self.credentials,
        )

    def secrets(self, host: Host) -> list[str]:
        found = [value.reveal() for name, value in self.credentials.items() if name != "region"]
        try:
            found.append(read_key(host, self.name).reveal())
        except HostError:
            pass
        return [one for text in found for one in dict.fromkeys((text, quote(text, safe=""))) if one]


def read_target(host: Host, name: TargetName) -> Target:
    """Raises NotFound."""
    found = host.store.find(TargetFile, name)
    if found is None:
        known = ", ".join(target_names(host)) or "none"
        raise NotFound(f"There is no target {name}", hint=f"Targets: {known}. Add one: dokkupy backups:target-add")
    location = parse_location(found.url)
    return Target(name, location, found.host_name, found.credentials, found.added_at, found.key_shown)


def target_names(host: Host) -> list[TargetName]:
    return [TargetName(name) for name in host.store.names("backups", "targets")]


def choose_target(host: Host, name: TargetName | None) -> Target:
    """The named target, or the only one. Raises UserError if there are several."""
    if name is not None:
        return read_target(host, name)
    known = target_names(host)
    if len(known) == 1:
        return read_target(host, known[0])
    if not known:
        raise NotFound("There is no backup target", hint="dokkupy backups:target-add NAME URL")
    raise NotFound("There is more than one target", hint=f"Name one: --target {' or '.join(known)}")


def key_path(host: Host, name: str) -> str:
    return host.path("backups", "keys", TargetName(name))


def read_key(host: Host, name: str) -> Secret:
    """The encryption key. Raises HostError if it is lost."""
    try:
        with open(key_path(host, name), encoding="utf-8") as file:
            key = file.read().strip()
    except OSError:
        key = ""
    if not key:
        raise HostError(
            f"The encryption key of the target {name} is lost on this host",
            code="key_lost",
            hint=f"Give the saved one: dokkupy backups:target-add {name} URL key=... Without the key, the backups are lost too.",
        )
    return Secret(key)


def nodename() -> str:
    return os.uname().nodename or "host"
