"""Pushes, end to end: a real git client, a real `git receive-pack`, the real hook in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from dokkupy_git.deployed import rebuilt_commit
from dokkupy_git.repository.bare import Repository
from dokkupy_git.repository.refs import Move, peeled
from dokkupy_git.settings import SETTINGS, deploy_branch
from dokkupy_sdk.errors import UserError
from dokkupy_sdk.execute import Completed
from dokkupy_sdk.locks import holder
from dokkupy_sdk.names import AppName
from dokkupy_sdk.operation import operation
from dokkupy_sdk.testing.processes import is_running

from plugins_builtin.git.tests.conftest import HERE, Client, World, wait_for

BLOG = AppName("blog")


def set_property(world: World, name: str, value: str, app: AppName | None = None) -> None:
    with operation(world.host, "git:set", f"app:{app}" if app else "host") as tx:
        SETTINGS.set(tx, app, name, value)


def head(world: World, branch: str = "master") -> str:
    return Repository(world.host, BLOG).ref(f"refs/heads/{branch}")


def test_push_to_an_unknown_app_creates_it_and_deploys(world: World, client: Client) -> None:
    commit = client.commit({"Dockerfile": "FROM scratch\n", "dir/a.txt": "hello"})
    done = client.push()
    assert done.returncode == 0, done.stderr
    assert "remote: -----> Building blog" in done.stderr
    assert "remote: =====> Application deployed:" in done.stderr
    assert world.deployed["commit"] == commit
    assert world.deployed["files"] == {"Dockerfile": "FROM scratch\n", "dir/a.txt": "hello"}
    assert world.deployed["env"] == {"GIT_REV": commit}
    assert world.deployed["who"] == "tester"
    assert head(world) == commit
    assert world.host.store.read("apps", "blog", "git")["sha"] == commit
    assert world.leftovers() == []


def test_push_is_refused_when_autocreation_is_off(world: World, client: Client) -> None:
    world.host.store.write("global", "apps", data={"properties": {"disable-autocreation": "true"}})
    client.commit({"a": "1"})
    done = client.push()
    assert done.returncode != 0
    assert "App blog does not exist" in done.stderr
    assert not world.host.store.has_app(BLOG)
    assert not (world.root / "repos").exists()


def test_push_whose_release_is_not_started_keeps_the_code_for_a_rebuild(world: World, client: Client) -> None:
    served = client.commit({"a": "1"})
    assert client.push().returncode == 0
    kept = client.commit({"a": "2", "SKIP": ""})
    assert client.push().returncode == 0
    assert head(world) == kept
    assert world.host.store.read("apps", "blog", "git")["sha"] == served == world.deployed["commit"]
    assert rebuilt_commit(world.host, BLOG) == kept
    assert world.leftovers() == []


def test_failed_build_refuses_the_push_and_keeps_ref_and_app(world: World, client: Client) -> None:
    first = client.commit({"a": "1"})
    assert client.push().returncode == 0
    client.commit({"FAIL": ""})
    done = client.push()
    assert done.returncode != 0
    assert "remote:  !     App build failed" in done.stderr
    assert "pre-receive hook declined" in done.stderr
    assert head(world) == first
    assert world.host.store.read("apps", "blog", "git")["sha"] == first
    assert world.leftovers() == []


def test_app_stays_when_its_first_deploy_fails(world: World, client: Client) -> None:
    client.commit({"FAIL": ""})
    assert client.push().returncode != 0
    assert world.host.store.has_app(BLOG)
    assert head(world) == ""


def test_failure_after_the_switch_takes_commit_and_branch_back(world: World, client: Client) -> None:
    client.git("checkout", "-q", "-b", "trunk")
    client.commit({"FAIL_LATE": ""})
    assert client.push("trunk").returncode != 0
    assert world.host.store.read("apps", "blog", "git") == {}
    assert Repository(world.host, BLOG).head_branch() == "master"


def test_first_pushed_branch_becomes_the_deploy_branch(world: World, client: Client) -> None:
    commit = client.commit({"a": "1"})
    assert client.push("master:main").returncode == 0
    assert deploy_branch(world.host, BLOG) == "main"
    assert Repository(world.host, BLOG).head_branch() == "main"
    assert world.deployed["commit"] == commit


def test_other_branches_are_accepted_with_dokkus_warning(world: World, client: Client) -> None:
    client.commit({"a": "1"})
    assert client.push().returncode == 0
    deployed = world.deployed
    other = client.commit({"a": "2"})
    done = client.push("master:topic")
    assert done.returncode == 0, done.stderr
    assert "deploy did not complete, you must push to master." in done.stderr
    assert "try 'git push <dokku> topic:master'" in done.stderr
    assert head(world, "topic") == other
    assert world.deployed == deployed


def test_chosen_deploy_branch_is_the_only_one_that_deploys(world: World, client: Client) -> None:
    app = world.make_app()
    set_property(world, "deploy-branch", "release", app)
    client.commit({"a": "1"})
    assert "you must push to release" in client.push("master").stderr
    assert world.deployed == {}
    assert client.push("master:release").returncode == 0
    assert world.deployed["files"] == {"a": "1"}


def test_several_refs_at_once_deploy_the_branch_and_store_the_rest(world: World, client: Client) -> None:
    client.commit({"a": "1"})
    client.git("tag", "-a", "v1", "-m", "one")
    client.git("branch", "topic")
    done = client.push("master", "topic", "v1")
    assert done.returncode == 0, done.stderr
    assert "topic was stored; only master deploys" in done.stderr
    assert head(world, "topic") == head(world) != ""
    assert Repository(world.host, BLOG).ref("refs/tags/v1") != ""


def test_tag_alone_is_stored_and_does_not_deploy(world: World, client: Client) -> None:
    client.commit({"a": "1"})
    assert client.push().returncode == 0
    client.commit({"a": "2"})
    client.git("tag", "v2")
    done = client.push("v2")
    assert done.returncode == 0
    assert "you must push to master" in done.stderr
    assert world.deployed["files"] == {"a": "1"}


def test_annotated_tag_named_like_the_branch_deploys(world: World, client: Client) -> None:
    commit = client.commit({"a": "1"})
    client.git("tag", "-a", "master", "-m", "x")
    assert client.push("refs/tags/master:refs/tags/master").returncode == 0
    assert world.deployed["commit"] == commit


def test_deploy_branch_cannot_be_deleted_and_others_can(world: World, client: Client) -> None:
    client.commit({"a": "1"})
    client.push()
    client.push("master:topic")
    done = client.push(":master")
    assert done.returncode != 0
    assert "it cannot be deleted" in done.stderr
    assert head(world) != ""
    assert client.push(":topic").returncode == 0
    assert head(world, "topic") == ""


def test_forced_push_of_an_older_commit_deploys_it(world: World, client: Client) -> None:
    first = client.commit({"a": "1"})
    client.push()
    client.commit({"a": "2"})
    client.push()
    client.git("reset", "-q", "--hard", first)
    assert client.push(options=("--force",)).returncode == 0
    assert world.deployed["commit"] == first


def test_push_option_takes_effect_and_an_unknown_one_is_refused(world: World, client: Client) -> None:
    client.commit({"a": "1"})
    refused = client.push(options=("-o", "nocache"))
    assert refused.returncode != 0
    assert "remote:  !     'nocache' is not an option of git push -o" in refused.stderr
    assert "Did you mean no-cache?" in refused.stderr and "trace: print every step" in refused.stderr
    assert (world.deployed, head(world)) == ({}, "")
    done = client.push(options=("-o", "no-cache", "-o", "trace"))
    assert done.returncode == 0 and world.deployed["no_cache"], done.stderr
    assert world.deployed["patience"] == 0
    other = client.push("master:other", options=("-o", "no-cache", "-o", "wait"))
    assert other.returncode == 0 and "-o no-cache has no effect: nothing is built" in other.stderr
    assert "-o wait has no effect: nothing is deployed" in other.stderr
    client.commit({"a": "2"})
    assert client.push(options=("-o", "wait")).returncode == 0 and world.deployed["patience"] == 3600


def test_shallow_push_is_refused(world: World, client: Client, tmp_path: Path) -> None:
    client.commit({"a": "1"})
    client.commit({"a": "2"})
    shallow = Client(tmp_path / "shallow", world.root)
    shallow.git("fetch", "-q", "--depth=1", f"file://{client.path}", "master")
    shallow.git("reset", "-q", "--hard", "FETCH_HEAD")
    done = shallow.push()
    assert done.returncode != 0
    assert "Shallow pushes are not supported" in done.stderr
    assert "git fetch --unshallow" in done.stderr
    assert world.deployed == {}


def test_shallow_clone_may_push_what_the_host_can_complete(world: World, client: Client, tmp_path: Path) -> None:
    client.commit({"a": "1"})
    client.commit({"a": "2"})
    client.push()
    shallow = Client(tmp_path / "shallow", world.root)
    shallow.git("fetch", "-q", "--depth=1", f"file://{client.path}", "master")
    shallow.git("reset", "-q", "--hard", "FETCH_HEAD")
    commit = shallow.commit({"a": "3"})
    done = shallow.push()
    assert done.returncode == 0, done.stderr
    assert world.deployed["commit"] == commit


def test_too_large_push_is_refused(world: World, client: Client) -> None:
    set_property(world, "push-max-size", "10000")
    client.path.joinpath("big").write_bytes(os.urandom(50_000))
    client.commit()
    done = client.push()
    assert done.returncode != 0
    assert world.deployed == {}
    assert client.commit({"a": "1"})


def test_clone_gets_what_was_pushed(world: World, client: Client, tmp_path: Path) -> None:
    commit = client.commit({"a": "1"})
    client.push("master:main")
    server = f"ext::{sys.executable} {HERE / 'serve.py'} git-upload-pack 'blog'"
    done = subprocess.run(
        ["git", "-c", "protocol.ext.allow=always", "clone", "-q", server, str(tmp_path / "clone")],
        env=client.env,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    head_of_clone = subprocess.run(
        ["git", "-C", str(tmp_path / "clone"), "rev-parse", "HEAD"],
        env=client.env,
        capture_output=True,
        text=True,
        check=True,
    )
    assert head_of_clone.stdout.strip() == commit


def test_clone_of_an_unknown_app_exits_with_20(world: World, client: Client) -> None:
    done = subprocess.run(
        [sys.executable, str(HERE / "serve.py"), "git-upload-pack", "'nope'"],
        env=client.env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 20
    assert "App nope does not exist" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("name", ["../x", "blog;id", "-oProxyCommand=x", "a/b", "$(id)", "", "'"])
def test_malicious_repository_names_are_refused(world: World, client: Client, name: str) -> None:
    done = subprocess.run(
        [sys.executable, str(HERE / "serve.py"), "git-receive-pack", name],
        env=client.env,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert not (world.root / "apps").exists()
    assert not (world.root / "repos").exists()


def test_archive_over_ssh_is_not_offered(world: World, client: Client) -> None:
    done = subprocess.run(
        [sys.executable, str(HERE / "serve.py"), "git-upload-archive", "blog"],
        env=client.env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "not supported" in done.stderr


def test_hook_command_outside_a_push_is_refused(world: World, client: Client) -> None:
    world.make_app()
    commit = client.commit({"a": "1"})
    done = subprocess.run(
        [sys.executable, str(HERE / "serve.py"), "git-hook", "blog"],
        env=client.env,
        capture_output=True,
        text=True,
        check=False,
        input=f"{'0' * 40} {commit} refs/heads/master\n",
    )
    assert done.returncode == 1
    assert world.deployed == {}


def start_slow_push(world: World, client: Client) -> tuple[subprocess.Popen[bytes], int]:
    client.commit({"SLEEP": ""})
    push = subprocess.Popen(
        client.push_argv("master"),
        env=client.env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    wait_for(lambda: (world.root / "pid").exists() and (world.root / "pid").read_text())
    return push, int((world.root / "pid").read_text())


def test_dropped_connection_takes_the_deploy_back(world: World, client: Client) -> None:
    first = client.commit({"a": "1"})
    client.push()
    push, hook = start_slow_push(world, client)
    assert holder(str(world.root), "app:blog")["command"] == "git push blog"
    push.kill()  # the client alone: what a lost connection looks like to the server
    push.wait()
    wait_for(lambda: not is_running(hook))
    wait_for(lambda: world.leftovers() == [])
    assert head(world) == first
    assert world.host.store.read("apps", "blog", "git")["sha"] == first


def test_killed_push_is_swept_by_the_next(world: World, client: Client) -> None:
    first = client.commit({"a": "1"})
    client.push()
    push, hook = start_slow_push(world, client)
    os.killpg(push.pid, signal.SIGKILL)  # everything at once: a power cut
    push.wait()
    wait_for(lambda: not is_running(hook))
    assert any("journal" in path for path in world.leftovers())
    assert head(world) == first
    client.git("rm", "-q", "SLEEP")
    last = client.commit({"a": "2"})
    done = client.push()
    assert done.returncode == 0, done.stderr
    assert head(world) == last
    assert world.leftovers() == []


# what git would refuse is asked before the deploy


def refuse_and_look(world: World, client: Client, *refs: str, options: tuple[str, ...] = ()) -> str:
    """Push something that is refused, onto an app that serves; returns what the client reads."""
    before = (world.deployed, head(world, "main"), world.host.store.read("apps", "blog", "git"))
    done = client.push(*refs, options=options)
    assert done.returncode != 0
    assert "Building" not in done.stderr, done.stderr
    assert (world.deployed, head(world, "main"), world.host.store.read("apps", "blog", "git")) == before
    return done.stderr


@pytest.fixture
def served(world: World, client: Client) -> str:
    client.git("checkout", "-q", "-b", "main")
    commit = client.commit({"a": "1"})
    assert client.push("main").returncode == 0
    return commit


@pytest.mark.parametrize("kind", ["blob", "tree"])
def test_an_object_that_is_no_commit_is_refused_before_anything_is_built(
    world: World, client: Client, served: str, kind: str
) -> None:
    name = client.git("rev-parse", "main:a" if kind == "blob" else "main^{tree}")
    client.git("tag", "-a", "-m", "no commit", "odd", name)  # git's own client refuses the bare object
    assert "not a commit" in refuse_and_look(world, client, "odd:refs/heads/main", options=("--force",))
    assert "not a commit" in refuse_and_look(world, client, "odd:refs/tags/main")


def test_an_annotated_tag_pushed_to_the_branch_deploys_its_commit_and_the_branch_names_that(
    world: World, client: Client, served: str
) -> None:
    commit = client.commit({"a": "2"})
    client.git("tag", "-a", "-m", "two", "v2")
    done = client.push("v2:refs/heads/main")
    assert done.returncode == 0, done.stderr
    assert world.deployed["commit"] == head(world, "main") == commit
    assert world.host.store.read("apps", "blog", "git")["sha"] == commit


def test_git_is_asked_once_for_all_refs_of_a_push(
    world: World, client: Client, served: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A push may have thousands, and each process costs the host as much as a short command."""
    repository = Repository(world.host, AppName("blog"))
    tree = client.git("rev-parse", f"{served}^{{tree}}")
    asked = []
    git = Repository.git

    def counted(self: Repository, *words: str, **options: Any) -> Completed:
        asked.append(words)
        return git(self, *words, **options)

    monkeypatch.setattr(Repository, "git", counted)
    moves = [Move(f"refs/heads/x{number}", "", served) for number in range(50)]
    assert peeled(repository, moves) == moves and len(asked) == 1
    with pytest.raises(UserError, match="refs/heads/odd would name .* not a commit"):
        peeled(repository, [*moves, Move("refs/heads/odd", "", tree)])
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("setting", "refs"), [("receive.denyNonFastForwards", ("+main",)), ("receive.denyDeletes", ("main", ":topic"))]
)
def test_what_the_repository_denies_is_refused_before_anything_is_built(
    world: World, client: Client, served: str, setting: str, refs: tuple[str, ...]
) -> None:
    assert client.push("main:topic").returncode == 0
    Repository(world.host, BLOG).git("config", setting, "true")
    client.git("commit", "-q", "--amend", "-m", "another history")
    assert setting in refuse_and_look(world, client, *refs, options=("--force",))


