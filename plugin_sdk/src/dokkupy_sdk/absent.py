"""Which plugin has an unknown command: one that is disabled, or one that comes with dokkupy and is not installed."""

from __future__ import annotations

from dokkupy.cli.declare import COMMANDS
from dokkupy.cli.unknown import PIP, UnknownCommand
from dokkupy.host import Host

__all__ = ["name_plugin"]

META = "dokkupy"
"""The distribution that requires everything that comes with the project."""


def name_plugin(host: Host, _typed: list[str], error: BaseException) -> list[str]:
    """The entry point `dokkupy.corrections` that names the plugin. It never returns a line to run instead."""
    if isinstance(error, UnknownCommand) and error.namespace:
        error.hint = error.hint or disabled(host, error.namespace) or missing()
    return []


def disabled(host: Host, namespace: str) -> str:
    """Says that a disabled plugin has the namespace; empty if none has."""
    for entry in host.registry.all:
        if entry.group == COMMANDS and entry.name == namespace and entry not in host.registry.entries:
            return (
                f"It is a command of the plugin {entry.plugin}, which is disabled: dokkupy plugin:enable {entry.plugin}"
            )
    return ""


def missing() -> str:
    """Names the distributions of the project that are not installed; empty where the project was not installed whole."""
    import re
    from importlib.metadata import PackageNotFoundError, distribution, requires

    absent = []
    try:
        for text in requires(META) or []:
            name = re.split(r"[^A-Za-z0-9._-]", text, maxsplit=1)[0]
            try:
                distribution(name)
            except PackageNotFoundError:
                absent.append(name)
    except PackageNotFoundError:
        return ""
    names = " ".join(absent)
    said = f"Not installed, although it is a part of dokkupy: {names}. Run ./install.sh again, or: {PIP} {names}"
    return said if names else ""
