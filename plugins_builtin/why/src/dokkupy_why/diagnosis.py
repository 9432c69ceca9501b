"""The causes of a failure, of all plugins, the surest first."""

from __future__ import annotations

from dokkupy_sdk.diagnosis import GUESS, READ, Cause
from dokkupy_sdk.values import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dokkupy_sdk import Host
    from dokkupy_sdk.diagnosis import Evidence


def known_causes(evidence: Evidence) -> Iterator[Cause]:
    """This plugin's own. Pure."""
    from dokkupy_why.causes.builds import build_causes
    from dokkupy_why.causes.frameworks import framework_causes
    from dokkupy_why.causes.languages import language_causes
    from dokkupy_why.causes.network import network_causes
    from dokkupy_why.causes.processes import process_causes
    from dokkupy_why.causes.versions import version_causes

    yield from build_causes(evidence)
    yield from version_causes(evidence)
    yield from framework_causes(evidence)
    yield from language_causes(evidence)
    yield from network_causes(evidence)
    yield from process_causes(evidence)


def causes_of(host: Host, evidence: Evidence) -> tuple[Cause, ...]:
    """All plugins' causes, the surest first. A plugin that fails causes a warning."""
    from dokkupy_sdk.admin_hint import marked

    from dokkupy_why import hookspecs

    found, failed = host.hooks.gather_what_can(hookspecs.diagnose, host=host, evidence=evidence)
    if failed:
        from dokkupy_sdk.many import warn_of

        warn_of(host, failed)
    rows = ranked(cause for _, cause in found)
    return tuple(replace(one, fix=tuple(marked(host, line) for line in one.fix)) for one in rows)


def ranked(causes: Iterable[Cause]) -> tuple[Cause, ...]:
    """The surest first, each title once, and none that only begins another (`The disk is full: /dev/sda1`). Beside something
    that was read nobody wants a guess."""
    found = {cause.title: cause for cause in sorted(causes, key=lambda one: one.sure)}
    rows = sorted(found.values(), key=lambda one: -one.sure)
    rows = [one for one in rows if not any(other.startswith(f"{one.title}:") for other in found)]
    return tuple(one for one in rows if one.sure > GUESS or rows[0].sure < READ)
