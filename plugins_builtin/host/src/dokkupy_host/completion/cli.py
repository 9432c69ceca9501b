"""`completion`: for shells when Tab is pressed, and for clients that need the list of commands."""

from __future__ import annotations

from dokkupy_sdk.cli import Annotated, Arg, CommandResult, Group, Host

group = Group("completion", "Print shell completion scripts", bare="")


@group.command("", permission="open")
def completion(
    host: Host, shell: Annotated[str, Arg("shell", complete=("bash", "fish", "zsh"))] = "bash"
) -> CommandResult:
    """Print the completion script of a shell: bash, zsh or fish. `setup` installs bash's."""
    from dokkupy_sdk.errors import UserError

    from dokkupy_host.completion.scripts import SCRIPTS

    if shell not in SCRIPTS:
        raise UserError(f"There is no completion for {shell[:40]!r}: use {', '.join(SCRIPTS)}")
    return CommandResult({"shell": shell, "script": SCRIPTS[shell]}, [SCRIPTS[shell].rstrip("\n")])


@group.command("words", permission="open", hidden=True, formats=False)
def words(host: Host, typed: Annotated[list[str], Arg("words")]) -> CommandResult:
    """Print the candidates for the last of these arguments. The audit does not record it, because it is not an action
    of its own."""
    from dokkupy_sdk.completion import candidates, matching

    last = typed[-1] if typed else ""
    found = matching(candidates(host, typed[:-1], last), last)
    return CommandResult(found, found, recorded=False)


@group.command("commands", permission="open", hidden=True, formats=False)
def commands(host: Host) -> CommandResult:
    """Print as JSON which commands the caller may use, and which of their arguments is the app: for clients."""
    import json

    from dokkupy_host.completion.listing import listing

    return CommandResult(text=[json.dumps(listing(host), separators=(",", ":"))], recorded=False)
