"""`cleanup` removes what is no longer used, and keeps every release that the app can roll back to."""

from __future__ import annotations

from dokkupy_sdk.cli import Annotated, CommandResult, Group, Host, Opt, Scope

group = Group("cleanup", "Remove ended containers, unused images and old caches", bare="")


@group.command("", permission="host:write", mutating=True)
def cleanup(
    host: Host,
    scope: Scope = Scope(is_global=True),  # noqa: B008 - never changed
    *,
    caches: Annotated[bool, Opt("--caches", help="Also remove all build caches; the next builds take longer")] = False,
    trash: Annotated[
        bool, Opt("--trash", help="Also delete destroyed data that is still in the trash, permanently")
    ] = False,
) -> CommandResult:
    """Remove unused containers, images and caches of one app, or with --global of all; --dry-run shows what, its size and the reason."""
    from dokkupy_sdk.sizes import in_units

    from dokkupy_disk.collect import cache_days, chosen, offers, remove

    name = None if scope.app is None else host.store.require_app(scope.app)
    gone = remove(host, chosen(offers(host, name), caches=caches, trash=trash, days=cache_days(host)))
    total = sum(one.bytes for one in gone)
    if host.dry_run:
        host.plan.append(f"give back {in_units(total)}") if gone else None
    rows = [
        {"kind": one.kind, "name": one.name, "app": one.app, "bytes": one.bytes, "why": one.why, "level": one.level}
        for one in gone
    ]
    lines = [f"-----> Removed {one.name}{f' ({in_units(one.bytes)})' if one.bytes else ''}" for one in gone]
    return CommandResult(rows, lines)
