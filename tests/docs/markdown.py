"""Parse the documentation: fenced blocks with the lines before them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: Which machine a prompt stands for, as the pages say themselves.
PROMPTS = {"$ ": "laptop", "# ": "server"}


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text without the fence's indentation, and the last line of prose before it."""

    language: str
    text: str
    before: str


@dataclass(frozen=True)
class Command:
    """What is typed after a prompt, here-document included, on which machine, and the lines that it is said to print."""

    line: str
    output: tuple[str, ...]
    machine: str = "laptop"


def blocks(path: Path) -> list[Block]:
    found, before, end = [], "", 0
    text = path.read_text()
    for match in re.finditer(r"^(?P<indent> *)```(?P<language>\w*)\n(?P<text>.*?)^ *```$", text, re.M | re.S):
        lines = [line for line in text[end : match.start()].splitlines() if line.strip()]
        before, end = lines[-1] if lines else before, match.end()
        inner = re.sub(f"^{match['indent']}", "", match["text"], flags=re.M)
        found.append(Block(match["language"], inner, before))
    return found


def commands(block: Block) -> list[Command]:
    found: list[Command] = []
    until = ""
    for line in block.text.splitlines():
        if until:
            found[-1] = replace(found[-1], line=f"{found[-1].line}\n{line}")
            until = "" if line == until else until
        elif line[:2] in PROMPTS:
            found.append(Command(line[2:], (), PROMPTS[line[:2]]))
            here = re.search(r"<<'?(\w+)'?$", line)
            until = here[1] if here else ""
        elif found and line.strip():
            found[-1] = replace(found[-1], output=(*found[-1].output, line))
    return found
