"""The commands about drains, also by the names that Dokku has for Vector."""

from __future__ import annotations

import sys

from dokkupy_sdk.cli import Annotated, AppOrAll, CommandResult, Group, Host, Opt, Scope
from dokkupy_sdk.errors import UserError
from dokkupy_sdk.names import Count

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def add_drain_commands(group: Group) -> None:
    group.command("drains", permission="app:read")(drains)
    group.command("drain", permission="host:write", hidden=True, formats=False)(drain)
    group.command("vector-start", permission="host:write", mutating=True)(vector_start)
    group.command("vector-stop", permission="host:write", mutating=True)(vector_stop)
    group.command("vector-logs", permission="host:read")(vector_logs)


def drains(host: Host, scope: AppOrAll = Scope(is_all=True)) -> CommandResult:  # noqa: B008 - never changed
    """Show where the lines of apps are sent, and how many were sent and dropped."""
    from dokkupy_logs.drain.report import rows_of

    if scope.is_global:
        raise UserError("logs:drains takes an app or --all")
    found = rows_of(host, host.store.require_app(scope.app)) if scope.app is not None else visible_rows(host)
    return drain_listing(found)


def drain_listing(rows: list[dict[str, Any]]) -> CommandResult:
    from dokkupy_sdk.table import listing

    from dokkupy_logs.drain.report import DRAINS, STYLES, drain_cells

    none = "No app sends its lines to a sink: logs:set APP vector-sink TYPE://?OPTION=VALUE"
    return listing(rows, DRAINS, [drain_cells(one) for one in rows], styles=STYLES, empty=none)


def drain(host: Host) -> None:
    """Send the lines of all apps to their sinks, until the settings change."""
    from dokkupy_logs.drain.run import serve

    serve(host)


def vector_start(
    host: Host,
    *,
    vector_image: Annotated[
        str, Opt("--vector-image", help="The image of Vector", inert="dokkupy sends the lines itself, without Vector")
    ] = "",
) -> None:
    """Send the lines of apps to their sinks again, after logs:vector-stop."""
    from dokkupy_logs.drain.wanted import wanted_drains

    set_sending(host, "logs:vector-start", "true", "Sending the lines of apps to their sinks")
    if not wanted_drains(host):
        host.out.detail("No sink is set: dokkupy logs:set APP vector-sink TYPE://?OPTION=VALUE")


def vector_stop(host: Host) -> None:
    """Stop sending lines to the sinks. Kept lines are sent after logs:vector-start."""
    from dokkupy_logs.drain.wanted import wanted_drains

    if not wanted_drains(host):
        host.out.warn("No lines are being sent to a sink")
    set_sending(host, "logs:vector-stop", "false", "No longer sending the lines of apps to their sinks")


def set_sending(host: Host, verb: str, value: str, what: str) -> None:
    """Under the lock of `logs:set --global`, which writes the same file."""
    from dokkupy_sdk.operation import call, operation

    from dokkupy_logs.drain.run import ensure
    from dokkupy_logs.settings import SETTINGS

    with operation(host, verb, "host") as tx:
        host.out.announce(what)
        SETTINGS.set(tx, None, "sending", value)
        tx.follow(call(ensure))
        tx.commit()


def visible_rows(host: Host) -> list[dict[str, Any]]:
    from dokkupy_sdk.access import visible_apps

    from dokkupy_logs.drain.report import rows_of

    return [row for app in visible_apps(host) for row in rows_of(host, app)]


def vector_logs(
    host: Host,
    *,
    num: Annotated[Count, Opt("-n", "--num", help="Maximum number of sinks to show")] = 100,
    tail: Annotated[bool, Opt("-t", "--tail", help="Print a sink again whenever it changes")] = False,
) -> CommandResult | int:
    """Show for each sink how many lines were sent and dropped, and the last error."""
    import time

    from dokkupy_sdk.execute import reader_left
    from dokkupy_sdk.table import table

    from dokkupy_logs.drain.report import DRAINS, drain_cells
    from dokkupy_logs.drain.run import LOOK

    if not tail:
        rows = visible_rows(host)[:num]
        return drain_listing(rows)
    seen: list[dict[str, Any]] = []
    try:
        while not reader_left(sys.stdout.fileno()):
            rows = visible_rows(host)[:num]
            fresh = [row for row in rows if row not in seen]
            if host.out.is_json:
                import json

                texts = [json.dumps(row) for row in fresh]
            else:
                texts = table(DRAINS, [drain_cells(row) for row in fresh])[1 if seen else 0 :]
            for text in texts:
                print(text, flush=True)
            seen = rows
            time.sleep(LOOK)
    except KeyboardInterrupt:
        return 130
    return 0
