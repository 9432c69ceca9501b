"""What `plugin:*` may change."""

from __future__ import annotations

from pathlib import Path

import pytest
from dokkupy_plugins.installed import require_plugin, set_disabled
from dokkupy_sdk.errors import Conflict, NotFound
from dokkupy_sdk.names import PluginName
from dokkupy_sdk.testing import fake_host


def test_only_the_installer_changes_what_the_commands_run_on(tmp_path: Path) -> None:
    host = fake_host(tmp_path)
    with pytest.raises(Conflict, match="plugin:\\* runs on it") as caught:
        set_disabled(host, PluginName("plugins"), True)
    assert "install.sh" in caught.value.hint
    assert host.store.read("global", "plugin") == {}
    with pytest.raises(NotFound):
        require_plugin(host, PluginName("core"))
