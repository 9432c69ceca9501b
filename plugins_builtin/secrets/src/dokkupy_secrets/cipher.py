"""The role Cipher, implemented with the host's keys."""

from __future__ import annotations

import binascii

from dokkupy_sdk import Host
from dokkupy_sdk.cipher import Cipher
from dokkupy_sdk.errors import StateError

from dokkupy_secrets import keyring

MISSING = (
    "Add the key, which `secrets:key` prints on the host that encrypted the value: sudo dokkupy secrets:key-add < FILE"
)
DAMAGED = "Set the value again, or restore the file's previous generation, which `dokkupy doctor` names."


class KeyringCipher(Cipher):
    """The id of a token's key and the value's location are authenticated too. On the start-up path of `config:get`."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.root = host.root
        self.path = keyring.path_of(host.root)
        self._seen: tuple[int, int] | None = None
        self._keys: tuple[keyring.Key, ...] = ()

    @property
    def keys(self) -> tuple[keyring.Key, ...]:
        """The current keys, read each time, because a rotation in another process may add one while a command runs."""
        seen = keyring.state_of(self.path)
        if seen is None or seen != self._seen:
            self._seen, self._keys = seen, keyring.load(self.path)
        return self._keys

    def seal(self, text: str, where: str) -> str | None:
        from dokkupy_secrets.aead import encrypt

        if not self.keys:
            self.require_no_lost_key()
            return None
        newest = self.keys[0]
        data = encrypt(newest.key, text.encode(), context(newest.id, where))
        return f"{keyring.MARK}{newest.id}:{binascii.b2a_base64(data, newline=False).decode()}"

    def open(self, token: str, where: str) -> str:
        from dokkupy_secrets.aead import decrypt

        name, data = keyring.parts(token)
        if not data:
            raise StateError(f"{self.title(where)} is cut off or damaged, and cannot be decrypted", hint=DAMAGED)
        key = next((one for one in self.keys if one.id == name), None)
        if key is None:
            raise StateError(
                f"{self.title(where)} is encrypted with the key {name}, which is not in {self.path}", hint=MISSING
            )
        try:
            return decrypt(key.key, data, context(name, where)).decode()
        except ValueError:
            raise StateError(
                f"{self.title(where)} cannot be decrypted: it was changed, or copied from another file", hint=DAMAGED
            ) from None

    def require_no_lost_key(self) -> None:
        """Refuse to write secrets in plain text on a host whose values are encrypted. Without any, setup has not created a key
        yet."""
        from dokkupy_secrets import tokens

        if tokens.are_used(self.host):
            raise StateError(
                f"The encryption key of this host is lost: {self.path} is missing. Nothing was saved, because the value would "
                "not be encrypted",
                hint=f"{MISSING} Without a copy of it: `sudo dokkupy setup` creates a new key, and what the lost one encrypted "
                "must be set again.",
            )

    def title(self, where: str) -> str:
        file, _, keys = where.partition("\n")
        return f"{'.'.join(keys.split(chr(10)))} in {self.root}/{file}.toml"


def context(name: str, where: str) -> bytes:
    """The associated data that is authenticated with a value."""
    return f"{name}\n{where}".encode()
