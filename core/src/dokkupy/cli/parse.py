"""The fast parser: reads a command line by its declaration, with the standard library alone.

It accepts all that typer's front end accepts; a test compares the two.
"""

from __future__ import annotations

from dokkupy.cli.declare import Command, Parameter, Scope, parameters, usage
from dokkupy.errors import UserError
from dokkupy.model.names import AppName

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


TEXT = ("stdout", "text")  # the formats for people


class Invocation:
    """A command and the arguments to call it with. format: as `--format` names it, `envelope` for `--json`. app: the app
    whose permission is required, or None. inert: those without effect, by the flag as typed or `<argument>`. recorded: see
    `CommandResult`. surplus: those after the last one that the command takes, without the app's name, which clients append."""

    def __init__(self, command: Command) -> None:
        self.command = command
        self.arguments: list[Any] = []
        self.keywords: dict[str, Any] = {}
        self.format = "stdout"
        self.inert: dict[str, Parameter] = {}
        self.dry_run = False
        self.verbose = False
        self.app: AppName | None = None
        self.recorded = True
        self.surplus: list[str] = []


class WantsHelp(Exception):
    """`--help` was among the arguments."""


def parse(command: Command, words: list[str], app: str = "") -> Invocation:
    """Raises UserError with the command's usage when the arguments do not fit, and WantsHelp for `--help`.

    app: the value of `--app`, which becomes the command's app argument; ignored if it has none. Surplus arguments are
    no error, because Dokku ignores them.
    """
    call = Invocation(command)
    declared = parameters(command.function)
    flags = {flag: item for item in declared if item.kind == "option" for flag in item.flags}
    unknown = next((item for item in declared if item.kind == "unknown-flags"), None)
    scope = next((item for item in declared if item.kind == "scope"), None)
    places = [item for item in declared if item.kind in ("argument", "scope", "rest")]
    loose: list[str] = []
    options: dict[str, Any] = {}
    unlisted: list[str] = []
    where = ""
    index = 0
    app_at, rest_at = positions(places, app)
    while index < len(words):
        word = words[index]
        index += 1
        # With `--app`, the first argument that is not a flag begins the rest.
        if rest_at is not None and len(loose) >= rest_at and (loose or word == "--" or not word.startswith("-")):
            if not (word == "--" and len(loose) == rest_at):
                loose.append(word)
            loose.extend(words[index:])
            break
        if word == "--":
            loose.extend(words[index:])
            break
        if not word.startswith("-") or word == "-":
            loose.append(word)
            continue
        name, equals, value = word.partition("=")
        if name not in flags and word[1] != "-" and (short := flags.get(word[:2])):  # `-n50` and `-tq`
            name, equals, value = word[:2], "" if short.is_bool else "=", word[2:]
            words = [*words[:index], *(["-" + value] if short.is_bool else []), *words[index:]]
        if name in ("--help", "-h") and name not in flags:
            raise WantsHelp
        if scope is not None and name in ("--global", "--all") and not equals:
            where = name
        elif name in flags:
            if flags[name].inert:
                call.inert[name] = flags[name]
            index = take(flags[name], name, value if equals else None, words, index, options)
        elif command.formats and name == "--format" and "--format" not in flags:
            call.format, index = value_of(name, value if equals else None, words, index)
        elif command.formats and word == "--json":
            call.format = "envelope"
        elif command.mutating and word == "--dry-run":
            call.dry_run = True
        elif command.mutating and word == "--verbose" and "--dry-run" in words:
            call.verbose = True
        elif unknown is not None:
            unlisted.append(word)
        else:
            raise UserError(f"unknown flag: {name}", hint=f"Usage: {usage(command)}")
    if unlisted and call.format not in TEXT:
        raise UserError("--format flag cannot be specified when specifying an info flag")
    # A client may have typed the app as an argument, too.
    if app_at is not None and not where and (rest_at is not None or loose[app_at : app_at + 1] != [app]):
        loose.insert(app_at, app)
    fill(call, places, loose, where)
    fill_options(call, declared, options, unlisted)
    return call


def asked(words: list[str]) -> str:
    """The form for which a command line asks that could not be parsed."""
    after = dict(zip(words, words[1:], strict=False)).get("--format")
    joined = next((word[9:] for word in words if word.startswith("--format=")), "stdout")
    return "envelope" if "--json" in words else after or joined


