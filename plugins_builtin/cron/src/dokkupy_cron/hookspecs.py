"""The hook of scheduled tasks, which this plugin calls. It has one of the four shapes of core's own."""

from __future__ import annotations

from dokkupy_sdk import hookspec

TYPE_CHECKING = False  # every command that calls a hook loads this module
if TYPE_CHECKING:
    from collections.abc import Sequence

    from dokkupy_sdk import Host
    from dokkupy_sdk.names import AppName


@hookspec
def on_cron_finished(
    host: Host,
    app: AppName | None,
    task: str,
    run: str,
    outcome: str,
    exit_code: int | None,
    seconds: float,
    reason: str,
    lines: Sequence[str],
) -> None:
    """A run of a scheduled task ended, or a scheduled time passed without a run. app: None for one of the host's own
    tasks.

    outcome: succeeded; failed (it exited with another status than 0, or did not start), timed-out, lost (somebody removed
    its container), missed (the host was down): these four are failures; replaced, skipped (by its concurrency policy),
    stopped. run: the run's id. seconds: how long it ran. reason: details that the outcome does not contain. lines: its last
    output, without the values of the app's variables. Called within a minute after the end; after a crash at that moment a
    second time with the same `run`.
    """
