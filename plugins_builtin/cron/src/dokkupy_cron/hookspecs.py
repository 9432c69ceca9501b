"""The hook of scheduled tasks, which this plugin calls. It has one of the four shapes of core's own."""

from __future__ import annotations

from dokkupy_sdk import hookspec

TYPE_CHECKING = False  # every command that calls a hook loads this module
if TYPE_CHECKING:
    from dokkupy_sdk import Host

    from dokkupy_cron.history import Finished


@hookspec
def on_cron_finished(host: Host, finished: Finished) -> None:
    """A run of a scheduled task ended, or a firing passed without one.

    `finished.outcome`: succeeded; failed (it exited with another status than 0, or did not start), timed-out, lost (its
    container was removed by somebody), missed (the host was down); replaced, skipped (by its concurrency policy), stopped.
    `finished.failed` is true for the first four of those that are not succeeded. Called within a minute after the end; after a
    crash at that moment a second time with the same `finished.run`.
    """
