"""URLs of repositories: accepted, refused, without their password."""

from __future__ import annotations

import pytest
from dokkupy_git.urls import parse_remote, relative_to
from dokkupy_sdk.errors import UserError
from dokkupy_sdk.names import Secret


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/a.git",
        "https://example.com:8443/a",
        "ssh://git@example.com:2222/a",
        "git@example.com:a/b.git",
        "git://example.com/a",
        "ssh://git@[::1]/a",
    ],
)
def test_ordinary_urls_are_accepted(url: str) -> None:
    assert parse_remote(url, protocols=("https", "ssh", "git"), local=False).url == url


@pytest.mark.parametrize(
    "url",
    [
        "ext::sh -c id",
        "ext::id",
        "--upload-pack=id",
        "-oProxyCommand=id",
        "ssh://-oProxyCommand=id/x",
        "file:///etc",
        "git@-oProxyCommand=id:x",
        "-u@host:x",
        "https://exa mple.com/",
        "https://example.com/a\nb",
        "http://example.com/",
        "",
        "transport::address",
        "//etc",
        "host:path",
        "git@host:-x",
        "https:///etc",
        "ssh://git:pw@host/x",
        "https://example.com/" + "a" * 3000,
        "/etc/passwd",
        "ftp://example.com/a",
        "fd::7",
        "https://$(id)/x",
    ],
)
def test_malicious_urls_are_refused(url: str) -> None:
    with pytest.raises(UserError):
        parse_remote(url, protocols=("https", "ssh", "git"), local=False)


def test_password_of_a_url_leaves_url_and_argv() -> None:
    remote = parse_remote("https://u%40x:p%3Aw@example.com/a", protocols=("https",), local=False)
    assert remote.url == "https://example.com/a"
    assert remote.user == "u@x"
    assert remote.password == Secret("p:w")
    assert "p:w" not in repr(remote)
    assert remote.secret_config()["http.extraHeader"].startswith("Authorization: Basic ")
    assert remote.secret_config()["http.followRedirects"] == "false"


@pytest.mark.parametrize(
    ("origin", "url", "expected"),
    [
        ("https://example.com/org/app.git", "../lib.git", "https://example.com/org/lib.git"),
        ("https://example.com/org/app", "../../x/lib", "https://example.com/x/lib"),
        ("git@example.com:org/app", "../lib", "git@example.com:org/lib"),
        ("git@example.com:app", "../lib", "git@example.com:lib"),
        ("https://example.com/app", "./lib", "https://example.com/app/lib"),
    ],
)
def test_relative_submodule_urls_are_relative_to_the_origin(origin: str, url: str, expected: str) -> None:
    assert relative_to(origin, url) == expected


def test_relative_url_cannot_leave_the_host_of_its_origin() -> None:
    with pytest.raises(UserError):
        relative_to("https://example.com/app", "../../evil.example/x")


@pytest.mark.parametrize("host", ["127.0.0.1:3000", "localhost:3000", "[::1]:3000"])
def test_plain_http_to_the_host_itself_is_for_admins_only(host: str) -> None:
    url = f"http://{host}/team/blog.git"
    assert parse_remote(url, protocols=("https",), local=False, loopback=True).url == url
    with pytest.raises(UserError, match="protocol http is not allowed"):
        parse_remote(url, protocols=("https",), local=False, loopback=False)
    with pytest.raises(UserError, match="protocol http is not allowed"):
        parse_remote("http://127.0.0.1.example.com/x", protocols=("https",), local=False, loopback=True)
