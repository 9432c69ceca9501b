"""The entry point: what the client does itself, and what it passes on to the host."""

from __future__ import annotations

import sys

from dokkupy_client import arguments, remotes, ssh
from dokkupy_client.faults import Fault
from dokkupy_client.programs import replace_by
from dokkupy_client.programs import run as run_program

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

    from dokkupy_client.arguments import Typed
    from dokkupy_client.remotes import Target


def run() -> NoReturn:
    """The console entry."""
    try:
        status = main(sys.argv[1:])
    except Fault as fault:
        print(f" !     {fault.message}", file=sys.stderr)
        if fault.hint:
            print(f"       {fault.hint}", file=sys.stderr)
        status = fault.status
    except KeyboardInterrupt:
        status = 130
    sys.exit(status)


def main(words: Sequence[str]) -> int:
    typed = arguments.split(words)
    name = typed.words[0] if typed.words else "help"
    if name in ("-h", "--help"):
        typed.words[0] = name = "help"
    if name in ("-v", "--version"):
        from dokkupy_client import VERSION

        print(f"dokkupy-client {VERSION}")
        return 0
    if name == "init":
        from dokkupy_client.init import init

        return init(typed.words[1:], typed)
    if name == "remote" or name.startswith("remote:"):
        from dokkupy_client.remote_commands import remote

        return remote(typed.words, typed)
    if name == "completion":
        from dokkupy_client.completion import script

        return script(typed.words[1:])
    if name == "completion:words":
        from dokkupy_client.completion import complete

        return complete(typed.words[1:])
    if name == "help":
        return help(typed)
    target = remotes.find(app=typed.app, remote=typed.remote, folder=typed.folder)
    if name == "open":
        from dokkupy_client.open import open_app

        return open_app(target, typed.words[1:])
    if name == "tunnel":
        from dokkupy_client.tunnel import tunnel

        return tunnel(target, typed.words[1:])
    if name in ("apps:create", "apps:destroy"):
        return changing_remote(target, typed)
    replace_by(ssh.command(target, host_words(target, typed), tty=ssh.has_terminal()))


def host_words(target: Target, typed: Typed) -> list[str]:
    """The arguments for the host: the flag `--app` is there if the command takes an app that was not typed."""
    from dokkupy_client import dokku_rules
    from dokkupy_client.listing import listing_of

    listing = listing_of(target, typed.words)
    if not listing.commands:
        dokku_rules.require_transferable(typed.words)
    elif listing.find(typed.words)[0] is None:
        from dokkupy_client.elsewhere import require_no_other_name

        require_no_other_name(typed.words[0])
    words = typed.words
    if words[0].endswith((":connect", ":enter")) and not words[1:]:
        from dokkupy_client.service import with_service

        words = with_service(target, typed.app or target.app, words[0])
    wanted = typed.app or (target.app if listing.takes_app(words) else "")
    return [*typed.flags, *(["--app", wanted] if wanted else []), *words]


def changing_remote(target: Target, typed: Typed) -> int:
    """`apps:create` adds a git remote for the app to a repository that has none; `apps:destroy` removes the app's."""
    names = [word for word in typed.words[1:] if not word.startswith("-")]
    if typed.words[0] == "apps:destroy":
        app = names[0] if names else typed.app or target.app
        words = typed.words if names or not app else [typed.words[0], app, *typed.words[1:]]
        status = run_program(ssh.command(target, [*typed.flags, *words], tty=ssh.has_terminal()))
        if status == 0 and target.remote and app == target.app:
            run_program([*remotes.git(typed.folder), "remote", "remove", "--", target.remote])
            print(f"-----> Removed the git remote {target.remote}")
        return status
    from dokkupy_client.init import add_remote, folder_name, is_repository

    app = names[0] if names else typed.app or folder_name(typed.folder)
    words = typed.words if names else [*typed.words, app]
    status = run_program(ssh.command(target, [*typed.flags, *words], tty=ssh.has_terminal()))
    known = remotes.configured(typed.folder)[0]
    if status == 0 and is_repository(typed.folder) and remotes.DEFAULT not in known:
        add_remote(target, app, remotes.DEFAULT, typed.folder)
    return status


LOCAL = """
On this machine:

    init HOST [APP]                  Add the git remote, check the key, create the app
    open                             Show the app in the browser
    tunnel SERVICE                   Reach a database from this machine: dokku tunnel postgres:db
    remote[:list|:set|:add|...]      Show or choose the git remote that names the host
    completion [bash|zsh|fish]       Print the completion script of a shell

Flags before the command: --app APP, --remote NAME, --app-path FOLDER. Environment: DOKKU_HOST, DOKKU_PORT, DOKKU_REMOTE.
"""


def help(typed: Typed) -> int:
    """The host's help, then the client's own commands."""
    try:
        target = remotes.find(app=typed.app, remote=typed.remote, folder=typed.folder)
    except Fault as fault:
        if typed.words[1:]:
            raise
        print(f"Usage: dokku [--app APP] [--remote NAME] COMMAND ...\n{LOCAL}")
        print(f"{fault.message}. {fault.hint}", file=sys.stderr)
        return fault.status
    status = run_program(ssh.command(target, [*typed.flags, *(typed.words or ["help"])], tty=ssh.has_terminal()))
    if status == 0 and not typed.words[1:]:
        print(LOCAL.strip("\n"), flush=True)
    return status
