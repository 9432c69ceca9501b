"""Encrypts the secrets of a state file for another path: for a backup, on another host, or for another app."""

from __future__ import annotations

from dokkupy.errors import StateError
from dokkupy.kernel.files import write_atomic
from dokkupy.kernel.store import Store
from dokkupy.model.secret import CLEAR, MARK, Secret


def in_clear(store: Store, parts: tuple[str, ...], text: bytes) -> bytes:
    """The text of a file with its secrets decrypted, for a backup, which is encrypted as a whole and may be restored on a
    host with another key. A secret that cannot be decrypted stays encrypted."""

    def clear(secret: Secret, where: str) -> str:
        try:
            return CLEAR + secret.reveal()
        except StateError:
            return str(secret.sealed)

    return store.encode(parts, store.decode(parts, text), clear) if MARK.encode() in text else text


def encrypted(store: Store, parts: tuple[str, ...], text: bytes) -> bytes:
    """The text from `in_clear`, with its secrets encrypted by this host's key. Raises StateError for a secret that cannot
    be decrypted here."""
    if MARK.encode() not in text:
        return text
    table = store.decode(parts, text)
    return store.encode(parts, table, lambda secret, where: store.sealed(Secret(secret.reveal()), where))


def move_secrets(store: Store, origin: tuple[str, ...], parts: tuple[str, ...]) -> None:
    """Encrypt the secrets of a file that was copied from `origin`, because they can be decrypted only there."""
    path = store.path(*parts)
    with open(path, "rb") as file:
        text = file.read()
    if MARK.encode() in text:
        write_atomic(path, store.encode(parts, store.decode(origin, text)))
