"""Commands never end in an internal error, even if the state was edited wrongly: each value in turn gets another type,
and the app can still be destroyed."""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from dokkupy_apps.testing import deploy
from dokkupy_sdk import Host
from dokkupy_sdk.entry import main
from dokkupy_sdk.testing import fake_host
from dokkupy_sdk.testing.effort import THOROUGH

PLUGINS = (
    "app-json",
    "buildpacks",
    "builders",
    "certs",
    "checks",
    "docker",
    "dockerfile",
    "letsencrypt",
    "commands",
    "host",
    "logs",
    "resource",
    "services",
)
SET = (
    ["config:set", "blog", "A=b"],
    ["domains:add", "blog", "a.example.com"],
    ["ports:set", "blog", "http:80:5000"],
    ["checks:set", "blog", "wait", "3"],
    ["resource:limit", "--memory", "100m", "blog"],
    ["docker-options:add", "blog", "deploy", "--init"],
    ["buildpacks:add", "blog", "https://example.com/x.git"],
    ["ps:scale", "blog", "web=2"],
)
WRONG: tuple[Any, ...] = ("text", 7, [1], {"x": 1}, True)
STRIDE = 1 if THOROUGH else 9


READS = (
    ["apps:list"],
    ["apps:report", "blog"],
    ["ps:report"],
    ["ps:report", "blog"],
    ["config:show", "blog"],
    ["domains:report", "blog"],
    ["domains:report"],
    ["ports:list", "blog"],
    ["proxy:report", "blog"],
    ["resource:report", "blog"],
    ["docker-options:report", "blog"],
    ["checks:report", "blog"],
    ["certs:report", "blog"],
    ["letsencrypt:list"],
    ["logs:failed", "blog"],
    ["releases", "blog"],
    ["releases:info", "blog"],
    ["buildpacks:report", "blog"],
    ["urls", "blog"],
    ["report", "blog"],
)
GO_ON = (["doctor"], ["tick"], ["recover"], ["ps:restart", "blog"], ["ps:restart", "shop"])
"""Commands that read the state of all apps, or change an app depending on its state."""


def host_at(root: Path) -> Host:
    return fake_host(root, plugins=PLUGINS)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """The state of a host with an app that has many settings."""
    host = host_at(tmp_path / "state")
    deploy(host, "blog", {"Procfile": "web: serve\nworker: w\n", "Dockerfile": "FROM scratch\n"})
    for words in SET:
        assert main(list(words), host=host) == 0, words
    return tmp_path / "state"


def paths(value: Any, so_far: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The paths of all values of a table, at any depth."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in members:
        if key != "schema":
            yield (*so_far, key)
            yield from paths(one, (*so_far, key))


def changed(text: str, path: tuple[str | int, ...], wrong: Any) -> str | None:
    """The file with another value at a path. None if TOML has no such table, or the value already has that type."""
    table: Any = tomllib.loads(text)
    holder = table
    for key in path[:-1]:
        holder = holder[key]
    if type(holder[path[-1]]) is type(wrong):
        return None
    holder[path[-1]] = wrong
    return tomli_w.dumps(table)


def test_app_with_any_wrong_value_in_its_state_can_be_destroyed(
    state: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    files = sorted(state.joinpath("apps", "blog").rglob("*.toml"))
    cases = [
        (file, path, wrong) for file in files for path in paths(tomllib.loads(file.read_text())) for wrong in WRONG
    ]
    assert len(cases) > 1000
    for number, (file, path, wrong) in enumerate(cases[::STRIDE]):
        text = changed(file.read_text(), path, wrong)
        if text is None:
            continue
        copy = shutil.copytree(state, tmp_path / str(number))
        (copy / file.relative_to(state)).write_text(text)
        capfd.readouterr()
        status = main(["apps:destroy", "blog", "--force"], host=host_at(copy))
        assert status == 0, (file.name, path, wrong, *capfd.readouterr())
        assert not (copy / "apps" / "blog").exists()
        shutil.rmtree(copy)


def test_no_command_ends_in_an_internal_error_over_a_value_of_another_type(
    state: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Commands that read take turns, and so do commands that change. Each value of the app and of the host is wrong
    once."""
    deploy(host_at(state), "shop", {"Procfile": "web: serve\n", "Dockerfile": "FROM scratch\n"})
    files = sorted([*state.joinpath("apps", "blog").rglob("*.toml"), *state.joinpath("global").rglob("*.toml")])
    cases = [
        (file, path, wrong) for file in files for path in paths(tomllib.loads(file.read_text())) for wrong in WRONG
    ]
    wrongs = []
    for number, (file, path, wrong) in enumerate(cases[:: 1 if THOROUGH else 29]):
        text = changed(file.read_text(), path, wrong)
        if text is None:
            continue
        copy = shutil.copytree(state, tmp_path / f"read-{number}")
        (copy / file.relative_to(state)).write_text(text)
        for words in (READS[number % len(READS)], GO_ON[number % len(GO_ON)]):
            capfd.readouterr()
            status = main(list(words), host=host_at(copy))
            out, err = capfd.readouterr()
            case = (words, file.name, path, wrong, out, err)
            if status not in (0, 1) or "Internal error" in out + err or "Error: " in out + err:
                wrongs.append(case)
        shutil.rmtree(copy)
    assert wrongs == []
