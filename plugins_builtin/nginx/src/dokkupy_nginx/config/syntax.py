"""nginx's configuration language: text to directives, and directives to text.

It validates the output of an untrusted template. `write` then writes the validated directives again, so that a difference
between this parser and nginx's own cannot let anything through.
"""

from __future__ import annotations

import re

from dokkupy_sdk.errors import UserError
from dokkupy_sdk.values import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

PLAIN = re.compile(r"[A-Za-z0-9_./:$^~*=@,+?|()\[\]!%&<>-]+")
"""Words without quotes. A word with a brace, quote, backslash, semicolon, hash or space must be quoted."""

ESCAPES = {"t": "\t", "r": "\r", "n": "\n"}
LIMIT = 4000
"""nginx refuses a word longer than its 4,096-byte buffer."""
DEPTH = 12


class ConfigSyntaxError(Exception):
    """The text is not nginx configuration, or uses syntax that this parser does not support."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(f"line {line}: {message}")
        self.line = line
        self.message = message


@dataclass(frozen=True, slots=True)
class Directive:
    """`name args;` or `name args { block }`."""

    name: str
    args: tuple[str, ...]
    line: int
    block: list[Directive] | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """kind: word, `;`, `{` or `}`."""

    kind: str
    text: str
    line: int


def tokens(text: str) -> list[Token]:
    found: list[Token] = []
    position, line, end = 0, 1, len(text)
    while position < end:
        character = text[position]
        if character == "\n":
            line += 1
            position += 1
        elif character in " \t\r":
            position += 1
        elif character == "#":
            position = text.find("\n", position)
            if position < 0:
                break
        elif character in ";{}":
            found.append(Token(character, character, line))
            position += 1
        elif character in "\"'":
            position, word, skipped = quoted_word(text, position, line)
            found.append(Token("word", word, line))
            line += skipped
            if position < end and text[position] not in " \t\r\n;{})":
                raise ConfigSyntaxError(line, f"unexpected {text[position]!r} after a quoted word")
        else:
            position, word = bare_word(text, position, line)
            found.append(Token("word", word, line))
        if found and found[-1].kind == "word" and (len(found[-1].text.encode()) > LIMIT or "\x00" in found[-1].text):
            raise ConfigSyntaxError(line, "an argument is too long or contains a NUL character")
    return found


def quoted_word(text: str, position: int, line: int) -> tuple[int, str, int]:
    quote = text[position]
    word: list[str] = []
    index = position + 1
    while index < len(text):
        character = text[index]
        if character == "\\" and index + 1 < len(text):
            word.append(unescaped(text[index + 1]))
            index += 2
        elif character == quote:
            return index + 1, "".join(word), text.count("\n", position, index)
        else:
            word.append(character)
            index += 1
    raise ConfigSyntaxError(line, "a quote is not closed")


def bare_word(text: str, position: int, line: int) -> tuple[int, str]:
    word: list[str] = []
    index = position
    while index < len(text):
        character = text[index]
        if character == "\\" and index + 1 < len(text):
            if text[index + 1] in "\r\n":
                raise ConfigSyntaxError(line, "a backslash at the end of a line")
            word.append(unescaped(text[index + 1]))
            index += 2
        elif character == "$" and text[index + 1 : index + 2] == "{":
            close = text.find("}", index)
            name = text[index + 2 : close]
            if close < 0 or not re.fullmatch(r"[A-Za-z0-9_]+", name):
                raise ConfigSyntaxError(line, "${ without a variable's name")
            word.append(text[index : close + 1])
            index = close + 1
        elif character in " \t\r\n;{":
            break
        elif character == "}":
            raise ConfigSyntaxError(line, 'a "}" inside a word')
        else:
            word.append(character)
            index += 1
    return index, "".join(word)


def unescaped(character: str) -> str:
    if character in "\"'\\":
        return character
    return ESCAPES.get(character, "\\" + character)


def parse(text: str) -> list[Directive]:
    """The directives of a text. Raises ConfigSyntaxError."""
    stream = tokens(text)
    found, index = block(stream, 0, 0)
    if index < len(stream):
        raise ConfigSyntaxError(stream[index].line, 'unexpected "}"')
    return found


def block(stream: list[Token], index: int, depth: int) -> tuple[list[Directive], int]:
    if depth > DEPTH:
        raise ConfigSyntaxError(stream[index - 1].line, "blocks are nested too deep")
    found: list[Directive] = []
    words: list[Token] = []
    while index < len(stream):
        token = stream[index]
        index += 1
        if token.kind == "word":
            words.append(token)
            continue
        if token.kind == "}":
            if words:
                raise ConfigSyntaxError(token.line, f'{words[0].text[:80]!r} is not ended by ";"')
            return found, index - 1
        if not words:
            raise ConfigSyntaxError(token.line, f'unexpected "{token.kind}"')
        name, args = words[0].text, tuple(word.text for word in words[1:])
        if token.kind == ";":
            found.append(Directive(name, args, words[0].line))
        else:
            inner, index = block(stream, index, depth + 1)
            if index >= len(stream):
                raise ConfigSyntaxError(words[0].line, f'the block of {name[:80]!r} is not closed by "}}"')
            index += 1
            found.append(Directive(name, args, words[0].line, inner))
        words = []
    if words:
        raise ConfigSyntaxError(words[0].line, f'{words[0].text[:80]!r} is not ended by ";"')
    return found, index


def write(directives: Iterable[Directive], indent: str = "") -> str:
    """The directives as text, which nginx reads as exactly these words."""
    lines = []
    for directive in directives:
        words = " ".join(word(text) for text in (directive.name, *directive.args))
        if directive.block is None:
            lines.append(f"{indent}{words};\n")
        else:
            lines.append(f"{indent}{words} {{\n{write(directive.block, indent + '    ')}{indent}}}\n")
    return "".join(lines)


def word(text: str) -> str:
    if PLAIN.fullmatch(text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + escaped.replace("\t", "\\t").replace("\r", "\\r").replace("\n", "\\n") + '"'


def quoted(text: str) -> str:
    """A literal as one nginx word, in which variables, quotes, braces and semicolons have no meaning."""
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        raise UserError(f"{ascii(text[:80])} has control characters")
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "${dokkupy_dollar}")
    return f'"{escaped}"'
