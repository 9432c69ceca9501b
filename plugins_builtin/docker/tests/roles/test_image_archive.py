"""Archives of images: read as untrusted files, and loaded by the real engine without a name."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import subprocess
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from dokkupy_docker.roles import image_archive
from dokkupy_docker.roles.image_archive import without_names
from dokkupy_sdk import Host
from dokkupy_sdk.errors import UserError

LAYER = b"layer" * 300


def tar_of(files: Mapping[str, bytes | tuple[bytes, str]]) -> bytes:
    """files: name -> content, or (type, target) of a link."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            if isinstance(content, tuple):
                member.type, member.linkname = content
                tar.addfile(member)
            else:
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    return data.getvalue()


def config(layers: int = 1) -> bytes:
    return json.dumps({"os": "linux", "rootfs": {"type": "layers", "diff_ids": ["sha256:00"] * layers}}).encode()


def saved(names: object = ("mine:1",), **more: bytes | tuple[bytes, str]) -> dict[str, bytes | tuple[bytes, str]]:
    row = {"Config": "c.json", "RepoTags": names, "Layers": ["a/layer.tar"]}
    return {
        "manifest.json": json.dumps([row]).encode(),
        "repositories": b'{"mine":{"1":"x"}}',
        "c.json": config(),
        "a/layer.tar": LAYER,
        **more,
    }


def layout(annotations: Mapping[str, str] = {}, machine: str = "") -> dict[str, bytes]:  # noqa: B006 - never changed
    blobs: dict[str, bytes] = {}

    def put(content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        blobs[f"blobs/sha256/{digest}"] = content
        return f"sha256:{digest}"

    manifest = {"config": {"digest": put(config())}, "layers": [{"digest": put(LAYER)}]}
    digest = put(json.dumps(manifest).encode())
    if machine:
        rows = [{"digest": digest, "platform": {"os": "linux", "architecture": machine}}]
        digest = put(json.dumps({"manifests": rows}).encode())
    index = {"manifests": [{"digest": digest, "annotations": dict(annotations)}]}
    return {"oci-layout": b"{}", "index.json": json.dumps(index).encode(), **blobs}


def made(tmp_path: Path, files: Mapping[str, bytes | tuple[bytes, str]], wanted: str = "mine:1") -> dict[str, bytes]:
    path = tmp_path / "archive.tar"
    path.write_bytes(tar_of(files))
    data = io.BytesIO(b"".join(without_names(str(path), wanted)))
    with tarfile.open(fileobj=data) as tar:
        assert all(member.isreg() for member in tar)
        return {member.name: tar.extractfile(member).read() for member in tar.getmembers()}  # type: ignore[union-attr]


@pytest.mark.unit
@pytest.mark.parametrize(
    "files",
    [
        saved(),
        saved(None),
        saved(["docker.io/library/mine:1", "dokkupy/host-programs:1", "python:3.13-slim"]),
        saved(**{"b/layer.tar": LAYER, "a/layer.tar": (tarfile.SYMTYPE, "../b/layer.tar")}),
        layout(),
        layout({"io.containerd.image.name": "docker.io/library/mine:1"}),
        layout({"org.opencontainers.image.ref.name": "1"}),
        layout(machine=image_archive.MACHINES.get(image_archive.os.uname().machine, "?")),
    ],
)
def test_an_archive_becomes_one_image_without_a_name(
    tmp_path: Path, files: dict[str, bytes | tuple[bytes, str]]
) -> None:
    found = made(tmp_path, files)
    assert set(found) == {"manifest.json", "config.json", "0/layer.tar"}
    rows = json.loads(found["manifest.json"])
    assert rows == [{"Config": "config.json", "RepoTags": None, "Layers": ["0/layer.tar"]}]
    assert found["0/layer.tar"] == LAYER


BAD: dict[str, tuple[dict[str, bytes | tuple[bytes, str]], str]] = {
    "no manifest": ({"a": b"x"}, "no manifest.json"),
    "another name": (saved(["other:1", "dokku/b:r1"]), "no image mine:1"),
    "not JSON": (saved(**{"manifest.json": b"{"}), "of the archive is invalid"),
    "deep JSON": (saved(**{"manifest.json": b"[" * 100_000}), "of the archive is invalid"),
    "large JSON": (saved(**{"c.json": b" " * ((4 << 20) + 1)}), "larger than 4 MiB"),
    "a layer outside": (saved(**{"a/layer.tar": (tarfile.SYMTYPE, "/etc/shadow")}), "has no file"),
    "a device": (saved(**{"a/layer.tar": (tarfile.CHRTYPE, "")}), "has no file"),
    "a link to itself": (saved(**{"a/layer.tar": (tarfile.SYMTYPE, "layer.tar")}), "has no file"),
    "a layer too few": (saved(**{"c.json": config(2)}), "a different number of layers"),
    "no list": (saved(**{"manifest.json": b'[{"Config": 1, "Layers": "x"}]'}), "does not list the layers"),
    "many layers": (
        saved(**{"manifest.json": json.dumps([{"Config": "c.json", "Layers": ["a/layer.tar"] * 128}]).encode()}),
        "more than 127",
    ),
    "zstd": (saved(**{"a/layer.tar": bytes.fromhex("28b52ffd") + b"x" * 600}), "zstd"),
    "another machine": (layout(machine="s390x"), "this host's architecture"),
    "a digest with a path": ({"index.json": b'{"manifests": [{"digest": "sha256:../../x"}]}'}, "digest"),
}


@pytest.mark.unit
@pytest.mark.parametrize("case", BAD)
def test_what_is_not_an_image_is_refused_with_the_reason(tmp_path: Path, case: str) -> None:
    files, reason = BAD[case]
    with pytest.raises(UserError) as caught:
        made(tmp_path, files)
    assert reason in " ".join([caught.value.message, *caught.value.details])


@pytest.mark.unit
def test_uncompressed_size_of_a_layer_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_archive, "LARGEST_UNPACKED", 1 << 30)
    bomb = gzip.compress(bytes(1 << 20))
    assert made(tmp_path, saved(**{"a/layer.tar": bomb}))["0/layer.tar"] == bomb
    monkeypatch.setattr(image_archive, "LARGEST_UNPACKED", 1 << 19)
    with pytest.raises(UserError, match="more than 0 GiB"):
        made(tmp_path, saved(**{"a/layer.tar": bomb}))


