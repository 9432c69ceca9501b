"""The forced command of every key: what SSH brings becomes words (reference, section 2.7)."""

from __future__ import annotations

import os
import shlex

from dokkupy.errors import UserError
from dokkupy.model.names import KeyName


def entry(argv: list[str]) -> int:
    """Run what the holder of the key named by argv typed. Only the launcher gets here, never a remote command."""
    from dokkupy.cli.main import main

    try:
        name = KeyName(argv[0] if argv else "")
    except UserError as error:
        return complain(f"{error.message}. An admin of the host can write authorized_keys again: dokkupy doctor")
    typed = os.environ.pop("SSH_ORIGINAL_COMMAND", "")
    try:
        words = shlex.split(typed)
    except ValueError as error:
        return complain(f"The command cannot be split into words: {error}")
    if words[:1] == ["--"]:
        words = words[1:]
    if words[:1] in (["dokku"], ["dokkupy"]):
        words = words[1:]
    return main(words, who=f"key:{name}")


def complain(text: str) -> int:
    import sys

    sys.stderr.write(f" !     {text}\n")
    return 1
