"""A certificate and its key out of a tar on standard input. The archive is hostile: nothing of it is written, its names
only say what is what, and only so much of it is read."""

from __future__ import annotations

import io
import tarfile
from typing import BinaryIO

from dokkupy_sdk.errors import UserError

LARGEST = 2 * 1024 * 1024
"""Bytes of the archive."""

MOST = 64
"""Entries, most of them directories and what macOS adds."""

HINT = "tar c server.crt server.key | ssh dokku@HOST certs:add APP"


def from_tar(stream: BinaryIO) -> tuple[bytes, bytes]:
    """(chain, key): the only `.crt` or `.pem` and the only `.key`, however deep. Raises UserError."""
    data = stream.read(LARGEST + 1)
    if not data:
        raise UserError("There is no certificate: neither files were named nor a tar given", hint=HINT)
    if len(data) > LARGEST:
        raise UserError(f"The archive is larger than {LARGEST // 1024} KB", hint=HINT)
    found: dict[str, list[tuple[str, bytes]]] = {"certificate": [], "key": []}
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            for number, member in enumerate(archive):
                if number >= MOST:
                    raise UserError(f"The archive has more than {MOST} entries", hint=HINT)
                kind = kind_of(member.name)
                if not kind:
                    continue
                if not member.isreg() or member.size > LARGEST:
                    raise UserError(f"{shown(member.name)} in the archive is not a plain file", hint=HINT)
                file = archive.extractfile(member)
                found[kind].append((member.name, file.read() if file else b""))
    except (tarfile.TarError, EOFError, ValueError, OverflowError) as error:
        raise UserError(f"Standard input is not a tar archive: {error}", hint=HINT) from None
    return only(found["certificate"], ".crt"), only(found["key"], ".key")


def kind_of(name: str) -> str:
    base = name.rpartition("/")[2].lower()
    if base.startswith("._"):
        return ""  # macOS's tar puts its attributes there
    return "key" if base.endswith(".key") else "certificate" if base.endswith((".crt", ".pem")) else ""


def only(found: list[tuple[str, bytes]], ending: str) -> bytes:
    if not found:
        raise UserError(f"Tar archive is missing a {ending} file", hint=HINT)
    if len(found) > 1:
        names = ", ".join(shown(name) for name, _ in found[:5])
        raise UserError(f"Tar archive contains more than one {ending} file: {names}", hint=HINT)
    return found[0][1]


def shown(name: str) -> str:
    return ascii(name[:80])
