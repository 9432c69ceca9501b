"""The commands of the namespace `logs`."""

from __future__ import annotations

import sys
from functools import partial
from itertools import chain

from dokkupy_apps.settings.property_commands import add_property_commands
from dokkupy_sdk.cli import Annotated, AppOrAll, CommandResult, Group, Host, Opt, harmless
from dokkupy_sdk.errors import AppError, Denied, UserError
from dokkupy_sdk.names import AppName, Count, ProcessType, ReleaseNumber
from dokkupy_sdk.records import encode
from dokkupy_sdk.sizes import bytes_of
from dokkupy_sdk.state import FailedFile

from dokkupy_logs.drain.commands import add_drain_commands
from dokkupy_logs.settings import SETTINGS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dokkupy_sdk.model import Instance
    from dokkupy_sdk.operation import Transaction

    from dokkupy_logs.lines import Line
    from dokkupy_logs.past import Live, Past, Query

group = Group("logs", "Show the output of apps")


def judge(host: Host, app: AppName | None, name: str, value: str) -> None:
    """The disk belongs to all apps, so a deployer may make logs smaller than the host's size, but not larger. A sink is
    validated before it is stored."""
    from dokkupy_sdk.access import is_admin

    if name in ("vector-sink", "vector-cron-sink"):
        from dokkupy_logs.drain.wanted import judge_sink

        return judge_sink(host, app, value)
    most = SETTINGS.get(host.store, None, "max-size")
    if app is None or name != "max-size" or "unlimited" == most or is_admin(host):
        return None
    if value == "unlimited" or bytes_of(value) > bytes_of(most):
        raise Denied(
            f"With this key, the log of {app} cannot be larger than {most}",
            hint=f"Ask an admin: logs:set {app} max-size {value}, or logs:set --global max-size {value}",
        )
    return None


def start_drains(tx: Transaction, app: AppName | None, name: str) -> None:
    if name in ("vector-sink", "vector-cron-sink"):
        from dokkupy_sdk.operation import call

        from dokkupy_logs.drain.run import ensure

        tx.follow(call(ensure))


BEYOND = ("max-age", "allowed-networks")
"""Properties that Dokku does not have."""

add_property_commands(group, SETTINGS, judge=judge, on_set=start_drains, beyond=BEYOND)

MOST_AT_ONCE = 100_000
"""Lines of an instance in a list for `--format json`, which is made in memory."""

ONE_OFFS = ("run", "cron", "release")
"""What `--ps` calls one-off containers: runs, scheduled tasks, a release's tasks."""


Num = Annotated[
    Count | None,
    Opt("-n", "--num", help="Number of lines per instance; 100 if not given, and all with --since or --until"),
]
Ps = Annotated[
    str,
    Opt(
        "-p",
        "--ps",
        noun="TYPE",
        help="Only this process type, or one instance TYPE.N; run, cron or release for one-off containers",
        complete="dokkupy_logs.completers:sources",
    ),
]
Tail = Annotated[bool, Opt("-t", "--tail", help="Follow: print new lines as they arrive")]
Quiet = Annotated[bool, Opt("-q", "--quiet", help="Leave out the time and the name of the instance")]
Since = Annotated[
    str, Opt("--since", noun="TIME", help="Only lines since this time: 90s, 10m, 2h, 3d, or 2026-11-29T20:00:00Z")
]
Until = Annotated[str, Opt("--until", noun="TIME", help="Only lines up to this time, in the form of --since")]
Grep = Annotated[str, Opt("--grep", noun="TEXT", help="Only lines that contain this text")]
OfRelease = Annotated[ReleaseNumber | None, Opt("--release", help="Only lines of this release, such as 7 or v7")]


@group.command("", permission="app:read")
def logs(
    host: Host,
    app: AppName,
    *,
    num: Num = None,
    ps: Ps = "",
    tail: Tail = False,
    quiet: Quiet = False,
    since: Since = "",
    until: Until = "",
    grep: Grep = "",
    release: OfRelease = None,
) -> CommandResult | int:
    """Print the last lines of an app's output, including that of removed instances.

    logs blog -t
    logs blog -p web -n 50
    logs blog --since 1h --grep ERROR
    """
    from dokkupy_logs.past import Past, Query

    host.store.require_app(app)
    if num is None and (host.out.is_json or not (since or until)):
        num = MOST_AT_ONCE if since or until else 100
    query = Query(
        num=num,
        ps=ps,
        since=moment(since, "--since"),
        until=moment(until, "--until"),
        grep=grep.encode(),
        release=release.number if release is not None else 0,
    )
    if tail and (until or release):
        raise UserError("--tail cannot be combined with --until or --release")
    past = Past(host, app, query, live(host, app, query))
    if release is not None:
        require_release(past)
    if tail:
        return stream(host, past, quiet=quiet)
    found = with_changes(host, past)
    if host.out.is_json:
        return CommandResult([line.as_json() for line in found])
    return printed(rows(found, quiet=quiet))


