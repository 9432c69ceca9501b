"""Do something for many subjects: one failure does not stop the others, and all failures are reported at the end."""

from __future__ import annotations

from dokkupy.cli.declare import CommandResult, Scope
from dokkupy.errors import DokkupyError, Interrupted, UserError, messages
from dokkupy.host import Host
from dokkupy.model.names import AppName

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from typing import Any, TypeVar

    S = TypeVar("S")
    T = TypeVar("T")


def over_each(subjects: Iterable[S], do: Callable[[S], T]) -> tuple[list[tuple[S, T]], list[tuple[S, Exception]]]:
    """Call `do` for each. Returns (subject, result) for each success and (subject, error) for each failure."""
    done: list[tuple[S, T]] = []
    failed: list[tuple[S, Exception]] = []
    for subject in subjects:
        try:
            done.append((subject, do(subject)))
        except Interrupted:
            raise
        except Exception as error:
            failed.append((subject, error))
    return done, failed


def warn_of(host: Host, failed: Collection[tuple[object, Exception]]) -> None:
    """Print a warning for each failure, with its details and its hint."""
    for subject, error in failed:
        for text in messages(error):
            host.out.warn(f"{subject}: {text}")
        if isinstance(error, DokkupyError):
            for line in (*(() if error.details_shown else error.details), *error.hint.splitlines()):
                host.out.warn(line)


def apps_of(host: Host, scope: Scope, permission: str = "app:write") -> list[AppName]:
    """The named app, or with `--all` all apps for which the caller has the permission."""
    if scope.is_all:
        from dokkupy_sdk.access import visible_apps

        return visible_apps(host, permission)
    if scope.app is None:
        raise UserError("Please specify an app to run the command on")
    return [host.store.require_app(scope.app)]


def each(host: Host, scope: Scope, do: Callable[[AppName], object], *, over: Any = None) -> CommandResult:
    """Call `do` for one app or, with --all, for each (by `over`). A failure does not stop the others; the exit
    status reports it."""
    apps = apps_of(host, scope)
    if not scope.is_all:
        do(apps[0])
        return CommandResult([{"app": apps[0], "status": "done"}])
    done, failed = (over or over_each)(apps, do)
    warn_of(host, failed)
    rows = [{"app": app, "status": "done"} for app, _ in done]
    rows += [
        {"app": app, "status": "failed", "message": str(error), "hint": getattr(error, "hint", "")}
        for app, error in failed
    ]
    return CommandResult(sorted(rows, key=lambda row: row["app"]), status=1 if failed else 0)


__all__ = ["apps_of", "each", "messages", "over_each", "warn_of"]
