"""Parse the documentation: fenced blocks with the lines before them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Block:
    """A fenced block, with its language, its text, and the last line of prose before it."""

    language: str
    text: str
    before: str


@dataclass(frozen=True)
class Command:
    """A command after `$ `, and its documented output."""

    line: str
    output: tuple[str, ...]


def blocks(path: Path) -> list[Block]:
    found, before, end = [], "", 0
    text = path.read_text()
    for match in re.finditer(r"^```(?P<language>\w+)\n(?P<text>.*?)^```$", text, re.M | re.S):
        lines = [line for line in text[end : match.start()].splitlines() if line.strip()]
        before, end = lines[-1] if lines else before, match.end()
        found.append(Block(match["language"], match["text"], before))
    return found


def commands(block: Block) -> list[Command]:
    found: list[Command] = []
    for line in block.text.splitlines():
        if line.startswith("$ "):
            found.append(Command(line[2:], ()))
        elif found:
            found[-1] = Command(found[-1].line, (*found[-1].output, line))
    return found
