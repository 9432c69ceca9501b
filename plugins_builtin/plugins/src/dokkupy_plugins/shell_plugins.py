"""Dokku's plugins, which are shell scripts, are refused by name, with the distribution that replaces them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, requires

from dokkupy_sdk import Host
from dokkupy_sdk.errors import UserError

OFFICIAL = re.compile(
    r"(?:git\+)?(?:(?:https?|git|ssh)://(?:[^/@\s]+@)?|[^/@\s]+@)github\.com[/:]dokku/(dokku-[a-z0-9-]+?)(?:\.git)?/?(?:[#@].*)?"
)
NO_PROJECT = ("neither 'setup.py' nor 'pyproject.toml'", "does not appear to be a Python project")
META = "dokkupy"
"""The distribution that requires everything that comes with the project."""


def check(host: Host, source: str) -> None:
    """Raises UserError for a source that is a plugin of Dokku, as far as its name or a local directory or archive shows
    it."""
    official = OFFICIAL.fullmatch(source)
    if official:
        raise refusal(host, official[1])
    if os.path.isdir(source) and is_shell_plugin(set(os.listdir(source))):
        raise refusal(host, os.path.basename(os.path.realpath(source)))
    if os.path.isfile(source) and source.endswith((".tar.gz", ".tgz")) and is_shell_plugin(set(names_in(source))):
        raise refusal(host, os.path.basename(source).partition(".")[0])


@contextmanager
def explained(host: Host, source: str) -> Iterator[None]:
    """An explanation for pip's error about a repository that is not a Python project."""
    try:
        yield
    except UserError as error:
        if error.code == "pip_refused" and any(sign in line for line in error.details for sign in NO_PROJECT):
            plain = source.removeprefix("git+").partition("#")[0].rstrip("/").removesuffix(".git")
            raise refusal(host, plain.rpartition("/")[2].partition("@")[0]) from error
        raise


def is_shell_plugin(names: set[str]) -> bool:
    return "plugin.toml" in names and not names & {"pyproject.toml", "setup.py"}


def names_in(archive: str) -> list[str]:
    """The names at the top of an archive, or in its only directory."""
    import tarfile

    try:
        with tarfile.open(archive) as tar:
            names = [name.removeprefix("./") for name in tar.getnames()]
    except (OSError, tarfile.TarError):
        return []
    top = {name.partition("/")[0] for name in names}
    return [name.partition("/")[2] if len(top) == 1 else name for name in names]


def refusal(host: Host, name: str) -> UserError:
    short = re.sub(r"^dokku-", "", name.lower())
    entry = host.registry.find("dokkupy.commands", short)
    known = f"dokkupy-{short}"
    if entry is not None:
        hint = f"{entry.distribution} replaces this plugin of Dokku and is installed: dokkupy {short}:help"
    elif known in offered():
        hint = f"{known} replaces this plugin of Dokku: dokkupy plugin:install {known}"
    else:
        hint = "No distribution that comes with dokkupy replaces this plugin of Dokku. To write your own: dokkupy plugin:new"
    return UserError(
        f"{name[:80]} is not a Python distribution: Dokku's shell plugins do not run here",
        hint=hint,
        code="shell_plugin",
    )


def offered() -> set[str]:
    """The distributions that come with the project."""
    try:
        wanted = requires(META) or []
    except PackageNotFoundError:
        return set()
    return {re.split(r"[^A-Za-z0-9._-]", text, maxsplit=1)[0] for text in wanted}
