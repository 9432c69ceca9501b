"""SSH keys: who may push and run commands. The state is authoritative; authorized_keys is rendered from it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os

from dokkupy_sdk import Host
from dokkupy_sdk.access import keys_of
from dokkupy_sdk.errors import Conflict, NotFound, UserError
from dokkupy_sdk.files import make_directory, write_atomic
from dokkupy_sdk.model import Finding
from dokkupy_sdk.names import AppName, KeyName
from dokkupy_sdk.operation import call, operation
from dokkupy_sdk.state import KeyRow, KeysFile

from dokkupy_ssh.names import ADMIN, Role

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dokkupy_sdk.operation import Transaction

PROGRAM = "/usr/local/bin/dokkupy"
RESTRICTIONS = "no-agent-forwarding,no-user-rc,no-X11-forwarding,no-port-forwarding"
"""sshd's options for the line of each key, as Dokku's sshcommand writes them."""

FIELDS = {
    "ssh-ed25519": 2,
    "ssh-rsa": 3,
    "ecdsa-sha2-nistp256": 3,
    "ecdsa-sha2-nistp384": 3,
    "ecdsa-sha2-nistp521": 3,
    "sk-ssh-ed25519@openssh.com": 3,
    "sk-ecdsa-sha2-nistp256@openssh.com": 4,
}
"""The supported key types, and the number of strings in each."""

SHORTEST = 51
"""Bytes of an Ed25519 key, the shortest there is."""


def parse_key(text: str) -> tuple[str, str]:
    """(type and base64 without the comment, SHA256 fingerprint) of the one public key in a text."""
    lines = [line.strip() for line in text.split("\n") if line.strip() and not line.lstrip().startswith("#")]
    if len(lines) != 1:
        raise UserError("Give exactly one public key", hint="ssh-keys:add NAME < id_ed25519.pub", code="bad_key")
    words = lines[0].split()
    if "PRIVATE KEY" in lines[0]:
        raise UserError(
            "This is a private key", hint="Give the public key, whose file name ends in .pub.", code="bad_key"
        )
    if len(words) < 2 or words[0] not in FIELDS:
        raise UserError(
            "This is not a public key of a supported type", hint=f"Types: {', '.join(FIELDS)}", code="bad_key"
        )
    try:
        blob = base64.b64decode(words[1], validate=True)
    except (binascii.Error, ValueError):
        raise UserError("The public key is not valid base64", code="bad_key", hint=COPY_AGAIN) from None
    parts = fields(blob)
    if len(parts) != FIELDS[words[0]] or parts[0] != words[0].encode() or len(blob) < SHORTEST:
        raise UserError("The content of the public key does not match its type", code="bad_key", hint=COPY_AGAIN)
    digest = base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
    return f"{words[0]} {words[1]}", f"SHA256:{digest}"


COPY_AGAIN = "Copy the whole line of the file whose name ends in .pub."


def fields(blob: bytes) -> list[bytes]:
    """The strings of a key's wire format (RFC 4253, section 6.6), each preceded by its length in four bytes; [] when it
    is cut off."""
    found = []
    while blob:
        length = int.from_bytes(blob[:4], "big")
        if len(blob) < 4 + length:
            return []
        found.append(blob[4 : 4 + length])
        blob = blob[4 + length :]
    return found


def add_key(host: Host, name: KeyName, text: str, *, role: Role = ADMIN, apps: Sequence[AppName] = ()) -> str:
    """Allow a key; returns its fingerprint. Raises Conflict when the name or the key exists already."""
    key, fingerprint = parse_key(text)
    with operation(host, "ssh-keys:add", "host") as tx:
        keys = keys_of(host)
        if name in keys:
            raise Conflict(
                f"Duplicate SSH key name: {name}",
                code="duplicate_key",
                hint=f"Choose another name, or remove that key first: ssh-keys:remove {name}",
            )
        for other, record in keys.items():
            if record.fingerprint == fingerprint:
                raise Conflict(
                    f"Duplicate SSH key: it exists as {other}",
                    code="duplicate_key",
                    hint=f"Change its role or apps: ssh-keys:set {other} --role ROLE --apps APPS",
                )
        keys[str(name)] = KeyRow(key=key, fingerprint=fingerprint, role=str(role), apps=tuple(map(str, apps)))
        tx.register_undo("authorized_keys", call(write_authorized_keys))
        tx.save(KeysFile(keys=keys))
        tx.step("write authorized_keys", lambda: write_authorized_keys(host))
    return fingerprint


def change_key(host: Host, name: KeyName, *, role: Role | None = None, apps: Sequence[AppName] | None = None) -> KeyRow:
    """Give a key another role or other apps; returns its record. Open connections are not interrupted."""
    with operation(host, "ssh-keys:set", "host") as tx:
        keys = keys_of(host)
        if name not in keys:
            raise NotFound(f"There is no SSH key {name}", hint="List them: ssh-keys:list")
        changed = {"role": str(role)} if role is not None else {}
        listed = {"apps": tuple(map(str, apps))} if apps is not None else {}
        keys[str(name)] = keys[str(name)].replace(**changed, **listed)
        tx.save(KeysFile(keys=keys))
    return keys[str(name)]


def remove_key(host: Host, *, name: str = "", fingerprint: str = "") -> list[str]:
    """Remove keys; their open connections stay, new ones are refused."""
    with operation(host, "ssh-keys:remove", "host", takes_away=True) as tx:
        keys = keys_of(host)
        doomed = [k for k, record in keys.items() if k == name or (fingerprint and record.fingerprint == fingerprint)]
        if not doomed:
            raise NotFound(f"There is no SSH key {(name or fingerprint)[:80]!r}", hint="List them: ssh-keys:list")
        tx.register_undo("authorized_keys", call(write_authorized_keys))
        tx.save(KeysFile(keys={k: r for k, r in keys.items() if k not in doomed}))
        tx.step("write authorized_keys", lambda: write_authorized_keys(host))
    return doomed


def rename_app(host: Host, old: AppName, new: AppName, tx: Transaction) -> None:
    """Replace an app's old name by its new one in all keys."""
    with host.lock("host", wait=30, command=host.command or "ssh-keys:set", what="The list of keys"):
        keys = keys_of(host)
        renamed = {
            name: key.replace(apps=tuple(new if app == old else app for app in key.apps)) for name, key in keys.items()
        }
        tx.save(KeysFile(keys=renamed))


