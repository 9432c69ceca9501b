"""The role Cipher: encrypts the secrets in state files, with a key that no backup contains. In the kernel, because the
store uses it."""

from __future__ import annotations

from abc import ABC, abstractmethod


class Cipher(ABC):
    """At most one is installed. The store calls it for each secret that it writes and for each secret that is revealed.

    where: the file and the keys in it that hold the value. A token can be opened only there, so that nobody can move it
    from a file that they may not read into one that they may.
    """

    @abstractmethod
    def seal(self, text: str, where: str) -> str | None:
        """The encrypted form: `sealed:` and whatever `open` requires. It is authenticated and differs each time. None if
        setup has not created a key yet. Raises HostError when the key cannot be read."""

    @abstractmethod
    def open(self, token: str, where: str) -> str:
        """Decrypt a token. Raises StateError when its key is missing, or when the token is damaged or was copied from
        elsewhere; HostError when the key cannot be read."""
