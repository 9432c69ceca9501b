"""Identifiers, which are parsed at the border. This module uses no dataclasses, because most commands load it."""

from __future__ import annotations

from dokkupy.errors import UserError
from dokkupy.model.names import AppName, Domain, EnvKey, Identifier, Pattern, ProcessType, shown
from dokkupy.model.secret import Sealed, Secret

__all__ = [
    "AppName",
    "Count",
    "Domain",
    "EnvKey",
    "GitRef",
    "GlobalDomain",
    "Identifier",
    "ImageRef",
    "KeyName",
    "NewAppName",
    "Pattern",
    "PluginName",
    "ProcessType",
    "RelativePath",
    "ReleaseNumber",
    "Sealed",
    "Secret",
    "digits",
    "shown",
]


TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy.kernel.access import Caller

    Count = int
else:

    class Count(int):
        """How many entries or lines a command prints (`--num`): from 0, which prints none, to a million."""

        is_number = True

        def __new__(cls, text):
            number = digits(text)
            if number is None or number > MOST:
                raise UserError(f"{text[:40]!r} is not a number from 0 to {MOST}")
            return number


def digits(text: str) -> int | None:
    """The whole number of a text of ASCII digits; None for any other text, and for one with too many digits."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


MOST = 1_000_000


class NewAppName(AppName):
    """The name of an app that the command creates."""

    __slots__ = ()

    def refusal(self, me: Caller) -> tuple[str, str]:
        """What to say to a key that may not use this name, whether or not an app has it, and the command to ask for."""
        apps = ", ".join(me.apps) or "none"
        what = f"The key {me.name} may create only the apps that an admin gave it, and not {self}; its apps: {apps}"
        return what, f"ssh-keys:set {me.name} --apps {','.join([*me.apps, self])}"


class GitRef(Identifier):
    """A branch, tag or revision that git accepts (`git check-ref-format`) and does not take for an option."""

    __slots__ = ()
    what = "Git reference"
    rule = "is not a branch, tag or revision that git accepts"
    pattern = Pattern(r"[A-Za-z0-9_][A-Za-z0-9._/+#@-]*")

    @classmethod
    def accepts(cls, text: str) -> bool:
        return not (
            ".." in text
            or "//" in text
            or "@{" in text
            or text.endswith(("/", ".", ".lock"))
            or any(part.startswith(".") or part.endswith(".lock") for part in text.split("/"))
        )


class GlobalDomain(Identifier):
    """The parent domain of apps without domains of their own. It may be the host's address (IPv4 or IPv6), which can have
    no subdomains."""

    __slots__ = ()
    what = "Domain"
    max_length = 253

    @classmethod
    def matches(cls, text: str) -> bool:
        """`[0-9a-f:.]*:[0-9a-f:.]*|(?!_|\\.).+`"""
        return (":" in text and not text.strip("0123456789abcdef:.")) or (text[0] not in "_." and "\n" not in text)

    @classmethod
    def normalized(cls, text: str) -> str:
        plain = text.strip("[]").lower()
        return plain if ":" in plain else str(Domain(text))

    @classmethod
    def accepts(cls, text: str) -> bool:
        return ":" not in text or is_address(text)

    @classmethod
    def complaint(cls, text: str) -> str:
        return Domain.complaint(text)

    @property
    def is_address(self) -> bool:
        return is_address(self)


def is_address(text: str) -> bool:
    from _socket import AF_INET, AF_INET6, inet_pton  # importing `socket` takes half as long as starting Python

    for family in (AF_INET, AF_INET6):
        try:
            inet_pton(family, text)
        except OSError:
            continue
        return True
    return False


class ImageRef(Identifier):
    """An image: `[registry[:port]/]name[:tag][@sha256:...]`, or an image id `sha256:...`.

    Source: the grammar of the distribution project's reference package.
    """

    __slots__ = ()
    what = "Image"
    rule = "is not an image reference"
    pattern = Pattern(
        r"sha256:[0-9a-f]{64}"
        r"|(?:[a-zA-Z0-9][a-zA-Z0-9.-]*(?::[0-9]{1,5})?/)?"
        r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*"
        r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?"
    )
    max_length = 512


class KeyName(Identifier):
    """The name of an SSH key."""

    __slots__ = ()
    what = "Key name"
    rule = "may only contain letters, digits and . _ @ + - (at most 128), and must begin with a letter or digit"
    max_length = 128

    @classmethod
    def matches(cls, text: str) -> bool:
        """`[A-Za-z0-9][A-Za-z0-9._@+-]*`"""
        return text.isascii() and text[0].isalnum() and text.translate(dict.fromkeys(map(ord, "._@+-"))).isalnum()


class PluginName(Identifier):
    """The short name of a plugin: that of its distribution without `dokkupy-`."""

    __slots__ = ()
    what = "Plugin name"
    rule = "may only contain lowercase letters, digits and hyphens"
    pattern = Pattern(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
    max_length = 64


class RelativePath(Identifier):
    """A path inside a pushed tree: relative, without `..`, control characters or a leading dash."""

    __slots__ = ()
    what = "Path"
    rule = "must be relative, inside the repository, without .. or control characters"
    pattern = Pattern(r"[^\x00-\x1f\x7f/-][^\x00-\x1f\x7f]*")
    max_length = 1024

    @classmethod
    def accepts(cls, text: str) -> bool:
        return ".." not in text.split("/")


class ReleaseNumber(Identifier):
    """A release of the app that is named before it: `v12`, or `12`."""

    __slots__ = ()
    pattern = Pattern(r"v?[0-9]{1,18}")

    @classmethod
    def complaint(cls, text: str) -> str:
        return f"{text[:40]!r} is not a release: give its number, such as v12"

    @property
    def number(self) -> int:
        return int(self.removeprefix("v"))
