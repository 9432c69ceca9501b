"""Code with a private key in it is not built, and what served goes on."""

from __future__ import annotations

from pathlib import Path

import pytest
from dokkupy_apps.releases.records import current
from dokkupy_apps.testing import deploy
from dokkupy_key_scan.scan import private_keys
from dokkupy_sdk import Host
from dokkupy_sdk.builder import builder_of
from dokkupy_sdk.entry import main
from dokkupy_sdk.errors import AppError
from dokkupy_sdk.names import AppName
from dokkupy_sdk.testing import fake_host

KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\n"
TREE = {"Dockerfile": "FROM scratch", "Procfile": "web: serve", "docs/keys.md": f"A key looks like this:\n{KEY}"}
BLOG = AppName("blog")


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return fake_host(tmp_path / "state", plugins=("key-scan",))


def test_code_with_a_private_key_is_refused_before_the_build(host: Host) -> None:
    deploy(host, "blog", TREE)
    serving = current(host, BLOG)
    with pytest.raises(AppError, match="config/tls.key is a private key") as caught:
        deploy(host, "blog", {**TREE, "config/tls.key": KEY})
    assert "key-scan:set blog allowed config/tls.key" in caught.value.hint
    assert current(host, BLOG) == serving
    assert len(builder_of(host, "fake").builds) == 1  # type: ignore[attr-defined]


def test_an_allowed_path_is_built(host: Host) -> None:
    deploy(host, "blog", TREE)
    assert main(["key-scan:set", "blog", "allowed", "tests/a.pem, tests/b.pem"], host=host) == 0
    deploy(host, "blog", {**TREE, "tests/a.pem": KEY, "tests/b.pem": KEY})
    with pytest.raises(AppError, match="c.pem"):
        deploy(host, "blog", {**TREE, "tests/a.pem": KEY, "tests/c.pem": KEY})


def test_links_large_files_and_bytes_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "outside.key").write_text(KEY)
    (tmp_path / "tree/link.key").symlink_to(tmp_path / "outside.key")
    (tmp_path / "tree/large.key").write_text(KEY + "x" * 70_000)
    (tmp_path / "tree/bytes.key").write_bytes(b"\xff\xfe\x00\x01")
    (tmp_path / "tree/own.key").write_text("\n" + KEY)
    assert list(private_keys(tmp_path / "tree")) == ["own.key"]
