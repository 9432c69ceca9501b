"""Identifiers: types that are parsed once, at the border. Every value of such a type is valid.

Each is a `str`, so it can be an argument, a path component or a label without conversion. Constructing one from an
invalid text raises `UserError` with the rule. The rules are Dokku 0.38's (reference, section 2.6) unless noted.

Every command loads this module. It therefore uses no dataclasses, no `typing` at run time, and for the names in frequent
commands no `re`, whose import takes half as long as starting Python.
"""

from __future__ import annotations

from dokkupy.errors import UserError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from typing import Self


class Pattern:
    """A regular expression that is compiled when it is first used."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def fullmatch(self, text: str) -> re.Match[str] | None:
        import re

        return re.fullmatch(self.text, text)


class Identifier(str):
    """A string that obeys its type's rule."""

    __slots__ = ()
    what = "name"
    rule = "must not be empty"
    pattern: Pattern | re.Pattern[str] = Pattern(r".+")
    max_length = 255

    def __new__(cls, text: str) -> Self:
        if isinstance(text, cls):
            return text
        text = cls.normalized(text)
        if not text or len(text) > cls.max_length or not cls.matches(text) or not cls.accepts(text):
            raise UserError(cls.complaint(text), code="bad_name")
        return super().__new__(cls, text)

    @classmethod
    def normalized(cls, text: str) -> str:
        """The canonical spelling, to which the rules apply."""
        return text

    @classmethod
    def fits(cls, text: str) -> bool:
        """Whether a text is a valid identifier of this type."""
        try:
            cls(text)
        except UserError:
            return False
        return True

    @classmethod
    def matches(cls, text: str) -> bool:
        """Whether a non-empty text has the right form."""
        return cls.pattern.fullmatch(text) is not None

    @classmethod
    def accepts(cls, text: str) -> bool:
        """The rules beyond the form."""
        return True

    @classmethod
    def complaint(cls, text: str) -> str:
        return f"{cls.what} {shown(text)} is invalid: it {cls.rule}"


def are_labels(text: str) -> bool:
    """Whether a text is a sequence of lower-case host name labels with dots between them. A label is
    `[a-z0-9](?:[a-z0-9-]*[a-z0-9])?`."""
    return (
        text.isascii()
        and text == text.lower()
        and all(label.strip("-") == label and label.replace("-", "").isalnum() for label in text.split("."))
    )


def shown(text: str) -> str:
    """An untrusted text, made safe for a terminal and short enough for a line."""
    return ascii(text if len(text) <= 80 else text[:77] + "...")


class AppName(Identifier):
    """The name of an app, which is also a host name label, an image repository and a directory.

    The rule is stricter than Dokku's for names that Docker would refuse later: the name ends with a letter or digit, has
    no doubled separators, and has at most 63 characters (a DNS label).
    """

    __slots__ = ()
    what = "App name"
    noun = "app"
    max_length = 63

    @classmethod
    def matches(cls, text: str) -> bool:
        return are_labels(text)

    @classmethod
    def complaint(cls, text: str) -> str:
        if not text:
            return "Please specify an app to run the command on"
        return (
            f"App name {shown(text)} is invalid. App name must begin with lowercase alphanumeric character, and may "
            "only contain lowercase alphanumerics, dots, and hyphens"
        )

    def owners(self, host: object, namespace: str) -> tuple[AppName, ...]:
        """The apps for which an argument of this type requires a permission (`kernel/access.py`)."""
        return (self,)


class ProcessType(Identifier):
    """A key of the Procfile, such as `web`."""

    __slots__ = ()
    what = "Process type"
    rule = "may only contain letters, digits, underscores and hyphens (at most 63)"
    max_length = 63

    @classmethod
    def matches(cls, text: str) -> bool:
        """`[A-Za-z0-9][A-Za-z0-9_-]*`"""
        return text.isascii() and text[0].isalnum() and text.replace("_", "").replace("-", "").isalnum()


class EnvKey(Identifier):
    """The name of an environment variable."""

    __slots__ = ()
    what = "Key"

    @classmethod
    def matches(cls, text: str) -> bool:
        """`[A-Za-z_][A-Za-z0-9_]*`"""
        return text.isascii() and text.isidentifier()

    @classmethod
    def complaint(cls, text: str) -> str:
        return f"Invalid key name: {shown(text)}"


class Domain(Identifier):
    """A host name that an app answers to: `blog.example.com`, `*.example.com`, `.example.com` (both `example.com` and
    `*.example.com`), or `_` (any name).

    DNS ignores case and a final dot, so both are normalized. An internationalized name becomes its ASCII form
    (`bücher.example` -> `xn--bcher-kva.example`), which the proxy, certificates and browsers use.
    """

    __slots__ = ()
    what = "Domain"
    max_length = 253

    @classmethod
    def matches(cls, text: str) -> bool:
        return text == "_" or are_labels(text.removeprefix("*." if text.startswith("*") else "."))

    @classmethod
    def normalized(cls, text: str) -> str:
        text = text.lower() if text.isascii() else in_ascii(text)
        return text[:-1] if text.endswith(".") and not text.endswith("..") else text

    @classmethod
    def accepts(cls, text: str) -> bool:
        return all(len(label) <= 63 for label in text.split("."))

    @classmethod
    def complaint(cls, text: str) -> str:
        return f"{shown(text)[1:-1]} is invalid. exiting..."


def in_ascii(name: str) -> str:
    """Convert an internationalized host name to ASCII as browsers do (UTS 46, nontransitional: `ß` stays `ß`).

    The name is mapped by NFKC and to lower case, then encoded by Punycode (RFC 3492). A label that contains anything but
    letters, marks, digits and hyphens is left unchanged, so the rule refuses it.
    """
    import unicodedata

    def label_in_ascii(label: str) -> str:
        categories = {unicodedata.category(character)[0] for character in label if character != "-"}
        if label.isascii() or not categories <= {"L", "M", "N"}:
            return label
        return "xn--" + label.encode("punycode").decode()

    mapped = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).lower())
    return ".".join(label_in_ascii(label) for label in mapped.replace("\u3002", ".").split("."))
