"""The credentials for fetching by SSH: the host's own key, and known host keys."""

from __future__ import annotations

import os
import re

from dokkupy_sdk.errors import Conflict, HostError, NotFound, UserError
from dokkupy_sdk.execute import execute
from dokkupy_sdk.files import make_directory, write_atomic
from dokkupy_sdk.names import shown

HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}")
KEY = "id_ed25519"


def home() -> str:
    return os.environ.get("HOME") or os.path.expanduser("~")


def host_name(text: str) -> str:
    if not HOST.fullmatch(text):
        raise UserError(f"{shown(text)} is not a host name or address")
    return text.lower()


# SSH


def ssh_directory() -> str:
    path = os.path.join(home(), ".ssh")
    make_directory(path, 0o700)
    return path


def generate_key() -> str:
    """Create the host's own key pair, and return the public key. Raises Conflict if there is one."""
    path = os.path.join(ssh_directory(), KEY)
    if os.path.exists(path):
        raise Conflict(
            f"A deploy key exists already: {path}",
            hint="git:public-key prints it. To create a new one, remove the file first.",
        )
    execute(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"dokkupy@{os.uname().nodename}", "-f", path])
    return public_key()


def public_key() -> str:
    try:
        with open(os.path.join(home(), ".ssh", KEY + ".pub"), encoding="utf-8") as file:
            return file.read().strip()
    except FileNotFoundError:
        raise NotFound("There is no deploy key", hint="Create one: git:generate-deploy-key") from None


def allow_host(host: str) -> int:
    """Get the keys of a host, and trust them from now on. Returns the number of new ones. Idempotent."""
    done = execute(["ssh-keyscan", "-T", "10", "--", host], check=False, timeout=60)
    lines = [line for line in done.stdout.splitlines() if line and not line.startswith("#")]
    if not lines:
        raise HostError(
            f"{host} did not present an SSH host key",
            details=tuple(done.stderr.strip().splitlines()[-3:]),
            hint=f"Check the name, and that an SSH server listens on port 22 there: ssh-keyscan {host}",
        )
    path = os.path.join(ssh_directory(), "known_hosts")
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            known = file.read()
    except FileNotFoundError:
        known = ""
    have = set(known.splitlines())
    fresh = [line for line in lines if line not in have]
    if fresh:
        if known and not known.endswith("\n"):
            known += "\n"
        write_atomic(path, (known + "\n".join(fresh) + "\n").encode(errors="surrogateescape"), mode=0o600)
    return len(fresh)
