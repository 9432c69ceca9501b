"""Environment variables of apps and of the whole host."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.errors import StateError, UserError
from dokkupy_sdk.names import AppName, EnvKey, Secret
from dokkupy_sdk.state import ConfigFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from dokkupy_sdk.operation import Transaction


def get_env(host: Host, app: AppName | None) -> dict[EnvKey, Secret]:
    """The variables that were set on the app (None: globally), sorted by name."""
    return dict(sorted(host.store.load(ConfigFile, app).env.items()))


def merged_env(host: Host, app: AppName) -> dict[EnvKey, Secret]:
    """The app's variables over the global ones."""
    merged = {**get_env(host, None), **get_env(host, app)}
    return dict(sorted(merged.items()))


LARGEST = 128 * 1024
"""The most bytes that Linux accepts for one `KEY=VALUE` with its NUL (MAX_ARG_STRLEN, linux/binfmts.h)."""

MOST = 3 * 512 * 1024
"""The most bytes for all variables of an app together. Linux gives a new process 2 MiB for them and its arguments
(execve(2))."""


def validated(key: EnvKey, text: str) -> str:
    if "\x00" in text:
        raise UserError(
            f"The value of {key} contains a NUL character, which is not possible in an environment variable",
            hint="Encode it, for example with base64",
        )
    try:
        size = len(f"{key}={text}".encode()) + 1
    except UnicodeEncodeError:
        raise UserError(f"The value of {key} is not UTF-8", hint="Encode it, for example with base64") from None
    if size > LARGEST:
        raise UserError(
            f"The value of {key} is too large: with its name it has {size} bytes, and Linux starts no "
            f"process that has a variable of more than {LARGEST}",
            hint="Store it in a file that the app reads, or in a service.",
            code="value_too_large",
        )
    return text


def set_env(
    tx: Transaction, app: AppName | None, changes: Mapping[EnvKey, Secret | None], *, replace: bool = False
) -> bool:
    """Set variables inside an operation; None unsets one. Returns whether anything changed.

    Raises UserError for a value that has a NUL (POSIX, environ) or is longer than Linux allows, because no environment
    can have it, and for one that is not UTF-8, because the state cannot store it.
    """
    host = tx.host
    before = get_env(host, app)
    after = {} if replace else dict(before)
    for key, value in changes.items():
        if value is None:
            after.pop(key, None)
        else:
            validated(key, value.reveal())
            stays = key in before and text_of(before[key]) == value.reveal()
            after[key] = before[key] if stays else value
    if after.keys() == before.keys() and all(after[key] is before[key] for key in after):
        return False
    size = sum(len(f"{key}={text_of(value) or ''}".encode()) + 1 for key, value in after.items())
    if size > MOST:
        raise UserError(
            f"All variables of the app together would have {size} bytes. At most {MOST} are allowed, "
            "because Linux limits the environment of a process",
            hint="Store large ones in files that the app reads.",
            code="value_too_large",
        )
    env = {key: after[key] for key in sorted(after)}
    tx.save(host.store.load(ConfigFile, app).replace(env=env), app)
    return True


def text_of(value: Secret) -> str | None:
    """The value as text. None if it cannot be decrypted, so that this variable and others can still be set."""
    try:
        return value.reveal()
    except StateError:
        return None
