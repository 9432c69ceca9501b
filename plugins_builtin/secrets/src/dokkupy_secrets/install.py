"""What setup installs, and removes together with the state."""

from __future__ import annotations

import os
from functools import partial

from dokkupy_sdk import Host
from dokkupy_sdk.setup import Steps
from dokkupy_sdk.users import USER

from dokkupy_secrets import keyring, tokens
from dokkupy_secrets.key_file import close, is_closed, write
from dokkupy_secrets.rotate import encrypt


def set_up(host: Host, *, dry_run: bool) -> list[str]:
    """Create the key, and encrypt values that were written without one."""
    steps = Steps(dry_run=dry_run)
    path = keyring.path_of(host.root)
    if not os.path.exists(path):
        steps.do(f"create the encryption key for secrets, {path}", partial(write, path, (keyring.fresh(),)))
    elif not is_closed(path):
        steps.do(f"let only root and {USER} read {path}", partial(close, path))
    count = len(tokens.plain_files(host))
    if count:
        steps.do(f"encrypt the secrets in {count} files", partial(encrypt, host))
    return steps.lines


def tear_down(host: Host, *, dry_run: bool) -> list[str]:
    """Remove the key together with the state that it decrypts (`setup --remove --purge`); otherwise it stays."""
    steps = Steps(dry_run=dry_run)
    steps.remove(keyring.path_of(host.root))
    return steps.lines