def test_a_lock_on_the_branch_refuses_the_push_before_anything_is_built(
    world: World, client: Client, served: str
) -> None:
    from dokkupy_git.repository.bare import hold

    client.commit({"a": "2"})
    busy = hold(Repository(world.host, BLOG))  # alone, the push would sweep the lock file away
    try:
        lock = world.root / "repos/blog.git/refs/heads/main.lock"
        lock.touch()
        assert "main.lock" in refuse_and_look(world, client, "main")
        lock.unlink()
    finally:
        os.close(busy)
    assert client.push("main").returncode == 0


def test_a_name_below_the_branch_refuses_the_whole_push_before_anything_is_built(
    world: World, client: Client, served: str
) -> None:
    client.commit({"a": "2"})
    assert "refs/heads/main" in refuse_and_look(world, client, "main", "main:refs/heads/main/x")
    assert head(world, "main") == served


def test_a_ref_that_moved_meanwhile_refuses_the_push(world: World, client: Client, served: str) -> None:
    from dokkupy_git.repository import refs
    from dokkupy_sdk.errors import HostError

    repository = Repository(world.host, BLOG)
    move = refs.Move("refs/heads/main", "1" * 40, served)
    with pytest.raises(HostError, match="git refused the refs"):
        refs.require_possible(repository, [move])


