"""certbot's logs, without secrets. certbot logs every setting, including the key of an external account binding, so it
writes into a temporary directory, and only a redacted log is kept."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable

from dokkupy_sdk.files import make_directory, write_atomic

NAME = "letsencrypt.log"
"""The name of certbot's log file."""

KEPT = 20
LARGEST = 256 * 1024
"""The bytes that are kept from the end of a log, which has the headers of the authority's last responses."""

OURS = re.compile(r"\d{8}T\d{6}-.+\.log")


def read(directory: str) -> str:
    """The end of certbot's log; empty if there is none."""
    try:
        with open(os.path.join(directory, NAME), "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - LARGEST))
            return file.read().decode(errors="replace")
    except OSError:
        return ""


def redacted(text: str, secrets: Iterable[str]) -> str:
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


def keep(text: str, directory: str, what: str) -> None:
    """Write a log, and remove the oldest. A full disk is ignored here, because the certificate is more important."""
    if not text:
        return
    try:
        make_directory(directory)
        write_atomic(os.path.join(directory, f"{time.strftime('%Y%m%dT%H%M%S')}-{what}.log"), text.encode())
        for name in sorted((name for name in os.listdir(directory) if OURS.fullmatch(name)), reverse=True)[KEPT:]:
            os.unlink(os.path.join(directory, name))
    except OSError:
        pass
