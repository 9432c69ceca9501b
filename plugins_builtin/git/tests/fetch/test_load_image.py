"""`git:load-image`: what standard input has becomes an image of the app alone."""

from __future__ import annotations

import gzip
import hashlib
import io
from pathlib import Path

import pytest
from dokkupy_apps.apps import create_app
from dokkupy_apps.releases.app_images import loaded_images
from dokkupy_git.fetch.deploy import load
from dokkupy_sdk import Host
from dokkupy_sdk.errors import Conflict, UserError
from dokkupy_sdk.names import AppName, ImageRef
from dokkupy_sdk.testing import fake_host

pytestmark = pytest.mark.unit

BLOG = AppName("blog")


class Given:
    """Standard input with these bytes."""

    def __init__(self, content: bytes, *, terminal: bool = False) -> None:
        self.buffer = io.BytesIO(content)
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


@pytest.fixture
def host(tmp_path: Path) -> Host:
    host = fake_host(tmp_path)
    create_app(host, BLOG)
    return host


def load_from(host: Host, monkeypatch: pytest.MonkeyPatch, content: bytes, name: str = "app:v1") -> None:
    monkeypatch.setattr("sys.stdin", Given(content))
    load(host, BLOG, ImageRef(name))


def test_a_terminal_is_not_an_image(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", Given(b"", terminal=True))
    with pytest.raises(UserError, match="Pass the image on standard input") as caught:
        load(host, BLOG, ImageRef("app:v1"))
    assert "docker save IMAGE" in caught.value.hint
    assert loaded_images(host, BLOG) == {}


@pytest.mark.parametrize("content", [b"an archive", gzip.compress(b"an archive")], ids=["plain", "gzip"])
def test_a_loaded_image_is_its_apps_and_its_name_means_nothing_to_others(
    host: Host, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    load_from(host, monkeypatch, content)
    assert loaded_images(host, BLOG) == {"app:v1": f"sha256:{hashlib.sha256(b'an archive').hexdigest()}"}
    assert host.images().find("app:v1") is None
    load_from(host, monkeypatch, b"another archive")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("dokkupy/host-programs:1", "belong to them alone"),
        ("dokku/blog:latest", "belong to them alone"),
        ("dokku/other:latest", "cannot be loaded"),
        ("base:1", "The image base:1 exists already on this host"),
    ],
)
def test_a_loaded_image_takes_no_name_that_is_somebody_elses(
    host: Host, monkeypatch: pytest.MonkeyPatch, name: str, reason: str
) -> None:
    host.engine().keep("base:1", {})  # type: ignore[attr-defined]
    with pytest.raises((UserError, Conflict), match=reason):
        load_from(host, monkeypatch, b"an archive", name)
    assert loaded_images(host, BLOG) == {}


@pytest.mark.parametrize("content", [b"x" * 1001, gzip.compress(b"x" * 1001)], ids=["plain", "gzip"])
def test_a_loaded_image_is_no_larger_than_an_admin_allows(
    host: Host, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    host.store.write("global", "git", data={"properties": {"image-max-size": "1000"}})
    with pytest.raises(UserError, match="more than 1000 bytes"):
        load_from(host, monkeypatch, content)
    assert list(Path(host.path("tmp", "load-image")).glob("*")) == []
