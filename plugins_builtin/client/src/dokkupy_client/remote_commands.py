"""`dokku remote...`: which git remote names the host, as Dokku's own client has it. Nothing is sent."""

from __future__ import annotations

from dokkupy_client import remotes
from dokkupy_client.faults import Fault
from dokkupy_client.programs import run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from dokkupy_client.arguments import Typed

USAGE = "Usage: dokku remote[:show] | remote:list | remote:set NAME | remote:unset | remote:add NAME URL | remote:remove NAME"


def remote(words: Sequence[str], typed: Typed) -> int:
    git = remotes.git(typed.folder)
    verb, rest = words[0].partition(":")[2] or "show", list(words[1:])
    if verb == "show" and not rest:
        target = remotes.find(app=typed.app, remote=typed.remote, folder=typed.folder)
        print(target.remote or target.login)
        return 0
    if verb == "list" and not rest:
        for name, url in sorted(remotes.configured(typed.folder)[0].items()):
            if remotes.parse_url(url):
                print(name)
        return 0
    if verb == "set" and len(rest) == 1:
        remotes.by_name(remotes.configured(typed.folder)[0], rest[0])
        return run([*git, "config", "dokku.remote", rest[0]])
    if verb == "unset" and not rest:
        return run([*git, "config", "--unset", "dokku.remote"])
    if verb == "add" and len(rest) == 2:
        if remotes.parse_url(rest[1]) is None:
            raise Fault(
                f"{rest[1][:200]} is not the URL of an app", "It is dokku@HOST:APP, or ssh://dokku@HOST:PORT/APP."
            )
        return run([*git, "remote", "add", "--", *rest])
    if verb == "remove" and len(rest) == 1:
        return run([*git, "remote", "remove", "--", rest[0]])
    raise Fault(f"{' '.join(words)[:120]} is not a command of remote", USAGE)
