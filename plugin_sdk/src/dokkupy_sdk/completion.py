"""Completion: what could stand for an argument that is being typed. What Tab offers is also what "Did you mean" knows.

A completer is a function `(host, typed) -> texts`. A parameter gets it from the first of these that is there:

- its declaration: `Arg("NAME", complete="dokkupy_network.completers:names")`, or the values themselves, `complete=("tar", "zip")`;
  `complete=()` says that the name is new
- the entry point of the group `dokkupy.completers` with the name of its type (`ServiceName`)
- for an argument that is any text, the entry point with its name in the help (`property`, `KEY-VALUE`) or the option's (`process`)

It is called only for a caller who may use the command on the app that was typed; of what belongs to no app, it returns what
this caller may see. `tests/distributions/test_completers.py` lists the parameters that have none, with the reason.
"""

from __future__ import annotations

from dokkupy.cli.declare import Command, Parameter, find_namespace, parameters
from dokkupy.cli.parse import takes_app
from dokkupy.errors import DokkupyError
from dokkupy.host import Host

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    Completer = Callable[[Host, "Typed"], Iterable[str]]

__all__ = [
    "GROUP",
    "Command",
    "Parameter",
    "Typed",
    "at_cursor",
    "candidates",
    "completer_at",
    "completer_name",
    "completer_of",
    "flags_of",
    "info_flags",
    "matching",
    "offered",
    "options_of",
    "places_of",
]

GROUP = "dokkupy.completers"


class Typed:
    """What stands before the argument. app: of the command, or None; arguments: the others, without flags; is_global:
    whether `--global` or `--all` is there."""

    __slots__ = ("app", "arguments", "command", "is_global")

    def __init__(self, command: Command, app: str | None, arguments: list[str], *, is_global: bool = False) -> None:
        self.command = command
        self.app = app
        self.arguments = arguments
        self.is_global = is_global

    @property
    def namespace(self) -> str:
        return self.command.group.namespace


def completer_name(item: Parameter) -> str:
    """The name of the entry point that completes a parameter."""
    name = getattr(item.convert, "__name__", "")
    if name not in ("str", "to_int", ""):
        return str(name)
    text = item.flags[0].strip("-") if item.kind == "option" else item.metavar
    return "".join(mark if mark.isalnum() or mark in "_-" else "-" for mark in text).strip("-")


def at_cursor(command: Command, words: list[str], app: str = "") -> tuple[Parameter | None, Typed]:
    """The parameter that the next word belongs to, and what was typed before it. app: the value of `--app`."""
    options, places = options_of(command), places_of(command)
    loose: list[str] = []
    is_global = False
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word in ("--global", "--all"):
            is_global = True
        elif word in options and not options[word].is_bool:
            if not rest:
                return options[word], Typed(command, app or app_among(places, loose), loose, is_global=is_global)
            rest.pop(0)
        elif not word.startswith("-") or word == "-":
            loose.append(word)
    if app or is_global:
        places = [item for item in places if not (takes_app(item) if app else item.kind == "scope")]
    typed = Typed(command, app or app_among(places, loose), loose, is_global=is_global)
    if len(loose) < len(places):
        return places[len(loose)], typed
    return places[-1] if places and (places[-1].many or places[-1].kind == "rest") else None, typed


def places_of(command: Command) -> list[Parameter]:
    """The parameters without a flag, in their order."""
    return [item for item in parameters(command.function) if item.kind in ("argument", "scope", "rest")]


def options_of(command: Command) -> dict[str, Parameter]:
    """Flag -> the option of each flag that takes a value or is one."""
    found = {flag: item for item in parameters(command.function) if item.kind == "option" for flag in item.flags}
    if command.formats and "--format" not in found:
        found["--format"] = Parameter("format", "option")
        found["--format"].complete = f"{__name__}:forms"
    return found


def forms(host: Host, typed: Typed) -> list[str]:
    """The values of `--format`. `envelope` has a flag of its own, `--json`."""
    from dokkupy.cli.formats import FORMATS

    return ["json", *(name for name in host.registry.group(FORMATS) if name != "envelope")]


def app_among(places: list[Parameter], loose: list[str]) -> str | None:
    return next((word for item, word in zip(places, loose, strict=False) if takes_app(item)), None)


def completer_of(host: Host, item: Parameter) -> Completer | None:
    """The completer of a parameter, loaded; None for free text."""
    if takes_app(item) and item.complete == "":
        return apps
    if isinstance(item.complete, tuple):
        values = item.complete
        return lambda host, typed: values
    if item.complete:
        return completer_at(item.complete)
    entry = host.registry.find(GROUP, completer_name(item))
    return host.registry.load(entry) if entry is not None else None


