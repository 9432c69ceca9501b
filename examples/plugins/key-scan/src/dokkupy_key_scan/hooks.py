"""Looks at the code before each build, and refuses it where a file is a private key: an image keeps it permanently."""

from __future__ import annotations

from dokkupy_sdk import Host, hookimpl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_sdk.model import Build
    from dokkupy_sdk.operation import Transaction


@hookimpl
def pre_build(host: Host, build: Build, tx: Transaction) -> None:
    from dokkupy_key_scan.scan import private_keys
    from dokkupy_key_scan.settings import SETTINGS

    app = build.source.app
    allowed = {path.strip() for path in SETTINGS.get(host.store, app, "allowed").split(",")}
    found = [path for path in private_keys(build.source.directory) if path not in allowed]
    if found:
        from dokkupy_sdk.errors import AppError

        raise AppError(
            f"App {app}: {found[0]} is a private key, and everybody who has the image could read it",
            details=tuple(found),
            hint=f"Remove it from the repository, or: dokkupy key-scan:set {app} allowed {','.join(found)}",
            code="private_key",
        )
