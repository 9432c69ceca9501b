"""The path of the app's own template in its repository."""

from __future__ import annotations

from dokkupy_nginx.settings import SETTINGS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from dokkupy_sdk import Host
    from dokkupy_sdk.names import AppName

SIGIL = "nginx.conf.sigil"
JINJA = "nginx.conf.j2"


def template_names(host: Host, app: AppName) -> list[str]:
    """The files that the next build looks for, best first."""
    return names_for(SETTINGS.get(host.store, app, "nginx-conf-sigil-path"))


def names_for(chosen: str) -> list[str]:
    return [JINJA, SIGIL] if chosen == SIGIL else [chosen]


def find_template(files: Mapping[str, str], names: list[str]) -> tuple[str, str] | None:
    """(name, text) of the app's template."""
    return next(((name, files[name]) for name in names if name in files), None)
