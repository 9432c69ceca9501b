"""`shell`: a prompt for commands, and `trace`: whether commands print what they do."""

from __future__ import annotations

import sys

from dokkupy_sdk.cli import CommandResult, Group, Host

group = Group("shell", "Run several commands in one session", bare="")
trace_group = Group("trace", "Show more of what commands do")


@group.command("", permission="open", formats=False)
def shell(host: Host) -> CommandResult:
    """Read commands until the end of the input, `exit` or `quit`; the exit status is the last command's."""
    import shlex

    from dokkupy_sdk.entry import main

    offer_names(host)
    status = 0
    while True:
        try:
            line = input("dokku> " if sys.stdin.isatty() else "")
            words = shlex.split(line, comments=True)
        except EOFError:
            return CommandResult(status=status)
        except ValueError as error:
            host.out.warn(f"The command cannot be split into words: {error}")
            status = 1
            continue
        if words in (["exit"], ["quit"]):
            return CommandResult(status=status)
        if words:
            # Each command gets a new Host, because a cached state could be outdated for the next command.
            status = main(words, who=host.who, root=host.root)


def offer_names(host: Host) -> None:
    """Enable history, and completion of the names that the caller may see."""
    try:
        import readline  # `input` uses it once it is imported
    except ImportError:
        return
    found: list[str] = []

    def complete(word: str, number: int) -> str | None:
        if number == 0:
            found[:] = offered(host, readline.get_line_buffer()[: readline.get_endidx()])
        return found[number] if number < len(found) else None

    readline.set_completer(complete)
    readline.set_completer_delims(" ")
    readline.parse_and_bind("tab: complete")


def offered(host: Host, line: str) -> list[str]:
    """Candidates for the last word of a line, with a space after a complete argument."""
    from dokkupy_sdk.completion import candidates, matching

    before, last = line.split(" ")[:-1], line.split(" ")[-1]
    # Each request reads the current state.
    now = host.for_invocation()
    words = matching(candidates(now, [one for one in before if one], last), last)
    return [word if word.endswith("=") else f"{word} " for word in words]


@trace_group.command("on", permission="host:write", mutating=True)
def trace_on(host: Host) -> CommandResult:
    """Make every command log what it does, as --trace does."""
    return turn(host, True)


@trace_group.command("off", permission="host:write", mutating=True)
def trace_off(host: Host) -> CommandResult:
    """Make commands log what they do only with --trace."""
    return turn(host, False)


def turn(host: Host, on: bool) -> CommandResult:
    from dokkupy_sdk.operation import operation
    from dokkupy_sdk.state import TraceFile

    with operation(host, "trace", "host") as tx:
        tx.save(TraceFile(on=on))
    return CommandResult({"trace": on}, [f"-----> {'Enabling' if on else 'Disabling'} trace mode"])
