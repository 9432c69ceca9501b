"""Commands of Heroku's client, and those that Dokku itself has removed, with the command that does it here.

`correct` is the entry point `dokkupy.corrections`, which is asked before the one that compares spellings. That one knows
`scale` and `restart` by their verb, and offers to run them. In a line, `APP` stands for the app that was typed, and a
final `...` for the other arguments.
"""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.errors import DokkupyError, UserError

HEROKU = {
    "access": "ssh-keys:list",
    "access:add": "ssh-keys:add NAME < KEY.pub",
    "access:remove": "ssh-keys:remove NAME",
    "addons": "services:list",
    "addons:attach": "postgres:link NAME APP",
    "addons:create": "postgres:create NAME",
    "addons:destroy": "postgres:destroy NAME",
    "addons:detach": "postgres:unlink NAME APP",
    "addons:info": "services:list",
    "apps:errors": "logs:failed APP",
    "apps:info": "ps:report APP",
    "apps:open": "url APP",
    "auth:whoami": "whoami",
    "certs:auto": "letsencrypt:report APP",
    "certs:auto:disable": "letsencrypt:disable APP",
    "certs:auto:enable": "letsencrypt:enable APP",
    "certs:auto:refresh": "letsencrypt:renew APP",
    "certs:info": "certs:report APP",
    "config:add": "config:set APP ...",
    "config:edit": "config:set APP KEY=VALUE",
    "drains": "logs:drains",
    "drains:add": "logs:set APP vector-sink ...",
    "drains:remove": "logs:set APP vector-sink",
    "dyno:kill": "ps:stop APP",
    "dyno:resize": "resource:limit APP --memory SIZE",
    "dyno:restart": "ps:restart APP",
    "dyno:scale": "ps:scale APP ...",
    "dyno:stop": "ps:stop APP",
    "info": "ps:report APP",
    "keys": "ssh-keys:list",
    "keys:add": "ssh-keys:add NAME < KEY.pub",
    "keys:remove": "ssh-keys:remove NAME",
    "login": "ssh-keys:add NAME < KEY.pub",
    "maintenance:off": "maintenance:disable APP",
    "maintenance:on": "maintenance:enable APP",
    "members": "ssh-keys:list",
    "open": "url APP",
    "pg": "postgres:list",
    "pg:backups": "backups:list",
    "pg:backups:capture": "backups:create postgres:NAME",
    "pg:backups:download": "postgres:export NAME > FILE",
    "pg:backups:restore": "postgres:import NAME < FILE",
    "pg:backups:schedule": "backups:schedule postgres:NAME '30 3 * * *' --keep-daily 7",
    "pg:copy": "postgres:clone NAME NEW-NAME",
    "pg:credentials": "postgres:info NAME --dsn",
    "pg:credentials:url": "postgres:info NAME --dsn",
    "pg:info": "postgres:info NAME",
    "pg:promote": "postgres:promote NAME APP",
    "pg:psql": "postgres:connect NAME",
    "pg:pull": "postgres:export NAME > FILE",
    "pg:push": "postgres:import NAME < FILE",
    "pg:upgrade": "postgres:upgrade NAME",
    "plugins": "plugin:list",
    "plugins:install": "plugin:install PACKAGE",
    "ps:exec": "enter APP",
    "ps:kill": "ps:stop APP",
    "ps:resize": "resource:limit APP --memory SIZE",
    "ps:type": "resource:limit APP --memory SIZE",
    "psql": "postgres:connect NAME",
    "redis:cli": "redis:connect NAME",
    "redis:credentials": "redis:info NAME --dsn",
    "releases:output": "builds:output APP",
    "releases:retry": "ps:rebuild APP",
    "rollback": "releases:rollback APP ...",
    "run:inside": "enter APP",
}
REMOVED = {
    "nginx:build-config": "proxy:build-config APP",
    "proxy:ports": "ports:list APP",
    "proxy:ports-add": "ports:add APP ...",
    "proxy:ports-clear": "ports:clear APP",
    "proxy:ports-remove": "ports:remove APP ...",
    "proxy:ports-set": "ports:set APP ...",
    "ps:rebuildall": "ps:rebuild --all",
    "ps:restartall": "ps:restart --all",
    "tags:deploy": "git:from-image APP IMAGE",
    "tar:in": "git:from-archive APP URL",
}


def correct(host: Host, typed: list[str], error: BaseException) -> list[str]:
    """Add to the error which command does here what the typed one does elsewhere. It is never run by itself."""
    from dokkupy_sdk.entry import resolve, split_globals

    if not isinstance(error, UserError) or error.code != "unknown_command" or error.hint:
        return []
    flags, words = split_globals(list(typed))
    line = {**HEROKU, **REMOVED}.get(words[0], "")
    if not line:
        return []
    try:
        resolve(host, line.partition(" ")[0], [])
    except DokkupyError:  # a plugin that is not installed has the command
        return []
    error.hint = f"Did you mean {filled(host, line, flags.app, words[1:])}?"
    return []


def filled(host: Host, line: str, app: str, words: list[str]) -> str:
    """The line with what was typed. Without an app, the caller's only one."""
    from dokkupy_sdk.access import visible_apps

    apps = [str(one) for one in visible_apps(host)]
    typed = [word for word in words if word in apps]
    app = app or next(iter(typed), apps[0] if len(apps) == 1 else "APP")
    rest = " ".join(word for word in words if word != app and not word.startswith("-"))
    return " ".join(app if word == "APP" else rest if word == "..." else word for word in line.split(" ")).strip()
