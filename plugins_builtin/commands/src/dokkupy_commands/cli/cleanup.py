"""`cleanup`: containers that ended and images without a name go; releases stay."""

from __future__ import annotations

from dokkupy_sdk.cli import Annotated, Arg, CommandResult, Group, Host
from dokkupy_sdk.names import AppName

group = Group("cleanup", "Remove ended containers and unused images", bare="")


@group.command("", permission="host:write", mutating=True)
def cleanup(host: Host, app: Annotated[AppName | None, Arg("app")] = None) -> CommandResult:
    """Remove ended one-off containers and unused images of apps."""
    from dokkupy_commands import hookspecs

    name = host.store.require_app(app) if app and app != "--global" else None
    images = host.images()
    gone = [one for _, one in host.hooks.gather(hookspecs.cleanup_changes, host=host, app=name)]
    labels = {"com.dokku.app-name": str(name)} if name else {"dokkupy.app": ""}
    for identifier, tags, _size in images.find_all(labels):
        if not tags:
            host.act(f"remove the image {identifier}", lambda: images.remove(identifier))  # noqa: B023
            gone.append(identifier)
    return CommandResult(gone, [f"-----> Removed {one}" for one in gone])
