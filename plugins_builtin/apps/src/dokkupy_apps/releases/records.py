"""Releases: immutable records of everything that decides how an app runs."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.errors import Conflict, NotFound, StateError
from dokkupy_sdk.names import AppName
from dokkupy_sdk.ports import Port
from dokkupy_sdk.records import decode, encode, fields_of
from dokkupy_sdk.state import InstanceRow, PortsFile, ServingFile

from dokkupy_apps.releases.private_names import private_part
from dokkupy_apps.releases.serving import release_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from dokkupy_sdk.model import Instance, Release
    from dokkupy_sdk.operation import Transaction


REPOSITORY = "dokku/{}:"
"""The beginning of the names of an app's images, as in Dokku."""


def image_name(host: Host, app: AppName, tag: str) -> str:
    return f"{REPOSITORY.format(app)}{tag}-{private_part(host.store, app).reveal()}"


def release_tag(host: Host, app: AppName, number: int) -> str:
    return image_name(host, app, f"r{number}")


def numbers(host: Host, app: AppName) -> list[int]:
    return [int(name) for name in host.store.names("apps", app, "releases") if name.isdigit()]


def next_number(host: Host, app: AppName) -> int:
    return max(numbers(host, app), default=0) + 1


def next_release(host: Host, release: Release, description: str, **changes: Any) -> Release:
    """The app's next release: a copy of this one with the changes, made now by the caller."""
    from dokkupy_sdk.events import stamp
    from dokkupy_sdk.values import replace

    number = next_number(host, release.app)
    return replace(release, number=number, created_at=stamp(), by=host.who, description=description, **changes)


def read_release(host: Host, app: AppName, number: int) -> Release:
    """A release of the app. Raises NotFound if it does not exist (any more)."""
    from dokkupy_sdk.model import Release

    found = host.store.find(Release, app, release_key(number))
    if found is None:
        known = ", ".join(f"v{n}" for n in numbers(host, app)) or "none"
        raise NotFound(f"App {app} has no release v{number}", hint=f"Kept releases: {known}")
    return found


def own_ports(host: Host, app: AppName) -> tuple[Port, ...]:
    """The port map that somebody set for the app (`ports:set`)."""
    return tuple(Port.from_text(row) for row in host.store.load(PortsFile, app).map)


def releases(host: Host, app: AppName) -> list[Release]:
    """All kept releases, newest first."""
    return [read_release(host, app, number) for number in sorted(numbers(host, app), reverse=True)]


def write_release(tx: Transaction, release: Release, *, is_tagged: bool = False) -> None:
    """Write the record, and give the image the release's own tag, so that it is not removed. is_tagged: it has the tag,
    because it was built with it."""
    from dokkupy_sdk.operation import call

    host, app = tx.host, release.app
    tag = release_tag(host, app, release.number)
    if not is_tagged:
        tx.step(
            "keep the image",
            lambda: host.images().tag(release.image, tag),
            undo=call(drop_image, ref=tag),
            is_detail=True,
        )
    tx.describe_plan(f"create release v{release.number}: {release.description}")
    tx.save(release, app, release_key(release.number))


def drop_image(host: Host, *, ref: str) -> None:
    host.images().remove(ref)


def current(host: Host, app: AppName) -> tuple[Release | None, tuple[Instance, ...]]:
    """The serving release and its instances, from the state; (None, ()) when the app was never deployed."""
    serving = host.store.find(ServingFile, app)
    if serving is None:
        return None, ()
    return read_release(host, app, serving.release), instances_of(app, serving.instances)


def require_deployed(host: Host, app: AppName) -> Release:
    host.store.require_app(app)
    release, _ = current(host, app)
    if release is None:
        raise Conflict(f"App {app} has not been deployed", code="not_deployed")
    return release


def require_pointer(host: Host, app: AppName) -> None:
    """Raises StateError if an app has releases but no record of the one that serves, because its containers may still
    run."""
    known = numbers(host, app)
    if known and not host.store.has_file("apps", app, "deployment"):
        raise StateError(
            f"{host.store.path('apps', app, 'deployment')} is missing, although the app {app} has releases",
            hint=f"Deploy it again by git push, or: releases:rollback {app} v{max(known)}",
        )


def instances_of(app: AppName, rows: Iterable[InstanceRow]) -> tuple[Instance, ...]:
    from dokkupy_sdk.model import Instance

    return tuple(Instance(app=app, **{name: getattr(row, name) for name in fields_of(InstanceRow)}) for row in rows)


def as_tables(instances: Iterable[Instance]) -> list[dict[str, Any]]:
    """The instances as tables, because entries of a journal are plain data."""
    return [encode(one) for one in instances]


def from_tables(app: AppName, tables: Iterable[dict[str, Any]]) -> tuple[Instance, ...]:
    from dokkupy_sdk.model import Instance

    return tuple(decode(Instance, table, {"app": app}) for table in tables)


def closed_ports(host: Host, app: AppName) -> frozenset[int]:
    """Container ports of the detected map on which no instance of the serving deployment listens."""
    serving = host.store.find(ServingFile, app)
    return serving.closed if serving is not None else frozenset()


def write_deployment(
    tx: Transaction, release: Release, instances: tuple[Instance, ...], closed: frozenset[int] = frozenset()
) -> None:
    """Record which release serves and by which instances. closed: see `closed_ports`."""
    from dokkupy_apps.desired.formation import source_formation

    fixed = bool(source_formation(tx.host, release.app, release))
    serving = ServingFile(release=release.number, id=tx.id, instances=instances, closed=closed, fixed=fixed)
    tx.save(serving, release.app)


def same_content(one: Release, other: Release) -> bool:
    """Whether two releases have the same content: they differ at most in number, time, author and description."""
    from dokkupy_sdk.values import replace

    neutral = {"number": 0, "created_at": "", "description": "", "by": "", "source": "", "plugins": {}, "formation": {}}
    neutral |= {"mark": "", "kept": {}}
    return replace(one, **neutral) == replace(other, **neutral)  # type: ignore[arg-type]


def remove_release(host: Host, app: AppName, number: int) -> None:
    from dokkupy_sdk.model import Release

    host.images().remove(release_tag(host, app, number))
    host.store.remove(Release, app, release_key(number))


def prune_releases(host: Host, app: AppName, keep: int) -> list[int]:
    """Remove the records and images of all releases but the newest `keep` and the serving one.

    An image that another release also uses stays, because it has that release's tag.
    """
    serving, _ = current(host, app)
    doomed = [n for n in sorted(numbers(host, app))[: -keep or None] if serving is None or n != serving.number]
    for number in doomed:
        host.act(f"remove v{number}", lambda: remove_release(host, app, number))  # noqa: B023
    return doomed
