"""Read the files of a Python app: which of them is used, what they refer to, and which packages they require."""

from __future__ import annotations

import posixpath
import re

from dokkupy_sdk.buildpack import Tree
from dokkupy_sdk.errors import AppError

LOCKS = ("uv.lock", "poetry.lock", "Pipfile.lock", "pdm.lock")
"""The files, in order of precedence."""


MANIFESTS = {"uv.lock": "pyproject.toml", "poetry.lock": "pyproject.toml", "pdm.lock": "pyproject.toml"}
"""Lock file -> the file without which the package manager cannot install from it."""


def lock_of(tree: Tree) -> str:
    """The lock file from which dependencies are installed. Empty if no lock file can be used."""
    return next((name for name in LOCKS if tree.has(name) and tree.has(MANIFESTS.get(name, name))), "")


def unused(tree: Tree) -> tuple[str, ...]:
    """A warning about files with dependencies that are ignored.

    Raises AppError for several lock files, and for a lock file that cannot be used when there is no other file.
    """
    locks = [name for name in LOCKS if tree.has(name)]
    if len(locks) > 1:
        raise AppError(
            f"There are lock files of several package managers: {', '.join(locks)}",
            hint="Keep one of them.",
            code="two_lock_files",
        )
    used = lock_of(tree)
    if locks and not used:
        missing = MANIFESTS[locks[0]]
        if not tree.has("requirements.txt"):
            raise AppError(
                f"There is a {locks[0]} but no {missing}", hint=f"Commit the {missing} that {locks[0]} belongs to."
            )
        return (
            f"Dependencies are installed from requirements.txt; {locks[0]} is ignored, because there "
            f"is no {missing}. Remove the file that you do not use",
        )
    if not used:
        others = [name for name in ("Pipfile",) if tree.has(name) and tree.has("requirements.txt")]
        used = "requirements.txt"
    else:
        others = [name for name in ("requirements.txt", "Pipfile") if tree.has(name)]
        others = [name for name in others if not (name == "Pipfile" and used == "Pipfile.lock")]
    if not others:
        return ()
    return (
        f"Dependencies are installed from {used}; {' and '.join(others)} is ignored. Remove the "
        "file that you do not use",
    )


def manifest_texts(tree: Tree) -> list[str]:
    """Texts that may refer to variables during the installation."""
    names = ("pip.conf", "pyproject.toml", "uv.toml", "Pipfile", "poetry.toml", "pdm.toml", "setup.py", "setup.cfg")
    return [*requirement_texts(tree), *(tree.text(name) or "" for name in names)]


INCLUDE = re.compile(r"(?m)^\s*(?:-r|-c|--requirement|--constraint)[\s=]*(\S+)")


def requirement_texts(tree: Tree) -> list[str]:
    """requirements.txt and the files of the source to which it refers by `-r` and `-c`."""
    left, texts = ["requirements.txt"], dict[str, str]()
    while left and len(texts) < 50:
        path = left.pop()
        text = None if path in texts or path.startswith("../") else tree.text(path)
        if text is None:
            continue
        texts[path] = text
        directory = posixpath.dirname(path)
        names = [name for name in INCLUDE.findall(text) if "://" not in name and not name.startswith(("/", "$"))]
        left += [posixpath.normpath(posixpath.join(directory, name)) for name in names]
    return list(texts.values())


def declared(tree: Tree) -> str:
    """All files that list dependencies, as one text in which names can be searched."""
    names = ("pyproject.toml", "Pipfile", "setup.py", "setup.cfg", *LOCKS)
    listed = (re.sub(r"(?m)(?:^|\s)#.*$", "", text) for text in requirement_texts(tree))
    return "\n".join([*listed, *(tree.text(name) or "" for name in names)]).lower()
