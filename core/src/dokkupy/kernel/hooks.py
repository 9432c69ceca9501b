"""Hooks: pluggy behind four typed calls. They are built when the first hook of a process is called."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, ParamSpec, TypeVar

import pluggy

from dokkupy.errors import DokkupyError, Interrupted, PluginError
from dokkupy.kernel.discovery import CORE, EntryPoint
from dokkupy.kernel.files import DISK, unwritable
from dokkupy.kernel.registry import Registry

P = ParamSpec("P")
T = TypeVar("T")
Failures = list[tuple[str, DokkupyError]]

GROUP = "dokkupy.plugins"
SPECIFICATIONS = "dokkupy.hookspecs"

IN_ORDER = "implementations run in the name order of their plugins"
REFUSED = {
    "wrapper": "an implementation cannot wrap the others",
    "hookwrapper": "an implementation cannot wrap the others",
    "tryfirst": IN_ORDER,
    "trylast": IN_ORDER,
}
"""Options of pluggy's `hookimpl` that do not fit the four shapes, and why. A plugin that uses one is not loaded."""

VARIADIC = 0x04 | 0x08  # CO_VARARGS and CO_VARKEYWORDS (https://docs.python.org/3/library/inspect.html)


class Hooks:
    """The hook implementations of all enabled plugins, in the name order of the plugins.

    A plugin that fails to import, or that uses a hook in a way that hooks do not support, is quarantined: none of its
    hooks run, and `quarantined` has the reason.
    """

    def __init__(self, registry: Registry, warn: Callable[[str], None] = lambda text: None) -> None:
        self.warn = warn
        self.quarantined: dict[str, PluginError] = {}
        self.owners: dict[str, EntryPoint] = {}
        self.manager = pluggy.PluginManager("dokkupy")
        # pluggy's own also look for properties, which no module has, and take as long as all the rest of this
        self.manager.parse_hookimpl_opts = partial(options_of, "dokkupy_impl")  # type: ignore[method-assign]
        self.manager.parse_hookspec_opts = partial(options_of, "dokkupy_spec")  # type: ignore[method-assign]
        self.specifications: dict[str, str] = {}
        """Hook -> the plugin that specifies and calls it."""
        specifications = registry.group(SPECIFICATIONS).values()
        for add, entries in (
            (self.specify, sorted(specifications, key=lambda one: (one.distribution != CORE, one.plugin))),
            (self.register, sorted((e for e in registry.entries if e.group == GROUP), key=lambda e: e.plugin)),
        ):
            for entry in (one for one in entries if one.plugin not in self.quarantined):
                try:
                    add(registry.load(entry), entry)
                except PluginError as fault:
                    self.quarantined[entry.plugin] = fault
        self.trace = "hooks" in os.environ.get("DOKKUPY_TRACE", "").split(",")

    def specify(self, module: Any, entry: EntryPoint) -> None:
        """Add the hooks that a plugin calls itself. Raises PluginError for a hook that has none of the four shapes."""
        found = specified(module)
        for name in found:
            complaint = bad_specification(name, getattr(module, name).dokkupy_spec)
            if name in self.specifications:
                complaint = f"which {self.specifications[name]} specifies already"
            if complaint:
                hint = "The plugin's author must correct it; until then the plugin is not loaded."
                raise refusal(entry, f"specifies the hook {name}, {complaint}", hint)
        if found:
            self.manager.add_hookspecs(module)
        self.specifications.update(dict.fromkeys(found, entry.plugin))

    def register(self, module: object, entry: EntryPoint) -> None:
        name = f"{entry.plugin}.{entry.name}" if entry.name != entry.plugin else entry.plugin
        try:
            with warnings.catch_warnings(record=True) as notices:
                warnings.simplefilter("always")
                self.manager.register(module, name=name)
            self._require_fit(module, entry)
        except (pluggy.PluginValidationError, ValueError) as error:
            if self.manager.has_plugin(name):
                self.manager.unregister(name=name)
            raise PluginError(f"Plugin {entry.title} is not compatible: {error}", plugin=entry.plugin) from error
        except PluginError:
            self.manager.unregister(name=name)
            raise
        for notice in notices:
            self.warn(f"Plugin {entry.title}: {notice.message}")
        self.owners[name] = entry

    def _require_fit(self, module: object, entry: EntryPoint) -> None:
        """Raise PluginError for an unknown hook, or for an option of pluggy's that hooks do not support."""
        known = self.names()
        for name in dir(module):
            if (options := options_of("dokkupy_impl", module, name)) is None:
                continue
            hook = options["specname"] or name
            if hook not in known:
                if options["optionalhook"]:
                    continue
                from difflib import get_close_matches

                meant = " or ".join(get_close_matches(hook, known))
                hint = f"Did you mean {meant}?" if meant else ""
                raise refusal(entry, f"implements an unknown hook {hook}", hint)
            if refused := [option for option in REFUSED if options[option]]:
                hint = f"The plugin's author must remove {refused[0]}; until then the plugin is not loaded."
                raise refusal(entry, f"implements the hook {hook} with {refused[0]}=True: {REFUSED[refused[0]]}", hint)
        for implementation in self.manager.get_hookcallers(module) or []:
            spec = implementation.spec
            if spec is None:
                continue  # an optional hook of a plugin that is not installed
            for one in implementation.get_hookimpls():
                if one.plugin is module and (complaint := bad_arguments(one.function, tuple(spec.argnames))):
                    hint = f"The arguments of {implementation.name}: {', '.join(spec.argnames)}"
                    raise refusal(entry, f"implements the hook {implementation.name} with {complaint}", hint)

    def names(self) -> list[str]:
        return sorted(self.specifications)

    # the four shapes

    def emit(self, spec: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
        """Call every implementation of an event. The first failure is raised, and the others are not called."""
        list(self._answers(spec, args, kwargs))

    def emit_to_all(self, spec: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> list[DokkupyError]:
        """Call every implementation of an event that can no longer be undone. Returns the failures."""
        failures: Failures = []
        list(self._answers(spec, args, kwargs, failures))
        return [error for _, error in failures]

    def ask(self, spec: Callable[P, T | None], *args: P.args, **kwargs: P.kwargs) -> T | None:
        """A query: the first answer that is not None."""
        return next((answer for _, answer in self._answers(spec, args, kwargs) if answer is not None), None)

    def gather(self, spec: Callable[P, Iterable[T]], *args: P.args, **kwargs: P.kwargs) -> list[tuple[str, T]]:
        """A contribution: (plugin, fact) from every implementation, in name order of the plugins."""
        return [(one, fact) for one, facts in self._answers(spec, args, kwargs, consume=True) for fact in facts]

    def gather_what_can(
        self, spec: Callable[P, Iterable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> tuple[list[tuple[str, T]], Failures]:
        """A contribution in which one plugin's failure does not hide the facts of the others: (facts, failures)."""
        failures: Failures = []
        answers = self._answers(spec, args, kwargs, failures, consume=True)
        return [(plugin, fact) for plugin, facts in answers for fact in facts], failures

    def notify(self, spec: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
        """An observer: a failure is a warning."""
        for implementation in self._implementations(spec, args):
            try:
                self._call(implementation, spec.__name__, kwargs)
            except DokkupyError as error:
                self.warn(error.message)

    def _answers(
        self, spec: Any, args: Any, given: dict[str, Any], failures: Failures | None = None, *, consume: bool = False
    ) -> Iterator[tuple[str, Any]]:
        """(plugin, answer) of each implementation. failures: receives those that do not end the call."""
        for implementation in self._implementations(spec, args):
            plugin = implementation.plugin_name.partition(".")[0]
            try:
                yield plugin, self._call(implementation, spec.__name__, given, consume=consume)
            except DokkupyError as error:
                if failures is None or isinstance(error, Interrupted):
                    raise
                failures.append((plugin, error))

    def _implementations(self, spec: Callable[..., object], args: tuple[Any, ...] = ()) -> list[Any]:
        """In name order. Raises TypeError for positional arguments: a specification can add an argument anywhere."""
        if args:
            raise TypeError(f"arguments of the hook {spec.__name__} are given by keyword")
        caller = getattr(self.manager.hook, spec.__name__)
        return sorted(caller.get_hookimpls(), key=lambda implementation: str(implementation.plugin_name))

    def _call(self, implementation: Any, hook: str, arguments: dict[str, Any], *, consume: bool = False) -> Any:
        given = {name: arguments[name] for name in taken(implementation.function) if name in arguments}
        if self.trace:
            print(f" ?     hook {hook} -> {implementation.plugin_name}", file=sys.stderr)
        try:
            result = implementation.function(**given)
            return list(result or ()) if consume else result
        except DokkupyError:
            raise
        except (Exception, SystemExit) as error:
            if isinstance(error, OSError) and error.errno in DISK:
                raise unwritable(error) from error
            entry = self.owners.get(implementation.plugin_name)
            who = entry.title if entry else implementation.plugin_name
            raise PluginError(
                f"Plugin {who} failed in the hook {hook}: {type(error).__name__}: {error}",
                plugin=implementation.plugin_name,
                hint="Report it to the plugin's author, or disable the plugin.",
            ) from error


def refusal(entry: EntryPoint, what: str, hint: str) -> PluginError:
    return PluginError(f"Plugin {entry.title} {what}", plugin=entry.plugin, hint=hint)


def options_of(marker: str, module: object, name: str) -> Any:
    return getattr(getattr(module, name, None), marker, None)


def specified(module: object) -> list[str]:
    """The hooks that a module specifies."""
    return [name for name in dir(module) if options_of("dokkupy_spec", module, name)]


def bad_specification(name: str, options: Mapping[str, object]) -> str:
    """Why a specification has none of the four shapes; empty if it has one."""
    if options["historic"]:
        return "historic, but no plugin is loaded late and called for past events"
    if bool(options["firstresult"]) != name.startswith("resolve_"):
        return "but firstresult=True and a name `resolve_<noun>` go together: both mean that the first answer counts"
    return ""


def plain(function: Any) -> Any:
    function = getattr(function, "__func__", function)
    return getattr(function, "__wrapped__", function)


def taken(function: Any) -> tuple[str, ...]:
    """The names of the arguments that an implementation takes, including those with defaults and keyword-only ones."""
    code = plain(function).__code__
    names: tuple[str, ...] = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    return names[1:] if plain(function) is not function and names[:1] == ("self",) else names


def bad_arguments(function: Any, known: tuple[str, ...]) -> str:
    """The first argument of an implementation that no call of the hook can fill, described; empty if all fit."""
    if (code := getattr(plain(function), "__code__", None)) is None:
        return "something that is not a function"
    if code.co_posonlyargcount:
        return "positional-only arguments (`/`), but hooks are called with arguments by name"
    if code.co_flags & VARIADIC:
        return "*args or **kwargs, which receive nothing: name the arguments"
    unknown = [name for name in taken(function) if name not in known]
    return f"an argument that it does not have: {unknown[0]}" if unknown else ""
