"""The engine's disk use: owners of layers, unused images, and the build cache by age. Pure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from dokkupy_docker import disk
from dokkupy_docker.disk import cache_parts, garbage, layer_sizes, of_containers, of_images, of_volumes, owner_of
from dokkupy_docker.engine_api.errors import in_our_words
from dokkupy_sdk import programs
from dokkupy_sdk.disk import CACHE, DiskUse
from dokkupy_sdk.errors import HostError
from dokkupy_sdk.testing import RecordingConsole, fake_host

NOW = 1_700_000_000.0


def image(identifier: str, *tags: str, app: str = "", containers: int = 0) -> dict[str, Any]:
    labels = {"dokkupy.app": app} if app else {}
    return {"Id": identifier, "RepoTags": list(tags) or None, "Labels": labels, "Containers": containers}


def test_an_app_s_part_of_its_images_are_the_layers_that_no_other_has() -> None:
    layers = {
        "a1": [("base", 100), ("packages", 50), ("code-1", 5)],
        "a2": [("base", 100), ("packages", 50), ("code-2", 7)],
        "b": [("base", 100), ("packages of b", 30)],
        "base": [("base", 100)],
        "theirs": [("base", 100), ("their own", 1000)],
    }
    images = [
        image("a1", "dokku/a:r1-x", app="a"),
        image("a2", "dokku/a:r2-x", "dokku/a:latest-x", app="old-name"),
        image("b", app="b"),
        image("base", "python:3"),
        image("theirs", "theirs:1"),
    ]
    assert list(of_images(images, layers.__getitem__)) == [
        DiskUse("images", 162, app="a", shared=100),
        DiskUse("images", 130, app="b", shared=100),
        DiskUse("images", 100),
        DiskUse("other images", 1000),
    ]


def test_equal_layers_on_different_ones_are_different() -> None:
    layers = {"a": [("base", 100), ("same", 5)], "b": [("other base", 90), ("same", 5)]}
    images = [image("a", app="a"), image("b", app="b")]
    assert [use.shared for use in of_images(images, layers.__getitem__)] == [0, 0, 0, 0]


def test_the_steps_of_a_history_without_a_layer_have_no_size() -> None:
    history = [
        {"CreatedBy": "/bin/sh -c #(nop) ADD file:1 in /", "Size": 100},
        {"CreatedBy": '/bin/sh -c #(nop)  CMD ["bash"]', "Size": 0},
        {"CreatedBy": "WORKDIR /app", "Size": 0},
        {"CreatedBy": "ENV A=b", "Size": 0},
        {"CreatedBy": "COPY . . # buildkit", "Size": 7},
    ]
    assert layer_sizes(history, 3) == [100, 0, 7]
    assert layer_sizes([], 2) == [0, 0]


def test_an_image_belongs_to_the_app_in_its_name_before_its_label() -> None:
    assert owner_of(image("x", "dokku/new:r1-x", app="old")) == "new"
    assert owner_of(image("x", app="blog")) == "blog"
    assert owner_of(image("x", "dokkupy/host-programs:1")) == "dokkupy/"
    assert owner_of(image("x", "python:3")) == "another's"


def test_only_unused_images_of_ours_are_garbage() -> None:
    images = [
        image("release", "dokku/blog:r1-x", app="blog"),
        image("nameless", app="blog"),
        image("used", app="blog", containers=1),
        image("gone", "dokku/gone:r1-x", app="gone"),
        image("renamed", "dokku/blog:r2-x", app="gone"),
        image("kept elsewhere", "dokku/gone:r2-x", "mine:1", app="gone"),
        image("theirs"),
        image("their name", "theirs:1"),
    ]
    found = {one["Id"]: why for one, why in garbage(images, frozenset({"blog"}))}
    assert found == {"nameless": "no release and no build uses it", "gone": "the app gone is gone"}


def record(days: float, size: int, **more: Any) -> dict[str, Any]:
    import time

    stamp = time.strftime("%Y-%m-%dT%H:%M:%S.123456789Z", time.gmtime(NOW - days * 86400))
    return {"Size": size, "InUse": False, "Shared": False, "LastUsedAt": stamp, **more}


def test_the_build_cache_goes_by_age_without_what_is_in_use_or_an_image_s() -> None:
    records = [
        record(40, 1),
        record(20, 2),
        record(0.5, 4),
        record(50, 8, InUse=True),
        record(50, 16, Shared=True),
        record(0, 32, LastUsedAt=None),
    ]
    found = list(cache_parts(records, NOW))
    assert [(one.days, one.bytes) for one in found] == [(30, 1), (14, 2), (0, 36)]
    assert {one.level for one in found} == {CACHE}


def test_containers_and_volumes_of_others_are_counted_apart() -> None:
    containers = [
        {"Id": "1", "Labels": {"dokkupy.app": "blog"}, "SizeRw": 5},
        {"Id": "2", "Labels": {}, "SizeRw": None},
    ]
    assert list(of_containers(containers, {"1": 9})) == [
        DiskUse("containers", 5, app="blog"),
        DiskUse("container logs", 9, app="blog"),
        DiskUse("other containers", 0),
        DiskUse("container logs", 0),
    ]
    volumes = [{"Labels": {"dokkupy.service": "1"}, "UsageData": {"Size": 3}}, {"Labels": None, "UsageData": None}]
    assert list(of_volumes(volumes)) == [DiskUse("volumes", 3), DiskUse("other volumes", 0)]


def test_on_a_full_disk_without_room_for_a_container_all_but_its_output_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*words: object, **options: object) -> None:
        raise in_our_words("The container could not be created", 500, "write /x: no space left on device")

    monkeypatch.setattr(programs, "run_program", refuse)
    monkeypatch.setattr(disk, "root_directory", lambda: str(tmp_path))
    hog = {
        "Id": "1",
        "Labels": {"dokkupy.app": "hog", "dokkupy.kind": "deploy"},
        "SizeRw": 9 << 20,
        "Names": ["/hog.web.1"],
    }
    monkeypatch.setattr(
        disk, "everything", lambda: {"Images": [], "Containers": [hog], "Volumes": [], "BuildCache": []}
    )
    host = fake_host(tmp_path / "state")
    found = [one for one in disk.usage(host, None) if one.app]
    assert found == [DiskUse("containers", 9 << 20, app="hog"), DiskUse("container logs", 0, app="hog")]
    assert isinstance(host.out, RecordingConsole)
    assert any("output of containers is not counted" in text for kind, text in host.out.lines if kind == "warn")


def test_the_engine_s_full_disk_is_an_error_of_the_host_and_says_what_to_do() -> None:
    words = "OCI runtime create failed: mkdir /x: no space left on device"
    error = in_our_words("The container blog.web.1 could not be created", 500, words)
    assert isinstance(error, HostError) and words in error.message
    assert "disk:report" in error.hint and "cleanup" in error.hint
