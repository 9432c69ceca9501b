"""Dokku's plugins, which are shell scripts, are refused by name."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from dokkupy.errors import UserError
from dokkupy.host import Host
from dokkupy_plugins import shell_plugins
from dokkupy_plugins.install import install
from dokkupy_sdk.testing import fake_host


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return fake_host(tmp_path / "state")


@pytest.mark.parametrize(
    "source",
    [
        "https://github.com/dokku/dokku-maintenance.git",
        "https://github.com/dokku/dokku-redirect",
        "git+https://github.com/dokku/dokku-http-auth.git#0.7.1",
        "git@github.com:dokku/dokku-maintenance.git",
    ],
)
def test_a_plugin_of_dokku_s_is_refused_by_name(host: Host, source: str) -> None:
    with pytest.raises(UserError, match="Dokku's shell plugins do not run here") as caught:
        install(host, source)
    assert caught.value.hint.startswith("No distribution that comes with dokkupy replaces this plugin of Dokku")


def test_the_error_for_a_plugin_of_dokku_names_the_distribution_that_replaces_it(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shell_plugins, "requires", lambda name: ["dokkupy-core==0.1.0", "dokkupy-letsencrypt==0.1.0"])
    with pytest.raises(UserError) as caught:
        install(host, "https://github.com/dokku/dokku-letsencrypt.git")
    assert "dokkupy-letsencrypt replaces this plugin" in caught.value.hint
    assert host.store.read("global", "plugin") == {}


@pytest.mark.parametrize("packed", [False, True])
def test_a_directory_or_archive_of_shell_triggers_is_refused(host: Host, tmp_path: Path, packed: bool) -> None:
    place = tmp_path / "dokku-postgres"
    place.mkdir()
    (place / "plugin.toml").write_text("[plugin]\n")
    (place / "post-deploy").write_text("#!/usr/bin/env bash\n")
    source = str(place)
    if packed:
        source = shutil.make_archive(str(tmp_path / "dokku-postgres"), "gztar", tmp_path, "dokku-postgres")
    with pytest.raises(UserError, match="dokku-postgres is not a Python distribution") as caught:
        install(host, source)
    assert caught.value.code == "shell_plugin"
