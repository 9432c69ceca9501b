"""Hooks: pluggy behind four typed calls. Built when the first hook of a process fires, not before."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from typing import Any, ParamSpec, TypeVar

import pluggy

from dokkupy.errors import DokkupyError, PluginFault
from dokkupy.kernel.discovery import EntryPoint
from dokkupy.kernel.registry import Registry

P = ParamSpec("P")
T = TypeVar("T")

GROUP = "dokkupy.plugins"


class Hooks:
    """The hook implementations of all enabled plugins, in the name order of the plugins.

    A plugin that does not import is quarantined: `quarantined` says why, and its hooks do not run.
    """

    def __init__(self, registry: Registry, warn: Callable[[str], None] = lambda text: None) -> None:
        from dokkupy import hookspecs

        self.warn = warn
        self.quarantined: dict[str, PluginFault] = {}
        self.owners: dict[str, EntryPoint] = {}
        self.manager = pluggy.PluginManager("dokkupy")
        self.manager.add_hookspecs(hookspecs)
        for entry in sorted((e for e in registry.entries if e.group == GROUP), key=lambda e: e.plugin):
            try:
                self.register(registry.load(entry), entry)
            except PluginFault as fault:
                self.quarantined[entry.plugin] = fault
        self.trace = "hooks" in os.environ.get("DOKKUPY_TRACE", "").split(",")

    def register(self, module: object, entry: EntryPoint) -> None:
        name = f"{entry.plugin}.{entry.name}" if entry.name != entry.plugin else entry.plugin
        try:
            self.manager.register(module, name=name)
            for implementation in self.unknown(name):
                raise PluginFault(
                    f"Plugin {entry.plugin} implements an unknown hook {implementation}", plugin=entry.plugin,
                    hint=did_you_mean(implementation, self.names()),
                )  # fmt: skip
        except (pluggy.PluginValidationError, ValueError) as error:
            if self.manager.has_plugin(name):
                self.manager.unregister(name=name)
            raise PluginFault(
                f"Plugin {entry.plugin} ({entry.distribution} {entry.version}) does not fit: {error}",
                plugin=entry.plugin,
            ) from error
        except PluginFault:
            self.manager.unregister(name=name)
            raise
        self.owners[name] = entry

    def unknown(self, plugin: str) -> list[str]:
        module = self.manager.get_plugin(plugin)
        return [
            name
            for name in dir(module)
            if getattr(getattr(module, name), "dokkupy_impl", None) is not None and name not in self.names()
        ]

    def names(self) -> list[str]:
        from dokkupy import hookspecs

        return [name for name in dir(hookspecs) if hasattr(getattr(hookspecs, name), "dokkupy_spec")]

    # the four shapes

    def emit(self, spec: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
        """An event: everybody is told; the first failure ends it."""
        for implementation in self._implementations(spec):
            self._call(implementation, spec.__name__, kwargs)

    def ask(self, spec: Callable[P, T | None], *args: P.args, **kwargs: P.kwargs) -> T | None:
        """A query: the first answer that is not None."""
        for implementation in self._implementations(spec):
            answer = self._call(implementation, spec.__name__, kwargs)
            if answer is not None:
                return answer  # type: ignore[no-any-return]
        return None

    def gather(self, spec: Callable[P, Iterable[T]], *args: P.args, **kwargs: P.kwargs) -> list[tuple[str, T]]:
        """A contribution: (plugin, fact) of everybody, in name order of the plugins."""
        facts: list[tuple[str, T]] = []
        for implementation in self._implementations(spec):
            given = self._call(implementation, spec.__name__, kwargs, consume=True)
            facts.extend((implementation.plugin_name.partition(".")[0], fact) for fact in given)
        return facts

    def notify(self, spec: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
        """An observer: a failure is a warning."""
        for implementation in self._implementations(spec):
            try:
                self._call(implementation, spec.__name__, kwargs)
            except DokkupyError as error:
                self.warn(error.message)

    def _implementations(self, spec: Callable[..., object]) -> list[Any]:
        caller = getattr(self.manager.hook, spec.__name__)
        return sorted(caller.get_hookimpls(), key=lambda implementation: str(implementation.plugin_name))

    def _call(self, implementation: Any, hook: str, arguments: dict[str, Any], *, consume: bool = False) -> Any:
        given = {name: arguments[name] for name in implementation.argnames if name in arguments}
        if self.trace:
            print(f" ?     hook {hook} -> {implementation.plugin_name}", file=sys.stderr)
        try:
            result = implementation.function(**given)
            return list(result or ()) if consume else result
        except DokkupyError:
            raise
        except (Exception, SystemExit) as error:
            entry = self.owners.get(implementation.plugin_name)
            who = f"{entry.plugin} ({entry.distribution} {entry.version})" if entry else implementation.plugin_name
            raise PluginFault(
                f"Plugin {who} failed in the hook {hook}: {type(error).__name__}: {error}",
                plugin=implementation.plugin_name,
                hint="Report it to the plugin's author, or disable the plugin.",
            ) from error


def did_you_mean(word: str, known: Iterable[str]) -> str:
    import difflib

    close = difflib.get_close_matches(word, list(known), n=1)
    return f"Did you mean {close[0]}?" if close else ""
