"""The hook of diagnoses, which this plugin calls. It has one of the four shapes of core's own."""

from __future__ import annotations

from dokkupy_sdk import hookspec

TYPE_CHECKING = False  # every command that calls a hook loads this module
if TYPE_CHECKING:
    from collections.abc import Iterable

    from dokkupy_sdk import Host
    from dokkupy_sdk.diagnosis import Cause, Evidence


@hookspec
def diagnose(host: Host, evidence: Evidence) -> Iterable[Cause]:  # type: ignore[empty-body]
    """The causes that you see in the evidence of a failure, each with what fixes it. Called by `why` and when a deploy has failed:
    prefer a pure function of the evidence, and change nothing. A rule about a line of output is a `dokkupy_sdk.diagnosis.Rule`."""