@pytest.mark.unit
def test_entries_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_archive, "MOST_ENTRIES", 3)
    with pytest.raises(UserError, match="more than 3 entries"):
        made(tmp_path, saved())


def names(image: str) -> list[str]:
    done = subprocess.run(["docker", "image", "inspect", image], capture_output=True, check=True)
    found: list[str] = json.loads(done.stdout)[0]["RepoTags"]
    return found


def test_the_real_engine_loads_an_image_and_no_name_of_the_archive(host: Host, image: str, tmp_path: Path) -> None:
    other = f"{image}-other"
    subprocess.run(
        ["docker", "build", "-q", "--label", "made=here", "-t", other, "-"], input=f"FROM {image}".encode(), check=True
    )
    try:
        known = host.images().find(other)
        assert known is not None
        archive = tmp_path / "saved.tar"
        subprocess.run(["docker", "save", "-o", str(archive), other, image], check=True)
    finally:
        subprocess.run(["docker", "rmi", other], check=True, capture_output=True)
    assert host.images().find(other) is None
    loaded = host.builds().load(str(archive), other)
    try:
        assert loaded.id == known.id and names(loaded.id) == [] and host.images().find(other) is None
        with pytest.raises(UserError, match="no image dokku/blog:r1"):
            host.builds().load(str(archive), "dokku/blog:r1")
    finally:
        subprocess.run(["docker", "rmi", loaded.id], check=False, capture_output=True)
