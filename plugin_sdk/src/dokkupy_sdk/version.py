"""`version`."""

from __future__ import annotations

from dokkupy.cli.declare import Annotated, CommandResult, Group, Opt
from dokkupy.host import Host
from dokkupy.kernel.discovery import CORE

group = Group("version", "Print the version", bare="")

DOKKU = "0.38.27"
"""The version of Dokku whose command line this one implements. Clients parse `dokku version X.Y.Z`."""


Verbose = Annotated[bool, Opt("--verbose", help="Also the version of dokkupy itself")]


@group.command("", permission="open")
def version(host: Host, *, verbose: Verbose = False) -> CommandResult:
    """Print the version of Dokku whose commands dokkupy implements."""
    own = next((entry.version for entry in host.registry.all if entry.distribution == CORE), "unknown")
    lines = [f"dokku version {DOKKU}", f"dokkupy version {own}"]
    return CommandResult({"dokkupy": own, "dokku": DOKKU}, lines if verbose else lines[:1])
