"""The git plugin keeps the promises of the roles Source and SourceHistory."""

from __future__ import annotations

import pytest
from dokkupy_git.history import GitHistory
from dokkupy_git.sources import GitSources
from dokkupy_sdk.roles import SourceHistory, SourceStore
from dokkupy_sdk.testing.contracts import SourceContract, SourceHistoryContract

from plugins_builtin.git.tests.conftest import Client, World


class TestGit(SourceContract):
    @pytest.fixture
    def sources(self, world: World, client: Client) -> SourceStore:
        world.make_app()
        client.commit({"index.txt": "hello", "Dockerfile": "FROM scratch\n"})
        pushed = client.push()
        assert pushed.returncode == 0, pushed.stderr
        return GitSources(world.host)


class TestHistory(SourceHistoryContract):
    @pytest.fixture
    def history(self, world: World) -> SourceHistory:
        return GitHistory(world.host)

    @pytest.fixture
    def revisions(self, world: World, client: Client) -> list[str]:
        world.make_app()
        found = []
        for subject in ("first", "second", "third"):
            client.commit({"index.txt": subject, "Dockerfile": "FROM scratch\n"})
            client.git("commit", "--amend", "-q", "--author", "Ann <ann@example.com>", "-m", subject)
            found.append(client.git("rev-parse", "HEAD").strip())
        pushed = client.push()
        assert pushed.returncode == 0, pushed.stderr
        return found
