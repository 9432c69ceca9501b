"""`repo:*`."""

from __future__ import annotations

import pytest
from dokkupy_git import repo_cli
from dokkupy_git.repository.bare import Repository
from dokkupy_sdk.errors import UserError
from dokkupy_sdk.names import AppName

from plugins_builtin.git.tests.conftest import Client, World

BLOG = AppName("blog")


def test_gc_packs_the_repository_and_loses_nothing(world: World, client: Client) -> None:
    client.commit({"a.txt": "one"})
    assert client.push().returncode == 0
    commit = Repository(world.host, BLOG).ref("refs/heads/master")
    answer = repo_cli.gc(world.host, BLOG)
    assert answer.data["after"] > 0
    repository = Repository(world.host, BLOG)
    assert repository.ref("refs/heads/master") == commit
    assert repository.git("count-objects", "-v").stdout.startswith("count: 0\n")
    assert world.leftovers() == []


def test_gc_of_an_app_without_code_says_so(world: World) -> None:
    world.make_app()
    with pytest.raises(UserError, match="no repository"):
        repo_cli.gc(world.host, BLOG)
