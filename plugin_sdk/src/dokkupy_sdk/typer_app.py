"""The second front end: the help of one command by typer, from the same declaration as the fast parser's."""

from __future__ import annotations

import inspect
from typing import Any

from dokkupy_sdk.cli import parameters
from dokkupy_sdk.entry import Command, Parameter, program, usage


def as_click(command: Command) -> Any:
    """The click command of a declaration, made by typer."""
    import typer
    from typer.main import get_command

    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    function: Any = lambda **_: None  # noqa: E731 - only its signature and help matter
    function.__signature__ = inspect.Signature(
        [signature_of(item) for item in parameters(command.function) if item.kind != "unknown-flags"]
    )
    function.__doc__ = command.function.__doc__
    function.__annotations__ = {name: p.annotation for name, p in function.__signature__.parameters.items()}
    app.command(name=command.full_name)(function)
    return get_command(app)


def signature_of(item: Parameter) -> inspect.Parameter:
    import typer

    if item.kind == "option":
        kind: Any = bool if item.is_bool else list[str] if item.many else str
        default: Any = typer.Option(item.default if not item.many else [], *item.flags, help=item.help)
    elif item.many or item.kind == "rest":
        kind, default = list[str], typer.Argument(... if item.required else [], metavar=item.metavar, help=item.help)
    else:
        start = ... if item.required else ""
        kind, default = str, typer.Argument(start, metavar=item.metavar, help=item.help)
    return inspect.Parameter(item.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)


def help_text(command: Command) -> str:
    click_command = as_click(command)
    with click_command.make_context(command.full_name, [], resilient_parsing=True) as context:
        _, _, rest = click_command.get_help(context).partition("\n\n")  # its own usage line does not know `--global`
        return f"Usage: {program()} {usage(command)}\n\n{rest}"
