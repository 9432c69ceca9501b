"""The contract of the role Source."""

from __future__ import annotations

from pathlib import Path

import pytest

from dokkupy_sdk.names import AppName
from dokkupy_sdk.roles import SourceStore

BLOG, DIARY = AppName("blog"), AppName("diary")


class SourceContract:
    """Fixtures to give: `sources`, which has the code of the app `blog`: one file `index.txt` with the text `hello`."""

    @pytest.fixture
    def sources(self) -> SourceStore:
        raise NotImplementedError("give a source that has blog's code")

    def text(self, sources: SourceStore, app: AppName, directory: Path) -> str:
        directory.mkdir()
        assert sources.checkout(app, directory)
        return (directory / "index.txt").read_text()

    def test_it_is_ready(self, sources: SourceStore) -> None:
        ready = sources.prepare()
        assert ready.ready, ready.reason

    def test_it_knows_whose_code_it_has(self, sources: SourceStore) -> None:
        assert sources.has_code(BLOG)
        assert not sources.has_code(DIARY)

    def test_the_code_is_checked_out_unchanged(self, sources: SourceStore, tmp_path: Path) -> None:
        assert self.text(sources, BLOG, tmp_path / "one") == "hello"
        assert self.text(sources, BLOG, tmp_path / "two") == "hello"

    def test_a_copy_is_the_others_own(self, sources: SourceStore, tmp_path: Path) -> None:
        sources.copy(BLOG, DIARY)
        sources.forget(BLOG)
        assert not sources.has_code(BLOG)
        assert self.text(sources, DIARY, tmp_path / "one") == "hello"

    def test_renaming_twice_is_renaming_once(self, sources: SourceStore, tmp_path: Path) -> None:
        for _ in range(2):
            sources.rename(BLOG, DIARY)
        assert not sources.has_code(BLOG)
        assert self.text(sources, DIARY, tmp_path / "one") == "hello"

    def test_forgetting_twice_is_forgetting_once(self, sources: SourceStore) -> None:
        for _ in range(2):
            sources.forget(BLOG)
        assert not sources.has_code(BLOG)
