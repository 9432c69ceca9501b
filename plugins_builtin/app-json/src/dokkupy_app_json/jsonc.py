"""JSON with comments, as users write it: read by the standard library, and by pyjson5 only when that refuses.

A `Node` is a value and the path to it, so that every complaint names the place: `formation.web.quantity`.
"""

from __future__ import annotations

import json
import re
from typing import Any

from dokkupy_sdk.errors import AppError
from dokkupy_sdk.names import shown

DEPTH = 32
"""Levels of nesting that are read; app.json needs six."""


ALL: set[str] = set()
"""Stands for every key: compared by identity."""


class Node:
    """A value of a document and where it is. asked: path of an object -> the keys that its reader asked for, of all
    nodes of the document; ALL for an object whose keys are names of the author's. stored: the document is a release's, which an
    earlier version accepted, so that no limit applies."""

    __slots__ = ("asked", "file", "path", "stored", "value")

    def __init__(
        self, file: str, value: Any, path: str = "", asked: dict[str, set[str]] | None = None, *, stored: bool = False
    ) -> None:
        self.stored = stored
        self.file = file
        self.value = value
        self.path = path
        self.asked = {} if asked is None else asked

    def below(self, value: Any, path: str) -> Node:
        return Node(self.file, value, path, self.asked, stored=self.stored)

    def unread(self) -> list[tuple[str, list[str]]]:
        """(path of a key that no reader asked for, the keys that were asked for beside it), in the file's order."""
        found = []
        if isinstance(self.value, list):
            for number, row in enumerate(self.value):
                found += self.below(row, f"{self.path}[{number}]").unread()
        elif isinstance(self.value, dict) and self.path in self.asked:
            known = self.asked[self.path]
            for key, value in self.value.items():
                path = f"{self.path}.{shown_key(key)}" if self.path else shown_key(key)
                if known is ALL or key in known:
                    found += self.below(value, path).unread()
                else:
                    found.append((path, sorted(known)))
        return found

    def fault(self, complaint: str) -> AppError:
        where = f"{self.path} " if self.path else ""
        return AppError(
            f"{self.file}: {where}{complaint}", code="bad_app_json", hint=f"Correct it in {self.file} and push again."
        )

    def require(self, is_within: bool, complaint: str) -> None:
        """Raise AppError if a new document is beyond a limit: a number of entries, a length, a range."""
        if not is_within and not self.stored:
            raise self.fault(complaint)

    def child(self, key: str) -> Node | None:
        """The value of a key; None when it is absent or null."""
        self.asked.setdefault(self.path, set()).add(key)
        value = self.table().get(key)
        return None if value is None else self.below(value, f"{self.path}.{key}" if self.path else key)

    def children(self, key: str) -> list[tuple[str, Node]]:
        """(key, value) of a table below; none when it is absent."""
        table = self.child(key)
        if table is None:
            return []
        self.asked[table.path] = ALL
        return [(name, self.below(value, f"{table.path}.{shown_key(name)}")) for name, value in table.table().items()]

    def rows(self, key: str) -> list[Node]:
        """The values of a list below; none when it is absent."""
        found = self.child(key)
        if found is None:
            return []
        if not isinstance(found.value, list):
            raise found.fault(f"must be a list, not {kind(found.value)}")
        return [self.below(value, f"{found.path}[{number}]") for number, value in enumerate(found.value)]

    def table(self) -> dict[str, Any]:
        if not isinstance(self.value, dict):
            raise self.fault(f"must be an object, not {kind(self.value)}")
        return self.value

    def text(self, key: str, default: str = "") -> str:
        found = self.child(key)
        return default if found is None else found.as_text()

    def as_text(self) -> str:
        if not isinstance(self.value, str):
            raise self.fault(f"must be a string, not {kind(self.value)}")
        if "\x00" in self.value:
            raise self.fault("has a null character")
        return self.value

    def flag(self, key: str, default: bool) -> bool:
        found = self.child(key)
        if found is None:
            return default
        if not isinstance(found.value, bool):
            raise found.fault(f"must be true or false, not {kind(found.value)}")
        return found.value

    def whole(self, key: str, low: int, high: int) -> int | None:
        """A whole number within limits; None when it is absent."""
        found = self.child(key)
        if found is None:
            return None
        if isinstance(found.value, bool) or not isinstance(found.value, int):
            raise found.fault(f"must be a whole number, not {kind(found.value)}")
        found.require(low <= found.value <= high, f"must be from {low} to {high}")
        return found.value

    def texts(self, key: str) -> tuple[str, ...]:
        return tuple(row.as_text() for row in self.rows(key))


def kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, str):
        return "a string"
    return "a list" if isinstance(value, list) else "an object"


def shown_key(key: str) -> str:
    return key if re.fullmatch(r"[\w./@-]{1,80}", key) else shown(key)


def read_jsonc(file: str, text: str, *, stored: bool = False) -> Node:
    """The document. Raises AppError naming the file, line and column. Of a key given twice the last one counts."""
    try:
        return Node(file, json.loads(text), stored=stored)
    except RecursionError:
        raise Node(file, None).fault(f"is nested more than {DEPTH} levels deep") from None
    except ValueError:
        pass
    import pyjson5

    try:
        return Node(file, pyjson5.decode(text, DEPTH), stored=stored)
    except pyjson5.Json5NestingTooDeep:
        raise Node(file, None).fault(f"is nested more than {DEPTH} levels deep") from None
    except pyjson5.Json5Exception as error:
        complaint = str(error.args[0]) if error.args else type(error).__name__
        raise Node(file, None).fault(f"is not valid JSON: {located(complaint, text)}") from None
    except (ValueError, RecursionError):
        raise Node(file, None).fault("is not valid JSON: it has a number that cannot be read") from None


def located(complaint: str, text: str) -> str:
    """The library's complaint, with its character position turned into line and column."""
    found = re.search(r"^(.*?)(?: starting)? near (\d+)", complaint)
    if found is None:
        return complaint
    before = text[: int(found[2])]
    what = re.sub(r"b'(\w+)'", r"\1", found[1])
    return f"{what} (line {before.count(chr(10)) + 1}, column {len(before) - before.rfind(chr(10))})"
