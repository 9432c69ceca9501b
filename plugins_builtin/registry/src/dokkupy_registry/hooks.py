"""What the plugin does around builds and deploys. The modules that do the work are imported when they are needed."""

from __future__ import annotations

from dokkupy_sdk import Host, hookimpl
from dokkupy_sdk.names import AppName

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from dokkupy_sdk.model import Deployment, Finding, RegistryLogin
    from dokkupy_sdk.operation import Transaction


@hookimpl
def registry_logins(host: Host, app: AppName | None) -> Iterable[RegistryLogin]:
    from dokkupy_registry.stored import as_logins

    own = as_logins(host, app) if app is not None else []
    return [*as_logins(host, None), *own]


@hookimpl
def pre_deploy(host: Host, deployment: Deployment, tx: Transaction) -> None:
    from dokkupy_registry.push import push_release

    push_release(host, deployment, tx)


@hookimpl
def post_deploy(host: Host, deployment: Deployment, tx: Transaction) -> None:
    from dokkupy_registry.push import push_extra

    push_extra(host, deployment, tx)


@hookimpl
def post_app_clone(host: Host, old: AppName, new: AppName, tx: Transaction) -> None:
    """A clone gets the logins, because its builds need them, but not the repository, because it would overwrite the
    first app's tags."""
    from dokkupy_registry.settings import SETTINGS
    from dokkupy_registry.stored import PushedFile

    tx.remove(PushedFile, new)
    if SETTINGS.raw(host.store, new, "image-repo"):
        SETTINGS.set(tx, new, "image-repo", "")
        host.out.warn(f"{new} has no image-repo of its own yet: registry:set {new} image-repo NAME")


@hookimpl
def doctor_checks(host: Host) -> Iterable[Finding]:
    from dokkupy_registry.doctor import findings

    return findings(host)
