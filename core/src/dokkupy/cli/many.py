"""Commands on one app or on all that the caller may change."""

from __future__ import annotations

from dokkupy.cli.declare import CommandResult, Scope
from dokkupy.errors import UserError
from dokkupy.kernel.host import Host
from dokkupy.model.names import AppName

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def apps_of(host: Host, scope: Scope, permission: str = "app:write") -> list[AppName]:
    """The app that was named, or with --all those for which the caller has the permission."""
    if scope.is_all:
        from dokkupy.usecases.access import apps_with

        return apps_with(host, permission)
    if scope.app is None:
        raise UserError("Please specify an app to run the command on")
    return [host.store.require_app(scope.app)]


def workers(parallel: int) -> int:
    """How many apps are worked on at once (reference, section 1.22). Raises UserError."""
    import os

    if parallel < -1:
        raise UserError(
            f"--parallel {parallel} is not a number of apps", hint="Use 1 or more, or -1 for all processors."
        )
    return os.cpu_count() or 1 if parallel == -1 else max(1, parallel)


def each(host: Host, scope: Scope, do: Callable[[AppName], object], *, parallel: int = 1) -> CommandResult:
    """Do it for one app, or for all: then one app's failure keeps no other from it, and the status says that some failed.

    parallel: of all, so many at once, each in a process of its own; a dry run changes nothing and goes one by one.
    """
    from dokkupy.usecases.many import over_each, warn_of

    at_once = workers(parallel)
    apps = apps_of(host, scope)
    if not scope.is_all:
        do(apps[0])
        return CommandResult([{"app": apps[0], "status": "done"}])
    if at_once > 1 and len(apps) > 1 and not host.dry_run:
        from dokkupy.cli.parallel import over_each_at_once

        done, failed = over_each_at_once(host, apps, do, at_once)
    else:
        done, failed = over_each(apps, do)
    warn_of(host, failed)
    rows = [{"app": app, "status": "done"} for app, _ in done]
    rows += [{"app": app, "status": "failed", "message": str(error)} for app, error in failed]
    return CommandResult(sorted(rows, key=lambda row: row["app"]), status=1 if failed else 0)
