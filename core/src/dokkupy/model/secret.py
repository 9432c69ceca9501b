"""Secret values have their own type, so that they cannot be printed by accident."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Seal = Callable[["Secret", str], str]
    """Returns the form of a secret in a file. Arguments: the secret, and where it is (the file and the keys in it)."""

MARK = "sealed:"
"""The encrypted form of a value begins with this. The store escapes a plain text that does."""

PLAIN = f"{MARK}:"
"""Prefix of a plain text that looks like an encrypted one."""

CLEAR = f"{MARK}clear:"
"""Prefix of a secret that is not encrypted, because the backup that contains the file is."""


class Sealed(str):
    """The encrypted form of a secret in its file. where: the file and the keys in it. opener: decrypts it, or raises
    StateError."""

    __slots__ = ("opener", "where")
    opener: Callable[[Sealed], str]
    where: str

    def __new__(cls, text: str, where: str, opener: Callable[[Sealed], str]) -> Sealed:
        made = super().__new__(cls, text)
        made.where = where
        made.opener = opener
        return made

    def open(self) -> str:
        return self.opener(self)


class Secret:
    """A value that prints as `***`. Only `reveal()` gives access to it, so a review can search for that word. A secret
    from a file is decrypted when it is first revealed."""

    __slots__ = ("_value", "sealed")
    sealed: Sealed | None
    """Its encrypted form, if it was read from a file."""

    def __init__(self, value: str) -> None:
        self.sealed = value if isinstance(value, Sealed) else None
        self._value = None if self.sealed is not None else value

    def reveal(self) -> str:
        if self._value is None:
            assert self.sealed is not None
            self._value = self.sealed.open()
        return self._value

    def __str__(self) -> str:
        return "***"

    __repr__ = __str__

    def __format__(self, spec: str) -> str:
        return format("***", spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return False
        return (self.sealed is not None and self.sealed == other.sealed) or self.reveal() == other.reveal()

    def __hash__(self) -> int:
        return hash(self.reveal())

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a Secret is not pickled")


def bound(value: Any, where: str, opener: Callable[[Sealed], str]) -> Any:
    """Turn the encrypted values of a table into `Sealed`, which knows its path and how to decrypt itself."""
    if isinstance(value, dict):
        for key, one in value.items():
            value[key] = bound(one, f"{where}\n{key}", opener)
        return value
    if isinstance(value, list):
        return [bound(one, f"{where}\n{index}", opener) for index, one in enumerate(value)]
    if not isinstance(value, str) or not value.startswith(MARK):
        return value
    return value.removeprefix(PLAIN) if value.startswith(PLAIN) else Sealed(value, where, opener)


def written(value: Any, where: str, seal: Seal) -> Any:
    """A table with each secret in its form for the file."""
    if isinstance(value, dict):
        return {key: written(one, f"{where}\n{key}", seal) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [written(one, f"{where}\n{index}", seal) for index, one in enumerate(value)]
    if isinstance(value, Sealed):
        value = Secret(value)
    if isinstance(value, Secret):
        return seal(value, where)
    return escaped(value) if isinstance(value, str) else value


def escaped(text: str) -> str:
    return PLAIN + text if text.startswith(MARK) else text


def described(where: str) -> str:
    """Describe where a secret is, for messages: its keys and its file."""
    file, _, keys = where.partition("\n")
    return f"{keys.replace(chr(10), '.')} in {file}.toml"
