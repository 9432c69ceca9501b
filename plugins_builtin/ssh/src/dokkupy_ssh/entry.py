"""The forced command of every key: it splits the command line from SSH into arguments (reference, section 2.7)."""

from __future__ import annotations

import os
import sys

from dokkupy_sdk.errors import UserError
from dokkupy_sdk.names import KeyName

NAMES = ("dokku", "dokkupy")
"""The logins, which are the names of the program too."""


def entry(argv: list[str]) -> tuple[list[str], str]:
    """(The arguments that the key's holder typed, the caller). argv names the key. Raises UserError."""
    try:
        name = KeyName(argv[0] if argv else "")
    except UserError as error:
        hint = "Ask an admin to write authorized_keys again: dokkupy doctor"
        raise UserError(error.message, hint=hint) from None
    typed = os.environ.pop("SSH_ORIGINAL_COMMAND", "")
    try:
        words = split(typed)
    except ValueError as error:
        raise UserError(
            f"The command cannot be split into words: {error}",
            hint="Close each quote. Over SSH, your own shell removes one level of quotes: ssh dokku@HOST 'config:set APP KEY=\"two words\"'",
        ) from None
    if (login := os.environ.get("USER", "")) in NAMES:
        sys.argv[0] = login  # messages and help name the program by the name that was typed: ssh dokku@HOST
    if words[:1] == ["--"]:
        words = words[1:]
    if words and words[0] in NAMES:
        words = words[1:]
    return words, f"key:{name}"


def split(text: str) -> list[str]:
    """The arguments of a command line, as `shlex.split` returns them. Raises ValueError. Most have no quotes, and are split
    without `shlex`, whose import costs half an interpreter's start."""
    if any(mark in text for mark in "'\"\\"):
        import shlex

        return shlex.split(text)
    for blank in "\t\r\n":
        text = text.replace(blank, " ")
    return [word for word in text.split(" ") if word]
