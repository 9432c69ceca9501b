"""A complete host in a temporary directory."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dokkupy.kernel.console import Console
from dokkupy.kernel.discovery import EntryPoint, entry_points
from dokkupy.kernel.registry import Registry

from dokkupy_sdk import Host
from dokkupy_sdk.one_offs import EngineOneOffs
from dokkupy_sdk.testing.fake_engine import FakeEngine
from dokkupy_sdk.testing.fake_tls import FakeChallengeServer, FakeTlsProbe
from dokkupy_sdk.testing.fakes import (
    FakeBuilder,
    FakeProxy,
    FakeScheduler,
    FakeSource,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_sdk.names import AppName


class RecordingConsole(Console):
    """lines: every line that was printed, in order, with its kind."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []

    def section(self, text: str) -> None:
        self.lines.append(("section", text))

    def title(self, text: str) -> None:
        self.lines.append(("title", text))

    def header(self, text: str) -> None:
        self.lines.append(("header", text))

    def detail(self, text: str) -> None:
        self.lines.append(("detail", text))

    def warn(self, text: str) -> None:
        self.lines.append(("warn", text))

    def text(self) -> str:
        return "\n".join(text for _, text in self.lines)


class FakeHost(Host):
    """A host that starts no process: spawned has the commands that it would have started. Its roles have the fakes' types,
    for tests that read what a fake records; with `real` of `fake_host`, annotate it as `Host`."""

    if TYPE_CHECKING:
        out: RecordingConsole

        def engine(self) -> FakeEngine: ...

        def scheduler(self, app: AppName | None = None) -> FakeScheduler: ...

        def proxy(self, app: AppName | None = None) -> FakeProxy: ...

    def __init__(self, *args: Any, **keywords: Any) -> None:
        super().__init__(*args, **keywords)
        self.spawned: list[tuple[str, ...]] = []

    def spawn(self, *words: str) -> None:
        self.spawned.append(words)


VOCABULARY = ("apps", "commands", "host", "plugins", "run", "ssh")


def fake_host(root: Path, *, plugins: tuple[str, ...] = (), real: tuple[str, ...] = ()) -> FakeHost:
    """A host whose roles are all fakes. plugins: names of installed plugins whose hooks and commands count too. real: roles
    that an installed plugin fills (`engine`), which are not fakes. Dokku's vocabulary (`apps:create`, `config:set`) is there where it is
    installed: a plugin whose tests type it names `dokkupy-commands` or `dokkupy-run` among what its tests need."""
    core = chosen(tuple(sys.path), plugins, real)
    builder = EntryPoint("dokkupy.builder", "fake", f"{FakeBuilder.__module__}:FakeBuilder", "dokkupy-fake", "1", "")
    host = FakeHost(str(root), out=RecordingConsole(), registry=Registry([*core, builder]), command="test")
    fakes: dict[str, Callable[[Host], Any]] = {
        "engine": FakeEngine,
        "scheduler": FakeScheduler,
        "proxy": FakeProxy,
        "source": FakeSource,
    }
    if "scheduler" not in real:
        fakes["one_offs"] = EngineOneOffs
    if "proxy" not in real:
        fakes |= {"challenge_server": FakeChallengeServer, "tls_probe": FakeTlsProbe}
    for role, fake in fakes.items():
        if role not in real:
            host.override_role(role, "fake", fake(host))
    return host


@functools.cache
def chosen(path: tuple[str, ...], plugins: tuple[str, ...], real: tuple[str, ...]) -> list[EntryPoint]:
    """The entry points of a host of these plugins, selected once for all hosts that are alike."""
    found = installed(path)
    adapters = {f"dokkupy.{role}" for role in (*real, *(["one_offs"] if "scheduler" in real else []))}
    wanted = {"core", "sdk", *VOCABULARY, *plugins}
    return [
        *(entry for entry in found if entry.plugin in wanted and ours(entry)),
        *(entry for entry in found if entry.group in adapters),
    ]


@functools.cache
def installed(path: tuple[str, ...]) -> list[EntryPoint]:
    """What is installed on this `sys.path`, read once for all hosts of a run."""
    return entry_points()


ADAPTERS = frozenset(
    f"dokkupy.{role}"
    for role in ("engine", "scheduler", "builder", "proxy", "challenge_server", "tls_probe", "source", "one_offs")
)


def ours(entry: EntryPoint) -> bool:
    """Adapters are fakes; all else of the named plugins is real."""
    return entry.group not in ADAPTERS
