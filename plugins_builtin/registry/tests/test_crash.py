"""Each changing command and a pushing deploy killed at every boundary: it happened or it did not, nothing between."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from dokkupy_apps.apps import create_app
from dokkupy_registry.push import push_release
from dokkupy_registry.settings import SETTINGS
from dokkupy_registry.stored import LoginsFile, PushedFile
from dokkupy_sdk import Host
from dokkupy_sdk.entry import main
from dokkupy_sdk.model import Deployment, Release
from dokkupy_sdk.names import AppName
from dokkupy_sdk.operation import operation
from dokkupy_sdk.testing import fake_host
from dokkupy_sdk.testing.processes import killed_at

APP = AppName("blog")
SERVER = "registry.example.com"
IMAGE = f"sha256:{1:064x}"
CASES: dict[str, Callable[[Host], object]] = {
    "login": lambda host: run(host, "registry:login", "blog", SERVER, "bob", "of-bob"),
    "login of all": lambda host: run(host, "registry:login", "--global", SERVER, "bob", "of-bob"),
    "logout": lambda host: run(host, "registry:logout", "blog", SERVER),
    "set": lambda host: run(host, "registry:set", "blog", "push-extra-tags", "latest"),
    "push": lambda host: push(host),
}


def opened(base: Path) -> Host:
    host = fake_host(base / "dokkupy", plugins=("registry",))
    host.engine().accounts[SERVER] = {"ann": "of-ann", "bob": "of-bob"}  # type: ignore[attr-defined]
    host.engine().tags["dokku/blog:r1"] = IMAGE  # type: ignore[attr-defined]
    return host


def made(base: Path) -> Host:
    host = opened(base)
    create_app(host, APP)
    run(host, "registry:login", "blog", SERVER, "ann", "of-ann")
    run(host, "registry:set", "blog", "server", SERVER)
    run(host, "registry:set", "blog", "push-on-release", "true")
    return host


def run(host: Host, *words: str) -> None:
    assert main(list(words), host=host) == 0


def push(host: Host) -> None:
    release = Release(APP, 1, IMAGE, "2026-01-01T00:00:00Z", "git-hook")
    with operation(host, "deploy", f"app:{APP}") as tx:
        push_release(host, Deployment(tx.id, APP, "deploy", release, (), (), ()), tx)


def state(host: Host) -> Any:
    return (
        {
            scope: {k: (v.user, v.password.reveal()) for k, v in host.store.load(LoginsFile, scope).logins.items()}
            for scope in (APP, None)
        },
        SETTINGS.all(host.store, APP),
        host.store.load(PushedFile, APP),
        sorted(os.listdir(os.path.join(host.root, "journal", "open"))),
    )


@pytest.mark.parametrize("case", CASES)
def test_a_command_killed_anywhere_happened_or_did_not(tmp_path: Path, case: str) -> None:
    base, saved = tmp_path / "base", tmp_path / "saved"
    host = made(base)
    shutil.copytree(base, saved)
    before = state(host)
    CASES[case](host)
    after = state(host)
    assert before != after
    for number in range(1, 60):
        shutil.rmtree(base)
        shutil.copytree(saved, base)
        host = opened(base)
        if not killed_at(number, lambda: CASES[case](host)):  # noqa: B023 - called at once
            assert number > 3
            return
        for subject in (f"app:{APP}", "host"):
            with operation(host, "recover", subject):
                pass
        assert state(host) in (before, after), number
    raise AssertionError("it never ends")
