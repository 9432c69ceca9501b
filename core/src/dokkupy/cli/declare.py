"""Commands as data: a group of typed functions, read by the fast lane (`parse.py`), and by typer for the help (dokkupy-host).

    config = Group("config", "Environment variables of apps")

    @config.command("get", permission="app:read")
    def get(host: Host, scope: Scope, key: Annotated[EnvKey, Arg("KEY")],
            *, quoted: Annotated[bool, Opt("--quoted", help="Quote for a shell")] = False) -> CommandResult: ...

The first parameter is the Host. Other positional parameters are arguments, and keyword-only parameters are options. Their
types parse what is typed: `AppName` and the other identifiers, `Scope` (`[<app>|--global|--all]`), str, int, bool,
`list[T]`, `T | None`. A keyword-only parameter of a subclass of `Options` stands for all options of that class. A command
returns a `CommandResult` (data and text), an exit status, or None.

Every command loads this module, so it imports nothing heavy.
"""

from __future__ import annotations

import sys

from dokkupy.model.names import AppName

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Annotated as Annotated
    from typing import Any

    Values = str | tuple[str, ...]
    from dokkupy.kernel.discovery import EntryPoint
    from dokkupy.kernel.registry import Registry


if not TYPE_CHECKING:

    class Annotated:
        """As much of `typing.Annotated` as a declaration uses: a type and its marker. Modules with frequent commands use
        it, because importing `typing` takes half as long as starting Python."""

        __slots__ = ("__metadata__", "__origin__")

        def __class_getitem__(cls, parts):
            found = cls()
            found.__origin__, *found.__metadata__ = parts
            return found


class Arg:
    """A positional argument's name in the help (`<name>`, optional ones `[name]`) and its meaning. inert: see `Opt`.
    complete: the values to offer, or their completer `module:function`, if its type has none (`dokkupy_sdk.completion`)."""

    __slots__ = ("complete", "help", "inert", "metavar")

    def __init__(self, metavar: str, help: str = "", *, inert: str = "", complete: Values = "") -> None:
        self.metavar = metavar
        self.help = help or (f"No effect: {inert}" if inert else "")
        self.inert = inert
        self.complete = complete


class Rest(Arg):
    """All remaining arguments, including flags, unchanged: the command of `run`."""


class Opt:
    """An option's spellings and meaning. unknown=True: it takes every undeclared flag (info flags). noun: see `placeholder`.

    inert: why the option has no effect, which a warning says when the option is used. There is no warning when a plugin
    declares that it implements the option (`Registry.handles`). complete: see `Arg`.
    """

    __slots__ = ("complete", "flags", "help", "inert", "noun", "unknown")

    def __init__(
        self, *flags: str, help: str = "", unknown: bool = False, inert: str = "", complete: Values = "", noun: str = ""
    ) -> None:
        self.complete = complete
        self.flags, self.noun = flags, noun
        self.help = help or (f"No effect: {inert}" if inert else "")
        self.unknown = unknown
        self.inert = inert


class Options:
    """Options that several commands share. A subclass annotates them as a function does,
    `image: Annotated[str, Opt(...)] = ""`, and a command takes all of them by one keyword-only parameter of that class."""

    def __init__(self, **values: Any) -> None:
        self.__dict__.update(values)


class Scope:
    """What `[<app>|--global|--all]` names: one app, the global settings, all apps, or none of them."""

    __slots__ = ("app", "is_all", "is_global")

    def __init__(self, app: AppName | None = None, *, is_global: bool = False, is_all: bool = False) -> None:
        self.app = app
        self.is_global = is_global
        self.is_all = is_all


class CommandResult:
    """The result of a command. data: what `--format json` prints (JSON types). text: lines for people, printed bare.

    header: a line `=====> header` before the text. columns: lines that are printed bare after the header. `--quiet` omits
    both. status: the exit status. raw: bytes for standard output in place of the text. documents: data is a list that
    `--format json` prints with one document per line, as Dokku prints the reports of several apps. recorded: False keeps
    the command out of the audit, because it did nothing (the timer's `tick` without a due job).
    """

    def __init__(
        self,
        data: Any = None,
        text: Iterable[str] = (),
        *,
        header: str = "",
        columns: Iterable[str] = (),
        status: int = 0,
        raw: bytes | None = None,
        documents: bool = False,
        recorded: bool = True,
    ) -> None:
        self.data = data
        self.text = text
        self.header = header
        self.columns = columns
        self.documents = documents
        self.status = status
        self.raw = raw
        self.recorded = recorded


