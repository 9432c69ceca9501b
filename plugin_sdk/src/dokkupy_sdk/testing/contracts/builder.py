"""The contract of the role Builder."""

from __future__ import annotations

from pathlib import Path

import pytest

from dokkupy_sdk import Host
from dokkupy_sdk.errors import AppError
from dokkupy_sdk.model import Build, Source
from dokkupy_sdk.names import AppName
from dokkupy_sdk.roles import Builder
from dokkupy_sdk.values import replace


class BuilderContract:
    """Fixtures to give: `host`, whose engine holds what is built; `builder`; `good`, a build that succeeds, with
    labels and a tag of the test's own; `broken`, one that fails. The tags are removed afterwards.
    """

    @pytest.fixture
    def host(self) -> Host:
        raise NotImplementedError("give a host with an engine")

    @pytest.fixture
    def builder(self) -> Builder:
        raise NotImplementedError("give the builder under test")

    @pytest.fixture
    def good(self) -> Build:
        raise NotImplementedError("give a build that succeeds")

    @pytest.fixture
    def broken(self) -> Build:
        raise NotImplementedError("give a build that fails")

    def test_it_is_ready(self, builder: Builder) -> None:
        ready = builder.prepare()
        assert ready.ready, ready.reason

    def test_it_knows_its_own_source(self, builder: Builder, good: Build) -> None:
        assert 0 < builder.detect(good.source) <= 100

    def test_detection_changes_nothing_of_the_source(self, builder: Builder, good: Build) -> None:
        def tree() -> dict[str, bytes]:
            root = good.source.directory
            return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}

        before = tree()
        builder.detect(good.source)
        assert tree() == before

    def test_a_build_is_tagged_and_has_its_labels(self, host: Host, builder: Builder, good: Build) -> None:
        image = builder.build(good)
        found = host.images().find(good.tag)
        assert found is not None and found.id == image.id
        assert good.labels.items() <= found.labels.items()

    def test_the_same_build_again_is_fine(self, builder: Builder, good: Build) -> None:
        builder.build(good)
        assert builder.build(replace(good, id="again")).id

    def test_a_failed_build_is_an_app_error_and_leaves_no_tag(
        self, host: Host, builder: Builder, broken: Build
    ) -> None:
        with pytest.raises(AppError):
            builder.build(broken)
        assert host.images().find(broken.tag) is None


class DetectingContract:
    """For builders that look for a file. Fixture to give: `builder`."""

    @pytest.fixture
    def source(self, tmp_path: Path) -> Source:
        directory = tmp_path / "empty"
        directory.mkdir()
        return Source(AppName("blog"), directory, "test")

    def test_it_does_not_know_an_empty_source(self, builder: Builder, source: Source) -> None:
        assert list(Path(source.directory).iterdir()) == []
        assert builder.detect(source) == 0
