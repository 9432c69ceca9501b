"""A plugin cannot be disabled while enabled plugins require it, as the distributions declare."""

from __future__ import annotations

from pathlib import Path

import pytest
from dokkupy.errors import Conflict
from dokkupy.host import Host
from dokkupy.kernel.discovery import entry_points
from dokkupy_plugins.installed import OURS, disabled, requirements, set_disabled
from dokkupy_sdk.names import PluginName
from dokkupy_sdk.testing import RecordingConsole

NAMES = {entry.distribution: entry.plugin for entry in entry_points() if entry.distribution not in OURS}
DECLARED = list(requirements())
DEPENDENTS = {
    name: sorted(NAMES[other] for other, wants in DECLARED if distribution in wants and other in NAMES)
    for distribution, name in NAMES.items()
}


def test_the_table_is_not_empty() -> None:
    assert {"mariadb", "postgres", "redis"} <= set(DEPENDENTS["services"])
    assert [name for name, others in DEPENDENTS.items() if not others]


@pytest.mark.parametrize("name", sorted(DEPENDENTS))
def test_a_plugin_is_disabled_after_all_that_require_it_and_enabled_before_them(tmp_path: Path, name: str) -> None:
    host = Host(str(tmp_path))
    others = DEPENDENTS[name]
    if others:
        with pytest.raises(Conflict, match=rf"{', '.join(others)} requires? {name}(\n|$)") as refusal:
            set_disabled(host, PluginName(name), True)
        assert all(f"plugin:disable {other}" in refusal.value.hint for other in others)
        assert not disabled(host)
    host.store.write("global", "plugin", data={"disabled": others})
    assert set_disabled(host, PluginName(name), True)
    assert set(disabled(host)) == {name, *others}
    for other in others:
        with pytest.raises(Conflict, match=f"{other} requires .*{name}.* disabled"):
            set_disabled(host, PluginName(other), False)
    assert set_disabled(host, PluginName(name), False)


def test_broken_state_of_an_app_does_not_prevent_disabling_a_plugin(tmp_path: Path) -> None:
    host = Host(str(tmp_path), out=RecordingConsole())
    for app in ("blog", "shop"):
        host.store.write("apps", app, "app", data={"created_at": "now"})
    Path(host.store.path("apps", "blog", "builder")).write_text("no table [")
    Path(host.store.path("services", "redis", "db", "service")).parent.mkdir(parents=True)
    Path(host.store.path("services", "redis", "db", "service")).write_text("no table [")
    host.store.write("apps", "shop", "builder", data={"properties": {"selected": "dockerfile"}})
    with pytest.raises(Conflict, match="App shop uses the plugin dockerfile"):
        set_disabled(host, PluginName("dockerfile"), True)
    host.store.write("apps", "shop", "builder", data={})
    assert set_disabled(host, PluginName("dockerfile"), True)
    assert "Therefore it is unknown whether blog uses the plugin dockerfile." in host.out.text()  # type: ignore[attr-defined]
    with pytest.raises(Conflict, match="manages redis:db"):
        set_disabled(host, PluginName("redis"), True)
