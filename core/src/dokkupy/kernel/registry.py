"""The registry: which plugin offers which name. It loads a plugin at its first use, and names it when loading fails."""

from __future__ import annotations

import os
import sys
from _thread import RLock, get_ident  # importing `threading` would slow down every command

from dokkupy.errors import PluginError
from dokkupy.kernel.discovery import ALWAYS, EntryPoint, entry_points

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from collections.abc import Iterable
    from typing import Any, ClassVar
else:
    import _signal as signal  # the enumerations of `signal` would load eleven more modules in every command

IMPORT_SECONDS = 10
"""An import that takes longer counts as hung."""

IMPORTING = RLock()
"""Only one thread at a time imports a plugin, because the guard changes the standard output and the alarm of the whole
process. The others wait, because a module that is still being imported lacks its last names."""


class Registry:
    """Entry points by group and name, without the disabled ones.

    disabled: names of plugins that `plugin:disable` recorded. `DOKKUPY_PLUGINS=a,b` in the environment is an allowlist,
    for rescue and for tests. Core and the SDK are always there.
    """

    def __init__(self, entries: list[EntryPoint] | None = None, *, disabled: Iterable[str] = ()) -> None:
        self.all = entry_points() if entries is None else entries
        allowed = os.environ.get("DOKKUPY_PLUGINS")
        allow = None if allowed is None else {name.strip() for name in allowed.split(",")}
        off = set(disabled)
        self.entries = [
            entry
            for entry in self.all
            if entry.distribution in ALWAYS or (entry.plugin not in off and (allow is None or entry.plugin in allow))
        ]

    def group(self, group: str) -> dict[str, EntryPoint]:
        """Name -> entry of a group, sorted by name. When two distributions claim a name, only `find` of that name raises
        PluginError."""
        found: dict[str, EntryPoint] = {}
        for entry in self.entries:
            if entry.group == group:
                taken = found.get(entry.name)
                if taken is None or entry.distribution in ALWAYS:
                    found[entry.name] = entry
        return dict(sorted(found.items()))

    def find(self, group: str, name: str) -> EntryPoint | None:
        """The entry of that name. Raises PluginError when two plugins claim it. A name of core or the SDK always wins."""
        claims = [entry for entry in self.entries if entry.group == group and entry.name == name]
        if not claims:
            return None
        own = [entry for entry in claims if entry.distribution in ALWAYS]
        if own:
            return own[0]
        if len({entry.distribution for entry in claims}) > 1:
            both = " and ".join(f"{entry.distribution} {entry.version}" for entry in claims)
            raise PluginError(
                f"{group.removeprefix('dokkupy.')} {name} is claimed by {both}",
                plugin=claims[1].plugin,
                hint=f"Disable one of them: dokkupy plugin:disable {claims[1].plugin}",
            )
        return claims[0]

    def handles(self, name: str) -> bool:
        """Whether a plugin implements something that is otherwise accepted without effect.

        name: a setting (`logs.vector-sink`), an option (`resource.limit.network`) or a key of a file
        (`app.json.cron`). A plugin declares it by an entry point of that name in the group `dokkupy.handles`.
        """
        return any(entry.group == "dokkupy.handles" and entry.name == name for entry in self.entries)

    def load(self, entry: EntryPoint) -> Any:
        """Import what an entry point names. Raises PluginError with the plugin's name on any failure."""
        try:
            target: Any = imported(entry)
            for part in entry.attribute.split(".") if entry.attribute else ():
                target = getattr(target, part)
            return target
        except (PluginError, KeyboardInterrupt):
            raise
        except BaseException as error:
            raise PluginError(
                f"Plugin {entry.title} does not load: {type(error).__name__}: {error}",
                plugin=entry.plugin,
                hint=f"Update or disable it: dokkupy plugin:disable {entry.plugin}",
            ) from error


def imported(entry: EntryPoint) -> Any:
    """The complete module of an entry point, even when another thread is importing it."""
    with IMPORTING:
        if entry.module in sys.modules:
            return module_of(entry.module)  # waits for a thread that imports it by an `import` statement
        with guarded_import(entry):
            return module_of(entry.module)


def module_of(name: str) -> Any:
    """Like `importlib.import_module`, which would load four more modules in every command."""
    __import__(name)
    return sys.modules[name]


class Diverted:
    """Standard output while a thread imports a plugin: standard error for that thread, unchanged for all others.

    kept: all objects ever made, because CPython's `print` holds no reference to `sys.stdout` while it writes. Freeing one
    that another thread is printing to would crash the process.
    """

    kept: ClassVar[list[Diverted]] = []

    def __init__(self) -> None:
        self._thread, self._own, self._others = get_ident(), sys.stderr, sys.stdout
        self.kept.append(self)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._own if get_ident() == self._thread else self._others, name)


class guarded_import:
    """Guards the import of a plugin: its output goes to standard error, and a hanging import is ended."""

    def __init__(self, entry: EntryPoint) -> None:
        self.entry = entry
        self.armed = False

    def __enter__(self) -> None:
        self.stdout = sys.stdout
        if self.entry.distribution in ALWAYS:
            return
        sys.stdout = Diverted()
        try:
            self.before = signal.signal(signal.SIGALRM, self.expired)
            signal.setitimer(signal.ITIMER_REAL, IMPORT_SECONDS)
            self.armed = True
        except ValueError:  # not the main thread
            pass

    def expired(self, _number: int, _frame: object) -> None:
        raise TimeoutError(f"its import did not end within {IMPORT_SECONDS} seconds")

    def __exit__(self, *_: object) -> None:
        sys.stdout = self.stdout
        if self.armed:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, self.before)
