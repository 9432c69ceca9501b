"""What the timer notes about settings that are pending."""

from __future__ import annotations

from pathlib import Path

import pytest
from dokkupy_apps.releases.serving import summary_of
from dokkupy_apps.releases.state_mark import UnchangedFile, may_be_pending
from dokkupy_apps.testing import deploy
from dokkupy_commands.cli.pending import note_unchanged
from dokkupy_sdk.names import AppName
from dokkupy_sdk.state import ServingFile
from dokkupy_sdk.testing import FakeHost

pytestmark = pytest.mark.unit
BLOG = AppName("blog")


def asks_all_plugins(host: FakeHost) -> bool:
    serving = host.store.find(ServingFile, BLOG)
    assert serving is not None
    release = summary_of(host, BLOG, serving)
    assert release is not None
    return may_be_pending(host, BLOG, serving, release)


def test_an_app_with_broken_state_keeps_no_other_from_its_note(host: FakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    for app in ("ant", BLOG):
        deploy(host, app, {"Procfile": "web: serve"})
    assert not asks_all_plugins(host)
    monkeypatch.setattr("dokkupy_apps.releases.state_mark.plugins_mark", lambda host: "deadbeef")
    assert asks_all_plugins(host)
    Path(host.store.path("apps", "ant", "deployment")).write_text("broken")
    note_unchanged(host)
    assert not asks_all_plugins(host) and host.store.load(UnchangedFile).plugins == "deadbeef"
    host.store.save(UnchangedFile())
    assert asks_all_plugins(host)


def test_a_global_record_that_no_release_keeps_is_not_read(host: FakeHost) -> None:
    deploy(host, BLOG, {"Procfile": "web: serve"})
    host.store.write("global", "ps", data={"properties": {"stop-timeout-seconds": "7"}})
    assert asks_all_plugins(host)
    host.store.write("global", "ps", data={})
    assert not asks_all_plugins(host)
    Path(host.store.path("global", "apps")).write_text("broken")
    assert not asks_all_plugins(host)