def forget_app(host: Host, app: AppName) -> list[str]:
    """Remove a destroyed app from all keys; returns the names of the keys that had it. Idempotent."""
    if not any(app in key.apps for key in keys_of(host).values()):
        return []
    with operation(host, "ssh-keys:set", "host", takes_away=True) as tx:
        keys = keys_of(host)
        had = [name for name, key in keys.items() if app in key.apps]
        left = {name: key.replace(apps=tuple(one for one in key.apps if one != app)) for name, key in keys.items()}
        tx.save(KeysFile(keys=left))
    return had


def write_authorized_keys(host: Host) -> None:
    """Render authorized_keys from the state. Idempotent."""
    path = host.path("home", ".ssh", "authorized_keys")
    make_directory(os.path.dirname(path))
    write_atomic(path, render(keys_of(host)).encode())


def render(keys: Mapping[str, KeyRow]) -> str:
    """One line per key. A KeyName has no character that a shell or sshd would read as anything else.

    exec: a shell that waited would die of Ctrl-C, and the client would end with 255, as for a lost connection.
    """
    return "".join(
        f'command="exec {PROGRAM} ssh-entry {KeyName(name)}",{RESTRICTIONS} {record.key} {KeyName(name)}\n'
        for name, record in sorted(keys.items())
    )


def finding(host: Host) -> Finding:
    """For the doctor: whether sshd reads the keys of the state."""
    try:
        with open(host.path("home", ".ssh", "authorized_keys"), encoding="utf-8") as file:
            text = file.read()
    except FileNotFoundError:
        text = ""
    if text == render(keys_of(host)):
        from dokkupy_sdk.text import counted

        return Finding("ssh-keys", "ok", counted(len(keys_of(host)), "key"))
    return Finding(
        "ssh-keys",
        "warning",
        "authorized_keys differs from the state",
        "Somebody edited it. To write it again: sudo dokkupy setup",
    )
