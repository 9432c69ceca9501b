"""The role Cipher: encrypts the secrets in state files, with a key that no backup has. Here, because the store asks it."""

from __future__ import annotations

from abc import ABC, abstractmethod


class Cipher(ABC):
    """One at most is installed; the store asks it for each secret that it writes, and for each that is revealed.

    where: the file and the keys in it that hold the value. A token opens there and nowhere else, so that nobody can move
    one from a file that they may not read into one that they may.
    """

    @abstractmethod
    def seal(self, text: str, where: str) -> str | None:
        """The encrypted form, `sealed:` and whatever `open` needs; authenticated, and another one each time. None without a
        key: setup has not made one yet. Raises HostError when the key cannot be read."""

    @abstractmethod
    def open(self, token: str, where: str) -> str:
        """The text of an encrypted form. Raises StateError when its key is missing, or when the token is damaged or from
        somewhere else; HostError when the key cannot be read."""
