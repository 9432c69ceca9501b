"""The kit for buildpacks: a language reads a source tree and plans its build; the plugin buildpacks executes the plan.

A language is a class in the entry point group `dokkupy.buildpack`. It executes nothing: it reads an untrusted tree through
`Tree` and returns a `Plan`, which `buildpacks:plan` prints and which is rendered to a Dockerfile.
"""

from __future__ import annotations

import os
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from dokkupy.errors import AppError

from dokkupy_sdk.tree import read_text
from dokkupy_sdk.values import dataclass, field

MOST_ENTRIES = 100_000
"""The largest number of entries in a source; more is an error of the source (lessons, C)."""

ROOT = "/app"
"""The directory of the source in the image, as on Heroku."""


REFERENCE = (
    r"""\$\{?NAME(?![A-Za-z0-9_])|%(?:env\()?NAME\)?%|\benv\.NAME(?![A-Za-z0-9_])"""
    r"""|(?i:env\w*)(?:\.\w+)?\s*[\[(]\s*["']NAME["']"""
)


class Tree:
    """A pushed tree. Its methods follow no link."""

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self.root = Path(root)

    def text(self, path: str, *, limit: int = 8 * 1024 * 1024) -> str | None:
        """A file's text; None if it is missing. Raises AppError for a link, a device, a file that is too large, and text
        that is not UTF-8."""
        return read_text(self.root, path, limit=limit)

    def json(self, path: str) -> dict[str, Any]:
        """The object in a JSON file; empty if the file is missing or empty. Raises AppError with the file's name."""
        import json

        return self._table(path, "JSON", json.loads)

    def toml(self, path: str) -> dict[str, Any]:
        """The tables of a TOML file; empty if it is missing. Raises AppError with the file's name."""
        import tomllib

        return self._table(path, "TOML", tomllib.loads)

    def _table(self, path: str, kind: str, loads: Callable[[str], Any]) -> dict[str, Any]:
        text = self.text(path)
        try:
            found = loads(text) if text else {}
        except (ValueError, RecursionError) as error:
            # RecursionError, because a file of nothing but brackets exceeds Python's recursion limit.
            raise AppError(f"{path} is not {kind}: {error}", hint=f"Correct {path} and push again.") from None
        if not isinstance(found, dict):
            raise AppError(f"{path} is not a table of keys and values", hint=f"Correct {path} and push again.")
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
        """Relative paths of the regular files with this suffix, sorted, at most `depth` directories deep."""
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
    """The versions that an app accepts. text: as in its file; empty for any. origin: that file. accepts: whether a version
    such as `3.12` or `3.12.4` is accepted. tags: versions to look for in a registry, best first. fetched: the version that
    the language's own tool fetches during a build on an older base; empty if it fetches none."""

    text: str = ""
    origin: str = ""
    accepts: Callable[[str], bool] = field(default=lambda version: True, compare=False)
    tags: tuple[str, ...] = ()
    fetched: str = ""


@dataclass(frozen=True, slots=True)
class Toolchain:
    """Where a language's programs come from.

    official: the repository of its official image; empty for none. debian: suite -> the version in that suite.
    build_packages, run_packages: Debian packages that install it on a plain Debian base. suite_packages,
    suite_run_packages: those whose names depend on the suite. variants: suffixes of official tags, best first, for
    building and for running. prepare: commands that install exactly the wanted version on a Debian base if no suite has
    it; None if there are none. package: the package in npm's registry (in Go's if `registry` is `go`) that has the
    versions which `prepare` installs or the language's own tool fetches; empty for none. libraries: Debian packages that
    a small official image must have to run what the full one compiled.
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
    """A command of the build, run by `sh -eu` in /app. files: paths of the source that are copied before it ("." for all);
    if they have not changed, the step is not repeated. caches: directories that the app keeps from build to build.
    config: whether it gets the app's configuration as its environment. install: whether it installs dependencies, and so
    gets the variables that the manifests name (`Plan.variables`). title: what the build's output calls it; empty: the
    command itself."""

    command: str = ""
    files: tuple[str, ...] = ()
    caches: tuple[str, ...] = ()
    config: bool = False
    install: bool = False
    title: str = ""


@dataclass(frozen=True, slots=True)
class Stage:
    """Steps that start from the toolchain's build image, or from the result of an earlier stage (`after`)."""

    name: str
    steps: tuple[Step, ...]
    after: str = ""


@dataclass(frozen=True, slots=True)
class Copy:
    """A path to copy into the image. stage: where from; empty for the source itself."""

    stage: str
    path: str
    to: str


@dataclass(frozen=True, slots=True)
class Plan:
    """How a source is built.

    runtime: the base of the image if it is not the toolchain's own. stages: in order. copies: what the image gets from
    them, with what rarely changes first. packages, build_packages: Debian packages besides the toolchain's. env: of the
    image. build_env: of the stages only. processes: default commands for an app without a Procfile. entrypoint: the
    program through which every command of the image runs. variables: the app's variables that its manifests name
    (`named`). remarks, warnings: lines for the user.
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
    """The input of a plan besides the source. config: the names of the app's variables. values: the values of those that
    control a build (DISABLE_COLLECTSTATIC, NPM_CONFIG_PRODUCTION...), never secrets. procfile: whether the app has a
    Procfile."""

    config: frozenset[str] = frozenset()
    values: Mapping[str, str] = field(default_factory=dict)
    procfile: bool = False


def named(names: Iterable[str], texts: Iterable[str]) -> tuple[str, ...]:
    """The variables to which the texts refer, in any notation that manifests use: `$NAME`, `${NAME}`, `%env(NAME)%`,
    `env.NAME`, `ENV["NAME"]`, `os.environ.get("NAME")`."""
    text = "\n".join(texts)
    return tuple(sorted(name for name in names if re.search(REFERENCE.replace("NAME", re.escape(name)), text)))


class Language(ABC):
    """A language. toolchain: where its programs come from. steering: names of variables whose values `plan` reads in
    `Context.values`."""

    name: str
    toolchain: Toolchain
    steering: tuple[str, ...] = ()

    @abstractmethod
    def detect(self, tree: Tree) -> int:
        """How certain it is that the source is in this language. The highest number wins, and the first name among equals:
        90 for a lock file, 70 for the language's own file, 40 for a typical file, 10 for a last resort, 0 for no match."""

    @abstractmethod
    def plan(self, tree: Tree, context: Context) -> Plan:
        """Plan the build. Raises AppError with the file and what is wrong in it."""
