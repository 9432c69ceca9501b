"""A maintenance page from a tar on standard input. The archive is untrusted: the amount that is read is limited, and no
path of it is used for writing."""

from __future__ import annotations

import base64
import io
import posixpath
import re
import tarfile

from dokkupy_sdk.errors import UserError

from dokkupy_front.page import INDEX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

LARGEST = 1024 * 1024
"""Bytes of the archive: its files are kept in the app's state."""

MOST = 64
PATH = re.compile(r"[A-Za-z0-9_@+~-][A-Za-z0-9._@+~-]*(/[A-Za-z0-9_@+~-][A-Za-z0-9._@+~-]*)*")
HINT = f"tar c {INDEX} logo.png | ssh dokku@HOST maintenance:custom-page APP"


def page_of(stream: BinaryIO) -> dict[str, str]:
    """Path -> content in base64. Raises UserError."""
    data = stream.read(LARGEST + 1)
    if not data:
        raise UserError("No page given: standard input is empty", hint=HINT)
    if len(data) > LARGEST:
        raise UserError(f"The archive is larger than {LARGEST // 1024} KB", hint=HINT)
    found: dict[str, str] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            for number, member in enumerate(archive):
                path = posixpath.normpath(member.name)
                if number >= MOST:
                    raise UserError(f"The archive has more than {MOST} entries", hint=HINT)
                if member.isdir() or posixpath.basename(path).startswith("._"):
                    continue  # macOS's tar puts attributes into files that begin with `._`
                file = archive.extractfile(member) if member.isreg() and PATH.fullmatch(path) else None
                if file is None or path == "index.html":
                    raise UserError(f"{ascii(member.name[:80])} in the archive cannot be served", hint=HINT)
                found[path] = base64.b64encode(file.read()).decode()
    except (tarfile.TarError, EOFError, ValueError, OverflowError) as error:
        raise UserError(f"Standard input is not a tar archive: {error}", hint=HINT) from None
    if INDEX not in found:
        raise UserError(f"The archive has no {INDEX}", hint=HINT)
    return found
