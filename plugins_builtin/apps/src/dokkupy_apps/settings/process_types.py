"""Settings for process types that the app may not have."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.names import AppName

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def warn_of_unknown_types(host: Host, app: AppName, names: Sequence[str], what: str = "the setting") -> None:
    """Warn of process types that the serving release does not have. The next one may have them, so this is no error.
    what: what takes effect once the app has the type. An app that is not deployed has no types yet."""
    from dokkupy_apps.releases.records import current

    if not names or (release := current(host, app)[0]) is None:
        return
    known = ", ".join(sorted(release.processes))
    for name in names:
        if name not in release.processes:
            host.out.warn(f"{app} has no process type {name} now (it has: {known}); {what} counts once it has one")
