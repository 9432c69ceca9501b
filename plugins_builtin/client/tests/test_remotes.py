"""Host and app: from flags, the environment and git remotes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from dokkupy_client.faults import Fault
from dokkupy_client.remotes import find, parse_url


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("dokku@apps.example.com:blog", ("dokku", "apps.example.com", "", "blog")),
        ("dokkupy@apps.example.com:blog.git", ("dokkupy", "apps.example.com", "", "blog")),
        ("apps:blog", ("dokku", "apps", "", "blog")),
        ("ssh://dokku@apps.example.com:2222/blog", ("dokku", "apps.example.com", "2222", "blog")),
        ("ssh://dokku@apps.example.com/blog", ("dokku", "apps.example.com", "", "blog")),
        ("ssh://dokku@[2001:db8::1]:2222/blog", ("dokku", "2001:db8::1", "2222", "blog")),
        ("dokku@[2001:db8::1]:blog", ("dokku", "2001:db8::1", "", "blog")),
    ],
)
def test_urls_of_apps_name_login_host_port_and_app(url: str, expected: tuple[str, ...]) -> None:
    found = parse_url(url)
    assert found is not None
    assert (found.user, found.host, found.port, found.app) == expected


@pytest.mark.parametrize(
    "url",
    [
        *("https://example.com/blog.git", "/srv/git/blog.git", "../blog", "git@github.com:ann/blog.git"),
        *("-oProxyCommand=x:blog", "dokku@-oProxyCommand=x:blog", "ssh://dokku@host:port/blog", "dokku@ho st:blog"),
        "dokku@host:",
    ],
)
def test_urls_of_other_things_are_no_apps(url: str) -> None:
    assert parse_url(url) is None


def test_url_of_an_app_is_read_back_as_it_was() -> None:
    for url in ("dokku@host:blog", "ssh://dokku@host:2222/blog", "ssh://dokku@[2001:db8::1]:22/blog"):
        found = parse_url(url)
        assert found is not None
        assert found.url("blog") == url


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("DOKKU_HOST", "DOKKU_PORT", "DOKKU_REMOTE", "DOKKU_APP_PATH"):
        monkeypatch.delenv(name, raising=False)
    git(tmp_path, "init", "-q")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", "-C", str(folder), *words], check=True)


def test_remote_dokku_comes_first_and_a_named_one_before_it(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(repository, "remote", "add", "origin", "git@github.com:ann/blog.git")
    git(repository, "remote", "add", "dokku", "dokku@one:blog")
    git(repository, "remote", "add", "staging", "ssh://dokku@two:2222/blog-staging")
    assert (find().host, find().app, find().remote) == ("one", "blog", "dokku")
    assert find(remote="staging").app == "blog-staging"
    monkeypatch.setenv("DOKKU_REMOTE", "staging")
    assert (find().host, find().port) == ("two", "2222")
    monkeypatch.delenv("DOKKU_REMOTE")
    git(repository, "config", "dokku.remote", "staging")
    assert find().host == "two"
    assert find(app="other").app == "other"
    folder = repository / "deeper"
    folder.mkdir()
    monkeypatch.chdir("/")
    assert find(folder=str(folder)).host == "two"


def test_only_remote_with_the_login_name_of_a_host_serves_and_several_are_refused(repository: Path) -> None:
    git(repository, "remote", "add", "origin", "git@github.com:ann/blog.git")
    git(repository, "remote", "add", "live", "dokkupy@one:blog")
    assert find().remote == "live"
    git(repository, "remote", "add", "staging", "dokku@one:staging")
    with pytest.raises(Fault, match="live, staging") as refusal:
        find()
    assert "--remote NAME" in refusal.value.hint


def test_environment_names_another_host_and_the_remote_still_the_app(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOKKU_HOST", "elsewhere")
    assert (find().host, find().user, find().app) == ("elsewhere", "dokku", "")
    git(repository, "remote", "add", "dokku", "dokku@one:blog")
    monkeypatch.setenv("DOKKU_PORT", "2222")
    assert (find().host, find().port, find().app) == ("elsewhere", "2222", "blog")
    monkeypatch.setenv("DOKKU_HOST", "-oProxyCommand=x")
    with pytest.raises(Fault, match="not the name of a host"):
        find()
    monkeypatch.setenv("DOKKU_HOST", "one")
    monkeypatch.setenv("DOKKU_PORT", "ssh")
    with pytest.raises(Fault, match="not a port"):
        find()


def test_without_a_host_the_status_is_dokku_s_and_the_hint_a_command(repository: Path) -> None:
    with pytest.raises(Fault, match="no git remote") as refusal:
        find()
    assert refusal.value.status == 20
    assert "dokku init HOST" in refusal.value.hint
    with pytest.raises(Fault, match="no git remote production"):
        find(remote="production")
