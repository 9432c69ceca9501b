"""Releases: immutable records of everything that decides how an app runs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dokkupy.errors import NotFound
from dokkupy.host import Host
from dokkupy.model.names import AppName, EnvKey, ProcessType
from dokkupy.model.ports import Port, parse_port
from dokkupy.model.release import Instance, Release
from dokkupy.model.secret import Secret
from dokkupy.usecases.release_records import record_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy.transaction import Transaction

KEPT = 10
"""How many releases, the serving one included, keep their record and image (`releases:prune`, property `retention`)."""


def image_name(app: AppName | str, tag: str) -> str:
    """Dokku's name of an app's images; without a tag what they all begin with."""
    return f"dokku/{app}:{tag}"


def release_tag(app: AppName, number: int) -> str:
    return image_name(app, f"r{number}")


def numbers(host: Host, app: AppName) -> list[int]:
    return [int(name) for name in host.store.names("apps", app, "releases") if name.isdigit()]


def next_number(host: Host, app: AppName) -> int:
    return max(numbers(host, app), default=0) + 1


def read_release(host: Host, app: AppName, number: int) -> Release:
    """Raises NotFound when there is no such release (any more)."""
    table = host.store.read(*record_path(app, number))
    if not table:
        known = ", ".join(f"v{n}" for n in numbers(host, app)) or "none"
        raise NotFound(f"App {app} has no release v{number}", hint=f"Kept releases: {known}")
    # A record of an older version has no map of the app's own: the present one shaped its route.
    return from_table(app, {"own_ports": [str(port) for port in own_ports(host, app)], **table})


def own_ports(host: Host, app: AppName) -> tuple[Port, ...]:
    """The port map that somebody set for the app (`ports:set`)."""
    return tuple(parse_port(row) for row in host.store.read("apps", app, "ports").get("map", []))


def releases(host: Host, app: AppName) -> list[Release]:
    """All kept releases, newest first."""
    return [read_release(host, app, number) for number in sorted(numbers(host, app), reverse=True)]


def write_release(tx: Transaction, release: Release) -> None:
    """Keep the record and protect the image by a tag of its own."""
    from dokkupy.kernel.transaction import call

    host, app = tx.host, release.app
    tag = release_tag(app, release.number)
    tx.step("keep the image", lambda: host.images().tag(release.image, tag), undo=call(drop_image, ref=tag))
    tx.write(*record_path(app, release.number), data=to_table(release))


def drop_image(host: Host, ref: str) -> None:
    host.images().remove(ref)


def current(host: Host, app: AppName) -> tuple[Release | None, tuple[Instance, ...]]:
    """The serving release and its instances, as the state says; (None, ()) when the app was never deployed."""
    table = host.store.read("apps", app, "deployment")
    if not table:
        return None, ()
    return read_release(host, app, int(table["release"])), instances_of(app, table)


def instances_of(app: AppName, table: dict[str, Any]) -> tuple[Instance, ...]:
    return tuple(
        Instance(
            app=app,
            process=ProcessType(row["process"]),
            index=int(row["index"]),
            id=row["id"],
            name=row["name"],
            address=row["address"],
            port=int(row["port"]),
            release=int(row["release"]),
            deployment=row["deployment"],
        )
        for row in table.get("instances", [])
    )


def instance_table(instance: Instance) -> dict[str, Any]:
    return {
        "process": str(instance.process),
        "index": instance.index,
        "id": instance.id,
        "name": instance.name,
        "address": instance.address,
        "port": instance.port,
        "release": instance.release,
        "deployment": instance.deployment,
    }


def closed_ports(host: Host, app: AppName) -> frozenset[int]:
    """Container ports of the detected map on which nothing of the serving deployment listens."""
    return frozenset(int(port) for port in host.store.read("apps", app, "deployment").get("closed", []))


def write_deployment(
    tx: Transaction, release: Release, instances: tuple[Instance, ...], closed: frozenset[int] = frozenset()
) -> None:
    """Move the pointer: from here on this is what the app is. closed: see `closed_ports`."""
    tx.write(
        "apps",
        release.app,
        "deployment",
        data={
            "release": release.number,
            "id": tx.id,
            "instances": [instance_table(i) for i in instances],
            "closed": sorted(closed),
        },
    )


def to_table(release: Release) -> dict[str, Any]:
    return {
        "number": release.number,
        "image": release.image,
        "created_at": release.created_at,
        "source": release.source,
        "revision": release.revision,
        "description": release.description,
        "builder": release.builder,
        "env": {str(key): value.reveal() for key, value in release.env.items()},
        "config": {str(key): value.reveal() for key, value in release.config.items()},
        # TOML has no null: a process that runs the image's own command is kept as false.
        "processes": {str(key): False if text is None else text for key, text in release.processes.items()},
        "formation": {str(key): count for key, count in release.formation.items()},
        "own_ports": [str(port) for port in release.own_ports],
        "detected_ports": [str(port) for port in release.detected],
        "options": {phase: list(words) for phase, words in release.options.items()},
        "settings": {plugin: dict(values) for plugin, values in release.settings.items()},
        "files": dict(release.files),
        "plugins": dict(release.plugins),
        "mark": release.mark,
        "kept": {namespace: list(names) for namespace, names in release.kept.items()},
    }


def from_table(app: AppName, table: dict[str, Any]) -> Release:
    return Release(
        app=app,
        number=int(table["number"]),
        image=table["image"],
        created_at=table["created_at"],
        source=table["source"],
        revision=table.get("revision", ""),
        description=table.get("description", ""),
        builder=table.get("builder", ""),
        env={EnvKey(key): Secret(value) for key, value in table.get("env", {}).items()},
        config={EnvKey(key): Secret(value) for key, value in table.get("config", {}).items()},
        processes={
            ProcessType(key): None if value is False else value for key, value in table.get("processes", {}).items()
        },
        formation={ProcessType(key): int(value) for key, value in table.get("formation", {}).items()},
        own_ports=tuple(parse_port(text) for text in table.get("own_ports", [])),
        detected=tuple(parse_port(text) for text in table.get("detected_ports", table.get("ports", []))),
        options={phase: tuple(words) for phase, words in table.get("options", {}).items()},
        settings=table.get("settings", {}),
        files=table.get("files", {}),
        plugins=table.get("plugins", {}),
        mark=table.get("mark", ""),
        kept=table.get("kept", {}),
    )


def same_content(one: Release, other: Release) -> bool:
    """Whether two releases differ in nothing but their number, time and description."""
    neutral = {"number": 0, "created_at": "", "description": "", "source": "", "plugins": {}, "formation": {}}
    neutral |= {"mark": "", "kept": {}}
    return to_table(replace(one, **neutral)) == to_table(replace(other, **neutral))  # type: ignore[arg-type]


def differences(one: Release, other: Release) -> list[tuple[str, str, str]]:
    """(what, before, after) of all that differs; values of the environment are not shown."""
    rows: list[tuple[str, str, str]] = []
    for field in ("image", "revision", "source", "builder"):
        before, after = getattr(one, field), getattr(other, field)
        if before != after:
            rows.append((field, before, after))
    for key in sorted({*one.env, *other.env}):
        old, new = one.env.get(key), other.env.get(key)
        if old != new:
            rows.append(
                (f"env {key}", "set" if old else "unset", "changed" if old and new else "set" if new else "unset")
            )
    for what in ("processes", "formation"):
        old_map, new_map = getattr(one, what), getattr(other, what)
        for key in sorted({*old_map, *new_map}):
            if old_map.get(key) != new_map.get(key):
                rows.append((f"{what} {key}", str(old_map.get(key, "")), str(new_map.get(key, ""))))
    if one.ports != other.ports:
        rows.append(("ports", " ".join(map(str, one.ports)), " ".join(map(str, other.ports))))
    for plugin in sorted({*one.settings, *other.settings}):
        for name in sorted({*one.settings.get(plugin, {}), *other.settings.get(plugin, {})}):
            old_text, new_text = one.setting(plugin, name), other.setting(plugin, name)
            if old_text != new_text:
                rows.append((f"{plugin} {name}", old_text, new_text))
    for name in sorted({*one.files, *other.files}):
        if one.files.get(name) != other.files.get(name):
            rows.append((f"file {name}", "", "changed"))
    for name in sorted({*one.options, *other.options}):
        if one.options.get(name) != other.options.get(name):
            rows.append(
                (f"docker options {name}", " ".join(one.options.get(name, ())), " ".join(other.options.get(name, ())))
            )
    return rows


def remove_release(host: Host, app: AppName, number: int) -> None:
    host.images().remove(release_tag(app, number))
    host.store.delete(*record_path(app, number))


def prune_releases(host: Host, app: AppName, keep: int) -> list[int]:
    """Give back the records and images of all but the newest `keep` releases and the serving one.

    Disk is given back by reference: an image that another release shares keeps that release's tag and stays.
    """
    serving, _ = current(host, app)
    doomed = [n for n in sorted(numbers(host, app))[: -keep or None] if serving is None or n != serving.number]
    for number in doomed:
        host.act(f"remove v{number}", lambda: remove_release(host, app, number))  # noqa: B023
    return doomed
