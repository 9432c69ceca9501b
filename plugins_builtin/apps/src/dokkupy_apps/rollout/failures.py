"""Failures of a deploy: a record that stays after the rollback, and the hint what to do next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from dokkupy_sdk import Host
from dokkupy_sdk.audit import stamp
from dokkupy_sdk.ending import how_it_ended, memory_limit
from dokkupy_sdk.errors import (
    AppError,
    Busy,
    CheckFailed,
    Denied,
    DokkupyError,
    HostError,
    PluginError,
    UserError,
    as_errors,
)
from dokkupy_sdk.model import Instance, Release
from dokkupy_sdk.names import AppName
from dokkupy_sdk.state import FailedFile, FailedInstance, ServingFile

from dokkupy_apps.desired.status import should_run
from dokkupy_apps.releases.records import current

LAST_LINES = 20
"""Number of lines of a failing instance's output that a failed deploy prints."""

KEPT_LINES = 80
"""Number of lines that are kept. It is larger, because the line with the cause may stand above a long trace."""

SERVES = "The old instances keep serving."


def serving_id(host: Host, app: AppName) -> str:
    """The id of the operation that made the serving deployment; empty before the first deploy."""
    serving = host.store.find(ServingFile, app)
    return serving.id if serving is not None else ""


def old_ones_serve(host: Host, app: AppName) -> bool:
    """Whether instances of the previous release still run."""
    _, old = current(host, app)
    return bool(old) and should_run(host, app) and any_runs(host, app, old)


def any_runs(host: Host, app: AppName, instances: Sequence[Instance]) -> bool:
    return any(row.state == "running" for row in host.instances(app).status(instances))


class NotBegun(Busy):
    """Another operation holds the app's lock, so the deploy did not begin, and nothing failed."""


def is_refused(error: BaseException, *, is_build: bool) -> bool:
    """Whether the command was refused, and the app did not fail. is_build: see `diagnosed`."""
    return isinstance(error, NotBegun) or (not is_build and isinstance(error, UserError | Busy | Denied))


@contextmanager
def diagnosed(host: Host, app: AppName, *, is_build: bool = False) -> Iterator[None]:
    """For a change of an app's processes. If it fails, plugins add to the error what they know of the cause. It surrounds
    the operation, because the cause is in what the rollback leaves. is_build: wrong input is the app's failure, too."""
    try:
        yield
    except BaseException as error:
        if is_refused(error, is_build=is_build):
            raise
        from dokkupy_sdk import hooks as hookspecs

        first = next(iter(as_errors(error)), None)
        host.hooks.notify(
            hookspecs.on_deploy_finished,
            host=host,
            app=app,
            deployment=None,
            outcome="failed",
            reason=reason_of(error),
            error=None if isinstance(first, Denied) else first,  # a refusal is its own cause
        )
        raise


def reason_of(error: BaseException) -> str:
    return next((fault.message for fault in as_errors(error)), str(error))


@contextmanager
def noted(host: Host, app: AppName, step: str) -> Iterator[None]:
    """Record a failure in this step of a deploy, before there are instances. step: build or release."""
    try:
        yield
    except (AppError, HostError, PluginError) as fault:
        if not host.dry_run:
            keep_failure(host, app, fault, step=step, serving=serving_id(host, app))
            add_hint(fault, SERVES if old_ones_serve(host, app) else "", f"See also: builds:output {app}")
        raise


def keep_failure(
    host: Host,
    app: AppName,
    fault: DokkupyError,
    *,
    step: str,
    serving: str,
    instances: tuple[FailedInstance, ...] = (),
) -> None:
    """Record a failure for `logs:failed` and `why`. It is not a part of the operation, because it must stay after the
    rollback."""
    host.store.save(
        FailedFile(
            at=stamp(),
            reason=fault.message,
            instances=instances,
            step=step,
            code=fault.code,
            lines=() if instances else fault.details[-2 * LAST_LINES :],
            serving=serving,
        ),
        app,
    )


def add_hint(fault: DokkupyError, *sentences: str) -> None:
    fault.hint = "\n".join(text for text in (fault.hint, *sentences) if text)


def explain(host: Host, release: Release, fault: CheckFailed, *, serving: bool, before: str = "") -> None:
    """Add to the error the last output of the failed instances, how they ended, and what to do next. Record it for
    `logs:failed` and `why`. serving: whether an older release keeps serving. before: the id of the operation that
    deployed it."""
    app = release.app
    running = host.instances(app)
    states = {row.instance.id: row for row in fault.states or running.status(fault.instances)}
    rows, details = [], list(fault.details)
    for one in fault.instances:
        state = states.get(one.id)
        if state is None or running.status([one])[0].state == "missing":
            continue
        lines = [line.decode(errors="replace") for _, line in running.logs(one, tail=KEPT_LINES)]
        ran = state.state == "running" and not state.restarts
        ended = "was running" if ran else how_it_ended(state, memory_limit(release.deploy_options(one.process)))
        again = ", and was started again" if state.restarts else ""
        details += [
            f"{app}[{one.dyno}] {ended}{again}, its last lines:",
            *(f"  {line}" for line in lines[-LAST_LINES:] or ["(none)"]),
        ]
        rows.append(
            FailedInstance(
                dyno=one.dyno,
                ended=ended,
                exit_code=None if ran else state.exit_code,
                oom=state.oom_killed,
                lines=tuple(lines),
                listens=state.listens,
                port=one.port,
            )
        )
    keep_failure(host, app, fault, step="start", serving=before, instances=tuple(rows))
    fault.details = tuple(details)
    oom = any(row.oom_killed for row in states.values())
    more = f"resource:limit {app} --memory SIZE changes the limit." if oom else ""
    see = f"See also: logs:failed {app}" + (f", builds:output {app}" if release.builder else "")
    add_hint(fault, more, SERVES if serving else "", see)
