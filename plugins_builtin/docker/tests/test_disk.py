"""What the engine has on the disk: whose the layers are, which images are garbage, the build cache by age. Pure."""

from __future__ import annotations

from typing import Any

from dokkupy_docker.disk import cache_parts, garbage, layer_sizes, of_containers, of_images, of_volumes, owner_of
from dokkupy_sdk.disk import CACHE, DiskUse

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


def test_only_images_of_ours_that_nothing_has_are_garbage() -> None:
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
