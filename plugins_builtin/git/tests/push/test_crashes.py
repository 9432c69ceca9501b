"""A push killed at every boundary of its operation, or made to fail there: before or after, nothing between."""

from __future__ import annotations

from pathlib import Path

from dokkupy_git.repository.bare import Repository
from dokkupy_git.settings import deploy_branch
from dokkupy_sdk.names import AppName
from dokkupy_sdk.operation import operation

from plugins_builtin.git.tests.conftest import Client, World

BLOG = AppName("blog")


def boundaries(client: Client, tmp_path: Path) -> list[str]:
    log = tmp_path / "faults.log"
    client.env["DOKKUPY_FAILPOINT_LOG"] = str(log)
    done = client.push("trunk")
    assert done.returncode == 0, done.stderr
    del client.env["DOKKUPY_FAILPOINT_LOG"]
    return log.read_text().splitlines()


def fresh(tmp_path: Path, name: str) -> tuple[World, Client]:
    root = tmp_path / name / "root"
    root.mkdir(parents=True)
    world = World(root)
    world.make_app()
    client = Client(tmp_path / name / "work", root)
    client.git("checkout", "-q", "-b", "trunk")
    client.commit({"a": "1"})
    return world, client


def state(world: World) -> tuple[str, str, str, str]:
    repository = Repository(world.host, BLOG)
    sha = world.host.store.read("apps", "blog", "git").get("sha", "")
    return repository.ref("refs/heads/trunk"), deploy_branch(world.host, BLOG), str(sha), repository.head_branch()


def test_killed_or_failing_push_is_before_or_after(world: World, tmp_path: Path) -> None:
    """The first push of a branch that is adopted: the most that a push changes."""
    _, client = fresh(tmp_path, "log")
    names = boundaries(client, tmp_path)
    assert len(names) >= 8
    for kind in ("kill", "fail", "signal-TERM", "signal-HUP"):
        for number in range(1, len(names) + 1):
            place = f"{kind}{number}"
            world, client = fresh(tmp_path, place)
            before = state(world)
            client.env["DOKKUPY_FAILPOINT"] = f"{kind}@{number}"
            done = client.push("trunk")
            del client.env["DOKKUPY_FAILPOINT"]
            committed = "commit" in names[number - 1] and "before" not in names[number - 1]
            with operation(world.host, "look", "app:blog"):
                pass  # rolls back or finishes what the dead one left
            branch, deploys, sha, head = state(world)
            if done.returncode == 0:
                assert (deploys, sha, head) == ("trunk", branch, "trunk"), (place, names[number - 1])
            elif committed:
                # The release serves, and the branch names it, though git's client heard nothing of it.
                assert (deploys, sha, head) == ("trunk", branch, "trunk"), (place, names[number - 1])
                assert branch
            else:
                assert (branch, deploys, sha) == before[:3], (place, names[number - 1])
                assert head == "master", (place, names[number - 1])
            last = client.commit({"a": "2"})
            done = client.push("trunk")
            assert done.returncode == 0, (place, done.stderr)
            assert state(world) == (last, "trunk", last, "trunk")
            assert world.leftovers() == [], place
