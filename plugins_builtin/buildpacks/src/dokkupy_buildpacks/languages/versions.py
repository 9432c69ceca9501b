"""Turn the content of version files into a test of versions. Pure. The rules are those of each language, by its own
library."""

from __future__ import annotations

import re

from dokkupy_sdk.buildpack import Tree, Wanted
from dokkupy_sdk.errors import AppError

LTS = {
    "argon": "4",
    "boron": "6",
    "carbon": "8",
    "dubnium": "10",
    "erbium": "12",
    "fermium": "14",
    "gallium": "16",
    "hydrogen": "18",
    "iron": "20",
    "jod": "22",
    "krypton": "24",
}
"""The names of Node.js's long-term releases (github.com/nodejs/Release)."""

PINNED = re.compile(r"v?(\d+(?:\.\d+){0,2})(?:\.\*|\.x)?")


def version_line(tree: Tree, path: str) -> str:
    """The version in a file such as `.nvmrc`: the first line that is not a comment. Empty if there is none."""
    for line in (tree.text(path) or "").splitlines():
        stated = re.split(r"\s*(?:#|//)", line, maxsplit=1)[0].strip()
        if stated:
            return stated
    return ""


def tool_version(tree: Tree, *names: str) -> str:
    """The version of a tool, by one of its names, in the `.tool-versions` of asdf and mise. The first one of
    several."""
    for line in (tree.text(".tool-versions") or "").splitlines():
        found = line.split("#")[0].split()
        if len(found) > 1 and found[0] in names and found[1] not in ("system", "latest"):
            return found[1]
    return ""


def pinned(text: str, origin: str) -> Wanted:
    """A version such as `3`, `3.12` or `3.12.4`. An image named `3.12` is accepted for 3.12.4, because its name does
    not give the patch level."""
    found = PINNED.fullmatch(text.strip())
    if found is None:
        raise AppError(f"{origin} asks for the version {text[:40]!r}, which is not a number like 3.12 or 3.12.4")
    parts = found[1].split(".")

    def accepts(version: str) -> bool:
        return all(mine == theirs for mine, theirs in zip(parts, version.split("."), strict=False)) and (
            len(version.split(".")) >= min(len(parts), 2)
        )

    tags = tuple(dict.fromkeys([found[1], ".".join(parts[:2])]))
    return Wanted(found[1], origin, accepts, tags)


def python_range(text: str, origin: str, known: tuple[str, ...]) -> Wanted:
    """A PEP 440 specifier such as `>=3.11,<3.14`."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        specifier = SpecifierSet(text)
    except InvalidSpecifier:
        raise AppError(f"{origin} asks for Python {text[:60]!r}, which is not a version specifier (PEP 440)") from None

    def accepts(version: str) -> bool:
        # `3.12` stands for the newest patch level, not for 3.12.0.
        return specifier.contains(version if version.count(".") > 1 else f"{version}.99", prereleases=True)

    return Wanted(text, origin, accepts, tuple(version for version in known if accepts(version)))


def node_range(text: str, origin: str, known: tuple[str, ...]) -> Wanted:
    """An npm range such as `>=18 <23`, `20.x`, `^22.1`, `lts/*`."""
    from semantic_version import NpmSpec, Version  # type: ignore[import-untyped]

    cleaned = text.strip().lower()
    cleaned = LTS.get(cleaned.removeprefix("lts/"), cleaned) if cleaned.startswith("lts/") else cleaned
    if cleaned.startswith("lts") or cleaned in ("node", "stable", "latest", "current"):
        return Wanted(text, origin, lambda version: True, known)
    cleaned = re.sub(r"(^|\s|[<>=^~])v(?=\d)", r"\1", cleaned)
    cleaned = re.sub(r"([<>=^~])\s+(?=\d)", r"\1", cleaned)
    try:
        spec = NpmSpec(cleaned)
    except ValueError:
        raise AppError(f"{origin} asks for Node.js {text[:60]!r}, which is not a version range of npm") from None

    def accepts(version: str) -> bool:
        parts = version.split(".")
        # `20` stands for the newest release.
        full = parts + ["99"] * (3 - len(parts))
        exact = parts + ["0"] * (3 - len(parts))
        return any(Version(".".join(one)) in spec for one in (full, exact))

    tags = tuple(version for version in known if accepts(version))
    if PINNED.fullmatch(cleaned):
        tags = (PINNED.fullmatch(cleaned)[1], *tags)  # type: ignore[index]
    return Wanted(text, origin, accepts, tuple(dict.fromkeys(tags)))
