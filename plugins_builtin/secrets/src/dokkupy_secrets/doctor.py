"""The doctor's findings about the keys and the values that they encrypt."""

from __future__ import annotations

from collections.abc import Iterator

from dokkupy_sdk import Host
from dokkupy_sdk.errors import DokkupyError
from dokkupy_sdk.model import Finding
from dokkupy_sdk.text import counted

from dokkupy_secrets import keyring, tokens
from dokkupy_secrets.cipher import MISSING, KeyringCipher
from dokkupy_secrets.key_file import is_closed

CHECK = "secrets"
SHOWN = 5


def findings(host: Host) -> Iterator[Finding]:
    path = keyring.path_of(host.root)
    try:
        keys = keyring.load(path)
    except DokkupyError as error:
        yield Finding(CHECK, "error", error.message, error.hint)
        return
    found = [*unreadable(host)]
    yield from found
    if not keys and not found:
        yield Finding(CHECK, "warning", f"values are not encrypted: {path} is missing", "sudo dokkupy setup")
    elif keys and not is_closed(path):
        yield Finding(CHECK, "error", f"{path} can be read by others than root and dokkupy", "sudo dokkupy setup")
    elif keys and (plain := tokens.plain_files(host)):
        named = ", ".join(plain[:SHOWN]) + (f" and {len(plain) - SHOWN} more" if len(plain) > SHOWN else "")
        yield Finding(CHECK, "warning", f"secrets are not encrypted in {named}", "sudo dokkupy setup")
    elif not found:
        yield Finding(CHECK, "ok", f"values are encrypted; {counted(len(keys), 'key')}")


def unreadable(host: Host) -> Iterator[Finding]:
    """A finding for each missing key, and for each value that its key does not decrypt."""
    cipher, missing = KeyringCipher(host), dict[str, int]()
    known = {key.id for key in cipher.keys}
    for path in tokens.tables(host):
        try:
            found = tokens.in_file(host, path)
        except DokkupyError:
            continue  # reported where the state is examined
        for token in found:
            names = tokens.id_of(token)
            if names and names[0] not in known:
                missing[names[0]] = missing.get(names[0], 0) + 1
                continue
            try:
                token.open()
            except DokkupyError as error:
                yield Finding(CHECK, "error", error.message, error.hint)
    for name, count in sorted(missing.items()):
        text = f"{count} values are encrypted with the key {name}, which is not in {cipher.path}"
        yield Finding(CHECK, "error", text, MISSING)
