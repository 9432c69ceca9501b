"""A hint says which of its commands only an admin may run, to a key that is not an admin's.

The code that raises an error mostly does not know who asked for the command.
"""

from __future__ import annotations

from dokkupy.errors import UserError, as_errors
from dokkupy.host import Host

COMMANDS = r"(?<![\w:/.`-])(?:dokkupy ([a-z][a-z-]*)(?![\w:-])|([a-z][a-z0-9-]*:[a-z][a-z-]*))([^.,;()]*)"
"""A command of one word behind the program's name, or one of a namespace, with its arguments."""
PROGRAMS = r"(?<![\w/.`-])(systemctl|journalctl|apt-get)(?= )"
"""What is typed on the host itself."""


def mark_admins_part(host: Host, _typed: list[str], error: BaseException) -> list[str]:
    """The entry point `dokkupy.corrections` that says what an admin must do. It never returns a line to run instead."""
    for one in as_errors(error):
        one.hint = marked(host, one.hint)
    return []


def marked(host: Host, hint: str) -> str:
    """The hint, with a remark if the caller may not run all of it."""
    from dokkupy_sdk.access import is_admin

    says_so = "an admin" in hint or hint.startswith("Ask ")  # such as "Ask root on the server for: ..."
    if not hint or says_so or is_admin(host):
        return hint
    names = for_admins(host, hint)
    return f"{hint.rstrip('.')} (for an admin of the host: {', '.join(names)})" if names else hint


def for_admins(host: Host, hint: str) -> list[str]:
    """The commands and programs in a hint that the caller may not run, each once."""
    import re

    found = {match[1]: None for match in re.finditer(PROGRAMS, hint)}
    for alone, name, arguments in re.findall(COMMANDS, hint):
        if not may_run(host, alone or name, arguments):
            found[alone or name] = None
    return list(found)


def may_run(host: Host, name: str, arguments: str) -> bool:
    """Whether the caller's role permits the command. True for what is no command, such as `postgres:db`."""
    from dokkupy.cli.main import resolve

    from dokkupy_sdk.access import caller

    try:
        command, _ = resolve(host, name, [])
    except UserError:
        return True
    me = caller(host)
    return me.has(command.permission) and (me.has("host:write") or "--global" not in arguments.split())
