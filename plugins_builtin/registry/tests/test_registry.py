"""`registry:*` on a host of fakes: who is logged in where, what is pushed, and what a failure leaves."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from dokkupy_apps.apps import create_app
from dokkupy_apps.releases.records import current
from dokkupy_apps.testing import deploy
from dokkupy_registry.hooks import doctor_checks
from dokkupy_registry.names import ServerName, parse_tags, parse_template
from dokkupy_registry.push import target
from dokkupy_registry.stored import LoginsFile, PushedFile, kept_logins
from dokkupy_sdk import Host
from dokkupy_sdk.errors import DokkupyError, UserError
from dokkupy_sdk.names import AppName
from dokkupy_sdk.registry_access import client_settings, login_for, logins_of, server_of
from dokkupy_sdk.testing import FakeEngine, fake_host
from dokkupy_sdk.testing.command_line import Run, command_line

BLOG, SHOP = AppName("blog"), AppName("shop")
TREE = {"Procfile": "web: serve\n"}
SERVER = "registry.example.com"
PASSWORD = "canary-4711"


@pytest.fixture
def host(tmp_path: Path) -> Host:
    host = fake_host(tmp_path, plugins=("registry",))
    for app in (BLOG, SHOP):
        create_app(host, app)
    engine(host).accounts[SERVER] = {"ann": PASSWORD, "bob": "of-bob"}
    return host


def engine(host: Host) -> FakeEngine:
    return host.engine()  # type: ignore[return-value]


@pytest.fixture
def run(host: Host, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    return command_line(host, capsys, monkeypatch)


def log_in(run: Run, scope: str = "blog", user: str = "ann", password: str = PASSWORD) -> tuple[int, str, str]:
    return run("registry:login", "--password-stdin", scope, SERVER, user, stdin=f"{password}\n")


def pushes(run: Run, app: str = "blog", **properties: str) -> None:
    for name, value in {"server": SERVER, "push-on-release": "true", **properties}.items():
        assert run("registry:set", app, name.replace("_", "-"), value)[0] == 0


# logins


def test_a_login_that_the_registry_accepts_is_stored(host: Host, run: Run) -> None:
    assert log_in(run) == (0, "Login Succeeded\n", "")
    assert login_for(host, BLOG, f"{SERVER}/base:1").user == "ann"  # type: ignore[union-attr]
    assert login_for(host, SHOP, f"{SERVER}/base:1") is None
    assert login_for(host, None, f"{SERVER}/base:1") is None
    assert login_for(host, BLOG, "python:3.13") is None


def test_a_login_that_the_registry_refuses_leaves_the_previous_one(host: Host, run: Run) -> None:
    log_in(run, user="bob", password="of-bob")
    status, _, err = log_in(run, password="wrong-canary")
    assert status == 1 and "failed" in err and "wrong-canary" not in err
    assert kept_logins(host, BLOG)[SERVER].user == "bob"
    status, _, err = run("registry:login", "blog", "nowhere.example.com", "ann", "x")
    assert status == 1 and list(kept_logins(host, BLOG)) == [SERVER]


def test_dokku_s_positional_password_is_accepted_and_appears_in_no_record(host: Host, run: Run) -> None:
    assert run("registry:login", "blog", SERVER, "ann", PASSWORD)[0] == 0
    assert run("registry:login", "--global", SERVER, "ann", PASSWORD)[0] == 0
    assert kept_logins(host, None)[SERVER].user == "ann"
    log = "".join(
        path.read_text() for path in Path(host.root).rglob("*") if path.is_file() and "logins" not in path.name
    )
    assert PASSWORD not in log


def test_dokku_s_older_login_without_an_app_is_one_for_all_apps(host: Host, run: Run) -> None:
    status, _, err = run("registry:login", SERVER, "ann", PASSWORD)
    assert status == 0 and "--global" in err and PASSWORD not in err
    assert kept_logins(host, None)[SERVER].user == "ann"
    assert run("registry:logout", SERVER) == (0, f"Removing login credentials for {SERVER}\n", "")
    with_port = f"{SERVER}:5000"
    assert run("registry:login", "--password-stdin", SERVER, "bob", stdin="of-bob")[0] == 0
    assert kept_logins(host, None)[SERVER].user == "bob"
    status, _, err = run("registry:login", with_port, "ann", "wrong-canary")
    assert status == 1 and f"The registry {with_port} does not answer" in err and "wrong-canary" not in err
    assert run("registry:login", "no-such-app", "ann", PASSWORD)[0] == 20
    create_app(host, AppName("an.app"))
    assert run("registry:login", "an.app", SERVER, "ann", stdin="")[0] == 1, "a password is missing"


@pytest.mark.parametrize(
    ("words", "stdin"),
    [
        (("blog", SERVER, "ann"), ""),
        (("--password-stdin", "blog", SERVER, "ann", "typed"), "x"),
        (("blog", SERVER, ""), "x"),
        (("blog", SERVER, "a:b"), "x"),
        (("blog", "no_host/path", "ann"), "x"),
        (("blog", "word", "ann"), "x"),
        (("nosuch", SERVER, "ann"), "x"),
        (("--all", SERVER, "ann"), "x"),
        ((SERVER, "ann", "typed"), ""),
    ],
)
def test_an_incomplete_login_is_refused_and_nothing_is_stored(
    host: Host, run: Run, words: tuple[str, ...], stdin: str
) -> None:
    status, _, err = run("registry:login", *words, stdin=stdin)
    assert status in (1, 20) and "typed" not in err
    assert kept_logins(host, BLOG) == kept_logins(host, None) == {}


def test_an_app_s_own_login_overrides_the_global_one(host: Host, run: Run) -> None:
    log_in(run, "--global", "bob", "of-bob")
    log_in(run, "blog")
    assert logins_of(host, BLOG)[SERVER].user == "ann" and not logins_of(host, BLOG)[SERVER].shared
    assert logins_of(host, SHOP)[SERVER].user == "bob" and logins_of(host, SHOP)[SERVER].shared
    assert run("registry:logout", "blog", SERVER)[1] == f"Removing login credentials for {SERVER}\n"
    assert logins_of(host, BLOG)[SERVER].user == "bob"
    assert run("registry:logout", "blog", SERVER) == (0, f"Not logged in to {SERVER}\n", "")


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("https://Index.docker.io/v1/", "docker.io"),
        ("hub.docker.com", "docker.io"),
        ("ghcr.io/", "ghcr.io"),
        ("localhost:5000", "localhost:5000"),
    ],
)
def test_a_server_has_one_spelling(text: str, server: str) -> None:
    assert ServerName(text) == server


@pytest.mark.parametrize(
    ("ref", "server"),
    [("python", "docker.io"), ("ann/x:1", "docker.io"), ("GHCR.io/x", "ghcr.io"), ("localhost/x", "localhost")],
)
def test_the_server_of_an_image_is_read_as_engines_do(ref: str, server: str) -> None:
    assert server_of(ref) == server


def test_programs_find_the_logins_in_a_private_directory_that_is_removed_afterwards(
    host: Host, run: Run, tmp_path: Path
) -> None:
    log_in(run)
    with client_settings(host, logins_of(host, SHOP)) as settings:
        assert settings == {}
    with client_settings(host, logins_of(host, BLOG)) as settings:
        directory = Path(settings["DOCKER_CONFIG"])
        assert stat.S_IMODE(os.stat(directory).st_mode) == 0o700
        file = directory / "config.json"
        assert stat.S_IMODE(os.stat(file).st_mode) & 0o077 == 0
        assert list(json.loads(file.read_text())["auths"]) == [SERVER]
    assert not directory.exists()


# releases


def test_a_release_is_pushed_with_its_number_before_it_starts_and_with_its_tags_when_it_serves(
    host: Host, run: Run
) -> None:
    log_in(run)
    pushes(run, image_repo="team/blog", push_extra_tags="latest,stable")
    release = deploy(host, "blog", TREE).release
    names = [f"{SERVER}/team/blog:{tag}" for tag in ("1", "latest", "stable")]
    assert engine(host).pushed == dict.fromkeys(names, release.image)
    assert run("registry:report", "blog", "--registry-tag-version")[1] == "1\n"
    again = deploy(host, "blog", {**TREE, "x": "y"}, revision="b" * 40).release
    assert engine(host).pushed[f"{SERVER}/team/blog:2"] == again.image == engine(host).pushed[names[1]]
    assert engine(host).pushed[names[0]] == release.image


def test_without_push_on_release_nothing_is_pushed(host: Host, run: Run) -> None:
    log_in(run)
    run("registry:set", "blog", "server", SERVER)
    deploy(host, "blog", TREE)
    assert engine(host).pushed == {}


def test_the_repository_comes_from_the_app_the_template_or_dokku_s_default(host: Host, run: Run) -> None:
    assert target(host, BLOG) == "docker.io/dokku/blog"
    assert run("registry:set", "--global", "image-repo-template", "team/{{ .AppName }}-web")[0] == 0
    run("registry:set", "--global", "server", SERVER)
    assert target(host, BLOG) == f"{SERVER}/team/blog-web"
    run("registry:set", "blog", "image-repo", "own/name")
    assert target(host, BLOG) == f"{SERVER}/own/name"
    assert run("registry:report", "shop", "--registry-computed-image-repo")[1] == "team/shop-web\n"
    assert "logins" not in run("registry:report", "shop")[1]


@pytest.mark.parametrize("text", ["{{ .Name }}", "Team/{{.AppName}}", "a//b", "{{.AppName", "-x", "a b"])
def test_an_invalid_template_is_refused(text: str) -> None:
    with pytest.raises(UserError):
        parse_template(text)


@pytest.mark.parametrize("text", ["7", "a/b", "-x", "$(id)"])
def test_an_invalid_tag_is_refused(text: str) -> None:
    with pytest.raises(UserError):
        parse_tags(text)


def test_a_push_that_fails_ends_the_deploy_and_the_old_release_serves(host: Host, run: Run) -> None:
    log_in(run)
    first = deploy(host, "blog", TREE).release
    pushes(run, push_extra_tags="latest")
    engine(host).accounts[SERVER]["ann"] = "changed"
    with pytest.raises(DokkupyError, match="refuses the login"):
        deploy(host, "blog", {**TREE, "x": "y"}, revision="b" * 40)
    assert current(host, BLOG)[0].image == first.image  # type: ignore[union-attr]
    assert engine(host).pushed == {} and host.store.load(PushedFile, BLOG).tag == 0
    assert not [ref for ref in engine(host).tags if ref.startswith(SERVER)]


def test_a_deploy_that_fails_after_its_push_moves_the_tags_back(host: Host, run: Run) -> None:
    log_in(run)
    pushes(run, push_extra_tags="latest,stable")
    first = deploy(host, "blog", TREE).release
    pushed, real = engine(host).pushed, engine(host).registries.push

    def fails_at_the_second(image: str, ref: str, login: object) -> None:
        if ref.endswith(":stable") and image != first.image:
            raise DokkupyError("the registry went away")
        real(image, ref, login)  # type: ignore[arg-type]

    engine(host).registries.push = fails_at_the_second  # type: ignore[method-assign]
    with pytest.raises(DokkupyError, match="went away"):
        deploy(host, "blog", {**TREE, "x": "y"}, revision="b" * 40)
    assert pushed[f"{SERVER}/dokku/blog:latest"] == pushed[f"{SERVER}/dokku/blog:stable"] == first.image
    assert current(host, BLOG)[0].number == 1  # type: ignore[union-attr]
    assert host.store.load(PushedFile, BLOG).tag == 1


def test_two_apps_cannot_push_to_one_repository(host: Host, run: Run) -> None:
    log_in(run, "--global")
    for app in ("blog", "shop"):
        pushes(run, app, image_repo="team/same")
    with pytest.raises(UserError, match="both be pushed"):
        deploy(host, "blog", TREE)
    assert engine(host).pushed == {}


def test_a_restored_app_needs_no_registry(host: Host, run: Run) -> None:
    log_in(run)
    pushes(run)
    deploy(host, "blog", TREE)
    engine(host).accounts.clear()
    assert run("ps:stop", "blog")[0] == 0
    assert run("ps:scale", "blog", "web=2")[0] == 0


# the life of apps


def test_a_clone_gets_the_logins_and_its_own_repository(host: Host, run: Run) -> None:
    log_in(run)
    pushes(run, image_repo="team/blog")
    deploy(host, "blog", TREE)
    assert run("apps:clone", "--skip-deploy", "blog", "copy")[0] == 0
    copy = AppName("copy")
    assert kept_logins(host, copy)[SERVER].user == "ann"
    assert target(host, copy) == f"{SERVER}/dokku/copy"
    assert host.store.load(PushedFile, copy).tag == 0


def test_a_renamed_app_keeps_its_login_and_a_destroyed_one_leaves_none(host: Host, run: Run) -> None:
    log_in(run)
    assert run("apps:rename", "blog", "news")[0] == 0
    assert kept_logins(host, AppName("news"))[SERVER].user == "ann"
    assert run("--force", "apps:destroy", "news")[0] == 0
    create_app(host, AppName("news"))
    assert kept_logins(host, AppName("news")) == {}


def test_the_doctor_names_logins_that_are_refused_and_releases_that_were_not_pushed(host: Host, run: Run) -> None:
    assert list(doctor_checks(host)) == []
    log_in(run)
    log_in(run, "shop")
    deploy(host, "blog", TREE)
    pushes(run)
    (found,) = doctor_checks(host)
    assert "was not pushed" in found.message and found.remedy == "dokkupy ps:restart blog"
    assert run("ps:restart", "blog")[0] == 0
    assert list(doctor_checks(host)) == []
    engine(host).accounts[SERVER]["ann"] = "changed"
    assert [one.level for one in doctor_checks(host)] == ["error", "error"]
    assert all(PASSWORD not in str(one) for one in doctor_checks(host))


def test_a_dry_run_sends_nothing_to_a_registry_and_stores_nothing(host: Host, run: Run) -> None:
    engine(host).accounts.clear()
    assert run("registry:login", "--dry-run", "blog", SERVER, "ann", "x")[0] == 0
    assert host.store.find(LoginsFile, BLOG) is None
