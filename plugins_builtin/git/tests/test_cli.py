"""The other commands of the namespace `git`."""

from __future__ import annotations

import json

import pytest
from dokkupy_git.repository.bare import Repository
from dokkupy_git.settings import deploy_branch

from plugins_builtin.git.tests.conftest import BLOG, Client, World, head, run


@pytest.mark.parametrize(
    ("typed", "who"),
    [
        (("Ann", "ann@example.com"), "Ann <ann@example.com>"),
        (("Ann", "von", "Au", "ann@example.com"), "Ann von Au <ann@example.com>"),
        (("Ann von Au", "ann@example.com", "blog"), "Ann von Au <ann@example.com>"),
        ((), "Dokku <automated@dokku.sh>"),
        (("Ann",), "Ann <automated@dokku.sh>"),
        (("Ann", "ann"), "Ann <ann>"),
    ],
)
def test_name_of_several_parts_arrives_over_ssh(world: World, typed: tuple[str, ...], who: str) -> None:
    world.make_app()
    assert run(world, "git:from-image", "blog", "app:v1", *typed) == 0
    assert Repository(world.host, BLOG).git("log", "--format=%an <%ae>", "master").stdout.strip() == who


@pytest.mark.parametrize("name", ["a\nb", "a <b", "x" * 300])
def test_malicious_authors_are_refused(world: World, name: str) -> None:
    world.make_app()
    assert run(world, "git:from-image", "blog", "app:v1", name) == 1
    assert head(world) == ""


def test_report_shows_what_dokkus_users_know(world: World, client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    commit = client.commit({"a": "1"})
    assert client.push("master:main").returncode == 0
    capsys.readouterr()
    assert run(world, "git:report", "blog", "--format", "json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["deploy-branch"] == report["computed-deploy-branch"] == "main"
    assert report["sha"] == commit
    assert report["rev-env-var"] == "GIT_REV"
    assert report["keep-git-dir"] == ""
    assert report["computed-keep-git-dir"] == "false"
    assert report["computed-archive-max-files"] == "10000"
    assert report["last-updated-at"].isdigit()
    assert run(world, "git:report", "blog", "--git-sha") == 0
    assert capsys.readouterr().out == f"{commit}\n"


def test_variable_of_the_revision_can_be_renamed_and_switched_off(world: World, client: Client) -> None:
    world.make_app()
    commit = client.commit({"a": "1"})
    assert run(world, "git:set", "blog", "rev-env-var", "MY_REV") == 0
    client.push()
    assert world.deployed["env"] == {"MY_REV": commit}
    assert run(world, "git:set", "blog", "rev-env-var", "") == 0
    client.commit({"a": "2"})
    client.push()
    assert world.deployed["env"] == {}


def test_head_follows_the_deploy_branch(world: World, client: Client) -> None:
    client.commit({"a": "1"})
    client.push()
    assert run(world, "git:set", "blog", "deploy-branch", "release") == 0
    assert Repository(world.host, BLOG).head_branch() == "release"
    assert run(world, "git:set", "blog", "deploy-branch", "-x") == 1
    assert run(world, "git:set", "blog", "deploy-branch", "a;b") == 1
    assert deploy_branch(world.host, BLOG) == "release"


def test_status_and_initialize_and_unlock(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.make_app()
    assert run(world, "git:initialize", "blog") == 0
    assert Repository(world.host, BLOG).exists
    assert run(world, "git:status", "blog") == 0
    assert "No commits yet" in capsys.readouterr().out
    assert run(world, "git:unlock", "blog") == 1
    assert "apps:unlock blog" in capsys.readouterr().err
    for verb in ("status", "initialize", "unlock"):
        assert run(world, f"git:{verb}", "nope") == 20


def files(world: World) -> list[str]:
    """All but the audit, which also has the commands that change nothing."""
    found = (path for path in world.root.parent.rglob("*") if path.name != "audit.log" and path != world.root / "logs")
    return sorted(map(str, found))


@pytest.mark.parametrize(
    "words",
    [
        ("git:sync", "--build", "blog", "UPSTREAM"),
        ("git:from-image", "blog", "app:v1"),
        ("git:initialize", "blog"),
        ("git:load-image", "blog", "app:v1"),
        ("git:auth", "example.com", "ann", "pw"),
        ("git:generate-deploy-key",),
        ("git:allow-host", "example.com"),
    ],
)
def test_dry_run_says_what_would_be_and_changes_nothing(
    world: World, upstream: Client, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    before = files(world)
    said = [str(upstream.path) if word == "UPSTREAM" else word for word in words]
    assert run(world, *said, "--dry-run", "--format", "json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["dry_run"] is True
    assert len(answer["plan"]) == 1
    assert files(world) == before


@pytest.mark.parametrize("image", ["dokku/blog:r1", "docker.io/dokku/blog", "dokkupy/debian:bookworm"])
def test_another_apps_image_is_not_deployed_by_its_name(
    world: World, capsys: pytest.CaptureFixture[str], image: str
) -> None:
    world.make_app()
    assert run(world, "git:from-image", "blog", image) == 1
    assert "belong to them alone" in capsys.readouterr().err
