"""The kit for buildpacks: a language looks at a source tree and says how it is built; the plugin buildpacks does it.

A language is a class found by the entry-point group `dokkupy.buildpack`. It executes nothing: it reads an untrusted tree
through `Tree` and returns a `Plan`, which is printed by `buildpacks:plan` and rendered to a Dockerfile.
"""

from __future__ import annotations

import os
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dokkupy.errors import AppError

from dokkupy_sdk.tree import read_text

MOST_ENTRIES = 100_000
"""Entries of a source that are looked at; more is an error of the source (lessons, C)."""

ROOT = "/app"
"""Where the source lies in the image, as on Heroku."""


REFERENCE = (
    r"""\$\{?NAME(?![A-Za-z0-9_])|%(?:env\()?NAME\)?%|\benv\.NAME(?![A-Za-z0-9_])"""
    r"""|(?i:env\w*)(?:\.\w+)?\s*[\[(]\s*["']NAME["']"""
)


class Tree:
    """A pushed tree. Reading follows no link."""

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self.root = Path(root)

    def text(self, path: str, *, limit: int = 8 * 1024 * 1024) -> str | None:
        """A file's text; None when it is missing. Raises AppError for a link, a device, a file too large, and text
        not in UTF-8."""
        return read_text(self.root, path, limit=limit)

    def json(self, path: str) -> dict[str, Any]:
        """The object in a JSON file; empty when the file is missing or empty. Raises AppError that names the file."""
        import json

        return self._table(path, "JSON", json.loads)

    def toml(self, path: str) -> dict[str, Any]:
        """The tables of a TOML file; empty when it is missing. Raises AppError that names the file."""
        import tomllib

        return self._table(path, "TOML", tomllib.loads)

    def _table(self, path: str, kind: str, loads: Callable[[str], Any]) -> dict[str, Any]:
        text = self.text(path)
        try:
            found = loads(text) if text else {}
        except (ValueError, RecursionError) as error:
            # A file of nothing but brackets ends Python's recursion, not its grammar.
            raise AppError(f"{path} is not {kind}: {error}") from None
        if not isinstance(found, dict):
            raise AppError(f"{path} is not an object")
        return found

    def has(self, path: str) -> bool:
        """Whether a regular file exists."""
        return self.kind(path) == "file"

    def has_directory(self, path: str) -> bool:
        return self.kind(path) == "directory"

    def kind(self, path: str) -> str:
        place = os.path.join(self.root, path)
        parts = path.split("/")
        if any(os.path.islink(os.path.join(self.root, *parts[: index + 1])) for index in range(len(parts))):
            return "link"
        return "file" if os.path.isfile(place) else "directory" if os.path.isdir(place) else ""

    def files(self, suffix: str = "", *, depth: int = 3) -> Iterator[str]:
        """Relative paths of the regular files with this ending, in order of names, at most `depth` directories deep."""
        seen = 0
        for directory, names, files in os.walk(self.root):
            inside = os.path.relpath(directory, self.root)
            level = 0 if inside == "." else inside.count("/") + 1
            names[:] = sorted(
                name for name in names if level < depth and not name.startswith(".") and name != "node_modules"
            )
            for name in sorted(files):
                seen += 1
                if seen > MOST_ENTRIES:
                    return
                path = name if inside == "." else f"{inside}/{name}"
                if name.endswith(suffix) and not os.path.islink(os.path.join(directory, name)):
                    yield path


@dataclass(frozen=True, slots=True)
class Wanted:
    """The versions that an app accepts. text: as its file says it, empty for any; origin: that file; accepts: whether
    a version such as `3.12` or `3.12.4` will do; tags: versions to ask a registry for, best first; fetched: the version
    that the language's own tool fetches while building on a base that is older, empty when it fetches none."""

    text: str = ""
    origin: str = ""
    accepts: Callable[[str], bool] = field(default=lambda version: True, compare=False)
    tags: tuple[str, ...] = ()
    fetched: str = ""


