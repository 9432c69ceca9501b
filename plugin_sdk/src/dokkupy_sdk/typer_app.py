"""The second front end: the help of one command by typer, from the same declaration as the fast parser's."""

from __future__ import annotations

import inspect
from typing import Any

from dokkupy_sdk.cli import Host, parameters
from dokkupy_sdk.entry import Command, Parameter, placeholder, program, usage
from dokkupy_sdk.examples import as_example, examples


def as_click(command: Command) -> Any:
    """The click command of a declaration, made by typer."""
    import typer
    from typer.main import get_command

    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    function: Any = lambda **_: None  # noqa: E731 - only its signature and help matter
    function.__signature__ = inspect.Signature(
        [signature_of(item) for item in parameters(command.function) if item.kind != "unknown-flags"]
    )
    function.__doc__ = prose(command)
    function.__annotations__ = {name: p.annotation for name, p in function.__signature__.parameters.items()}
    app.command(name=command.full_name)(function)
    return get_command(app)


def signature_of(item: Parameter) -> inspect.Parameter:
    import typer

    if item.kind == "option":
        kind: Any = bool if item.is_bool else list[str] if item.many else str
        metavar = None if item.is_bool else placeholder(item)
        default: Any = typer.Option(
            item.default if not item.many else [], *item.flags, help=item.help, metavar=metavar, show_default=False
        )
    else:
        several = item.many or item.kind == "rest"
        kind = list[str] if several else str
        start: Any = ... if item.required else [] if several else ""
        default = typer.Argument(start, metavar=placeholder(item), help=item.help, show_default=False)
    return inspect.Parameter(item.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)


def help_text(host: Host, command: Command) -> str:
    """The usage line, what the command does, its arguments, options and examples."""
    click_command = as_click(command)
    with click_command.make_context(command.full_name, [], resilient_parsing=True) as context:
        _, _, rest = click_command.get_help(context).partition("\n\n")  # its own usage line does not know `--global`
    lines = [line.removesuffix("[required]").rstrip() for line in rest.splitlines()]  # the usage line says it
    name = program()
    return "\n".join(
        [f"Usage: {name} {usage(command)}", "", *lines, "", "Examples:"]
        + [f"  {name} {line}" for line in examples(host, command)]
    )


def prose(command: Command) -> str:
    """The docstring without its examples."""
    lines = (inspect.getdoc(command.function) or "").splitlines()
    return "\n".join(line for line in lines[:1] + [one for one in lines[1:] if not as_example(command, one)]).strip()