class Command:
    """One command of a group. permission: one of `PERMISSIONS`; `open` requires none. root: must run as root
    (`plugin:install`). keeps_root: runs as root if root starts it, because it reads root's files (`doctor`); otherwise
    root switches to the system user. mutating: has `--dry-run`. formats: has `--format`, unlike a command that passes a
    container's output through."""

    group: Group
    name: str
    function: Callable[..., Any]
    permission: str
    root: bool
    keeps_root: bool
    mutating: bool
    hidden: bool
    formats: bool
    secret_args: bool | int
    recorded_as: str

    def __init__(self, **declared: Any) -> None:
        self.__dict__.update(declared)
        self.keeps_root = self.root or self.keeps_root
        self.recorded_as = self.recorded_as or self.full_name
        self.help = (self.function.__doc__ or "").strip().partition("\n")[0].rstrip(".")

    @property
    def full_name(self) -> str:
        return f"{self.group.namespace}:{self.name}" if self.name else self.group.namespace


COMMANDS = "dokkupy.commands"
ALIASES = "dokkupy.aliases"
"""Entry-point groups: namespaces, and their aliases, which no list of commands shows."""


def find_namespace(registry: Registry, name: str) -> EntryPoint | None:
    """The entry point of a namespace, by its name or an alias."""
    return registry.find(COMMANDS, name) or registry.find(ALIASES, name)


PERMISSIONS = (
    *("open", "app:read", "app:write", "app:admin"),
    *("service:read", "service:connect", "service:write", "host:read", "host:write"),
)
"""open: any key. app:read: logs, reports, the source (`git clone`). app:write: deploy, config, scale. app:admin: destroy,
rename, and what can reach the host. service:read: logs and facts of a service. service:connect: its data and password.
service:write: replace its data, back it up. host:read, host:write: everything that is not one app's."""


