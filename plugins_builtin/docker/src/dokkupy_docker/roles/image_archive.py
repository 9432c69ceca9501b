"""Convert an archive of images, from `docker save` or a builder of OCI layouts, to one with a single image and without
names.

Formats: https://github.com/moby/docker-image-spec/blob/main/spec.md ("Combined image JSON and filesystem changeset format")
and https://github.com/opencontainers/image-spec/blob/main/image-layout.md. The content is untrusted: only the parts that
the chosen image consists of are passed on, as plain files, and the engine compares each layer with its digest.
"""

from __future__ import annotations

import gzip
import json
import os
import posixpath
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

from dokkupy_apps.releases.app_images import repository_of
from dokkupy_sdk.errors import UserError
from dokkupy_sdk.text import reason_of
from dokkupy_sdk.values import dataclass

MOST_LAYERS = 127
"""The engine's own limit (max depth exceeded)."""

MOST_ENTRIES = 10_000
LARGEST_JSON = 4 << 20
LARGEST_UNPACKED = 32 << 30
"""The largest size of all layers together, unpacked, in bytes."""

PIECE = 1 << 20
BLOCK = tarfile.BLOCKSIZE
MACHINES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm"}
NAMES = ("io.containerd.image.name", "org.opencontainers.image.ref.name")
"""Annotations of an OCI layout that contain the name of an image."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The entries of the archive that an image consists of."""

    config: str
    layers: tuple[str, ...]


def without_names(path: str, wanted: str) -> Iterator[bytes]:
    """The archive for `docker load`: one image, no name. Raises UserError before the first piece for an archive that is
    invalid, too large, or lacks the image."""
    try:
        with tarfile.open(path, "r:") as tar:
            members = listed(tar)
            chosen = choose(tar, members, wanted)
            config = read_json_bytes(tar, members, chosen.config)
            require_fitting(config, chosen)
            require_size(tar, members, chosen)
            names = [f"{number}/layer.tar" for number in range(len(chosen.layers))]
            manifest = json.dumps([{"Config": "config.json", "RepoTags": None, "Layers": names}]).encode()
            yield from small("manifest.json", manifest)
            yield from small("config.json", config)
            for name, source in zip(names, chosen.layers, strict=True):
                yield from entry(name, tar, member_of(members, source))
            yield bytes(2 * BLOCK)
    except (tarfile.TarError, EOFError, zlib.error, OSError, RecursionError) as error:
        raise UserError(
            f"Standard input is not an archive of images: {reason_of(error)}",
            hint="Pass what `docker save IMAGE` writes.",
        ) from None


SAVE_AGAIN = "Save the image again: docker save IMAGE"


def listed(tar: tarfile.TarFile) -> dict[str, tarfile.TarInfo]:
    found: dict[str, tarfile.TarInfo] = {}
    for member in tar:
        found[posixpath.normpath(member.name)] = member
        if len(found) > MOST_ENTRIES:
            raise UserError(f"The archive has more than {MOST_ENTRIES} entries", hint=SAVE_AGAIN)
    return found


def member_of(members: Mapping[str, tarfile.TarInfo], name: str) -> tarfile.TarInfo:
    """The file of this name. The engine's old format has links for layers that occur twice."""
    found = members.get(posixpath.normpath(name))
    if found is not None and (found.issym() or found.islnk()):
        directory = posixpath.dirname(found.name) if found.issym() else ""
        found = members.get(posixpath.normpath(posixpath.join(directory, found.linkname)))
    if found is None or not found.isreg():
        raise UserError(f"The archive has no file {name[:200]!r}, which its manifest names", hint=SAVE_AGAIN)
    return found


def read_json_bytes(tar: tarfile.TarFile, members: Mapping[str, tarfile.TarInfo], name: str) -> bytes:
    member = member_of(members, name)
    file = tar.extractfile(member)
    if file is None or member.size > LARGEST_JSON:
        raise UserError(
            f"The file {name[:200]!r} of the archive is larger than {LARGEST_JSON >> 20} MiB", hint=SAVE_AGAIN
        )
    return file.read()


def read_json(tar: tarfile.TarFile, members: Mapping[str, tarfile.TarInfo], name: str, kind: type) -> Any:
    try:
        found = json.loads(read_json_bytes(tar, members, name))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, kind):
        raise UserError(f"The file {name[:200]!r} of the archive is invalid", hint=SAVE_AGAIN)
    return found


def choose(tar: tarfile.TarFile, members: Mapping[str, tarfile.TarInfo], wanted: str) -> Chosen:
    if "manifest.json" in members:
        rows = [row for row in read_json(tar, members, "manifest.json", list) if isinstance(row, dict)]
        row = named({index: row.get("RepoTags") or () for index, row in enumerate(rows)}, wanted)
        return parts(rows[row].get("Config"), rows[row].get("Layers"))
    if "index.json" in members:
        rows = manifests(read_json(tar, members, "index.json", dict))
        names = {
            index: tuple((row.get("annotations") or {}).get(one) for one in NAMES) for index, row in enumerate(rows)
        }
        return of_layout(tar, members, rows[named(names, wanted)])
    raise UserError(
        "Standard input is not an archive of images: it has no manifest.json and no index.json",
        hint="Pass what `docker save IMAGE` writes.",
    )