def fill_options(call: Invocation, declared: list[Parameter], options: dict[str, Any], unlisted: list[str]) -> None:
    for item in declared:
        if item.kind == "unknown-flags":
            call.keywords[item.name] = unlisted
        elif item.kind == "option":
            if item.name not in options and item.required and not item.many and not item.is_bool:
                raise UserError(f"Required flag {item.flags[0]} is missing", hint=f"Usage: {usage(call.command)}")
            value = options.get(item.name, item.default)
            if item.part_of is None:
                call.keywords[item.name] = value
            else:
                name, kind = item.part_of
                setattr(call.keywords.setdefault(name, kind()), item.name, value)


def value_of(name: str, value: str | None, words: list[str], index: int) -> tuple[str, int]:
    """The value of a flag (`--flag=value` or the next argument), and the index of the argument after it."""
    if value is not None:
        return value, index
    if index >= len(words):
        raise UserError(f"flag needs an argument: {name}")
    return words[index], index + 1


def require_text(words: list[str]) -> None:
    """Raise UserError for an argument that no program, file name or record can hold. The message does not show its
    value, which may be a secret."""
    for number, word in enumerate(words):
        if "\x00" in word or not word.isascii() and any("\ud800" <= character <= "\udfff" for character in word):
            name = ascii(word.partition("=")[0][:80]) if "=" in word else f"number {number + 1}"
            raise UserError(f"The argument {name} is not text: it has bytes that are not UTF-8, or a NUL character")


def take(item: Parameter, name: str, value: str | None, words: list[str], index: int, options: dict[str, Any]) -> int:
    if item.is_bool:
        if value not in (None, "true", "false"):
            raise UserError(f"{name} is a switch and takes no value")
        options[item.name] = value != "false"
        return index
    text, index = value_of(name, value, words, index)
    text, count = joined(item, text, words[index:])
    index += count
    converted = item.convert(text)
    options[item.name] = [*options.get(item.name, []), converted] if item.many else converted
    return index


def fill(call: Invocation, places: list[Parameter], loose: list[str], where: str) -> None:
    """Assign the positional arguments to the parameters in order. A list takes all but those that later parameters
    require."""
    for number, item in enumerate(places):
        if item.kind == "scope":
            value = Scope(is_global=where == "--global", is_all=where == "--all")
            if not where and loose:
                value = Scope(AppName(loose.pop(0)))
            elif not where and item.required:
                missing(call, item)
            call.app = call.app or value.app
            call.arguments.append(value)
        elif item.many or item.kind == "rest":
            needed_later = sum(1 for later in places[number + 1 :] if later.required)
            count = max(0, len(loose) - needed_later)
            taken, loose = loose[:count], loose[count:]
            if not taken and item.required:
                missing(call, item)
            call.arguments.append([item.convert(word) for word in taken])
        elif loose:
            text, count = joined(item, loose[0], loose[1:])
            loose = loose[1 + count :]
            argument = item.convert(text)
            if call.app is None and isinstance(argument, AppName):
                call.app = argument
            if item.inert and argument:
                call.inert[f"<{item.metavar}>"] = item
            call.arguments.append(argument)
        elif item.required:
            missing(call, item)
        else:
            call.arguments.append(item.default)
    call.surplus = [word for word in loose if word != call.app]


def joined(item: Parameter, text: str, following: list[str]) -> tuple[str, int]:
    """A value that a shell has split at its spaces (`30 3 * * *`), as one text, and how many of the following arguments
    belong to it. A type of such values counts them with its method `continued`."""
    count = item.convert.continued(text, following) if hasattr(item.convert, "continued") else 0
    return " ".join([text, *following[:count]]), count


def positions(places: list[Parameter], app: str) -> tuple[int | None, int | None]:
    """The position of the app argument, for `--app`, and the number of arguments before the rest."""
    app_at = next((number for number, item in enumerate(places) if takes_app(item)), None) if app else None
    rest_at = next((number for number, item in enumerate(places) if item.kind == "rest"), None)
    return app_at, rest_at - 1 if rest_at is not None and app_at is not None else rest_at


def takes_app(item: Parameter) -> bool:
    return item.kind == "scope" or getattr(item.convert, "noun", "") == "app"


def missing(call: Invocation, item: Parameter) -> None:
    if takes_app(item):
        raise UserError("Please specify an app to run the command on", hint=f"Usage: {usage(call.command)}")
    raise UserError(f"Missing argument <{item.metavar}>", hint=f"Usage: {usage(call.command)}")
