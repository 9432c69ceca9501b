"""Declarations of commands and their results. Every command loads this module, so it imports little."""

import sys

from dokkupy.cli.declare import Annotated, Arg, CommandResult, Group, Opt, Options, Rest, Scope, parameters
from dokkupy.cli.output import harmless
from dokkupy.cli.parse import takes_app
from dokkupy.host import Host

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from dokkupy_sdk.confirm import confirm
    from dokkupy_sdk.many import apps_of, each

LAZY = {"apps_of": "dokkupy_sdk.many", "confirm": "dokkupy_sdk.confirm", "each": "dokkupy_sdk.many"}

AppOrAll = Annotated[Scope, Arg("APP|--all")]
"""A `Scope` without `--global`: the command acts on one app or on all."""


def on_terminal() -> bool:
    """Whether a person reads standard output. A report then leaves out what is empty; programs get every line."""
    return sys.stdout.isatty()


def lines_or(lines: "Sequence[str]", empty: str) -> list[str]:
    """The lines of a list. For an empty one a person reads a sentence, and a program nothing, as with Dokku."""
    return list(lines) or ([empty] if on_terminal() else [])


def __getattr__(name: str) -> object:
    """Import names that few commands use at their first use."""
    if name not in LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from dokkupy.kernel.registry import module_of

    return getattr(module_of(LAZY[name]), name)


__all__ = [
    "Annotated",
    "AppOrAll",
    "CommandResult",
    "Arg",
    "Group",
    "Host",
    "Opt",
    "Options",
    "Rest",
    "Scope",
    "apps_of",
    "confirm",
    "each",
    "harmless",
    "on_terminal",
    "parameters",
    "takes_app",
]
