"""Variables by which Dokku once was configured: it has commands for them now, and here they are variables like others.

A plugin names those of its own namespace in the entry-point group `dokkupy.legacy_env`: a table of a regular expression,
matched whole, to the command that replaces the variable (or, without a colon, why nothing does).
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dokkupy.host import Host
    from dokkupy.model.names import AppName

SUSPECT = re.compile(r"DOKKU_.*|NO_VHOST")
LINKED = re.compile(r"DOKKU_[A-Z0-9_]+_URL")
"""What a link to a service sets (reference, section 6): it has its effect in the app."""

CORE = {
    r"DOKKU_APP_RESTORE": "ps:stop APP",
    r"DOKKU_APP_TYPE": "builder:set APP selected NAME",
    r"DOKKU_DISABLE_PROXY": "proxy:disable APP",
    r"DOKKU_(DOCKERFILE_)?START_CMD": "a line `web: COMMAND` in the Procfile",
    r"DOKKU_DOCKERFILE_PORTS": "ports:set APP SCHEME:HOST_PORT:CONTAINER_PORT",
    r"DOKKU_DOCKER_STOP_TIMEOUT": "ps:set APP stop-timeout-seconds SECONDS",
    r"DOKKU_PROXY_PORT_MAP": "ports:set APP SCHEME:HOST_PORT:CONTAINER_PORT",
    r"DOKKU_PROXY_PORT": "proxy:set APP proxy-port PORT",
    r"DOKKU_PROXY_SSL_PORT": "proxy:set APP proxy-ssl-port PORT",
    r"DOKKU_PROXY_TYPE": "proxy:set APP type NAME",
    r"DOKKU_RESTART_POLICY": "ps:set APP restart-policy POLICY",
    r"DOKKU_RM_CONTAINER": "nothing: one-off containers are removed",
    r"DOKKU_SCALE": "ps:scale APP TYPE=COUNT",
    r"DOKKU_SKIP_CLEANUP": "builder:set APP skip-cleanup true",
    r"DOKKU_SKIP_DEPLOY": "config:set --no-restart APP and ps:scale --skip-deploy APP",
    r"NO_VHOST": "domains:disable APP",
}


def legacy_lines(host: Host, app: AppName | None, keys: Iterable[str]) -> list[str]:
    """A line for each variable that was Dokku's and does nothing here, with what replaces it."""
    suspects = [key for key in keys if SUSPECT.fullmatch(key) and not LINKED.fullmatch(key)]
    if not suspects:
        return []
    tables: list[Mapping[str, str]] = [CORE]
    tables += [host.registry.load(entry) for entry in host.registry.group("dokkupy.legacy_env").values()]
    lines = []
    for key in suspects:
        found = (use for table in tables for pattern, use in table.items() if re.fullmatch(pattern, key))
        use = next(found, "")
        instead = f"; use {use.replace('APP', app or '--global')}" if use else ": no command replaces it"
        lines.append(f"{key} has no effect on the platform{instead}")
    return lines