def test_a_hidden_ref_cannot_be_pushed(world: World, client: Client, served: str) -> None:
    client.commit({"a": "2"})
    assert "hidden" in refuse_and_look(world, client, "main:refs/dokkupy/x")


def test_a_repository_that_cannot_be_written_refuses_the_push_and_the_old_commit_serves(
    world: World, client: Client, served: str
) -> None:
    """As on a full disk: the deploy worked, the ref cannot be moved; so the deploy is undone."""
    client.commit({"LOSE_REFS": ""})
    done = client.push("main")
    assert done.returncode != 0
    assert head(world, "main") == served
    assert world.host.store.read("apps", "blog", "git")["sha"] == served
    assert world.leftovers() == [str(world.root / "repos/blog.git/refs/heads/main.lock")]


# what is rebuilt is what serves


def test_a_rebuild_takes_the_commit_of_a_tag_that_was_deployed(world: World, client: Client, tmp_path: Path) -> None:
    client.commit({"a": "1"})
    assert client.push("master").returncode == 0
    commit = client.commit({"a": "2"})
    client.git("tag", "master")
    assert client.push("refs/tags/master:refs/tags/master").returncode == 0
    assert world.deployed["commit"] == commit
    assert rebuilt(world, tmp_path / "one") == commit
    last = client.commit({"a": "3"})
    assert client.push("refs/heads/master:refs/heads/master").returncode == 0
    assert rebuilt(world, tmp_path / "two") == last


def rebuilt(world: World, directory: Path) -> str:
    from dokkupy_git.sources import GitSources

    directory.mkdir()
    return GitSources(world.host).checkout(BLOG, directory)
