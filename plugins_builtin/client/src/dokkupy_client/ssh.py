"""The command line of ssh: each argument reaches the host as it was typed."""

from __future__ import annotations

import os

from dokkupy_client.remotes import Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

FAILED = 255
"""The exit status of ssh where it did not reach the host."""

WISHES = ("NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE")
"""Variables about colours that the host shall know (its sshd accepts them)."""

PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./-_")


def quoted(word: str) -> str:
    """A word as a shell, and a host, read it back."""
    if word and PLAIN.issuperset(word):
        return word
    return "'" + word.replace("'", "'\\''") + "'"


def line(words: Sequence[str]) -> str:
    return " ".join(quoted(word) for word in words)


def command(target: Target, words: Sequence[str], *, tty: bool = False, batch: bool = False) -> list[str]:
    """tty: ask for a terminal. batch: never ask for a passphrase or a host key."""
    argv = ["ssh", "-o", "LogLevel=ERROR"]  # without `Connection to HOST closed.`
    argv += ["-t"] if tty else ["-T"]
    argv += ["-o", "BatchMode=yes"] if batch else []
    argv += [f"-oSendEnv={name}" for name in WISHES if name in os.environ]
    argv += ["-p", target.port] if target.port else []
    return [*argv, target.login, "--", line(words)]


def has_terminal() -> bool:
    """Whether a person types and reads: the host then shows colours, and Ctrl-C reaches the command."""
    return os.isatty(0) and os.isatty(1)
