"""The contract of the role ImageBuilds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dokkupy_sdk.errors import AppError, UserError
from dokkupy_sdk.roles import Engine, ImageBuild
from dokkupy_sdk.testing.contracts.engine import EngineFixtures


class ImageBuildsContract(EngineFixtures):
    """Fixtures to give beside the engine's: `archive`, the path of an archive and the name of the image in it; `damaged`, the
    same of a file that is none. May be given: `broken`, a build that fails."""

    @pytest.fixture
    def archive(self) -> tuple[str, str]:
        raise NotImplementedError("give an archive of an image, and the image's name in it")

    @pytest.fixture
    def damaged(self, tmp_path: Path) -> tuple[str, str]:
        path = tmp_path / "damaged.tar"
        path.write_bytes(b"no archive")
        return str(path), "some/image:1"

    @pytest.fixture
    def good(self, engine: Engine, image: str, mark: str, tmp_path: Path) -> Iterator[ImageBuild]:
        tag = f"dokkupy-contract/{mark}:built"
        yield self.written(tmp_path / "good", f"FROM {image}\nLABEL from=file kept=yes\n", tag)
        engine.images.remove(tag)

    @pytest.fixture
    def broken(self, image: str, mark: str, tmp_path: Path) -> ImageBuild:
        return self.written(tmp_path / "broken", f"FROM {image}\nRUN false\n", f"dokkupy-contract/{mark}:broken")

    def written(self, directory: Path, dockerfile: str, tag: str) -> ImageBuild:
        directory.mkdir()
        (directory / "Dockerfile").write_text(dockerfile)
        return ImageBuild(directory, directory / "Dockerfile", tag, labels={"from": "build"})

    def test_a_built_image_has_its_name_and_labels(self, engine: Engine, good: ImageBuild) -> None:
        made = engine.builds.build(good)
        found = engine.images.find(good.tag)
        assert found is not None and found.id == made.id
        assert found.labels["from"] == "build"  # those of the build override the Dockerfile's

    def test_a_failed_build_is_an_error_of_the_app_and_leaves_no_name(self, engine: Engine, broken: ImageBuild) -> None:
        with pytest.raises(AppError) as failed:
            engine.builds.build(broken)
        assert failed.value.code == "build_failed"
        assert engine.images.find(broken.tag) is None

    def test_an_image_of_an_archive_gets_no_name(self, engine: Engine, archive: tuple[str, str]) -> None:
        before = engine.images.find(archive[1])
        made = engine.builds.load(*archive)
        assert engine.images.find(made.id) is not None
        after = engine.images.find(archive[1])
        assert (after and after.id) == (before and before.id)

    def test_a_file_that_is_no_archive_is_refused(self, engine: Engine, damaged: tuple[str, str]) -> None:
        with pytest.raises(UserError):
            engine.builds.load(*damaged)

    def test_it_says_whether_builds_can_mount(self, engine: Engine) -> None:
        assert engine.builds.can_mount() in (True, False)
