"""The commands of the namespace `logs`."""

from __future__ import annotations

import sys

from dokkupy_apps.settings.property_commands import add_property_commands
from dokkupy_sdk.cli import Annotated, CommandResult, Group, Host, Opt, Scope, harmless
from dokkupy_sdk.errors import AppError, Denied, UserError
from dokkupy_sdk.names import AppName, ProcessType
from dokkupy_sdk.records import encode
from dokkupy_sdk.sizes import bytes_of
from dokkupy_sdk.state import FailedFile

from dokkupy_logs.settings import SETTINGS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dokkupy_sdk.model import Instance

    from dokkupy_logs.lines import Line

group = Group("logs", "Show the output of apps")


def judge(host: Host, app: AppName | None, name: str, value: str) -> None:
    """The disk belongs to all apps: who may only deploy may make logs smaller than the host's size, not larger."""
    from dokkupy_sdk.access import is_admin

    most = SETTINGS.get(host.store, None, "max-size")
    if app is None or name != "max-size" or "unlimited" == most or is_admin(host):
        return
    if value == "unlimited" or bytes_of(value) > bytes_of(most):
        raise Denied(
            f"The log of {app} cannot be larger than {most} by this key",
            hint=f"Ask an admin: logs:set {app} max-size {value}, or logs:set --global max-size {value}",
        )


add_property_commands(group, SETTINGS, judge=judge)

MOST = 1_000_000


@group.command("", permission="app:read")
def logs(
    host: Host,
    app: AppName,
    *,
    num: Annotated[int, Opt("-n", "--num", help="Number of lines per instance")] = 100,
    ps: Annotated[str, Opt("-p", "--ps", help="Only this process type, or type.N")] = "",
    tail: Annotated[bool, Opt("-t", "--tail", help="Follow: print new lines as they arrive")] = False,
    quiet: Annotated[bool, Opt("-q", "--quiet", help="Leave out the time and the name of the instance")] = False,
) -> CommandResult | int:
    """Print the last lines of an app's output."""
    from dokkupy_logs.follow import past

    if not 0 <= num <= MOST:
        raise UserError(f"{num} is not a number of lines from 0 to {MOST}")
    host.store.require_app(app)
    instances = serving(host, app, ps)
    if tail:
        return stream(host, app, ps, num, quiet=quiet)
    found = with_changes(host, app, ps, list(past(host, instances, num)), num)
    if host.out.is_json:
        return CommandResult([line.as_json() for line in found])
    return CommandResult(raw=b"".join(row + b"\n" for row in rows(iter(found), quiet=quiet)))


def with_changes(host: Host, app: AppName, ps: str, found: list[Line], num: int) -> list[Line]:
    """The lines with what the platform says of the same time."""
    from dokkupy_sdk.events import recent

    from dokkupy_logs.changes import lines_about

    about = [line for line in lines_about(app, recent(host), ps) if not found or line.at >= found[0].at]
    return sorted([*found, *about[len(about) - num :]], key=lambda line: line.at) if about and num else found


def serving(host: Host, app: AppName, ps: str) -> list[Instance]:
    """The instances to read. Raises AppError for an app that was never deployed."""
    from dokkupy_apps.releases.records import current

    release, instances = current(host, app)
    if release is None:
        raise AppError(f"App {app} has not been deployed", code="not_deployed")
    chosen = choose(instances, ps)
    if ps and not chosen:
        known = ", ".join(sorted({str(one.process) for one in instances})) or "none"
        raise UserError(f"App {app} runs no process {ps[:80]}", hint=f"Running: {known}")
    return chosen


def choose(instances: Sequence[Instance], ps: str) -> list[Instance]:
    if not ps:
        return list(instances)
    name, dot, number = ps.partition(".")
    process = ProcessType(name)
    return [one for one in instances if one.process == process and (not dot or str(one.index) == number)]


def rows(found: Iterator[Line], *, quiet: bool) -> Iterator[bytes]:
    from dokkupy_logs.lines import colour_of, shown

    terminal = sys.stdout.isatty()
    seen: dict[str, int] = {}
    for line in found:
        colour = colour_of(line.dyno, seen) if terminal else None
        # Bytes for a program: `logs -q app | tool`. Anything else may end on a terminal, also over SSH.
        yield shown(line, quiet=quiet, colour=colour, raw=quiet and not terminal)


def stream(host: Host, app: AppName, ps: str, num: int, *, quiet: bool) -> int:
    """Write lines as they come until the reader leaves or the user interrupts; new deploys are followed."""
    import json

    from dokkupy_apps.releases.records import current
    from dokkupy_sdk.events import Tail
    from dokkupy_sdk.execute import reader_left

    from dokkupy_logs.changes import lines_about
    from dokkupy_logs.follow import follow

    descriptor = sys.stdout.fileno()

    def now() -> list[Instance]:
        return choose(current(host, app)[1], ps) if host.store.has_app(app) else []

    tail = Tail(host)
    found = follow(
        host,
        now,
        num,
        gone=lambda: reader_left(descriptor) or not host.store.has_app(app),
        news=lambda: lines_about(app, tail.fresh(), ps),
    )
    if host.out.is_json:
        texts: Iterator[bytes] = (json.dumps(line.as_json()).encode() for line in found)
    else:
        texts = rows(found, quiet=quiet)
    try:
        for text in texts:
            sys.stdout.buffer.write(text + b"\n")
            sys.stdout.buffer.flush()
    except KeyboardInterrupt:
        return 130
    return 0


@group.command("failed", permission="app:read")
def failed(host: Host, scope: Scope) -> CommandResult:
    """Print the output of the instances of the last failed deploy."""
    from dokkupy_sdk.access import visible_apps
    from dokkupy_sdk.many import over_each, warn_of

    if scope.app is None and not scope.is_all:
        raise UserError("logs:failed takes an app or --all")
    apps = [host.store.require_app(scope.app)] if scope.app is not None else visible_apps(host)
    text: list[str] = []
    data = []
    done, broken = over_each(apps, lambda app: host.store.find(FailedFile, app))
    if scope.app is not None and broken:
        raise broken[0][1]
    warn_of(host, broken)
    for app, record in done:
        data.append({"app": app, **(encode(record) if record is not None else {})})
        if record is not None:
            text.extend(failed_text(app, record, headers=not getattr(host.out, "quiet", False)))
        elif scope.app is not None:
            host.out.warn(f"There is no record of a failed deploy of {app}")
    return CommandResult(data[0] if scope.app is not None else data, text, status=1 if broken else 0)


def failed_text(app: AppName, record: FailedFile, *, headers: bool) -> list[str]:
    """The record of a failed deploy, as core keeps it, as lines."""
    lines = []
    if headers:
        lines.append(f"=====> {app} failed deploy logs")
        lines.append(harmless(f"       {record.at} {record.reason}").rstrip())
    for row in record.instances:
        if headers:
            lines.append(f"-----> {row.dyno} {harmless(row.ended)}")
        lines.extend(harmless(line) for line in row.lines)
    return lines
