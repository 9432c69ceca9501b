"""Files of names and passwords for nginx's workers. Each is named by its content, so that a tree of configuration and its
passwords change at the same moment. Only the owner of the state can list their directory."""

from __future__ import annotations

import hashlib
import os
import stat

from dokkupy_sdk.errors import HostError
from dokkupy_sdk.files import write_atomic
from dokkupy_sdk.names import Secret
from dokkupy_sdk.proxy_facts import hash_password

from dokkupy_nginx.layout import Layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_sdk.proxy_facts import BasicAuth


def write_users(layout: Layout, auth: BasicAuth) -> str:
    """The path of the file with these users, which is created if it is missing."""
    if not os.path.isdir(layout.users):
        raise HostError(f"{layout.users} is missing", hint="Run: dokkupy setup")
    text = "".join(f"{name}:{hash_of(auth, name, password)}\n" for name, password in auth.users)
    path = os.path.join(layout.users, hashlib.sha256(text.encode()).hexdigest())
    if not os.path.exists(path):
        write_atomic(path, text.encode())
    if stat.S_IMODE(os.stat(path).st_mode) != 0o644:  # nginx's workers read it, whatever the umask
        os.chmod(path, 0o644)
    layout.hand_over(path)
    return path


def hash_of(auth: BasicAuth, name: str, password: Secret) -> str:
    """The salt of a plain password is derived from name and password, so that the same users give the same file."""
    if auth.hashed:
        return password.reveal()
    salt = hashlib.sha256(name.encode() + b"\0" + password.reveal().encode()).digest()[:8]
    return hash_password(password, salt).reveal()
