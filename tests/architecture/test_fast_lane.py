"""The fast lane (`cli/parse.py`) parses the arguments of every command like typer, from the same declaration."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from operator import attrgetter
from typing import Any

import pytest
import typer
from dokkupy.cli.declare import Command, Group, Options, Parameter, Scope, parameters
from dokkupy.cli.parse import parse
from dokkupy.errors import UserError
from dokkupy.kernel.registry import Registry
from dokkupy_sdk.typer_app import as_click

from tests.architecture.each import for_each

VALUES = (
    "blog",
    "7",
    "web",
    "example.com",
    "KEY",
    "https://example.com/x.tar.gz",
    "web=1",
    "http:80:5000",
    "/srv/x:/opt/x",
    "/srv/x",
    "0a1b2c3d",
    "5%",
    "30 3 * * *",
    "deployer",
    "SHA256:" + "A" * 43,
    "ro",
)
"""Sample texts. Every type of an argument accepts one of them."""


UsageError = typer.BadParameter.__mro__[1]
"""The exception of the click that typer contains, under whichever name."""


typers = functools.cache(as_click)


@functools.cache
def commands() -> list[Command]:
    registry = Registry()
    groups = [registry.load(entry) for entry in registry.group("dokkupy.commands").values()]
    return [command for group in groups if isinstance(group, Group) for command in group.commands.values()]


def value_of(item: Parameter) -> str:
    for text in VALUES:
        try:
            item.convert(text)
        except UserError:
            continue
        return text
    raise LookupError(f"none of VALUES is a {item.convert.__name__}: add one")


def lines(declared: list[Parameter]) -> Iterator[list[str]]:
    """Valid command lines: each option alone and all together, in both spellings, before and after the arguments."""
    places = [item for item in declared if item.kind in ("argument", "scope", "rest")]
    rest = any(item.kind == "rest" for item in declared)
    required = [value_of(item) for item in places if item.required]
    whole = [value_of(item) for item in places]
    options = [item for item in declared if item.kind == "option"]
    must = [word for item in options if item.required and not item.is_bool for word in spelt(item, item.flags[0])]
    yield [*must, *required]
    yield [*must, *whole]
    if places and (places[-1].many or rest):
        yield [*must, *whole, value_of(places[-1]), value_of(places[-1])]
    for item in options:
        for flag in item.flags:
            others = [word for one in options if one is not item and one.required for word in spelt(one, one.flags[0])]
            yield [*others, *spelt(item, flag), *whole]
            if not flag.startswith("--"):
                yield [*others, "".join(spelt(item, flag)), *whole]
                yield from ([*others, f"{one}{flag[1:]}", *whole] for one in alone(options, item) if item.is_bool)
            if not item.is_bool and flag.startswith(
                "--"
            ):  # for `-c=X`, the value is X here, as in Dokku, but `=X` for click
                yield [*others, f"{flag}={value_of(item)}", *whole]
            if not rest:
                yield [*others, *whole, *spelt(item, flag)]
            if item.many:
                yield [*others, *spelt(item, flag), *spelt(item, flag), *whole]
    every = [word for item in options for word in spelt(item, item.flags[-1])]
    yield [*every, *whole]
    yield [*every, "--", *whole]


def alone(options: list[Parameter], but: Parameter) -> list[str]:
    """The one-letter switches, such as `-t`, which can be joined with another one: `-tq`."""
    return [flag for one in options if one is not but and one.is_bool for flag in one.flags if len(flag) == 2]


def spelt(item: Parameter, flag: str) -> list[str]:
    return [flag] if item.is_bool else [flag, value_of(item)]


def by_typer(front: Any, command: Command, declared: list[Parameter], words: list[str]) -> dict[str, Any]:
    """The values that typer parses. It returns texts, which the declaration's own types convert as in the fast lane."""
    given = front.make_context(command.full_name, list(words)).params
    return {item.name: converted(item, given[item.name]) for item in declared if item.kind != "unknown-flags"}


def converted(item: Parameter, value: Any) -> Any:
    if item.many or item.kind == "rest":
        return [item.convert(text) for text in value or ()]
    if item.is_bool:
        return bool(value)
    if value in ("", None) or value == item.default:
        return None if item.kind == "scope" else item.default
    return value if item.kind == "scope" else item.convert(value)


def by_the_fast_lane(command: Command, declared: list[Parameter], words: list[str]) -> dict[str, Any]:
    call = parse(command, list(words))
    places = [item.name for item in declared if item.kind in ("argument", "scope", "rest")]
    grouped = {
        key: value for one in call.keywords.values() if isinstance(one, Options) for key, value in vars(one).items()
    }
    found = {**dict(zip(places, call.arguments, strict=True)), **call.keywords, **grouped}
    return {
        item.name: found[item.name].app if isinstance(found[item.name], Scope) else found[item.name]
        for item in declared
        if item.kind != "unknown-flags"
    }


@for_each(commands, attrgetter("full_name"))
def test_valid_command_line_is_parsed_like_by_typer(command: Command) -> None:
    front, declared = typers(command), parameters(command.function)
    for words in lines(declared):
        assert by_the_fast_lane(command, declared, words) == by_typer(front, command, declared, words), words


@for_each(commands, attrgetter("full_name"))
def test_invalid_command_line_is_refused_like_by_typer(command: Command) -> None:
    front, declared = typers(command), parameters(command.function)
    places = [item for item in declared if item.kind in ("argument", "scope", "rest")]
    required = [value_of(item) for item in places if item.required]
    wrong = [required[:-1]] if required else []
    if not any(item.kind == "unknown-flags" for item in declared):
        wrong.append(["--no-command-has-this-flag", *required])
    wrong += [[*required, item.flags[0]] for item in declared if item.kind == "option" and not item.is_bool]
    if any(item.kind == "rest" for item in places):
        wrong = wrong[: 1 if required else 0]  # everything after the first argument is for the container
    for words in wrong:
        with pytest.raises(UserError, match="."):
            parse(command, list(words))
        with pytest.raises(UsageError):
            front.make_context(command.full_name, list(words))


@for_each(commands, attrgetter("full_name"))
def test_an_argument_past_the_last_one_is_neither_read_nor_lost(command: Command) -> None:
    """It is no error, as in Dokku, but a warning. The app's name, which clients append, is none."""
    declared = parameters(command.function)
    places = [item for item in declared if item.kind in ("argument", "scope", "rest")]
    if any(item.many or item.kind == "rest" for item in places):
        return
    options = [item for item in declared if item.kind == "option" and item.required and not item.is_bool]
    usual = [word for item in options for word in spelt(item, item.flags[0])] + [value_of(item) for item in places]
    call = parse(command, [*usual, "surplus", *([call.app] if (call := parse(command, list(usual))).app else [])])
    assert call.surplus == ["surplus"]
