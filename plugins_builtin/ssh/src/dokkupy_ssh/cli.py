"""`ssh-keys:*` (reference, section 1.30)."""

from __future__ import annotations

from dokkupy_sdk.cli import Annotated, Arg, CommandResult, Group, Host, Opt
from dokkupy_sdk.errors import UserError
from dokkupy_sdk.names import KeyName
from dokkupy_sdk.table import Column

from dokkupy_ssh.names import ADMIN, AppNames, Fingerprint, Role

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

group = Group("ssh-keys", "Manage the SSH keys that may push and run commands")
whoami_group = Group("whoami", "Show who you are and what you may do", bare="")

LARGEST = 64 * 1024
ROLES = "Role: admin, deployer or viewer (a viewer can also read the source)"
NO_APPS = AppNames("")
APPS = "Apps of a deployer or viewer, separated by commas"


@group.command("add", permission="host:write", mutating=True, keeps_root=True)
def add(
    host: Host,
    name: Annotated[KeyName, Arg("name", complete=())],
    file: Annotated[str, Arg("file")] = "",
    *,
    role: Annotated[Role, Opt("--role", help=ROLES)] = ADMIN,
    apps: Annotated[AppNames, Opt("--apps", noun="APP,...", help=APPS)] = NO_APPS,
) -> CommandResult:
    """Allow a public key, from a file or standard input.

    ssh-keys:add ann < ann.pub
    ssh-keys:add ci --role deployer --apps blog < ci.pub
    """
    from dokkupy_sdk.files import read_file, read_input
    from dokkupy_sdk.text import reason_of
    from dokkupy_sdk.users import as_caller

    from dokkupy_ssh.keys import add_key

    if file and host.who.startswith("key:"):
        raise UserError("Over SSH the key is read from standard input", hint=f"ssh-keys:add {name} < KEY.pub")
    try:
        text = as_caller(host, lambda: read_file(file, LARGEST) if file else read_input(LARGEST))
    except (OSError, ValueError) as error:
        raise UserError(
            f"{file[:80] or 'Standard input'!r} cannot be read: {reason_of(error)}",
            hint=f"Pass the key on standard input: ssh-keys:add {name} < KEY.pub",
        ) from None
    fingerprint = add_key(host, name, text, role=role, apps=apps.apps)
    return CommandResult({"name": name, "fingerprint": fingerprint, "role": role}, [fingerprint])


@group.command("set", permission="host:write", mutating=True)
def change(
    host: Host,
    name: Annotated[KeyName, Arg("name")],
    *,
    role: Annotated[Role | None, Opt("--role", help=ROLES)] = None,
    apps: Annotated[
        AppNames | None, Opt("--apps", noun="APP,...", help=f"{APPS}; they replace the key's current apps")
    ] = None,
) -> CommandResult:
    """Change the role or the apps of a key; the next command uses the change.

    ssh-keys:set ann --role deployer --apps blog,shop
    """
    from dokkupy_ssh.keys import change_key

    if role is None and apps is None:
        raise UserError("Give --role, --apps or both", hint=f"ssh-keys:set {name} --role deployer --apps blog,shop")
    after = change_key(host, name, role=role, apps=None if apps is None else apps.apps)
    host.out.section(f"{name} is {described(after.role, after.apps)}")
    return CommandResult({"name": name, "role": after.role, "apps": list(after.apps)})


def described(role: str, apps: Sequence[str]) -> str:
    """`a deployer of blog, shop`"""
    return "an admin" if role == "admin" else f"a {role} of {', '.join(apps) or 'no app'}"


@group.command("remove", permission="host:write", mutating=True)
def remove(
    host: Host,
    name: Annotated[KeyName | None, Arg("name")] = None,
    *,
    fingerprint: Annotated[
        Fingerprint | None, Opt("--fingerprint", help="Remove the key with this fingerprint, instead of NAME")
    ] = None,
) -> CommandResult:
    """Remove a key."""
    from dokkupy_ssh.keys import remove_key

    if not name and not fingerprint:
        raise UserError("Please specify the name of the key, or --fingerprint", hint="List them: ssh-keys:list")
    gone = remove_key(host, name=name or "", fingerprint=fingerprint or "")
    return CommandResult(gone, [f"-----> Removed {one}" for one in gone])


@group.command("list", permission="host:read")
def list_keys(host: Host, name: Annotated[KeyName | None, Arg("name")] = None) -> CommandResult:
    """List the keys."""
    from dokkupy_sdk.access import keys_of
    from dokkupy_sdk.errors import NotFound
    from dokkupy_sdk.table import listing

    from dokkupy_ssh.keys import RESTRICTIONS

    rows = [
        {"name": key, "fingerprint": record.fingerprint, "role": record.role, "apps": list(record.apps)}
        for key, record in sorted(keys_of(host).items())
        if not name or key == name
    ]
    if name and not rows:
        raise NotFound(f"There is no SSH key {name[:80]!r}", hint="List them: ssh-keys:list")
    lines = [f'{r["fingerprint"]} NAME="{r["name"]}" SSHCOMMAND_ALLOWED_KEYS="{RESTRICTIONS}"' for r in rows]
    cells = [key_cells(row) for row in rows]
    return listing(rows, KEYS, cells, elsewhere=["", *lines], empty="No key may connect: ssh-keys:add NAME < KEY.pub")


KEYS = (Column("NAME"), Column("ROLE"), Column("APPS", wraps=True), Column("FINGERPRINT", optional=1))


def key_cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    apps = "all" if row["role"] == ADMIN else " ".join(row["apps"]) or "none"
    return row["name"], row["role"], apps, row["fingerprint"]


@whoami_group.command("", permission="open")
def whoami(host: Host) -> CommandResult:
    """Print the key's name, its role, the apps that it may use, and its permissions."""
    from dokkupy_sdk.access import GRANTS, caller, visible_apps

    me = caller(host)
    name = me.name or host.who
    rights = [*GRANTS.get(me.role, ())]
    apps = [str(app) for app in visible_apps(host)]
    lines = [
        f"{name}: {described(me.role or 'key not on record', me.apps) if me.name else 'a local user, who may do everything'}",
        f"       Apps:        {' '.join(apps) or 'none'}",
        f"       Permissions: {' '.join(rights) or 'none'}",
    ]
    data = {"name": name, "is-key": bool(me.name), "role": me.role, "apps": apps, "permissions": rights}
    return CommandResult(data, lines)
