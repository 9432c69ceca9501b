"""Saves an archive from a URL or standard input to an unnamed file, up to the host's size limit."""

from __future__ import annotations

import sys
from typing import IO, Any

from dokkupy_sdk.errors import HostError, UserError
from dokkupy_sdk.names import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_sdk import Host
    from dokkupy_sdk.outgoing import Guard

CHUNK = 1 << 20
SECONDS = 60


def obtain(host: Host, place: str, limit: int) -> IO[bytes]:
    """The archive's bytes as a file positioned at its start. place: a URL, or `--` for standard input."""
    from dokkupy_sdk.files import unnamed_file

    file = unnamed_file(host.path("tmp"))
    try:
        if place == "--":
            if sys.stdin.isatty():
                raise UserError("Pass the archive on standard input", hint="git:from-archive APP -- < app.tar.gz")
            pour(sys.stdin.buffer, file, limit)
        else:
            from dokkupy_git.settings import guard

            fetch(place, file, limit, guard(host))
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return file


def pour(source: Any, file: IO[bytes], limit: int) -> None:
    total = 0
    while chunk := source.read(CHUNK):
        total += len(chunk)
        if total > limit:
            raise UserError(
                f"The archive has more than {limit} bytes",
                code="bad_archive",
                hint="An admin may allow more: git:set --global archive-max-size BYTES",
            )
        file.write(chunk)
    if not total:
        raise UserError(
            "The archive is empty",
            code="bad_archive",
            hint="Check that the URL or standard input has the whole archive.",
        )
    file.flush()


def fetch(url: str, file: IO[bytes], limit: int, guard: Guard) -> None:
    import http.client
    import urllib.error

    from dokkupy_sdk.outgoing import open_url

    try:
        with open_url(url, guard, timeout=SECONDS) as answer:
            pour(answer, file, limit)
    except urllib.error.HTTPError as error:
        raise UserError(
            f"{shown(without_query(url))} answered with status {error.code}",
            hint="Check the URL. If it requires a login, an admin can store one: git:auth HOST USERNAME PASSWORD",
        ) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise HostError(
            f"{shown(without_query(url))} cannot be downloaded: {str(reason)[:200]}",
            hint="Check the URL, and that this host reaches it.",
        ) from error


def without_query(url: str) -> str:
    """The URL without its query, which may contain a token."""
    return url.partition("?")[0]
