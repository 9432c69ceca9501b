"""What the engine stores on the disk, to whom it belongs, and what can be removed.

An image is a stack of layers, and images share layers: an app's part are the layers that no other app's image has.
BuildKit's cache has no owner: all builds of this engine share it, and removing it costs only time.
"""

from __future__ import annotations

import os
import re
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import partial

from dokkupy_sdk import Host
from dokkupy_sdk.disk import CACHE, DiskUse, Reclaimable
from dokkupy_sdk.errors import HostError
from dokkupy_sdk.files import scratch_directory
from dokkupy_sdk.names import AppName

from dokkupy_docker.engine_api import api

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

APPS, PLATFORM = "dokku/", "dokkupy/"
"""The beginnings of the names of apps' images, and of images that the platform made for itself."""

OTHER = "another's"
DAY = 86400
AGES = (30, 14, 7, 3, 1, 0)
"""Ages in days by which parts of the build cache are offered for removal."""

MINUTES = 600
"""Seconds that the engine may take to compute its disk use."""

MAKES_A_LAYER = re.compile(
    r"(RUN|COPY|ADD|WORKDIR)\b|/bin/sh -c (?!#\(nop\))|/bin/sh -c #\(nop\) +(COPY|ADD|WORKDIR)\b"
)


def root_directory() -> str:
    return str(api.get("/info")["DockerRootDir"])


def everything() -> Any:
    return api.call("GET", "/system/df", timeout=MINUTES)


def owner_of(image: Mapping[str, Any]) -> str:
    """The app, `dokkupy/` for the platform's own, or `another's`. A renamed app's images have its new name, and the label of
    the old one. Pure."""
    tags = image.get("RepoTags") or ()
    for tag in tags:
        if tag.startswith(APPS):
            return str(tag.removeprefix(APPS).partition(":")[0])
    if any(tag.startswith(PLATFORM) for tag in tags):
        return PLATFORM
    return str((image.get("Labels") or {}).get("dokkupy.app") or OTHER)


# sizes


def usage(host: Host, app: AppName | None) -> Iterator[DiskUse]:
    found = everything()
    uses = [
        *of_images(found["Images"] or (), layers_of),
        *of_containers(found["Containers"] or (), log_sizes(host)),
        *of_volumes(found["Volumes"] or ()),
        DiskUse("build cache", sum(one["Size"] for one in found["BuildCache"] or () if not one["Shared"])),
    ]
    yield from (use for use in uses if app is None or use.app == app)


def layers_of(image: str) -> list[tuple[str, int]]:
    """(digest, bytes) of each layer, the lowest first; empty for a removed image."""
    found = api.get(f"/images/{api.quoted(image)}/json")
    history = api.get(f"/images/{api.quoted(image)}/history")
    if found is None or history is None:
        return []
    digests = found["RootFS"].get("Layers") or []
    return list(zip(digests, layer_sizes(history[::-1], len(digests))))


def layer_sizes(history: Iterable[Mapping[str, Any]], count: int) -> list[int]:
    """The sizes of the layers among the steps of an image's history, the first step first. A step without a size has a
    layer only if its instruction can create one; the engine does not report which did. Pure."""
    steps = list(history)
    empty = count - sum(1 for step in steps if step["Size"])
    sizes = []
    for step in steps:
        if step["Size"]:
            sizes.append(int(step["Size"]))
        elif empty > 0 and MAKES_A_LAYER.match(step.get("CreatedBy") or ""):
            sizes.append(0)
            empty -= 1
    return (sizes + [0] * count)[:count]


def of_images(images: Iterable[Mapping[str, Any]], layers: Any) -> Iterator[DiskUse]:
    """The disk use of images. For each app: all layers of its images, and how many of these bytes are shared. For the
    host: the layers that several apps share (counted once) and the platform's own. Pure, except for `layers`."""
    sizes: dict[tuple[str, ...], int] = {}
    owners: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for image in images:
        chain: tuple[str, ...] = ()
        for digest, size in layers(image["Id"]):
            chain = (*chain, digest)
            sizes[chain] = size
            owners[chain].add(owner_of(image))
    for name in sorted({owner for found in owners.values() for owner in found} - {PLATFORM, OTHER}):
        mine = [chain for chain, found in owners.items() if name in found]
        shared = sum(sizes[chain] for chain in mine if len(owners[chain]) > 1)
        yield DiskUse("images", sum(sizes[chain] for chain in mine), app=name, shared=shared)
    foreign = {chain for chain, found in owners.items() if found == {OTHER}}
    common = {chain for chain, found in owners.items() if len(found) > 1 or found == {PLATFORM}}
    yield DiskUse("images", sum(sizes[chain] for chain in common))
    yield DiskUse("other images", sum(sizes[chain] for chain in foreign))


def of_containers(containers: Iterable[Mapping[str, Any]], logs: Mapping[str, int]) -> Iterator[DiskUse]:
    """The disk use of containers: written files and stored output. Pure."""
    for one in containers:
        labels = one.get("Labels") or {}
        app = labels.get("dokkupy.app", "")
        ours = any(key.startswith("dokkupy.") for key in labels)
        yield DiskUse("containers" if ours else "other containers", int(one.get("SizeRw") or 0), app=app)
        yield DiskUse("container logs", logs.get(one["Id"], 0), app=app)


