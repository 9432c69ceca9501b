"""Text for people about a release and about the differences of two. Pure."""

from __future__ import annotations

from dokkupy_sdk.history import Commit
from dokkupy_sdk.lines import one_line
from dokkupy_sdk.model import Release
from dokkupy_sdk.port_map import ports_of

from dokkupy_commands.names import source_words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dokkupy_sdk.names import ProcessType

SHORT = 7
IMAGE = 12
"""Length of the ids of commits and images in this text."""

Row = tuple[str, str]


def short_image(image: str) -> str:
    return image.removeprefix("sha256:")[:IMAGE]


def short_revision(revision: str) -> str:
    is_commit = len(revision) in (40, 64) and all(one in "0123456789abcdef" for one in revision)
    return revision[:SHORT] if is_commit else one_line(revision, 60)


def formation(counts: Mapping[ProcessType, int]) -> str:
    return ", ".join(f"{name}={counts[name]}" for name in sorted(counts)) or "nothing runs"


def about(release: Release) -> list[Row]:
    """(name, value) for each fact of a release. Empty facts and the values of variables are left out."""
    rows = [
        ("Made at", release.created_at),
        ("By", release.by.removeprefix("key:")),
        ("What", release.description),
        ("Source", " ".join(filter(None, (source_words(release.source), short_revision(release.revision))))),
        ("Image", " ".join(filter(None, (short_image(release.image), release.builder and f"({release.builder})")))),
        ("Formation", formation(release.formation)),
        *((f"Runs {name}", command or "the image's own command") for name, command in release.processes.items()),
        ("Config", " ".join(sorted(release.config))),
        ("Other variables", " ".join(sorted({*release.env} - {*release.config}))),
        ("Ports", " ".join(map(str, ports_of(release)))),
        ("Files", " ".join(sorted(release.files))),
        *((f"Options {phase}", " ".join(words)) for phase, words in sorted(release.options.items())),
        *((f"{plugin} {name}", value) for plugin, name, value in settings(release)),
    ]
    return [(what, one_line(how, 400)) for what, how in rows if how]


def is_used(release: Release, plugin: str) -> bool:
    """Whether the settings of a plugin are shown. Those of builders that were not used are left out."""
    return not plugin.startswith("builder-") or plugin == f"builder-{release.builder}"


def settings(release: Release) -> list[tuple[str, str, str]]:
    used = sorted(plugin for plugin in release.settings if is_used(release, plugin))
    return [(plugin, name, value) for plugin in used for name, value in release.settings[plugin].items()]


def compared(
    one: Release, other: Release, commits: Sequence[Commit], differences: Sequence[tuple[str, str, str]]
) -> list[Row]:
    """(what, how it changed): first the commits, then the variables, then everything else.

    commits: those that `other` has and `one` lacks, newest first. differences: those of `release_diff`.
    """
    rows: list[Row] = []
    if one.revision != other.revision:
        rows.append(("Code", f"{short_revision(one.revision) or 'none'} -> {short_revision(other.revision) or 'none'}"))
        rows += [("", f"{row.id[:SHORT]} {one_line(row.subject)} ({one_line(row.author, 24)})") for row in commits]
    if keys := changed_keys(one, other):
        rows.append(("Config", keys))
    for name in sorted({*one.formation, *other.formation}):
        before, after = one.formation.get(name, 0), other.formation.get(name, 0)
        if before != after:
            rows.append(("Formation", f"{name} {before} -> {after}"))
    for what, old, new in differences:
        if what.startswith(("env ", "formation ")) or what == "revision":
            continue
        if what == "image":
            old, new = short_image(old), short_image(new)
        how = f"{one_line(old, 60) or 'none'} -> {one_line(new, 60) or 'none'}"
        rows.append((what[0].upper() + what[1:], new if what.startswith("file ") else how))
    return rows


def changed_keys(one: Release, other: Release) -> str:
    """`+ A ~ B - C`: variables that were set, changed and unset, without values."""
    marks = [
        *(f"+ {key}" for key in sorted({*other.env} - {*one.env})),
        *(f"~ {key}" for key in sorted({*one.env} & {*other.env}) if one.env[key] != other.env[key]),
        *(f"- {key}" for key in sorted({*one.env} - {*other.env})),
    ]
    return "  ".join(marks)
