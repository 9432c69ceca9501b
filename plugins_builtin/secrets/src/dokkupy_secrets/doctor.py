"""The doctor's findings about the keys and the values that they encrypt."""

from __future__ import annotations

from collections.abc import Iterator

from dokkupy_sdk import Host
from dokkupy_sdk.errors import DokkupyError
from dokkupy_sdk.model import Finding
from dokkupy_sdk.text import counted

from dokkupy_secrets import keyring, tokens
from dokkupy_secrets.cipher import MISSING, KeyringCipher
from dokkupy_secrets.key_file import is_closed, is_too_closed

CHECK = "secrets"
SHOWN = 5


def findings(host: Host) -> Iterator[Finding]:
    path = keyring.path_of(host.root)
    try:
        keys = keyring.load(path)
    except DokkupyError as error:
        yield Finding(CHECK, "error", error.message, error.hint)
        return
    # Each file is parsed once for both questions: it is most of what the doctor does.
    plain: list[str] = []
    found = [*unreadable(host, plain if keys and is_closed(path) else None)]
    yield from found
    if not keys and not found:
        yield Finding(CHECK, "warning", f"values are not encrypted: {path} is missing", "sudo dokkupy setup")
    elif keys and not is_closed(path):
        who = "not by dokkupy" if is_too_closed(path) else "by others than root and dokkupy"
        yield Finding(CHECK, "error", f"{path} can be read {who}", "sudo dokkupy setup")
    elif plain:
        named = ", ".join(plain[:SHOWN]) + (f" and {len(plain) - SHOWN} more" if len(plain) > SHOWN else "")
        yield Finding(CHECK, "warning", f"secrets are not encrypted in {named}", "sudo dokkupy setup")
    elif not found:
        yield Finding(CHECK, "ok", f"values are encrypted; {counted(len(keys), 'key')}")


def unreadable(host: Host, plain: list[str] | None = None) -> Iterator[Finding]:
    """A finding for each missing key, and for each value that its key does not decrypt. plain: gets the files with secrets that
    are not encrypted."""
    cipher, missing = KeyringCipher(host), dict[str, int]()
    known = {key.id for key in cipher.keys}
    looks = tokens.PlainLook(host)
    for path, table in tokens.readable(host):
        if plain is not None and looks.finds(path, table):
            plain.append(path)
        for token in tokens.sealed(table):
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
