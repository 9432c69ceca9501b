"""`--all` continues after failures, names each app that failed, and only changes apps that the caller may change."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from dokkupy.cli.main import main
from dokkupy.host import Host
from dokkupy.kernel.discovery import entry_points
from dokkupy_apps.testing import deploy
from dokkupy_sdk.testing import fake_host

PLUGINS = tuple(sorted({entry.plugin for entry in entry_points()}))
APPS = ("blog", "shop", "news", "wiki")
FAILING = ("shop", "wiki")
COMMANDS = (
    "ps:restart --all",
    "ps:stop --all",
    "domains:disable --all",
    "proxy:disable --all",
    "proxy:build-config --all",
)


@pytest.fixture
def host(tmp_path: Path) -> Host:
    made = fake_host(tmp_path / "state", plugins=PLUGINS, real=("source",))
    made.hooks.manager.unregister(name="checks")  # this test cannot wait, because fake instances never answer
    for app in APPS:
        deploy(made, app, {"Procfile": "web: serve"})
    return made


def rows_of(text: str) -> dict[str, str]:
    return {row["app"]: row["status"] for row in json.loads(text[text.index("[{") :])}


@pytest.mark.parametrize("words", COMMANDS)
def test_each_failure_is_named_and_other_apps_are_changed(
    host: Host, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for app in FAILING:
        Path(host.store.path("apps", app, "deployment")).write_text("x = [")
    capsys.readouterr()
    assert main([*words.split(), "--format", "json"], host=host) == 1
    said = capsys.readouterr()
    assert rows_of(said.out) == {app: "failed" if app in FAILING else "done" for app in APPS}
    for app in FAILING:
        assert f"{app}: " in said.err + text_of(host)
    assert "Internal error" not in said.err


def text_of(host: Host) -> str:
    return "\n".join(text for _, text in getattr(host.out, "lines", []))


@pytest.mark.parametrize("words", COMMANDS)
def test_all_means_the_apps_that_the_key_may_change(host: Host, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = picture(host)
    host = as_deployer(host, "blog", "news")
    capsys.readouterr()
    assert main([*words.split(), "--format", "json"], host=host) == 0
    assert rows_of(capsys.readouterr().out) == {"blog": "done", "news": "done"}
    after = picture(host)
    assert {
        path for path in before | after if before.get(path) != after.get(path) and path[0] in ("shop", "wiki")
    } == set()


def as_deployer(host: Host, *apps: str) -> Host:
    key = {"key": "ssh-ed25519 AAAA", "fingerprint": "x", "role": "deployer", "apps": list(apps)}
    host.store.write("global", "ssh-keys", data={"keys": {"me": key}})
    return host.for_invocation(who="key:me")


def picture(host: Host) -> dict[tuple[str, str], bytes]:
    root = Path(host.path("apps"))
    found = [path for path in root.rglob("*.toml") if path.is_file()]
    return {(path.relative_to(root).parts[0], str(path)): path.read_bytes() for path in found}
