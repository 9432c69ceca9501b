"""Maintenance, redirects and passwords are facts of an app's route, in force at once."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest
from dokkupy_apps.apps import destroy_app
from dokkupy_apps.routing.routes import stored_route
from dokkupy_apps.testing import deploy
from dokkupy_front.archive import LARGEST, page_of
from dokkupy_front.hooks import diagnose
from dokkupy_front.page import STANDARD, pages_root
from dokkupy_sdk import Host
from dokkupy_sdk.diagnosis import Evidence
from dokkupy_sdk.errors import UserError
from dokkupy_sdk.names import AppName, Secret
from dokkupy_sdk.proxy_facts import BasicAuth, DomainRedirect, Location, hash_password
from dokkupy_sdk.testing import fake_host
from dokkupy_sdk.testing.command_line import Run, command_line

BLOG = AppName("blog")


@pytest.fixture
def host(tmp_path: Path) -> Host:
    made = fake_host(tmp_path / "dokkupy", plugins=("front",))
    os.makedirs(pages_root(made))
    deploy(made, "blog", {"Dockerfile": "FROM scratch", "Procfile": "web: serve"})
    return made


@pytest.fixture
def run(host: Host, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    return command_line(host, capsys, monkeypatch)


def test_why_names_the_maintenance_page(host: Host, run: Run) -> None:
    evidence = Evidence("blog", "serve")
    assert list(diagnose(host, evidence)) == []
    assert run("maintenance:enable", "blog")[0] == 0
    (found,) = diagnose(host, evidence)
    assert found.title == "Visitors get the maintenance page" and found.fix == ("maintenance:disable blog",)
    assert list(diagnose(host, Evidence("blog", "build"))) == []


def tar(**files: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name.replace("_dot_", ".").replace("_slash_", "/"))
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return out.getvalue()


def facts(host: Host) -> tuple[object, ...]:
    return stored_route(host, BLOG).extra


# maintenance


def test_maintenance_answers_every_request_with_a_page_until_it_is_disabled(host: Host, run: Run) -> None:
    assert run("maintenance", "blog") == (0, "-----> Maintenance status of blog:\n       off\n", "")
    status, out, error = run("maintenance:enable", "blog")
    assert (status, error) == (0, ""), out
    assert out == "-----> Enabling maintenance mode for blog...\n       done\n"
    (fact,) = facts(host)
    assert isinstance(fact, Location) and (fact.path, fact.status) == ("/", 503)
    assert Path(fact.directory, "index.html").read_bytes() == Path(STANDARD).read_bytes()
    assert run("maintenance", "blog")[1].endswith("       on\n")
    assert run("maintenance:report", "blog", "--maintenance-enabled")[1] == "true\n"
    assert run("maintenance:disable", "blog")[0] == 0
    assert facts(host) == ()


def test_a_custom_page_is_served_with_all_its_files(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    own = page_of(io.BytesIO(tar(maintenance_dot_html=b"<h1>moved</h1>", img_slash_a_dot_png=b"png")))
    from dokkupy_sdk.entry import main

    monkeypatch.setattr("dokkupy_front.archive.page_of", lambda stream: own)
    assert main(["maintenance:custom-page", "blog"], host=host) == 0
    assert main(["maintenance:enable", "blog"], host=host) == 0
    page, image = facts(host)
    assert isinstance(page, Location) and isinstance(image, Location)
    assert Path(page.directory, "index.html").read_bytes() == b"<h1>moved</h1>"
    assert (image.path, image.exact, Path(image.directory).read_bytes()) == ("/img/a.png", True, b"png")
    assert oct(os.stat(image.directory).st_mode & 0o777) == "0o644"
    destroy_app(host, BLOG)
    assert os.listdir(pages_root(host)) == []


BAD: dict[str, bytes] = {
    "nothing": b"",
    "no archive": b"<h1>page</h1>" * 100,
    "no page": tar(index_dot_htm=b"x"),
    "a path out of the directory": tar(maintenance_dot_html=b"x", _dot__dot__slash_b=b"x"),
    "an absolute path": tar(maintenance_dot_html=b"x", _slash_etc_slash_b=b"x"),
    "a name that means something to a proxy": tar(**{"maintenance_dot_html": b"x", "a{b": b"x"}),
    "a page of the name that the proxy serves": tar(maintenance_dot_html=b"x", index_dot_html=b"x"),
    "too much": tar(maintenance_dot_html=b"x" * LARGEST),
}


@pytest.mark.parametrize("kind", BAD)
def test_an_archive_that_cannot_be_served_is_refused(kind: str) -> None:
    with pytest.raises(UserError):
        page_of(io.BytesIO(BAD[kind]))


def test_a_link_in_an_archive_is_refused() -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        member = tarfile.TarInfo("maintenance.html")
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/shadow"
        archive.addfile(member)
    with pytest.raises(UserError, match="cannot be served"):
        page_of(io.BytesIO(out.getvalue()))


# redirect


def test_a_domain_of_the_app_is_redirected_to_another(host: Host, run: Run) -> None:
    assert run("domains:set", "blog", "www.example.com", "example.com")[0] == 0
    status, out, error = run("redirect:set", "blog", "www.example.com", "example.com")
    assert (status, out, error) == (0, "-----> Setting redirect for blog...\n       done\n", "")
    assert facts(host) == (DomainRedirect("www.example.com", "http://example.com"),)
    assert run("redirect", "blog")[1] == "SOURCE           DESTINATION\nwww.example.com  example.com\n"
    assert run("redirect:unset", "blog", "www.example.com")[0] == 0
    assert facts(host) == ()


@pytest.mark.parametrize(
    ("source", "target"),
    [("other.example.com", "example.com"), ("example.com", "example.com"), ("example.com", "*.example.com")],
)
def test_a_redirect_that_cannot_work_is_refused(host: Host, run: Run, source: str, target: str) -> None:
    run("domains:set", "blog", "www.example.com", "example.com")
    assert run("redirect:set", "blog", source, target)[0] == 1
    assert facts(host) == ()


def test_a_redirect_loop_is_refused(host: Host, run: Run) -> None:
    run("domains:set", "blog", "www.example.com", "example.com")
    assert run("redirect:set", "blog", "www.example.com", "example.com")[0] == 0
    status, _, error = run("redirect:set", "blog", "example.com", "www.example.com")
    assert status == 1 and "redirected to itself" in error
    assert run("redirect:unset", "blog", "example.com")[0] == 1


# http-auth


def auth(host: Host) -> BasicAuth:
    (fact,) = facts(host)
    assert isinstance(fact, BasicAuth)
    return fact


def lets_in(fact: BasicAuth, name: str, password: str) -> bool:
    import base64

    kept = dict(fact.users).get(name)
    salt = base64.b64decode(kept.reveal().removeprefix("{SSHA}"))[20:] if kept else b""
    return kept is not None and hash_password(Secret(password), salt) == kept


def test_a_user_with_name_and_password_reaches_the_app(host: Host, run: Run) -> None:
    status, out, _ = run("http-auth:enable", "blog", "ann", "hunter2")
    assert (status, out) == (0, "-----> Enabling HTTP auth for blog...\n       Done\n")
    assert lets_in(auth(host), "ann", "hunter2") and not lets_in(auth(host), "ann", "hunter3")
    assert run("http-auth:add-user", "blog", "bob", stdin="from a pipe\n")[0] == 0
    assert lets_in(auth(host), "bob", "from a pipe")
    assert run("http-auth:remove-user", "blog", "ann")[0] == 0
    assert [name for name, _ in auth(host).users] == ["bob"]
    status, _, error = run("http-auth:remove-user", "blog", "ann")
    assert status == 0 and "blog has no user 'ann'. Its users: bob" in error
    assert run("http-auth:disable", "blog")[0] == 0
    assert facts(host) == ()


def test_passwords_are_stored_only_as_hashes(host: Host, run: Run) -> None:
    run("http-auth:enable", "blog", "ann", "hunter2")
    texts = [path.read_bytes() for path in Path(host.root).rglob("*") if path.is_file()]
    assert texts and not [text for text in texts if b"hunter2" in text]


def test_without_users_nobody_can_log_in_and_the_command_says_so(host: Host, run: Run) -> None:
    _, _, error = run("http-auth:enable", "blog")
    assert "No one can log in" in error
    assert not lets_in(auth(host), "nobody", "")


def test_allowed_addresses_need_no_password(host: Host, run: Run) -> None:
    run("http-auth:enable", "blog", "ann", "hunter2")
    assert run("http-auth:add-allowed-ip", "blog", "203.0.113.7")[0] == 0
    assert run("http-auth:add-allowed-ip", "blog", "2001:db8::/32")[0] == 0
    assert auth(host).exempt == ("203.0.113.7", "2001:db8::/32")
    assert run("http-auth:report", "blog", "--http-auth-allowed-ips")[1] == "203.0.113.7 2001:db8::/32\n"
    assert run("http-auth:report", "blog", "--http-auth-users")[1] == "ann\n"
    assert "{SSHA}" not in run("http-auth:show-config", "blog")[1]
    assert run("http-auth:remove-allowed-ip", "blog", "203.0.113.7")[0] == 0
    assert run("http-auth:remove-allowed-ip", "blog", "203.0.113.7")[0] == 1
    assert auth(host).exempt == ("2001:db8::/32",)


@pytest.mark.parametrize(
    "words",
    [
        ("add-user", "blog", "a:b", "x"),
        ("add-user", "blog", "ann", "x" * 256),
        ("add-allowed-ip", "blog", "example.com"),
    ],
)
def test_values_that_a_proxy_could_not_use_are_refused(run: Run, words: tuple[str, ...]) -> None:
    assert run(f"http-auth:{words[0]}", *words[1:])[0] == 1


@pytest.mark.parametrize("namespace", ["maintenance", "redirect", "http-auth"])
def test_an_app_without_these_settings_has_a_report_and_no_proxy_fact(host: Host, run: Run, namespace: str) -> None:
    assert facts(host) == ()
    status, out, _ = run(f"{namespace}:report", "blog")
    assert status == 0 and out.startswith(f"=====> blog {namespace} information\n")
