"""The commands that git runs over SSH: `git-receive-pack 'blog'` (push), `git-upload-pack 'blog'` (clone, fetch, pull)."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from dokkupy_sdk.cli import Annotated, Arg, CommandResult, Group, Host, Opt, Rest
from dokkupy_sdk.errors import Conflict, Denied, UserError
from dokkupy_sdk.names import AppName

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn, Self


class RepositoryName(AppName):
    """An app's name as git sends it: in quotes, with or without a slash before it."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        name = text
        if len(name) >= 2 and name[0] == name[-1] and name[0] in "'\"":
            name = name[1:-1]
        return AppName(name.removeprefix("/").removesuffix("/"))  # type: ignore[return-value]


PUSH_OPTIONS = {
    "no-cache": "build without the cache",
    "trace": "print every step",
    "wait": "wait for a running deploy of the app, for an hour at most",
}
"""`git push -o OPTION`, and its effect."""
OPTIONS = tuple(PUSH_OPTIONS)

Surplus = Annotated[list[str], Rest("nothing more")]


def require_nothing_more(words: list[str]) -> None:
    """Refuse additional arguments, because git passes only one, so others are an attack."""
    if words:
        raise UserError("git must pass the name of one app", hint="git push dokku@HOST:APP")


receive_pack = Group("git-receive-pack", "Server side of `git push`")
upload_pack = Group("git-upload-pack", "Server side of `git clone`, `git fetch` and `git pull`")
upload_archive = Group("git-upload-archive", "Not offered")
git_hook = Group("git-hook", "Called by git's pre-receive hook")


@receive_pack.command("", permission="app:write", hidden=True, formats=False)
def receive(host: Host, app: Annotated[RepositoryName, Arg("APP")], surplus: Surplus = []) -> CommandResult:  # noqa: B006
    """Receive a push. Creates the app if it does not exist."""
    require_nothing_more(surplus)
    from dokkupy_git.hookspecs import pre_source_receive
    from dokkupy_git.push.hook import serve
    from dokkupy_git.push.hook_script import hooks_directory
    from dokkupy_git.repository.bare import Repository, hold, require_git
    from dokkupy_git.repository.program import receive_pack_argv
    from dokkupy_git.settings import deploy_branch, number

    require_git()
    with protocol_kept_clean():
        host.hooks.emit(pre_source_receive, host=host, app=app)
        if not host.store.has_app(app):
            create(host, app)
        repository = Repository(host, app)
        repository.ensure(deploy_branch(host, app))
        argv = receive_pack_argv(repository.path, hooks_directory(host), number(host, "push-max-size"))
        os.set_inheritable(hold(repository), True)
    # The record precedes that of the deploy, in whose command this one then ends.
    host.audit.record(who=host.who, command=host.command, status=0)
    return CommandResult(status=serve(host, app, repository.path, argv), recorded=False)


@upload_pack.command("", permission="app:read", hidden=True, formats=False)
def upload(host: Host, app: Annotated[RepositoryName, Arg("APP")], surplus: Surplus = []) -> None:  # noqa: B006
    """Serve a clone or fetch."""
    require_nothing_more(surplus)
    from dokkupy_git.repository.bare import Repository, require_git
    from dokkupy_git.repository.program import upload_pack_argv
    from dokkupy_git.settings import deploy_branch

    require_git()
    host.store.require_app(app)
    repository = Repository(host, app)
    repository.ensure(deploy_branch(host, app))
    become(host, upload_pack_argv(repository.path))


@upload_archive.command("", permission="open", hidden=True, formats=False)
def archive(host: Host, app: Annotated[str, Arg("APP")] = "") -> None:
    """Refuse: `git archive --remote` would read files without the checks of a clone."""
    raise UserError("git archive --remote is not supported", hint="Clone the app: git clone dokku@HOST:APP")


@git_hook.command("", permission="app:write", hidden=True, formats=False, recorded_as="git push")
def hook(
    host: Host,
    app: Annotated[AppName, Arg("APP")],
    *,
    options: Annotated[list[str], Opt("--option", help="Of `git push -o`", complete=OPTIONS)] = [],  # noqa: B006
) -> int:
    """Deploy a push. Reads git's lines from standard input."""
    from dokkupy_git.push.receive import receive

    for option in options:
        if option not in OPTIONS:
            known = "; ".join(f"{name}: {effect}" for name, effect in PUSH_OPTIONS.items())
            raise UserError(f"{ascii(option[:80])} is not an option of git push -o", hint=f"Options: {known}")
    return receive(host, app, no_cache="no-cache" in options, waits="wait" in options)


def create(host: Host, app: AppName) -> None:
    """Create the app of a push, as Dokku does. It is kept if its first deploy fails."""
    from dokkupy_apps.desired.properties import APPS

    if APPS.get(host.store, None, "disable-autocreation") == "true":
        raise Denied(
            f"App {app} does not exist, and creating apps by a push is disabled",
            hint=f"Create it first: apps:create {app}",
        )
    from dokkupy_apps.apps import create_app

    host.out.section(f"Creating {app}...")
    try:
        create_app(host, app)
    except Conflict:
        if not host.store.has_app(app):  # otherwise another push has just created it
            raise


@contextmanager
def protocol_kept_clean() -> Iterator[None]:
    """Redirect standard output to standard error, because standard output carries git's protocol."""
    sys.stdout.flush()
    saved = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(saved, 1)
        os.close(saved)


def become(host: Host, argv: list[str]) -> NoReturn:
    """Turn this process into git. The audit record is written before: nothing of us is left to write it after."""
    from dokkupy_sdk.errors import HostError

    from dokkupy_git.repository.program import endpoint_env

    host.audit.record(who=host.who, command=host.command, status=0)
    env = endpoint_env(os.environ.get("GIT_PROTOCOL", ""))
    # Python ignores SIGPIPE, and a new program inherits that. git would then not end when its client disconnects.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        os.execvpe(argv[0], argv, env)  # noqa: S606 - an argv list, no shell
    except OSError as error:
        raise HostError(f"git cannot be started: {error.strerror}", hint="apt-get install git") from error
