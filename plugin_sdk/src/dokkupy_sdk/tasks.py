"""The tasks by which `help` groups the namespaces of commands.

An entry point of the group `dokkupy.tasks` gives a namespace its task: `config = "dokkupy_sdk.tasks:CONFIGURE"`. `help` reads it
without an import. HIDDEN: only programs such as git call its commands, so `help` does not list them.
"""

from __future__ import annotations

DEPLOY = "Deploy and run"
LOOK = "Look"
CONFIGURE = "Configure"
DATA = "Data"
HOST = "The host"
OTHER = "Other"
HIDDEN = ""
SECTIONS = (DEPLOY, LOOK, CONFIGURE, DATA, HOST, OTHER)
"""The titles in the order in which `help` prints them."""
