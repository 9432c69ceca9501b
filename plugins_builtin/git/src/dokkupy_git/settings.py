"""The properties of the namespace `git`."""

from __future__ import annotations

from dokkupy_sdk.names import EnvKey, GitRef
from dokkupy_sdk.records import Record
from dokkupy_sdk.settings import BUILD, Property, Settings, boolean, integer, networks, plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from dokkupy_sdk import Host
    from dokkupy_sdk.names import AppName
    from dokkupy_sdk.outgoing import Guard

MIB = 1024 * 1024
GIB = 1024 * MIB
PROTOCOLS = ("https", "ssh", "git", "http", "file")


def branch(text: str) -> str:
    return str(GitRef(text.removeprefix("refs/heads/")))


def env_key(text: str) -> str:
    return str(EnvKey(text))


def protocols(text: str) -> str:
    """Transports, separated by commas. `ext` and other remote helpers are never allowed."""
    from dokkupy_sdk.errors import UserError

    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in PROTOCOLS:
            raise UserError(f"{name[:40]!r} is not one of: {', '.join(PROTOCOLS)}")
    return ",".join(names)


SETTINGS = Settings(
    "git",
    Property("deploy-branch", "master", help="Branch that is deployed when it is pushed", parse=branch),
    Property("keep-git-dir", "false", help="Keep .git in the build's directory", parse=boolean, applies=BUILD),
    Property(
        "rev-env-var",
        "GIT_REV",
        help="Variable that holds the deployed commit; empty: no variable",
        parse=env_key,
        applies=BUILD,
    ),
    Property("source-image", help="Image of the last git:from-image or git:load-image", scope="app", parse=plain),
    Property(
        "archive-max-files",
        "10000",
        help="Maximum number of entries in an archive",
        parse=integer(1, 10_000_000),
        scope="global",
    ),
    Property(
        "archive-max-size",
        str(GIB),
        help="Maximum size of an archive in bytes, packed and unpacked",
        parse=integer(1, 1 << 50),
        scope="global",
    ),
    Property(
        "image-max-size",
        str(16 * GIB),
        help="Maximum size in bytes of an image for git:load-image",
        parse=integer(1, 1 << 50),
        scope="global",
    ),
    Property(
        "push-max-size", str(2 * GIB), help="Maximum size of a push in bytes", parse=integer(1, 1 << 50), scope="global"
    ),
    Property(
        "tree-max-files",
        "200000",
        help="Maximum number of entries in the tree of a commit",
        parse=integer(1, 100_000_000),
        scope="global",
    ),
    Property(
        "tree-max-size",
        str(4 * GIB),
        help="Maximum total size in bytes of the files of a commit",
        parse=integer(1, 1 << 50),
        scope="global",
    ),
    Property(
        "allowed-protocols",
        "https,ssh,git",
        help="Protocols that git:sync and submodules may use",
        parse=protocols,
        scope="global",
    ),
    Property(
        "allowed-networks",
        help="Private networks, such as 10.1.0.0/16,fd00::/8, from which every key may fetch code; "
        "admins may fetch from any",
        parse=networks,
        scope="global",
    ),
)


def number(host: Host, name: str) -> int:
    return int(SETTINGS.get(host.store, None, name))


def deploy_branch(host: Host, app: AppName) -> str:
    return SETTINGS.get(host.store, app, "deploy-branch")


def deploy_branch_is_chosen(host: Host, app: AppName) -> bool:
    """Whether the branch is set for the app or globally. Otherwise the first pushed one becomes the deploy branch."""
    return bool(SETTINGS.raw(host.store, app, "deploy-branch") or SETTINGS.raw(host.store, None, "deploy-branch"))


class GitFile(Record, file="apps/*/git"):
    """What is known of an app's code. sha: the commit that serves; head: what the deploy branch names, `REF@COMMIT`, where
    that is another; origin: where the code came from; revision_variable: the one that was written last; no_rev_env_var:
    none is wanted, for the app or the host."""

    properties: Mapping[str, str] = {}
    sha: str = ""
    head: str = ""
    origin: str = ""
    revision_variable: str = ""
    no_rev_env_var: bool = False


def revision_variable(host: Host, app: AppName) -> str:
    """The name of the variable with the commit; empty if it is switched off."""
    for scope in (app, None):
        record = host.store.load(GitFile, scope)
        if record.properties.get("rev-env-var"):
            return record.properties["rev-env-var"]
        if record.no_rev_env_var:
            return ""
    return SETTINGS.properties["rev-env-var"].default


def allowed_protocols(host: Host) -> tuple[str, ...]:
    return tuple(SETTINGS.get(host.store, None, "allowed-protocols").split(","))


def guard(host: Host) -> Guard:
    """The addresses from which the caller may fetch code."""
    from dokkupy_sdk.outgoing import guard_of

    return guard_of(host, filter(None, SETTINGS.get(host.store, None, "allowed-networks").split(",")))


LEGACY_ENV = {
    r"DOKKU_(GIT_)?(DEPLOY_)?BRANCH": "git:set APP deploy-branch BRANCH",
    r"DOKKU_(GIT_)?KEEP_GIT_DIR": "git:set APP keep-git-dir true",
}
"""Dokku's variables, and the commands that replace them."""