def moment(text: str, option: str) -> str:
    """The stamp of a time that an option gives; empty without one."""
    if not text:
        return ""
    from datetime import UTC, datetime

    from dokkupy_sdk.times import moment_of

    return moment_of(text, datetime.now(UTC), option)


def live(host: Host, app: AppName, query: Query) -> list[Live]:
    """The containers to read. Raises AppError for an app that was never deployed, and UserError for a process type
    without any line."""
    from dokkupy_apps.releases.records import current

    from dokkupy_logs.kept import kept_files
    from dokkupy_logs.past import live_instances, live_one_offs

    deployed, instances = current(host, app)
    if deployed is None and not query.release:
        raise AppError(f"App {app} has not been deployed", code="not_deployed")
    found = live_instances(host, [*instances, *ending(host, app, instances)])
    name = query.ps.partition(".")[0]
    if query.ps and not any(query.has_dyno(one.kind, one.dyno) for one in found):
        ProcessType(name)
        found = live_one_offs(host, app, query.ps)
        if not found and name not in ONE_OFFS and not any(query.has_file(one) for one in kept_files(host, app)):
            known = ", ".join(sorted({str(one.process) for one in instances})) or "none"
            raise UserError(f"App {app} runs no process {query.ps[:80]}", hint=f"Running: {known}")
    return found


def require_release(past: Past) -> None:
    """Raises NotFound for a release that the app does not have and that left no lines. A deleted or failed one may have
    left some."""
    from dokkupy_apps.releases.records import read_release

    from dokkupy_logs.kept import kept_files

    number = past.query.release
    having_lines = {one.release for one in past.live} | {one.release for one in kept_files(past.host, past.app)}
    if number not in having_lines:
        read_release(past.host, past.app, number)


def ending(host: Host, app: AppName, instances: Sequence[Instance]) -> list[Instance]:
    """Replaced instances that still finish their work."""
    from dokkupy_apps.rollout.retire import retiring

    known = {one.id for one in instances}
    return [one for one in retiring(host, app) if one.id not in known]


def with_changes(host: Host, past: Past) -> Iterator[Line]:
    """The lines, merged with the platform's own lines."""
    from dokkupy_sdk.events import recent

    from dokkupy_logs.changes import lines_about
    from dokkupy_logs.lines import by_time

    query = past.query
    lines = past.lines()
    first = next(lines, None)
    about = (
        [] if query.release else [line for line in lines_about(past.app, recent(host), query.ps) if query.wants(line)]
    )
    if first is not None:
        about = [line for line in about if line.at >= first.at]
        lines = chain([first], lines)
    if query.num is not None:
        about = about[len(about) - query.num :] if query.num else []
    return by_time([("", partial(iter, lines)), ("", partial(iter, about))])


def choose(instances: Sequence[Instance], ps: str) -> list[Instance]:
    return [one for one in instances if not ps or ps in (one.dyno, one.process)]


def rows(found: Iterator[Line], *, quiet: bool) -> Iterator[bytes]:
    from dokkupy_sdk.styles import wanted

    from dokkupy_logs.lines import colour_of, shown

    terminal, colours = sys.stdout.isatty(), wanted()
    seen: dict[str, int] = {}
    for line in found:
        colour = colour_of(line.dyno, seen) if colours else None
        # Bytes for a program: `logs -q app | tool`. Anything else may end on a terminal, also over SSH.
        yield shown(line, quiet=quiet, colour=colour, raw=quiet and not terminal)


def printed(texts: Iterator[bytes]) -> int:
    """Print line by line: a log may be larger than the memory."""
    sys.stdout.flush()
    for text in texts:
        sys.stdout.buffer.write(text + b"\n")
    sys.stdout.buffer.flush()
    return 0


def stream(host: Host, past: Past, *, quiet: bool) -> int:
    """Write lines as they arrive, until the reader disconnects or the user interrupts; new deploys are followed too."""
    import json
    from datetime import UTC, datetime

    from dokkupy_apps.releases.records import current
    from dokkupy_sdk.events import Tail
    from dokkupy_sdk.execute import reader_left
    from dokkupy_sdk.times import stamp_of

    from dokkupy_logs.changes import lines_about
    from dokkupy_logs.follow import follow

    descriptor, app, query = sys.stdout.fileno(), past.app, past.query

    def now() -> list[Instance]:
        return choose(current(host, app)[1], query.ps) if host.store.has_app(app) else []

    if query.ps and not now():
        raise UserError(
            f"--tail follows instances, and none of {app} is {query.ps[:80]}", hint=f"run:logs {app} --tail"
        )
    if query.num == 0:
        past.seen.update((one.id, stamp_of(datetime.now(UTC))) for one in past.live)
    tail = Tail(host)

    def all_lines() -> Iterator[Line]:
        yield from with_changes(host, past)
        yield from follow(
            host,
            now,
            past.seen,
            gone=lambda: reader_left(descriptor) or not host.store.has_app(app),
            news=lambda: lines_about(app, tail.fresh(), query.ps),
        )

    found = (line for line in all_lines() if query.grep in line.text)
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
def failed(host: Host, scope: AppOrAll) -> CommandResult:
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


add_drain_commands(group)
