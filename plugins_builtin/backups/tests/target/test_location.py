"""URLs and credentials of targets."""

from __future__ import annotations

import pytest
from dokkupy_backups.target.location import forbidden, parse_credentials, parse_location, refuse_forbidden
from dokkupy_sdk.errors import UserError
from dokkupy_sdk.names import Secret
from dokkupy_sdk.testing.untrusted import NAMES_OF_NOTHING

from tests.architecture.each import for_each

pytestmark = pytest.mark.unit

PARTS_OF_URLS = ("", "/", "a/b", "a>b", "?", "ä")
"""Harmless in a URL, which is one argument of restic and reaches no shell."""


@for_each([one for one in NAMES_OF_NOTHING if one not in PARTS_OF_URLS], ascii)
def test_malicious_words_in_urls_are_refused(text: str) -> None:
    for form in ("s3:https://{}/bucket", "sftp:{}@host/path", "sftp:user@{}/path", "rest:https://{}/"):
        if text in ("..", ".") and "path" not in form:
            continue
        with pytest.raises(UserError):
            parse_location(form.format(text))
    if (
        text != "*"
        and "~" not in text
        and len(text) < 4096
        and all(one not in text for one in ";$`|& {}%\uff0f\u202e-\\'\"")
    ):
        with pytest.raises(UserError):
            parse_location(f"/srv/{text}" if text not in ("../x", "a/../b") else f"/srv/{text}")


@pytest.mark.parametrize(
    "url",
    [
        "ext::sh -c id",
        "file:///etc",
        "-oProxyCommand=id",
        "sftp:-oProxyCommand=id@host/path",
        "sftp:user@-host/path",
        "s3:https://key:secret@host/bucket",
        "rest:https://user:password@host/",
        "s3:http://backup.example.com/bucket",
        "rest:http://10.0.0.1/",
        "s3:https://169.254.169.254/latest",
        "rest:https://[fe80::1]/",
        "s3:https://0.0.0.0/b",
        "s3:https://2130706433/bucket",
        "s3:https://metadata.google.internal/b",
        "s3:https://[::ffff:169.254.169.254]/b",
        "rest:unix:///var/run/docker.sock",
        "s3:https://host/",
        "s3:https://host",
        "sftp:user@host:99999/path",
        "sftp:host/path",
        "rclone:remote:path",
        "swift:container:/",
        "relative/path",
        "/srv/../etc",
        "/",
        "//srv",
        "s3:https://host/bucket?x=1",
        "s3:https://host/bucket#x",
        "/srv/back\nups",
        "/srv/a:b",
    ],
)
def test_urls_that_are_no_target_are_refused_without_showing_a_password(url: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_location(url)
    assert "password@" not in str(caught.value) and "secret@" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "repository"),
    [
        ("/srv/backups", "/srv/backups"),
        ("/srv/back ups/", "/srv/back ups"),
        ("s3:https://s3.example.com/bucket/a/b", "s3:https://s3.example.com/bucket/a/b"),
        ("s3:http://127.0.0.1:9150/bucket", "s3:http://127.0.0.1:9150/bucket"),
        ("sftp:me@host:2222/srv/backups", "sftp://me@host:2222//srv/backups"),
        ("sftp:me@host:/srv/backups", "sftp://me@host//srv/backups"),
        ("sftp:me@host/~/backups", "sftp://me@host/backups"),
        ("rest:https://host:8000/me/", "rest:https://host:8000/me/"),
    ],
)
def test_urls_are_converted_to_restic_s_form(url: str, repository: str) -> None:
    assert parse_location(url).repository() == repository


def test_the_login_of_a_rest_server_is_quoted_in_restic_s_url() -> None:
    location = parse_location("rest:https://host/")
    assert location.repository("me", Secret("p@ss/w:rd")) == "rest:https://me:p%40ss%2Fw%3Ard@host/"


def test_names_that_resolve_to_metadata_addresses_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: [(2, 1, 6, "", ("169.254.169.254", 0))])
    with pytest.raises(UserError):
        refuse_forbidden(parse_location("s3:https://innocent.example.com/bucket"))
    forbidden("innocent.example.com")


def test_credentials_are_checked_without_being_shown() -> None:
    s3 = parse_location("s3:https://host/bucket")
    with pytest.raises(UserError, match="secret-key"):
        parse_credentials(s3, ["access-key=AK"])
    for words in (["canary"], ["user=canary"], ["access-key=canary\n", "secret-key=x"], ["access-key="]):
        with pytest.raises(UserError) as caught:
            parse_credentials(s3, words)
        assert "canary" not in str(caught.value)
    given, key = parse_credentials(s3, ["access-key=AK", "secret-key=a=b", "key=K"])
    assert given["secret-key"].reveal() == "a=b" and key == Secret("K") and "key" not in given
    with pytest.raises(UserError, match="both"):
        parse_credentials(parse_location("rest:https://host/"), ["user=me"])
