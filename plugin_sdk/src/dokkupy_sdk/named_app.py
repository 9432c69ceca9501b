"""The app of the command in place of APP in an error's hint: what is to be typed is complete.

The code that raises an error often does not know the app, such as what reads an archive from standard input.
"""

from __future__ import annotations

from dokkupy.errors import UserError, as_errors
from dokkupy.host import Host

PLACEHOLDER = r"(?<![\w-])APP(?![\w-])"


def name_app(host: Host, typed: list[str], error: BaseException) -> list[str]:
    """The entry point `dokkupy.corrections` that fills in the app of the command line. A usage line stays as it is,
    because a command line that was refused for its form names no app."""
    import re

    unnamed = [one for one in as_errors(error) if re.search(PLACEHOLDER, one.hint)]
    if app := app_of(host, typed) if unnamed else "":
        for one in unnamed:
            one.hint = re.sub(PLACEHOLDER, app, one.hint)
    return []


def app_of(host: Host, typed: list[str]) -> str:
    """The app of a command line, if the caller may see it. Empty if the line has none, or is refused. For an app that is
    missing and for one of somebody else the hint must read alike."""
    from dokkupy.cli.main import resolve, split_globals, take_late_globals
    from dokkupy.cli.parse import WantsHelp, parse

    from dokkupy_sdk.access import visible_apps

    flags, words = split_globals(list(typed))
    if not words:
        return ""
    try:
        command, rest = resolve(host, words[0], words[1:])
        app = parse(command, take_late_globals(flags, command, rest), flags.app).app
    except (UserError, WantsHelp):
        return ""
    return str(app) if app is not None and app in visible_apps(host) else ""