def of_volumes(volumes: Iterable[Mapping[str, Any]]) -> Iterator[DiskUse]:
    """Pure."""
    for one in volumes:
        labels = one.get("Labels") or {}
        ours = any(key.startswith("dokkupy.") for key in labels)
        size = int((one.get("UsageData") or {}).get("Size") or 0)
        yield DiskUse("volumes" if ours else "other volumes", max(0, size), app=labels.get("dokkupy.app", ""))


def log_sizes(host: Host) -> dict[str, int]:
    """Container id -> bytes of its stored output, which only root can see."""
    from dokkupy_sdk.programs import run_program

    if host.dry_run:
        return {}
    script = "du -k /work/*/*-json.log* >/out/sizes 2>/dev/null || true"
    sizes: dict[str, int] = defaultdict(int)
    with scratch_directory(host.path("tmp", "docker-logs")) as scratch:
        mounts = {os.path.join(root_directory(), "containers"): "/work:ro", scratch: "/out"}
        try:
            run_program(host, "dokkupy-log-sizes", script, mounts=mounts, timeout=MINUTES)
        except HostError as error:  # a full disk has no room for a container, and then who fills it matters most
            host.out.warn(f"The stored output of containers is not counted: {error.message}")
            return {}
        with open(os.path.join(scratch, "sizes"), encoding="utf-8") as lines:
            for line in lines:
                size, _, path = line.rstrip("\n").partition("\t")
                sizes[os.path.basename(os.path.dirname(path))] += int(size) << 10
    return sizes


# what can be removed


def offers(host: Host, app: AppName | None) -> Iterator[Reclaimable]:
    found = everything()
    for image, why in garbage(found["Images"] or (), frozenset(map(str, host.store.apps()))):
        owner = owner_of(image)
        if app is None or owner == app:
            yield Reclaimable(
                "image",
                shown_name(image),
                image["Size"] - max(0, image["SharedSize"]),
                why,
                partial(remove_unused, host, image["Id"]),
                app=owner,
                days=(time.time() - image["Created"]) / DAY,
            )
    if app is None:
        yield from cache_parts(found["BuildCache"] or (), time.time())


def shown_name(image: Mapping[str, Any]) -> str:
    """The name of an image without the part that other apps must not know, or the beginning of its id. Pure."""
    name = (image.get("RepoTags") or [""])[0].rpartition("-")[0]
    return str(name or image["Id"].removeprefix("sha256:")[:12])


def garbage(images: Iterable[Mapping[str, Any]], apps: frozenset[str]) -> Iterator[tuple[Mapping[str, Any], str]]:
    """Images of apps that no release, build or container uses, and why. Pure."""
    for image in images:
        if not (image.get("Labels") or {}).get("dokkupy.app") or image["Containers"] > 0:
            continue
        tags = image.get("RepoTags") or ()
        if not tags or list(tags) == ["<none>:<none>"]:
            yield image, "no release and no build uses it"
        elif all(tag.startswith(APPS) and owner_of({"RepoTags": [tag]}) not in apps for tag in tags):
            yield image, f"the app {owner_of(image)} is gone"


def remove_unused(host: Host, identifier: str) -> None:
    """Remove an image if it is still garbage, while no build runs that might give it a name. Raises Busy."""
    from dokkupy_apps.builds.build_slot import between_builds

    with between_builds(host):
        rows = api.get("/images/json", filters={"label": ["dokkupy.app"]}) or ()
        mine = [{**row, "Containers": 0} for row in rows if row["Id"] == identifier]
        for image, _ in garbage(mine, frozenset(map(str, host.store.apps()))):
            tags = [tag for tag in image.get("RepoTags") or () if tag != "<none>:<none>"]
            for name in tags or [identifier]:
                host.images().remove(name)


def cache_parts(records: Iterable[Mapping[str, Any]], now: float) -> Iterator[Reclaimable]:
    """BuildKit's cache by age. Pure, except for the function that removes it."""
    rows = [one for one in records if not one["InUse"] and not one["Shared"]]
    newest: float = float("inf")
    for age in AGES:
        part = [one for one in rows if age <= unused_days(one, now) < newest]
        if part:
            yield Reclaimable(
                "build cache",
                f"unused for {age} days and more" if age else "used today",
                sum(one["Size"] for one in part),
                f"{len(part)} cached build steps only make builds faster",
                partial(prune_cache, age),
                level=CACHE,
                days=float(age),
            )
        newest = age


def unused_days(record: Mapping[str, Any], now: float) -> float:
    """Pure."""
    from calendar import timegm  # takes 4 ms, and each push asks this module for the engine's directory

    stamp = str(record.get("LastUsedAt") or record.get("CreatedAt") or "")[:19]
    try:
        return max(0.0, (now - timegm(time.strptime(stamp, "%Y-%m-%dT%H:%M:%S"))) / DAY)
    except ValueError:
        return 0.0


def prune_cache(days: int) -> None:
    filters = {"until": [f"{days * 24}h"]} if days else {}
    api.call("POST", "/build/prune", timeout=MINUTES, all=1, filters=filters)
