"""A one-off container on the caller's own terminal or pipes. It ends with its command, with its caller, or at its time
limit."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.attached import attach
from dokkupy_sdk.names import AppName
from dokkupy_sdk.one_offs import one_offs
from dokkupy_sdk.values import replace

from dokkupy_run.oneoff import RunOptions, checked, one_at_a_time, release_now, spec_of, stop_run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def run_attached(host: Host, app: AppName, command: Sequence[str], options: RunOptions) -> int:
    """Run on the caller's own terminal; returns the command's exit status. The container is removed with the caller's
    end."""
    release = release_now(host, app)
    checked(options)
    with one_at_a_time(host, app, options):
        at = one_offs(host, app)
        container = at.create(replace(spec_of(host, release, command, options), stdin=True), start=False)
    return attach(host, at, container, options.ttl, stop_run)
