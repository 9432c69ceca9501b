"""The contracts of the roles Source and SourceHistory."""

from __future__ import annotations

from pathlib import Path

import pytest

from dokkupy_sdk.history import SourceHistory
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


class SourceHistoryContract:
    """Fixtures to give: `history`, and `revisions`: those of three commits of the app `blog`, the oldest first, whose subjects
    are `first`, `second` and `third` and whose author is `Ann`.
    """

    @pytest.fixture
    def history(self) -> SourceHistory:
        raise NotImplementedError("give the history under test")

    @pytest.fixture
    def revisions(self) -> list[str]:
        raise NotImplementedError("give the revisions of three commits")

    def test_commits_come_with_their_authors_the_newest_first(
        self, history: SourceHistory, revisions: list[str]
    ) -> None:
        found = history.commits(BLOG, revisions[2], limit=10)
        assert [(one.id, one.author, one.subject) for one in found][:3] == [
            (revisions[2], "Ann", "third"),
            (revisions[1], "Ann", "second"),
            (revisions[0], "Ann", "first"),
        ]

    def test_there_are_no_more_than_were_asked_for(self, history: SourceHistory, revisions: list[str]) -> None:
        assert [one.subject for one in history.commits(BLOG, revisions[2])] == ["third"]
        assert [one.subject for one in history.commits(BLOG, revisions[2], limit=2)] == ["third", "second"]

    def test_commits_that_the_earlier_revision_has_are_left_out(
        self, history: SourceHistory, revisions: list[str]
    ) -> None:
        found = history.commits(BLOG, revisions[2], revisions[0], limit=10)
        assert [one.subject for one in found] == ["third", "second"]
        assert list(history.commits(BLOG, revisions[0], revisions[2], limit=10)) == []

    def test_there_are_none_of_an_unknown_revision_or_app(self, history: SourceHistory, revisions: list[str]) -> None:
        for until, after in (("0" * 40, ""), (revisions[2], "0" * 40), ("", ""), ("--all", ""), ("no revision", "")):
            assert list(history.commits(BLOG, until, after, limit=10)) == [], (until, after)
        assert list(history.commits(DIARY, revisions[2], limit=10)) == []
