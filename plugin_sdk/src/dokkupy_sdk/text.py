"""Normalizes text at the border, because editors on three operating systems write different forms."""

from __future__ import annotations

import codecs
import sys

MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
"""Byte order marks and their encodings. PowerShell's `>` writes the second."""


def decode_text(data: bytes) -> str:
    """Decode UTF-8, or UTF-16 with a byte order mark. Removes the mark, and ends each line with one `\\n`.

    Raises ValueError (such as UnicodeDecodeError) for another encoding, and for NUL characters, which UTF-16 without a
    mark contains.
    """
    text = decode_marked(data).replace("\r\n", "\n")
    if "\0" in text:
        raise ValueError("it has NUL characters")
    return text


def decode_marked(data: bytes) -> str:
    for mark, encoding in MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding)
    return data.decode()


def reason_of(error: Exception) -> str:
    """Why a file cannot be read or written, for people: without Python's error number and the path, which the message has."""
    if isinstance(error, UnicodeDecodeError):
        return "it is not text in UTF-8"
    return getattr(error, "strerror", None) or str(error)


def read_file(path: str, limit: int = -1) -> str:
    """The text of a file on the host, of at most `limit` bytes. Raises OSError, ValueError."""
    with open(path, "rb") as file:
        return decode_text(file.read(limit))


def read_input(limit: int = -1) -> str:
    """The text on standard input. Raises ValueError."""
    return decode_text(sys.stdin.buffer.read(limit))


def read_input_line(limit: int = -1) -> str:
    """The first line of standard input, without its end. Does not wait for more. Raises ValueError."""
    return decode_text(sys.stdin.buffer.readline(limit)).rstrip("\r\n")


def counted(number: int, noun: str) -> str:
    """`1 app`, `2 apps`: for nouns that form their plural with an s."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
