"""Files of names and passwords for nginx's workers. Each is named by its content, so that a tree of configuration and its
passwords change at the same moment. Only the owner of the state can list their directory."""

from __future__ import annotations

import base64
import hashlib
import os
import stat

from dokkupy_sdk.errors import HostError
from dokkupy_sdk.files import write_atomic
from dokkupy_sdk.names import Secret

from dokkupy_nginx.layout import Layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_sdk.proxy_facts import BasicAuth


def write_users(layout: Layout, auth: BasicAuth) -> str:
    """The path of the file with these users, which is created if it is missing."""
    if not os.path.isdir(layout.users):
        raise HostError(f"{layout.users} is missing", hint="Run: dokkupy setup")
    text = "".join(f"{name}:{salted(name, password)}\n" for name, password in auth.users)
    path = os.path.join(layout.users, hashlib.sha256(text.encode()).hexdigest())
    if not os.path.exists(path):
        write_atomic(path, text.encode())
    if stat.S_IMODE(os.stat(path).st_mode) != 0o644:  # nginx's workers read it, whatever the umask
        os.chmod(path, 0o644)
    layout.hand_over(path)
    return path


def salted(name: str, password: Secret) -> str:
    """`{SSHA}` (RFC 2307's salted SHA-1), which nginx can quickly compute for each request. The salt is derived from name
    and password, so that the same users give the same file."""
    value = password.reveal().encode()
    salt = hashlib.sha256(name.encode() + b"\0" + value).digest()[:8]
    digest = hashlib.sha1(value + salt, usedforsecurity=False).digest()
    return "{SSHA}" + base64.b64encode(digest + salt).decode()