def named(names: Mapping[int, Any], wanted: str) -> int:
    """The number of the wanted image. An archive with one image that has no name, or only a tag, has that one."""
    texts = {
        index: [text for text in found if isinstance(text, str)] if isinstance(found, (list, tuple)) else []
        for index, found in names.items()
    }
    for index, found in texts.items():
        if any(same(text, wanted) for text in found):
            return index
    if len(texts) == 1 and not any("/" in text or ":" in text for text in texts[0]):
        return 0
    known = ", ".join(text[:120] for found in texts.values() for text in found) or "none that has a name"
    raise UserError(
        f"The archive has no image {wanted}",
        details=(f"It has: {known}",),
        hint="Name the image as it was given to `docker save`.",
    )


def same(one: str, other: str) -> bool:
    return (repository_of(one), tag_of(one)) == (repository_of(other), tag_of(other))


def tag_of(ref: str) -> str:
    return ref.partition("@")[0].rpartition("/")[2].partition(":")[2] or "latest"


def manifests(index: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = index.get("manifests")
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def of_layout(tar: tarfile.TarFile, members: Mapping[str, tarfile.TarInfo], row: Mapping[str, Any]) -> Chosen:
    """The image that a row of `index.json` refers to: a manifest, or an index of one for each kind of machine."""
    table = read_json(tar, members, blob(row.get("digest")), dict)
    if "manifests" in table:
        machine = MACHINES.get(os.uname().machine, os.uname().machine)
        fitting = [
            one
            for one in manifests(table)
            if (one.get("platform") or {}).get("os") == "linux" and one["platform"].get("architecture") == machine
        ]
        if not fitting:
            raise UserError(
                f"The archive has no image for this host's architecture ({machine})",
                hint=f"Build it for this host: docker build --platform linux/{machine} .",
            )
        table = read_json(tar, members, blob(fitting[0].get("digest")), dict)
    layers = table.get("layers")
    return parts(
        blob((table.get("config") or {}).get("digest")),
        [blob(one.get("digest")) for one in layers if isinstance(one, dict)] if isinstance(layers, list) else None,
    )


def blob(digest: object) -> str:
    kind, _, text = str(digest).partition(":")
    if not kind.isalnum() or not text.isalnum():
        raise UserError("A digest in the archive is invalid", hint=SAVE_AGAIN)
    return f"blobs/{kind}/{text}"


def parts(config: object, layers: object) -> Chosen:
    if not isinstance(config, str) or not isinstance(layers, list) or not all(isinstance(one, str) for one in layers):
        raise UserError("The manifest of the archive does not list the layers of its image", hint=SAVE_AGAIN)
    if len(layers) > MOST_LAYERS:
        raise UserError(
            f"The image has {len(layers)} layers, more than {MOST_LAYERS}",
            hint="Combine instructions of its Dockerfile: each RUN, COPY and ADD makes a layer.",
        )
    return Chosen(config, tuple(layers))


def require_fitting(config: bytes, chosen: Chosen) -> None:
    try:
        digests = json.loads(config)["rootfs"]["diff_ids"]
    except (ValueError, KeyError, TypeError, RecursionError):
        digests = None
    if not isinstance(digests, list) or len(digests) != len(chosen.layers):
        raise UserError(
            "The archive's image has a different number of layers than its configuration says", hint=SAVE_AGAIN
        )


def require_size(tar: tarfile.TarFile, members: Mapping[str, tarfile.TarInfo], chosen: Chosen) -> None:
    """A layer may be compressed: its uncompressed size counts."""
    left = LARGEST_UNPACKED
    for name in chosen.layers:
        member = member_of(members, name)
        file = tar.extractfile(member)
        assert file is not None
        head = file.read(4)
        file.seek(0)
        if head == b"\x28\xb5\x2f\xfd":
            raise UserError(
                "A layer of the image is compressed with zstd", hint="Save it uncompressed, or compressed with gzip."
            )
        if head[:2] == b"\x1f\x8b":
            with gzip.open(file) as unpacked:
                while left >= 0 and (piece := unpacked.read(PIECE)):
                    left -= len(piece)
        else:
            left -= member.size
        if left < 0:
            raise UserError(
                f"The image has more than {LARGEST_UNPACKED >> 30} GiB",
                hint="Make it smaller, for example with a build in several stages.",
            )


def small(name: str, data: bytes) -> Iterator[bytes]:
    yield header(name, len(data))
    yield data + bytes(-len(data) % BLOCK)


def entry(name: str, tar: tarfile.TarFile, member: tarfile.TarInfo) -> Iterator[bytes]:
    file = tar.extractfile(member)
    assert file is not None
    yield header(name, member.size)
    left = member.size
    while piece := file.read(min(PIECE, left)) if left else b"":
        left -= len(piece)
        yield piece
    yield bytes(-member.size % BLOCK)


def header(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size = size
    return info.tobuf()
