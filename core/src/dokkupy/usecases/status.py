"""How an app is: deployed, meant to run, running. Light, because reports and listings ask it."""

from __future__ import annotations

from dokkupy.errors import Conflict
from dokkupy.host import Host
from dokkupy.model.names import AppName
from dokkupy.model.state import FormationFile
from dokkupy.usecases.releases import current

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy.model.release import InstanceStatus, Release


def should_run(host: Host, app: AppName) -> bool:
    """Whether the app runs unless it fails: `ps:stop` says no."""
    return host.store.load(FormationFile, app).restore


def require_deployed(host: Host, app: AppName) -> Release:
    host.store.require_app(app)
    release, _ = current(host, app)
    if release is None:
        raise Conflict(f"App {app} has not been deployed", hint="Deploy it first: git push", code="not_deployed")
    return release


def statuses(host: Host, app: AppName) -> tuple[InstanceStatus, ...]:
    _, instances = current(host, app)
    return host.instances(app).status(instances) if instances else ()
