"""When a change takes effect: the line that a command of a plugin's own prints, and what its report shows as pending."""

from __future__ import annotations

from dokkupy.usecases.effect import announce_effect, announce_setting, pending_settings
from dokkupy.usecases.state_mark import state_mark

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy.host import Host
    from dokkupy.model.names import AppName

__all__ = ["announce_effect", "announce_setting", "pending_options", "pending_settings", "state_mark"]


def pending_options(host: Host, app: AppName) -> dict[str, str]:
    """Process type -> `options in force -> options set`, of the docker options that its instances do not have yet."""
    from dokkupy.usecases.deploy import options
    from dokkupy.usecases.formation import RELEASE
    from dokkupy.usecases.releases import current

    release, _ = current(host, app)
    found = {}
    if release is None:
        return {}
    for process in (name for name in release.processes if name != RELEASE):
        before, after = release.deploy_options(process), options(host, app, "deploy", process)
        if before != after:
            found[str(process)] = f"{' '.join(before) or 'none'} -> {' '.join(after) or 'none'}"
    return found
