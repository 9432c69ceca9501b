"""Commands of Heroku's client, and those that Dokku itself has removed, with what to type here."""

from __future__ import annotations

from dokkupy_client.faults import Fault

HEROKU = {
    "access": "ssh-keys:list",
    "addons": "services",
    "addons:create": "postgres:create NAME, then: dokku postgres:link NAME",
    "apps:info": "ps:report",
    "auth:whoami": "whoami",
    "certs:auto": "letsencrypt:report",
    "certs:auto:enable": "letsencrypt:enable",
    "create": "init HOST APP",
    "destroy": "apps:destroy",
    "drains:add": "logs:set vector-sink URL",
    "git:remote": "init HOST APP",
    "info": "ps:report",
    "login": "init HOST",
    "maintenance:off": "maintenance:disable",
    "maintenance:on": "maintenance:enable",
    "pg:backups": "backups:list",
    "pg:backups:capture": "backups:create postgres:NAME",
    "pg:backups:restore": "postgres:import NAME < FILE",
    "pg:backups:schedule": "backups:schedule postgres:NAME '30 3 * * *' --keep-daily 7",
    "pg:info": "postgres:info NAME",
    "pg:promote": "postgres:promote NAME",
    "pg:psql": "postgres:connect",
    "ps:exec": "enter",
    "ps:resize": "resource:limit --memory SIZE",
    "ps:type": "resource:limit --memory SIZE",
    "redis:cli": "redis:connect",
    "restart": "ps:restart",
    "rollback": "releases:rollback",
    "scale": "ps:scale",
}
REMOVED = {
    "nginx:build-config": "proxy:build-config",
    "proxy:ports": "ports:list",
    "proxy:ports-add": "ports:add SCHEME:HOST-PORT:CONTAINER-PORT",
    "proxy:ports-clear": "ports:clear",
    "proxy:ports-remove": "ports:remove SCHEME:HOST-PORT:CONTAINER-PORT",
    "proxy:ports-set": "ports:set SCHEME:HOST-PORT:CONTAINER-PORT",
    "ps:rebuildall": "ps:rebuild --all",
    "ps:restartall": "ps:restart --all",
    "tags:deploy": "git:from-image IMAGE",
    "tar:in": "git:from-archive URL",
}


def require_no_other_name(name: str) -> None:
    """Raise Fault for a command that the host lacks and that has another name there."""
    for whose, names in (("Heroku's", HEROKU), ("one that Dokku has removed", REMOVED)):
        if name in names:
            raise Fault(f"The host has no command {name}, which is {whose}", f"Type: dokku {names[name]}")