class Group:
    """A namespace's commands. bare: the command that the bare namespace means (`apps` = `apps:list`); None: help."""

    def __init__(self, namespace: str, help: str, *, bare: str | None = None) -> None:
        self.namespace = namespace
        self.help = help
        self.bare = bare
        self.commands: dict[str, Command] = {}

    def command(
        self,
        name: str,
        *,
        permission: str,
        root: bool = False,
        keeps_root: bool = False,
        mutating: bool = False,
        hidden: bool = False,
        formats: bool = True,
        secret_args: bool | int = False,
        recorded_as: str = "",
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Declare a command. The name "" is the bare namespace itself (`logs`). secret_args: the audit records the keys of
        its arguments without the values (`config:set`). A number: the audit records no argument from that index on
        (`git:auth HOST USER PASSWORD`: 2). recorded_as: the name in locks and the audit, if a program calls the command for
        what a person has typed (`git push`)."""
        if permission not in PERMISSIONS:
            known = ", ".join(sorted(PERMISSIONS))
            raise ValueError(f"{self.namespace}:{name} has an unknown permission {permission!r}; known: {known}")

        def add(function: Callable[..., Any]) -> Callable[..., Any]:
            self.commands[name] = Command(
                group=self,
                name=name,
                function=function,
                permission=permission,
                root=root,
                keeps_root=keeps_root,
                mutating=mutating,
                hidden=hidden,
                formats=formats,
                secret_args=secret_args,
                recorded_as=recorded_as,
            )
            return function

        return add


class Parameter:
    """A parameter of a command for both front ends. kind: argument, option, rest, scope or unknown-flags. many: takes
    several values. required: has no default. inert: why it has no effect, else empty. part_of: the parameter and the
    subclass of `Options` of which the option is a field."""

    flags: tuple[str, ...] = ()
    help = ""
    inert = ""
    complete: Values = ""
    many = False
    is_bool = False
    required = True
    default: Any = None
    convert: Callable[[str], Any] = str
    part_of: tuple[str, type[Options]] | None = None

    def __init__(self, name: str, kind: str) -> None:
        self.name = name
        self.kind = kind
        self.metavar = name.upper()


def parameters(function: Callable[..., Any]) -> list[Parameter]:
    """Read a command function's signature, without `inspect`, which takes 8 ms to import."""
    code = function.__code__
    positional = code.co_varnames[1 : code.co_argcount]
    keywords = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    names = (*positional, *keywords)
    hints = {name: evaluated(function.__annotations__[name], function.__globals__) for name in names}
    defaults: dict[str, Any] = dict(function.__kwdefaults__ or {})
    given = function.__defaults__ or ()
    defaults.update(zip(positional[len(positional) - len(given) :], given, strict=True))
    found: list[Parameter] = []
    for name in names:
        if isinstance(hints[name], type) and issubclass(hints[name], Options):
            found += fields(name, hints[name])
        else:
            found.append(parameter(name, hints[name], defaults, is_option=name in keywords))
    return found


def fields(name: str, kind: type[Options]) -> list[Parameter]:
    hints = {
        field: evaluated(hint, vars(sys.modules[owner.__module__]))
        for owner in reversed(kind.__mro__)
        for field, hint in owner.__dict__.get("__annotations__", {}).items()
    }
    defaults = {field: getattr(kind, field) for field in hints if hasattr(kind, field)}
    found = [parameter(field, hint, defaults, is_option=True) for field, hint in hints.items()]
    for one in found:
        one.part_of = (name, kind)
    return found


def evaluated(annotation: Any, names: dict[str, Any]) -> Any:
    """The type that an annotation names. `typing.get_type_hints` does the same, but takes half as long to import as
    starting Python."""
    if not isinstance(annotation, str):
        return annotation
    return names.get(annotation) or Function(compile(annotation, "<annotation>", "eval"), names)()


Function: Any = type(evaluated)


def parameter(name: str, hint: Any, defaults: dict[str, Any], *, is_option: bool) -> Parameter:
    found = Parameter(name, "option" if is_option else "argument")
    marker: Any = None
    # Of all possible annotations, only `Annotated[T, marker]` has metadata.
    if hasattr(hint, "__metadata__"):
        marker = hint.__metadata__[0]
        hint = hint.__origin__
    # `T | None` has arguments but no origin; `Optional[T]` has both.
    if type(None) in getattr(hint, "__args__", ()):
        hint = next(part for part in hint.__args__ if part is not type(None))
    if getattr(hint, "__origin__", None) is list:
        found.many = True
        hint = hint.__args__[0]
    if hint is Scope:
        found.kind, found.metavar = "scope", "APP|--global"
    elif hint is bool:
        found.is_bool = True
    else:
        found.convert = to_int if hint is int else hint
    found.flags = ("--" + name.strip("_").replace("_", "-"),)
    if isinstance(marker, (Arg, Opt)):
        found.help, found.inert, found.complete = marker.help, marker.inert, marker.complete
    if isinstance(marker, Arg):
        found.metavar = marker.metavar
        if isinstance(marker, Rest):
            found.kind = "rest"
    elif isinstance(marker, Opt):
        found.flags, found.metavar = marker.flags or found.flags, marker.noun
        if marker.unknown:
            found.kind = "unknown-flags"
    found.required = name not in defaults
    found.default = defaults.get(name)
    if found.many and found.default is None:
        found.default = []
    if found.is_bool and found.default is None:
        found.default = False
    return found


def to_int(text: str) -> int:
    from dokkupy.errors import UserError

    try:
        return int(text)
    except ValueError:
        raise UserError(f"{text[:40]!r} is not a whole number") from None


LONGEST = 30  # characters of values in a usage line
FEW = 3
"""How many options a usage line names; the help lists them all below it."""


def usage(command: Command) -> str:
    """`config:set [--no-restart] APP|--global KEY=VALUE...`, as the help lists it."""
    declared = parameters(command.function)
    words = [option_usage(item) for item in reversed(declared) if item.kind == "option"]
    if len(words) > FEW:
        words = ["[OPTIONS]"]
    for item in declared:
        if item.kind in ("argument", "scope", "rest"):
            text = placeholder(item) + "..." * (item.many or item.kind == "rest")
            words.append(text if item.required else f"[{text}]")
    return " ".join([command.full_name, *words])


def option_usage(item: Parameter) -> str:
    return f"[{item.flags[0]}]" if item.is_bool else f"[{item.flags[0]} {placeholder(item)}]"


def placeholder(item: Parameter) -> str:
    """What stands for a value in help: its noun (`APP`, `KEY=VALUE`, `NUMBER`), or a few values: `crt|key|csr`."""
    values = "|".join(item.complete) if isinstance(item.complete, tuple) else ""
    if 0 < len(values) <= LONGEST and "=" not in values:
        return values
    if item.kind == "option":
        is_number = getattr(item.convert, "is_number", item.convert is to_int)
        return "NUMBER" if is_number else item.metavar or max(item.flags, key=len).rpartition("-")[2].upper()
    return item.metavar if item.kind == "scope" else item.metavar.upper().replace("_", "-")
