"""What the arguments of these commands may be, parsed at the border. Light: no dataclasses."""

from __future__ import annotations

from dokkupy_sdk.access import GRANTS
from dokkupy_sdk.names import AppName, Identifier, Pattern


class Role(Identifier):
    """What a key may do: admin, deployer or viewer."""

    __slots__ = ()

    @classmethod
    def matches(cls, text: str) -> bool:
        return text in GRANTS

    @classmethod
    def complaint(cls, text: str) -> str:
        return f"{text[:40]!r} is not a role: use one of {', '.join(GRANTS)}"


ADMIN = Role("admin")


class AppNames(str):
    """Apps separated by commas; none is allowed."""

    __slots__ = ()

    def __new__(cls, text: str) -> AppNames:
        return super().__new__(cls, ",".join(AppName(one) for one in text.split(",") if one))

    @property
    def apps(self) -> list[AppName]:
        return [AppName(one) for one in self.split(",") if one]


class Fingerprint(Identifier):
    """The SHA256 fingerprint of a key, as `ssh-keys:list` shows it."""

    __slots__ = ()
    what = "Fingerprint"
    rule = "must be a fingerprint as in the output of `ssh-keys:list`: SHA256:..."
    pattern = Pattern(r"SHA256:[A-Za-z0-9+/]{43}")
