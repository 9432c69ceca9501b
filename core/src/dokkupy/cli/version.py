"""`version`."""

from __future__ import annotations

from dokkupy.cli.declare import Answer, Group
from dokkupy.kernel.discovery import CORE
from dokkupy.kernel.host import Host

group = Group("version", "Print the version", bare="")

DOKKU = "0.38.27"
"""The version of Dokku whose command line this one answers to; clients parse `dokku version X.Y.Z`."""


@group.command("", needs="open")
def version(host: Host) -> Answer:
    """Print the version, and which Dokku's commands it speaks."""
    own = next((entry.version for entry in host.registry.all if entry.distribution == CORE), "unknown")
    return Answer({"dokkupy": own, "dokku": DOKKU}, [f"dokku version {DOKKU} (dokkupy {own})"])
