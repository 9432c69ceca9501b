"""What the host says of its commands: which take an app, where, and which flags have a value. It is kept for a day.

A Dokku host has no such listing, which is kept as well; then Dokku's own rules decide.
"""

from __future__ import annotations

import os
import sys

from dokkupy_client import dokku_rules, ssh
from dokkupy_client.programs import captured
from dokkupy_client.remotes import Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

ASK = "completion:commands"
DAY = 86_400


class Listing:
    """commands: by full name, with `app` (the index of the argument that is an app, or None), `arguments` (how many it
    takes at most, or None) and `values` (the flags with a value). bare: the command that a bare namespace means. Empty for a
    Dokku host."""

    __slots__ = ("bare", "commands")

    def __init__(self, data: dict[str, Any]) -> None:
        self.commands: dict[str, dict[str, Any]] = data.get("commands", {})
        self.bare: dict[str, str] = data.get("bare", {})

    def find(self, words: Sequence[str]) -> tuple[dict[str, Any] | None, list[str]]:
        """The command of `config:set ...`, `config set ...` or `config ...`, and its arguments."""
        name, rest = words[0], list(words[1:])
        if name in self.commands:
            return self.commands[name], rest
        if rest and f"{name}:{rest[0]}" in self.commands:
            return self.commands[f"{name}:{rest[0]}"], rest[1:]
        return self.commands.get(self.bare.get(name, "")), rest

    def takes_app(self, words: Sequence[str]) -> bool:
        """Whether the app of the remote belongs to this command line. It does not where the app was typed: where all
        arguments are there."""
        if not self.commands:
            return dokku_rules.takes_app(words)
        command, rest = self.find(words)
        if command is None or command["app"] is None or any(word in dokku_rules.EVERYWHERE for word in rest):
            return False
        return command["arguments"] is None or count(rest, command["values"]) < command["arguments"]


def count(words: Sequence[str], with_value: Sequence[str]) -> int:
    """How many of the words are neither flags nor their values."""
    found, index = 0, 0
    while index < len(words):
        word = words[index]
        if word == "--":
            return found + len(words) - index - 1
        if not word.startswith("-") or word == "-":
            found += 1
        elif word in with_value:
            index += 1
        index += 1
    return found


def listing_of(target: Target, words: Sequence[str] = ()) -> Listing:
    """The listing of a host. One that lacks the command is asked for again: a plugin may be new."""
    path = os.path.join(folder(), f"{target.login}-{target.port or 22}.json".replace("/", "_").replace(":", "_"))
    known = read(path)
    if known is not None:
        found = Listing(known)
        if not words or not found.commands or found.find(words)[0] is not None or words[0] == "help":
            return found
    return Listing(ask(target, path))


def ask(target: Target, path: str) -> dict[str, Any]:
    import json

    status, out, err = captured(ssh.command(target, [ASK]))
    if status == ssh.FAILED:
        sys.stderr.write(err.decode("utf-8", "replace"))
        raise SystemExit(status)
    try:
        data = json.loads(out) if status == 0 else {}
    except ValueError:
        data = {}
    if not isinstance(data, dict):
        data = {}
    write(path, json.dumps(data))
    return data


def read(path: str) -> dict[str, Any] | None:
    """None where nothing is kept, or for longer than a day."""
    import json
    import time

    try:
        if time.time() - os.stat(path).st_mtime > DAY:
            return None
        with open(path, encoding="utf-8") as file:
            data = json.load(file)
        return data if isinstance(data, dict) else None
    except (OSError, ValueError):
        return None


def write(path: str, text: str) -> None:
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        with open(f"{path}.{os.getpid()}", "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(f"{path}.{os.getpid()}", path)
    except OSError:  # without it the host is asked each time
        pass


def folder() -> str:
    return os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache"), "dokkupy-client"
    )