@dataclass(frozen=True, slots=True)
class Toolchain:
    """Where a language's programs come from.

    official: repository of its official image, empty for none. debian: suite -> version that the suite has.
    build_packages, run_packages: Debian packages that give it on a bare Debian base; suite_packages,
    suite_run_packages: those whose names differ from suite to suite. variants: endings of official tags, best first,
    for building and for running. prepare:
    commands in a Debian base that bring exactly the wanted version, for what no suite has; None when nothing can. package: whose
    versions are those that `prepare` can bring or the language's own tool fetches, in npm's registry, or in Go's when
    `registry` is `go`; empty when none can be asked. libraries: Debian
    packages without which a small official image does not run what the full one compiled.
    """

    name: str
    official: str = ""
    debian: Mapping[str, str] = field(default_factory=dict)
    build_packages: tuple[str, ...] = ()
    run_packages: tuple[str, ...] = ()
    suite_packages: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    suite_run_packages: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    build_variants: tuple[str, ...] = ("", "-slim")
    run_variants: tuple[str, ...] = ("-slim", "")
    prepare: Callable[[Wanted], tuple[str, ...]] | None = field(default=None, compare=False)
    package: str = ""
    registry: str = "npm"
    libraries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """A command of the build, by `sh -eu` in /app. files: paths of the source that it needs and that are copied
    before it ("." for all): what does not change is not done again. caches: directories kept from build to build, the
    app's own. config: whether it sees the app's configuration as its environment. install: whether it brings
    dependencies, and sees the variables that the manifests name (`Plan.variables`)."""

    command: str = ""
    files: tuple[str, ...] = ()
    caches: tuple[str, ...] = ()
    config: bool = False
    install: bool = False


@dataclass(frozen=True, slots=True)
class Stage:
    """Steps that start from the toolchain's build image, or from an earlier stage's outcome (after)."""

    name: str
    steps: tuple[Step, ...]
    after: str = ""


@dataclass(frozen=True, slots=True)
class Copy:
    """What goes into the image. stage: empty for the source itself."""

    stage: str
    path: str
    to: str


@dataclass(frozen=True, slots=True)
class Plan:
    """How a source is built.

    runtime: what the image stands on when it is not the toolchain's own. stages in order; copies: what of them the
    image gets, rarely changing things first. packages, build_packages:
    Debian packages on top of the toolchain's. env: of the image. build_env: of the stages alone. processes: default
    commands where the app has no Procfile. entrypoint: what every command of the image is run through. variables: names
    of the app's variables that its manifests name (`named`). remarks, warnings: lines for the user.
    """

    language: str
    toolchain: Toolchain
    wanted: Wanted = field(default_factory=Wanted)
    runtime: Toolchain | None = None
    stages: tuple[Stage, ...] = ()
    copies: tuple[Copy, ...] = (Copy("", ".", "/app"),)
    packages: tuple[str, ...] = ()
    build_packages: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    build_env: Mapping[str, str] = field(default_factory=dict)
    processes: Mapping[str, str] = field(default_factory=dict)
    entrypoint: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Context:
    """What a plan may depend on besides the source. config: the names of the app's variables. values: the values of those
    that control a build (DISABLE_COLLECTSTATIC, NPM_CONFIG_PRODUCTION...), never secrets. procfile: whether the app has a
    Procfile."""

    config: frozenset[str] = frozenset()
    values: Mapping[str, str] = field(default_factory=dict)
    procfile: bool = False


def named(names: Iterable[str], texts: Iterable[str]) -> tuple[str, ...]:
    """The variables to which the texts refer, in any notation of manifests: `$NAME`, `${NAME}`, `%env(NAME)%`,
    `env.NAME`, `ENV["NAME"]`, `os.environ.get("NAME")`."""
    text = "\n".join(texts)
    return tuple(sorted(name for name in names if re.search(REFERENCE.replace("NAME", re.escape(name)), text)))


class Language(ABC):
    """A language. toolchain: where its programs come from. steering: names of variables whose values `plan` looks at,
    in `Context.values`."""

    name: str
    toolchain: Toolchain
    steering: tuple[str, ...] = ()

    @abstractmethod
    def detect(self, tree: Tree) -> int:
        """How certain it is that the source is in this language: 0 not at all; 90 a lock file; 70 the language's own
        file; 40 a file of the kind; 10 a last resort.
        The highest wins, ties by name."""

    @abstractmethod
    def plan(self, tree: Tree, context: Context) -> Plan:
        """The plan. Raises AppError that says what is wrong in which file."""
