"""A fast reader for TOML as the store writes it. It takes a tenth of the time of `tomllib`, which loads `re` and
`datetime` and so takes half as long as starting Python.

`loads` returns and raises the same as `tomllib.loads`, because it leaves to `tomllib` whatever it does not support:
comments, dates, dotted keys, other spellings. A test compares the two.
"""

from __future__ import annotations

try:
    from _json import scanstring  # `json` itself would load `re`
except ImportError:  # a Python without CPython's accelerators
    from json.decoder import py_scanstring as scanstring  # type: ignore[attr-defined,no-redef]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SPACE = " \n"
NUMBER_ENDS = ",\n ]}"


def loads(text: str) -> dict[str, Any]:
    """Raises what `tomllib.loads` raises."""
    try:
        return Reader(text).document()
    except Unusual:
        import tomllib

        return tomllib.loads(text)


class Unusual(Exception):
    """The text has something that the store does not write."""


class Reader:
    def __init__(self, text: str) -> None:
        # With an end mark, reading a character requires no check of the length.
        self.text = text + "\n\0"
        self.end = len(text)
        self.at = 0

    def document(self) -> dict[str, Any]:
        root: dict[str, Any] = {}
        headed = {id(root)}
        table = root
        while True:
            while self.text[self.at] == "\n":
                self.at += 1
            if self.at >= self.end:
                return root
            if self.text[self.at] == "[":
                table = self.header(root, headed)
            else:
                self.pair(table)
            self.expect("\n")

    def header(self, root: dict[str, Any], headed: set[int]) -> dict[str, Any]:
        """The new table of `[a.b]` or `[[a.b]]`. headed: the `id` of each table from a header; no other may be extended."""
        bracket = "[[" if self.text.startswith("[[", self.at) else "["
        self.expect(bracket)
        names = [self.key(".]")]
        while self.text[self.at] == ".":
            self.at += 1
            names.append(self.key(".]"))
        self.expect("]" * len(bracket))
        table = root
        for name in names[:-1]:
            if name not in table:
                table[name] = {}
                headed.add(id(table[name]))
            found = table[name]
            table = found[-1] if isinstance(found, list) and found else found
            if id(table) not in headed:
                raise Unusual
        last = names[-1]
        new: dict[str, Any] = {}
        if last in table:
            rows = table[last]
            if bracket == "[" or id(rows) not in headed or not isinstance(rows, list):
                raise Unusual
            rows.append(new)
        elif bracket == "[[":
            table[last] = [new]
            headed.add(id(table[last]))
        else:
            table[last] = new
        headed.add(id(new))
        return new

    def pair(self, table: dict[str, Any]) -> None:
        name = self.key(" ")
        self.expect(" = ")
        if name in table:
            raise Unusual
        table[name] = self.value()

    def key(self, ends: str) -> str:
        if self.text[self.at] == '"':
            return self.string()
        start = self.at
        while self.text[self.at] not in ends and self.text[self.at] not in "\n\0":
            self.at += 1
        name = self.text[start : self.at]
        if not name.isascii() or not name.replace("_", "a").replace("-", "a").isalnum():
            raise Unusual
        return name

    def value(self) -> Any:
        first = self.text[self.at]
        if first == '"':
            return self.string()
        if first == "[":
            return self.array()
        if first == "{":
            return self.inline_table()
        for word, value in (("true", True), ("false", False)):
            if self.text.startswith(word, self.at):
                self.at += len(word)
                return value
        return self.number()

    def string(self) -> str:
        start = self.at + 1
        try:
            found, self.at = scanstring(self.text, start, True)
        except ValueError:
            raise Unusual from None
        raw = self.text[start : self.at]
        # JSON's escapes are TOML's, except for these two.
        if not raw.isprintable() or ("\\" in raw and ("\\/" in raw or "\\u" in raw)):
            raise Unusual
        return str(found)

    def array(self) -> list[Any]:
        found: list[Any] = []
        self.at += 1
        while True:
            self.skip()
            if self.text[self.at] == "]":
                self.at += 1
                return found
            found.append(self.value())
            self.skip()
            if self.text[self.at] == ",":
                self.at += 1
            elif self.text[self.at] != "]":
                raise Unusual

    def inline_table(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if self.text.startswith("{}", self.at):
            self.at += 2
            return found
        self.expect("{ ")
        while True:
            self.pair(found)
            if self.text.startswith(" }", self.at):
                self.at += 2
                return found
            self.expect(", ")

    def number(self) -> int | float:
        start = self.at
        while self.text[self.at] not in NUMBER_ENDS and self.text[self.at] != "\0":
            self.at += 1
        word = self.text[start : self.at]
        whole, dot, rest = word.removeprefix("-").partition(".")
        if not is_digits(whole) or (whole[0] == "0" and len(whole) > 1) or len(word) > 25:
            raise Unusual
        if not dot:
            return int(word)
        if not is_digits(rest):
            raise Unusual
        return float(word)

    def skip(self) -> None:
        while self.text[self.at] in SPACE:
            self.at += 1

    def expect(self, what: str) -> None:
        if not self.text.startswith(what, self.at):
            raise Unusual
        self.at += len(what)


def is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()
