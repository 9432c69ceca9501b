"""The git plugin keeps the promises of the role Source."""

from __future__ import annotations

import pytest
from dokkupy_git.sources import GitSources
from dokkupy_sdk.roles import SourceStore
from dokkupy_sdk.testing.contracts import SourceContract

from plugins_builtin.git.tests.conftest import Client, World


class TestGit(SourceContract):
    @pytest.fixture
    def sources(self, world: World, client: Client) -> SourceStore:
        world.make_app()
        client.commit({"index.txt": "hello", "Dockerfile": "FROM scratch\n"})
        pushed = client.push()
        assert pushed.returncode == 0, pushed.stderr
        return GitSources(world.host)
