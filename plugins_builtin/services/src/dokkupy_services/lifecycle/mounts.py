"""Mounts: directories of the host and docker volumes in a service's container, in addition to its data."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Sequence
from functools import partial

from dokkupy_sdk import Host
from dokkupy_sdk.errors import Conflict, NotFound, UserError
from dokkupy_sdk.mount_points import require_mountable
from dokkupy_sdk.operation import Transaction, call, operation
from dokkupy_sdk.values import replace

from dokkupy_services import records
from dokkupy_services.lifecycle import container
from dokkupy_services.model import FILES, Service
from dokkupy_services.names import Mount, ServiceName
from dokkupy_services.role import Datastore


def validated(host: Host, datastore: Datastore, texts: Iterable[str]) -> tuple[str, ...]:
    """The mounts of a service, normalized. Raises UserError, NotFound or Conflict."""
    found: dict[str, Mount] = {}
    for one in map(Mount, texts):
        if any(is_over(one.target, taken) for taken in (datastore.data, FILES) if taken):
            raise Conflict(f"{one.target} has the service's own files", hint="Mount a directory inside of it.")
        if found.setdefault(one.target, one) != one:
            raise Conflict(
                f"Two mounts have the same directory {one.target}",
                code="mount_taken",
                hint="Give each mount its own directory in the container.",
            )
        require_mountable(one.target, one.source)
        require_source(host, one)
    return tuple(map(str, found.values()))


def is_over(target: str, taken: str) -> bool:
    """Whether a mount would hide what is at `taken`. A mount inside the data adds a directory to it, but the files of
    dokkupy are read-only."""
    return target == taken or taken.startswith(target.rstrip("/") + "/") or target.startswith(f"{FILES}/")


def require_source(host: Host, one: Mount) -> None:
    if one.is_path and not os.path.exists(one.source):
        raise NotFound(f"{one.source} is not on this host", hint=f"First: mkdir -p {one.source}", code="no_directory")
    if not one.is_path and one.source in host.volumes().find_all({container.MARK: ""}):
        raise Conflict(
            f"The volume {one.source} has the data of another service, and two servers must not write to it",
            hint="Mount another volume, or a directory of the host.",
        )


def prepare(tx: Transaction, mounts: Sequence[str]) -> None:
    """Create the volumes that do not exist yet. From then on, a missing volume is an error."""
    named = [one.source for one in map(Mount, mounts) if not one.is_path]
    known = tx.host.volumes().find_all({}) if named else []
    for volume in dict.fromkeys(named):
        if volume not in known:
            tx.step(
                f"create the volume {volume}",
                partial(tx.host.volumes().ensure, volume, labels={}),
                undo=call(remove_volume, volume=volume),
            )


def remove_volume(host: Host, *, volume: str) -> None:
    host.volumes().remove(volume)


def mount(
    host: Host, datastore: Datastore, name: ServiceName, added: Sequence[Mount], *, replaces: bool = False
) -> Service:
    """Add mounts to a service, or replace all of them (replaces). If the same source is already mounted at the same
    directory, it gets the new options."""
    kind = datastore.kind
    records.read(host, kind, name)
    with operation(host, f"{kind}:mount", records.subject(kind, name)) as tx:
        service = records.read(host, kind, name)
        kept = [] if replaces else [one for one in map(Mount, service.mounts) if one.place not in places(added)]
        after = replace(service, mounts=validated(host, datastore, [*kept, *added]))
        prepare(tx, after.mounts)
        tx.save(after, kind, name)
    return after


def unmount(host: Host, datastore: Datastore, name: ServiceName, gone: Mount | None) -> Service:
    """Remove one mount, or all. Volumes and directories stay."""
    kind = datastore.kind
    records.read(host, kind, name)
    with operation(host, f"{kind}:unmount", records.subject(kind, name), takes_away=True) as tx:
        service = records.read(host, kind, name)
        kept = [] if gone is None else [one for one in map(Mount, service.mounts) if one.place != gone.place]
        if gone is not None and len(kept) == len(service.mounts):
            raise NotFound(
                f"{gone.source} is not mounted at {gone.target} in {service.subject}",
                code="not_mounted",
                hint=f"List the mounts: {kind}:info {name} --mounts",
            )
        after = replace(service, mounts=tuple(map(str, kept)))
        tx.save(after, kind, name)
    return after


def places(mounts: Iterable[Mount]) -> set[tuple[str, str]]:
    return {one.place for one in mounts}


def missing(service: Service, volumes: Collection[str]) -> list[str]:
    """The missing sources of mounts, which docker would create empty. volumes: all volumes of the engine."""
    every = map(Mount, service.mounts)
    return [one.source for one in every if not (os.path.exists(one.source) if one.is_path else one.source in volumes)]


def with_flags(texts: Sequence[str], *, read_only: bool, options: str, subpath: str, chown: str) -> list[Mount]:
    """The mounts that a command names. Its flags add options to a single mount. Raises UserError."""
    words = [*(["ro"] if read_only else []), *filter(None, options.split(","))]
    words += [f"volume-subpath={subpath}"] if subpath else []
    words += [f"volume-chown={chown}"] if chown else []
    mounts = [Mount(text) for text in texts]
    if not words:
        return mounts
    if len(mounts) != 1 or mounts[0].options:
        raise UserError("The flags --volume-... are for one mount without options; give each mount its own options")
    return [Mount(f"{mounts[0]}:{','.join(words)}")]
