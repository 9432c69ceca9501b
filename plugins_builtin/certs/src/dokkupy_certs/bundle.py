"""Reads a certificate and its key from a tar archive on standard input. The archive is untrusted: nothing is written to the
disk, names only distinguish the files, and the size is limited."""

from __future__ import annotations

import io

from dokkupy_sdk.errors import UserError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, BinaryIO

LARGEST = 2 * 1024 * 1024
"""The largest size of the archive, in bytes."""

MOST = 64
"""The largest number of entries, which include directories and files that macOS adds."""

HINT = "tar c server.crt server.key | ssh dokku@HOST certs:add APP"


def from_tar(stream: BinaryIO) -> tuple[bytes, bytes]:
    """(chain, key): the only certificate and the only key, however deep: `server.crt` and `server.key`, or certbot's
    `fullchain.pem` and `privkey.pem`. Plain or compressed. Raises UserError."""
    data = stream.read(LARGEST + 1)
    if not data:
        raise UserError("No certificate given: neither files nor a tar on standard input", hint=HINT)
    import tarfile

    data = unpacked(data)
    found: dict[str, list[tuple[str, bytes]]] = {"certificate": [], "key": []}
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            for number, member in enumerate(archive):
                if number >= MOST:
                    raise UserError(f"The archive has more than {MOST} entries", hint=HINT)
                if not is_wanted(member.name):
                    continue
                if not member.isreg() or member.size > LARGEST:
                    raise UserError(f"{shown(member.name)} in the archive is not a plain file", hint=HINT)
                file = archive.extractfile(member)
                content = file.read() if file else b""
                found[kind_of(member.name, content)].append((member.name, content))
    except (tarfile.TarError, EOFError, ValueError, OverflowError) as error:
        raise UserError(f"Standard input is not a tar archive: {error}", hint=HINT) from None
    return only(whole_chains(found["certificate"]), ".crt"), only(found["key"], ".key")


def unpacked(data: bytes) -> bytes:
    """The decompressed archive, up to the size limit."""
    import bz2
    import gzip
    import lzma
    import zlib

    openers: dict[bytes, Any] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ": lzma.open}
    opener = next((one for magic, one in openers.items() if data.startswith(magic)), None)
    try:
        plain = opener(io.BytesIO(data)).read(LARGEST + 1) if opener else data
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        from dokkupy_sdk.text import reason_of

        raise UserError(f"Standard input is not a tar archive: {reason_of(error)}", hint=HINT) from None
    if len(plain) > LARGEST:
        raise UserError(f"The archive is larger than {LARGEST // 1024} KB", hint=HINT)
    return bytes(plain)


def is_wanted(name: str) -> bool:
    base = base_of(name)
    # macOS's tar puts attributes into files that begin with `._`.
    return base.endswith((".crt", ".pem", ".key")) and not base.startswith("._")


def base_of(name: str) -> str:
    return name.rpartition("/")[2].lower()


def kind_of(name: str, content: bytes) -> str:
    """The kind of a file by its suffix; for `.pem` by its content (certbot's `privkey.pem`)."""
    is_key = b"PRIVATE KEY-----" in content and b"-----BEGIN CERTIFICATE-----" not in content
    return "key" if name.lower().endswith(".key") or (name.lower().endswith(".pem") and is_key) else "certificate"


def whole_chains(found: list[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """Ignore certbot's `cert.pem` and `chain.pem` if `fullchain.pem`, which contains both, is beside them."""
    if any(base_of(name) == "fullchain.pem" for name, _ in found):
        return [one for one in found if base_of(one[0]) not in ("cert.pem", "chain.pem")]
    return found


def only(found: list[tuple[str, bytes]], ending: str) -> bytes:
    if not found:
        raise UserError(f"Tar archive is missing a {ending} file", hint=HINT)
    if len(found) > 1:
        names = ", ".join(shown(name) for name, _ in found[:5])
        several = (
            f"Put the chain into one file, the certificate first: cat CERTIFICATE ISSUER > server.crt. Then: {HINT}"
        )
        raise UserError(
            f"Tar archive contains more than one {ending} file: {names}", hint=several if ending == ".crt" else HINT
        )
    return found[0][1]


def shown(name: str) -> str:
    return ascii(name[:80])
