"""`git:sync`: code from another repository."""

from __future__ import annotations

import os

import pytest
from dokkupy_git.fetch.sync import choose
from dokkupy_git.settings import deploy_branch
from dokkupy_sdk.errors import NotFound
from dokkupy_sdk.names import GitRef

from plugins_builtin.git.tests.conftest import BLOG, Client, World, head, run


def test_branch_beats_tag_beats_commit() -> None:
    one, two, three = "1" * 40, "2" * 40, "3" * 40
    refs = {"refs/heads/v1": one, "refs/tags/v1": two, "refs/tags/v2": two, "refs/tags/v2^{}": three}
    assert choose(refs, "v1", GitRef("v1"), "u").commit == one
    assert choose(refs, "v1", GitRef("v2"), "u").commit == three
    assert choose(refs, "v1", GitRef("4" * 40), "u").commit == "4" * 40
    assert choose(refs, "v1", None, "u").branch == "v1"
    with pytest.raises(NotFound):
        choose(refs, "v1", GitRef("nope"), "u")
    with pytest.raises(NotFound):
        choose({}, "", None, "u")


def test_sync_without_build_only_moves_the_branch(world: World, upstream: Client) -> None:
    assert run(world, "git:sync", "blog", str(upstream.path)) == 0
    assert deploy_branch(world.host, BLOG) == "main"
    assert head(world, "main") == upstream.git("rev-parse", "main")
    assert world.deployed == {}
    assert world.leftovers() == []


def test_sync_with_build_deploys(world: World, upstream: Client) -> None:
    assert run(world, "git:sync", "--build", "blog", str(upstream.path), "main") == 0
    assert world.deployed["kind"] == "git:sync"
    assert world.deployed["files"] == {"a": "1"}
    assert head(world, "main") == world.deployed["commit"]
    assert world.leftovers() == []


def test_sync_builds_if_something_changed_and_only_then(world: World, upstream: Client) -> None:
    assert run(world, "git:sync", "--build-if-changes", "blog", str(upstream.path), "main") == 0
    os.unlink(world.root / "deployed.json")
    assert run(world, "git:sync", "--build-if-changes", "blog", str(upstream.path), "main") == 0
    assert world.deployed == {}
    upstream.commit({"a": "2"})
    assert run(world, "git:sync", "--build-if-changes", "blog", str(upstream.path), "main") == 0
    assert world.deployed["files"] == {"a": "2"}


def test_sync_of_a_tag_and_of_a_commit_keeps_the_deploy_branch(world: World, upstream: Client) -> None:
    first = upstream.git("rev-parse", "main")
    upstream.git("tag", "-a", "v1", "-m", "v1")
    upstream.commit({"a": "2"})
    assert run(world, "git:sync", "--build", "blog", str(upstream.path), "v1") == 0
    assert deploy_branch(world.host, BLOG) == "master"
    assert head(world) == first == world.deployed["commit"]
    second = upstream.git("rev-parse", "main")
    upstream.git("branch", "-q", "-f", "other", second)
    assert run(world, "git:sync", "--build", "blog", str(upstream.path), second) == 0
    assert head(world) == second


def test_sync_can_leave_the_deploy_branch_alone(world: World, upstream: Client) -> None:
    assert run(world, "git:sync", "--skip-deploy-branch", "blog", str(upstream.path), "main") == 0
    assert deploy_branch(world.host, BLOG) == "master"
    assert head(world) == upstream.git("rev-parse", "main")


def test_failed_build_after_a_sync_leaves_branch_and_settings(world: World, upstream: Client) -> None:
    upstream.commit({"FAIL": ""})
    assert run(world, "git:sync", "--build", "blog", str(upstream.path)) == 1
    assert head(world, "main") == ""
    assert deploy_branch(world.host, BLOG) == "master"
    assert world.leftovers() == []


def test_sync_from_a_path_is_for_local_users_only(
    world: World, upstream: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    world.host.store.write("global", "ssh-keys", data={"keys": {"alice": {"role": "admin"}}})
    assert run(world, "git:sync", "blog", str(upstream.path), who="key:alice") == 1
    assert "which is not allowed over SSH" in capsys.readouterr().err


def test_malicious_refs_and_urls_are_refused_by_the_command(world: World, upstream: Client) -> None:
    for words in (
        ("blog", str(upstream.path), "--upload-pack=id"),
        ("blog", str(upstream.path), "main;id"),
        ("blog", "--upload-pack=touch", "main"),
        ("blog", "ext::sh -c id", "main"),
        ("blog", str(upstream.path), "+x:y"),
    ):
        assert run(world, "git:sync", *words) == 1
    assert head(world) == ""


def test_unreadable_remote_is_an_error_without_its_password(
    world: World, upstream: Client, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(world, "git:sync", "blog", "https://user:canary77@127.0.0.1:1/x", "main") == 1
    said = capfd.readouterr()
    assert "https://127.0.0.1:1/x cannot be read" in said.err
    audit = (world.root / "logs" / "audit.log").read_text()
    assert "canary77" not in said.err + said.out + audit
    assert "***" in audit


def test_both_build_flags_exclude_each_other(world: World, upstream: Client) -> None:
    assert run(world, "git:sync", "--build", "--build-if-changes", "blog", str(upstream.path)) == 1


def test_sync_to_an_unknown_app_exits_with_20(world: World, upstream: Client) -> None:
    assert run(world, "git:sync", "nope", str(upstream.path)) == 20
