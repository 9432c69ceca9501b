"""`ssh-keys:*` (reference, section 1.30)."""

from __future__ import annotations

from typing import Annotated

from dokkupy_sdk.cli import Arg, CommandResult, Group, Host, Opt
from dokkupy_sdk.errors import UserError
from dokkupy_sdk.names import AppName, KeyName

group = Group("ssh-keys", "Manage the SSH keys that may push and run commands")

LARGEST = 64 * 1024


@group.command("add", permission="host:write", mutating=True, keeps_root=True)
def add(
    host: Host,
    name: Annotated[KeyName, Arg("name")],
    file: Annotated[str, Arg("file")] = "",
    *,
    role: Annotated[str, Opt("--role", help="admin, deployer or viewer")] = "admin",
    apps: Annotated[str, Opt("--apps", help="Apps of a deployer or viewer, separated by commas")] = "",
) -> CommandResult:
    """Allow a public key, from a file or standard input."""
    from dokkupy_sdk.files import read_file, read_input
    from dokkupy_sdk.users import become_owner

    from dokkupy_ssh.keys import add_key

    if file and host.who.startswith("key:"):
        raise UserError("Over SSH the key is read from standard input", hint=f"ssh-keys:add {name} < KEY.pub")
    try:
        text = read_file(file, LARGEST) if file else read_input(LARGEST)
    except (OSError, ValueError) as error:
        raise UserError(f"{file[:80] or 'Standard input'!r} cannot be read: {error}") from None
    become_owner(host.root)  # root was only needed to read the file
    fingerprint = add_key(host, name, text, role=role, apps=[AppName(one) for one in apps.split(",") if one])
    return CommandResult({"name": name, "fingerprint": fingerprint, "role": role}, [fingerprint])


@group.command("remove", permission="host:write", mutating=True)
def remove(
    host: Host,
    name: Annotated[str, Arg("name")] = "",
    *,
    fingerprint: Annotated[str, Opt("--fingerprint", help="Remove by fingerprint")] = "",
) -> CommandResult:
    """Remove a key."""
    from dokkupy_ssh.keys import remove_key

    if not name and not fingerprint:
        raise UserError("Please specify the name of the key, or --fingerprint")
    gone = remove_key(host, name=name, fingerprint=fingerprint)
    return CommandResult(gone, [f"-----> Removed {one}" for one in gone])


@group.command("list", permission="host:read")
def list_keys(host: Host, name: Annotated[str, Arg("name")] = "") -> CommandResult:
    """List the keys."""
    from dokkupy_sdk.access import keys_of
    from dokkupy_sdk.errors import NotFound

    from dokkupy_ssh.keys import RESTRICTIONS

    rows = [
        {"name": key, "fingerprint": record["fingerprint"], "role": record["role"], "apps": record.get("apps", [])}
        for key, record in sorted(keys_of(host).items())
        if not name or key == name
    ]
    if name and not rows:
        raise NotFound(f"There is no SSH key {name[:80]!r}")
    lines = [f'{r["fingerprint"]} NAME="{r["name"]}" SSHCOMMAND_ALLOWED_KEYS="{RESTRICTIONS}"' for r in rows]
    return CommandResult(rows, lines)
