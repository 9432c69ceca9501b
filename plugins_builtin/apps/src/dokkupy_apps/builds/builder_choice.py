"""Choose which part of a source is built, and by which builder."""

from __future__ import annotations

import os

from dokkupy_sdk import Host
from dokkupy_sdk.builder import builder_of
from dokkupy_sdk.errors import AppError, HostError, UserError
from dokkupy_sdk.model import Source
from dokkupy_sdk.values import replace

from dokkupy_apps.desired.properties import BUILDER
from dokkupy_apps.releases.records import current

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MADE_FOR_IT = 100
"""The certainty of a builder about a file that is made for it (`Builder.detect`)."""


def built_part(host: Host, source: Source) -> Source:
    """The part of a source that is built, which the property build-dir names. Raises AppError if it is not a directory
    of the source."""
    part = BUILDER.get(host.store, source.app, "build-dir")
    if not part:
        return source
    root = os.path.realpath(source.directory)
    directory = os.path.join(root, part)
    if os.path.realpath(directory) != os.path.normpath(directory) or not os.path.isdir(directory):
        raise AppError(
            f"The build-dir {part} is not a directory of the source",
            hint=f"Choose another one: builder:set {source.app} build-dir PATH",
        )
    from pathlib import Path

    return replace(source, directory=Path(directory))


def choose_builder(host: Host, source: Source) -> str:
    """The builder that was selected; without one, the builder that is most certain about the source."""
    chosen = BUILDER.get(host.store, source.app, "selected")
    names = list(host.registry.group("dokkupy.builder"))
    if chosen:
        if chosen not in names:
            raise UserError(
                f"No plugin offers the builder {chosen}. Installed: {', '.join(names) or 'none'}",
                hint=f"Choose one of them: builder:set {source.app} selected NAME. Or install the plugin that offers it: plugin:install PACKAGE",
            )
        return chosen
    sure = detected(host, source, names)
    if not sure:
        raise AppError(
            "No builder knows how to build this source",
            hint="Add a Dockerfile, or the file that a language needs (requirements.txt, package.json, go.mod, index.html...). "
            f"Installed builders: {', '.join(names) or 'none'}",
        )
    readiness = builder_of(host, sure[0]).prepare()
    if not readiness.ready:
        every = [sure[0], *(one for one in ranked(host, source, names) if one != sure[0])]
        raise not_ready(host, source, every, readiness.reason, readiness.remedy)
    return sure[0]


def detected(host: Host, source: Source, names: Sequence[str]) -> list[str]:
    """The builders that can build the source, the best one first. Where the builder of the serving release has a file made
    for it, only that one: the others are a sixth of the modules that a push would import."""
    release, _ = current(host, source.app)
    before = release.builder if release is not None else ""
    if before in names and builder_of(host, before).detect(source) >= MADE_FOR_IT:
        return [before]
    return ranked(host, source, names)


def ranked(host: Host, source: Source, names: Iterable[str]) -> list[str]:
    found = sorted((-builder_of(host, name).detect(source), name) for name in names)
    return [name for certainty, name in found if certainty]


def not_ready(host: Host, source: Source, sure: list[str], reason: str, remedy: str) -> HostError:
    """The error for a source whose builder does not work on this host. No other builder is used in its place, because
    it would make a different image than the source asks for."""
    able = [name for name in sure[1:] if builder_of(host, name).prepare().ready]
    details = (f"Other builders that can build this source: {', '.join(able)}.",) if able else ()
    commands = " or ".join(f"dokkupy builder:set {source.app} selected {name}" for name in able[:3])
    return HostError(
        f"The source is for the builder {sure[0]}, which does not work on this host: {reason}",
        details=details,
        hint=f"{remedy}. Or choose another builder: {commands}" if able else remedy,
        code="no_program",
    )
