"""ChaCha20-Poly1305 (RFC 8439) by libsodium, which the library PyNaCl contains.

Importing PyNaCl's public module takes 16 ms, longer than the start of an interpreter; libsodium's functions behind it
take 1.2 ms. The functions here call them with the arguments of the public ones. A test compares the two.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

KEY, NONCE, TAG = 32, 12, 16
"""Sizes in bytes."""


class Libsodium:
    """Raises ImportError or AttributeError when another version of PyNaCl has its functions elsewhere."""

    def __init__(self) -> None:
        from nacl._sodium import ffi, lib

        if lib.sodium_init() < 0:
            raise ImportError("libsodium cannot be initialised")
        self.ffi = ffi
        self.seal = lib.crypto_aead_chacha20poly1305_ietf_encrypt
        self.open = lib.crypto_aead_chacha20poly1305_ietf_decrypt

    def crypto_aead_chacha20poly1305_ietf_encrypt(self, text: bytes, context: bytes, nonce: bytes, key: bytes) -> bytes:
        require_sizes(nonce, key)
        sealed, none = bytearray(len(text) + TAG), self.ffi.NULL
        out = self.ffi.from_buffer(sealed)
        self.seal(out, none, text, len(text), context, len(context), none, nonce, key)
        return bytes(sealed)

    def crypto_aead_chacha20poly1305_ietf_decrypt(
        self, sealed: bytes, context: bytes, nonce: bytes, key: bytes
    ) -> bytes:
        require_sizes(nonce, key)
        if len(sealed) < TAG:
            raise ValueError("The data is shorter than its tag")
        text, none = bytearray(len(sealed) - TAG), self.ffi.NULL
        out = self.ffi.from_buffer(text)
        if self.open(out, none, none, sealed, len(sealed), context, len(context), nonce, key):
            raise ValueError("The tag does not match")
        return bytes(text)


def require_sizes(nonce: bytes, key: bytes) -> None:
    """libsodium reads so many bytes from the address that it gets."""
    if len(nonce) != NONCE or len(key) != KEY:
        raise ValueError(f"A nonce has {NONCE} bytes and a key {KEY}")


def primitives() -> Any:
    try:
        return Libsodium()
    except (ImportError, AttributeError):
        from nacl import bindings

        return bindings


def encrypt(key: bytes, text: bytes, context: bytes) -> bytes:
    nonce = os.urandom(NONCE)
    return nonce + bytes(primitives().crypto_aead_chacha20poly1305_ietf_encrypt(text, context, nonce, key))


def decrypt(key: bytes, data: bytes, context: bytes) -> bytes:
    """Raises ValueError when the data was changed or belongs to another key."""
    nonce, sealed = data[:NONCE], data[NONCE:]
    try:
        return bytes(primitives().crypto_aead_chacha20poly1305_ietf_decrypt(sealed, context, nonce, key))
    except Exception as error:  # caught by name: the public module's exceptions are loaded only when it is used
        raise ValueError(type(error).__name__) from None
