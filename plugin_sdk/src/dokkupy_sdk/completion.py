"""Completion: what could stand for an argument that is being typed.

A completer is a function `(host, typed) -> texts`, an entry point of the group `dokkupy.completers`. Its name is that of the
argument's type (`ServiceName`), or for an argument that is any text, its name in the help (`property`, `KEY-VALUE`) or the
option's (`process`). It is called only for a caller who may use the command on the app that was typed.
"""

from __future__ import annotations

from dokkupy.cli.declare import Command, Parameter, parameters
from dokkupy.cli.parse import takes_app

__all__ = ["GROUP", "Command", "Parameter", "Typed", "at_cursor", "completer_name"]

GROUP = "dokkupy.completers"


class Typed:
    """What stands before the argument. app: of the command, or None; arguments: the others, without flags."""

    __slots__ = ("app", "arguments", "command")

    def __init__(self, command: Command, app: str | None, arguments: list[str]) -> None:
        self.command = command
        self.app = app
        self.arguments = arguments

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
    declared = parameters(command.function)
    options = {flag: item for item in declared if item.kind == "option" for flag in item.flags}
    places = [item for item in declared if item.kind in ("argument", "scope", "rest")]
    loose: list[str] = []
    is_global = False
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word in ("--global", "--all"):
            is_global = True
        elif word in options and not options[word].is_bool:
            if not rest:
                return options[word], Typed(command, app or app_among(places, loose), loose)
            rest.pop(0)
        elif not word.startswith("-") or word == "-":
            loose.append(word)
    if app or is_global:
        places = [item for item in places if not (takes_app(item) if app else item.kind == "scope")]
    found = app or app_among(places, loose)
    if len(loose) < len(places):
        return places[len(loose)], Typed(command, found, loose)
    last = places[-1] if places and (places[-1].many or places[-1].kind == "rest") else None
    return last, Typed(command, found, loose)


def app_among(places: list[Parameter], loose: list[str]) -> str | None:
    return next((word for item, word in zip(places, loose, strict=False) if takes_app(item)), None)
