"""`repo:*` (reference, section 1.24): the app's repository on the host, and its build cache."""

from __future__ import annotations

import os

from dokkupy_sdk.cli import Annotated, Arg, CommandResult, Group, Host
from dokkupy_sdk.errors import UserError
from dokkupy_sdk.names import AppName

repo = Group("repo", "Manage an app's git repository on the host")

App = Annotated[AppName, Arg("app")]
GC_SECONDS = 1800


@repo.command("gc", permission="app:write", mutating=True)
def gc(host: Host, app: App) -> CommandResult:
    """Run `git gc` on an app's repository: pack it and delete unreachable objects."""
    from dokkupy_sdk.operation import operation

    from dokkupy_git.repository.bare import Repository

    host.store.require_app(app)
    repository = Repository(host, app)
    if not repository.exists:
        raise UserError(
            f"{app} has no repository on this host",
            hint=f"Push its code first (git push), or fetch it: git:sync {app} URL",
        )
    before = size_of(repository.path)
    with operation(host, "repo:gc", f"app:{app}") as tx:
        tx.step("git gc", lambda: repository.git("gc", "--aggressive", "--quiet", timeout=GC_SECONDS))
    after = size_of(repository.path)
    return CommandResult(
        {"app": app, "before": before, "after": after}, [f"{before // 1024} KiB before, {after // 1024} KiB now"]
    )


@repo.command("purge-cache", permission="app:write", mutating=True)
def purge_cache(host: Host, app: App) -> None:
    """Delete an app's build cache; the next build downloads everything again."""
    from dokkupy_apps.builds.records import purge_cache as purge
    from dokkupy_sdk.operation import operation

    host.store.require_app(app)
    with operation(host, "repo:purge-cache", f"app:{app}") as tx:
        purge(tx, app)


def size_of(path: str) -> int:
    """Bytes of all files below a directory."""
    return sum(
        os.lstat(os.path.join(directory, name)).st_size for directory, _, names in os.walk(path) for name in names
    )