def completer_at(path: str) -> Completer:
    """The completer `module:function`, loaded."""
    from dokkupy.kernel.registry import module_of

    module, _, function = path.partition(":")
    found: Completer = getattr(module_of(module), function)
    return found


def apps(host: Host, typed: Typed) -> list[str]:
    from dokkupy_sdk.access import visible_apps

    return [str(app) for app in visible_apps(host, typed.command.permission)]


def offered(host: Host, item: Parameter, typed: Typed) -> list[str]:
    """The values of an argument, if the caller may use the command with the arguments before it. Of values that belong to
    apps, those whose apps are all the caller's."""
    from dokkupy.model.names import AppName

    from dokkupy_sdk.access import allowed, is_admin

    completer = completer_of(host, item)
    if completer is None:
        return []
    permission = typed.command.permission
    if permission != "open" and not takes_app(item):
        app = AppName(typed.app) if typed.app else None
        needed = "host:write" if typed.is_global and permission.startswith("app:") else permission
        if not allowed(host, needed, app, typed.namespace):
            return []
    try:
        found = sorted(set(completer(host, typed)))
    except (OSError, ValueError):  # a word of the line cannot be a name, and the command's own error says so
        return []
    if permission == "open" or not hasattr(item.convert, "owners") or takes_app(item) or is_admin(host):
        return found
    return [one for one in found if allowed(host, permission, item.convert(one), typed.namespace)]


def candidates(host: Host, before: Sequence[str], last: str) -> list[str]:
    """What could stand for the last word of a command line, without anything that the caller may not see: commands first,
    then a command's flags, or the values of its next argument."""
    from dokkupy.cli.main import resolve, split_globals

    from dokkupy_sdk.access import visible_apps

    if before and before[-1] == "--app":
        return [str(app) for app in visible_apps(host)]
    flags, words = split_globals(list(before))
    if not words:
        return first_words(host, last)
    try:
        command, rest = resolve(host, words[0], words[1:])
        item, typed = at_cursor(command, rest, flags.app)
        if item is None or item.kind != "option":
            name, equals, _ = last.partition("=")
            options = options_of(command)
            if equals and name in options:
                return [f"{name}={value}" for value in offered(host, options[name], typed)]
            if last.startswith("-"):
                return [*flags_of(command), *info_flags(host, command, typed)]
            if item is None:
                return []
        return offered(host, item, typed)
    except DokkupyError:  # the line is already invalid, or the state of its app is broken
        return []


def matching(found: Iterable[str], last: str) -> list[str]:
    """Those that begin with what was typed of the word. After a comma, one more value follows: `build,deploy`."""
    found = list(found)
    if begun := [word for word in found if word.startswith(last)]:
        return begun
    flag = last[: last.find("=") + 1] if last.startswith("-") else ""
    head, comma, end = last.removeprefix(flag).rpartition(",")
    values = [word.removeprefix(flag) for word in found] if comma else []
    return [f"{flag}{head},{word}" for word in values if word.startswith(end) and word not in head.split(",")]


def first_words(host: Host, last: str) -> list[str]:
    from dokkupy_sdk.entry import usable, usable_groups

    namespace, colon, _ = last.partition(":")
    if not colon:
        return sorted(usable_groups(host))
    entry = find_namespace(host.registry, namespace)
    if entry is None:
        return []
    return [f"{namespace}:{one.name}" for one in usable(host, host.registry.load(entry)) if one.name]


def flags_of(command: Command) -> list[str]:
    found = {*options_of(command)}
    scopes = [item.metavar for item in parameters(command.function) if item.kind == "scope"]
    found |= {flag for scope in scopes for flag in scope.split("|")[1:]}
    found |= {"--dry-run"} if command.mutating else set()
    found |= {"--json"} if command.formats else set()
    return sorted({*found, "--help"})


def info_flags(host: Host, command: Command, typed: Typed) -> list[str]:
    """The flags that a command takes without declaring each: of a report, for one value of it."""
    return [
        flag
        for item in parameters(command.function)
        if item.kind == "unknown-flags"
        for flag in offered(host, item, typed)
    ]


def commands(host: Host, typed: Typed) -> list[str]:
    """The namespaces and commands that the caller may use."""
    from dokkupy_sdk.entry import loaded, usable

    return [
        name
        for namespace, group in loaded(host)
        for name in (namespace, *(one.full_name for one in usable(host, group)))
    ]
