"""The keys: a file outside the state, so that a copy or a backup of the state does not contain them.

A token, which is an encrypted value in the state, is `sealed:ID:DATA`: the id of its key, and nonce and ciphertext in
base64. Each line of the file is `ID KEY` in hexadecimal, the newest first. The newest key encrypts, all of them decrypt.
On the start-up path of `config:get`: no `dataclasses`, no `re`, and no `base64`, which loads it.
"""

from __future__ import annotations

import binascii
import os

from dokkupy_sdk.errors import HostError, StateError, UserError

STANDARD_ROOT = "/var/lib/dokkupy"
STANDARD = "/etc/dokkupy/secrets.keys"
ID, SIZE = 8, 32
MARK = "sealed:"
LETTERS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")


class Key:
    """id: what tokens name it by. key: 32 bytes, of which nothing is printed."""

    __slots__ = ("id", "key")

    def __init__(self, name: str, key: bytes) -> None:
        self.id = name
        self.key = key

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Key) and (self.id, self.key) == (other.id, other.key)

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        return f"<key {self.id}>"

    def line(self) -> str:
        return f"{self.id} {self.key.hex()}"


def path_of(root: str) -> str:
    """The path of the keys of a state directory; beside it, unless it is the standard one."""
    return STANDARD if root == STANDARD_ROOT else f"{root.rstrip('/')}.secrets-keys"


def fresh() -> Key:
    return Key(os.urandom(ID // 2).hex(), os.urandom(SIZE))


def state_of(path: str) -> tuple[int, int] | None:
    """A value that changes each time the file is replaced; None if it is missing or unreadable."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


def load(path: str) -> tuple[Key, ...]:
    """The keys, the newest first; empty if setup has not created one. Raises HostError or StateError."""
    try:
        with open(path, "rb") as file:
            return parse(file.read().decode("ascii"))
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise HostError(
            f"The keys of secrets in {path} cannot be read: {error.strerror}",
            hint="Only root and the user dokkupy may read them. `sudo dokkupy setup` sets their owner and mode.",
        ) from None
    except (UserError, UnicodeDecodeError):
        raise StateError(
            f"{path} has no usable keys",
            hint="Move this file to another directory, and restore the keys that `secrets:key` printed: "
            "sudo dokkupy secrets:key-add < FILE",
        ) from None


def parse(text: str) -> tuple[Key, ...]:
    """Raises UserError for text that does not have this form."""
    found = []
    for line in text.split("\n"):
        if not line.strip():
            continue
        name, _, key = line.strip().partition(" ")
        try:
            made = Key(name, bytes.fromhex(key))
            int(name, 16)
        except ValueError:
            raise UserError(
                "Each line must be `ID KEY`, both in hexadecimal",
                hint="Pass exactly what `secrets:key` printed: sudo dokkupy secrets:key-add < FILE",
            ) from None
        if len(name) != ID or len(made.key) != SIZE:
            raise UserError(
                f"A key must have {SIZE} bytes, and an id {ID} digits",
                hint="Pass exactly what `secrets:key` printed: sudo dokkupy secrets:key-add < FILE",
            )
        found.append(made)
    if not found:
        raise UserError("No key given: standard input is empty", hint="sudo dokkupy secrets:key-add < FILE")
    return tuple(found)


def text_of(keys: tuple[Key, ...]) -> str:
    return "".join(f"{key.line()}\n" for key in keys)


def parts(token: str) -> tuple[str, bytes]:
    """(the key's id, nonce and ciphertext) of a token; empty for one that is cut off or damaged."""
    name, _, data = token.removeprefix(MARK).partition(":")
    if len(name) != ID or not name.isalnum() or not LETTERS.issuperset(data.encode()):
        return "", b""
    try:
        return name, binascii.a2b_base64(data)
    except binascii.Error:
        return "", b""
