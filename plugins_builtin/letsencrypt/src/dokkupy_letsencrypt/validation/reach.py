"""Whether names point to this host. Checked before a request to the authority, because it counts failures."""

from __future__ import annotations

import http.client
import os
import secrets
import socket
from collections.abc import Sequence
from functools import partial

from dokkupy_sdk import Host
from dokkupy_sdk.failpoints import failpoint
from dokkupy_sdk.files import write_atomic
from dokkupy_sdk.names import AppName, Domain
from dokkupy_sdk.threads import beside_each_other
from dokkupy_sdk.tls import challenge_server

from dokkupy_letsencrypt.acme_errors import not_written

SECONDS = 5.0
PATH = "/.well-known/acme-challenge/"
AT_ONCE = 8


def ask(name: str, path: str) -> tuple[int, bytes]:
    """Status and first bytes of the body of one request to port 80, without following redirects. The body is only compared
    with the expected one, and never shown."""
    connection = http.client.HTTPConnection(name, 80, timeout=SECONDS)
    try:
        connection.request("GET", path, headers={"Host": name, "Connection": "close"})
        answer = connection.getresponse()
        return answer.status, answer.read(256)
    except http.client.HTTPException as error:
        raise OSError(str(error)) from error
    finally:
        connection.close()


def unreachable(host: Host, app: AppName, names: Sequence[Domain]) -> dict[Domain, str]:
    """The names that an authority would not find at this host -> the reason. A name to which this host cannot connect is
    assumed to be right, because many networks do not let a host reach its own public address."""
    token = f"dokkupy-{secrets.token_hex(12)}"
    path = os.path.join(challenge_server(host, app).directory(), token)
    try:
        write_atomic(path, token.encode())
    except OSError as error:
        raise not_written(app, path, error) from error
    try:
        failpoint("letsencrypt: probing")
        os.chmod(path, 0o644)  # for nginx's workers, independent of the umask
        reasons = beside_each_other([partial(look, name, token) for name in names], AT_ONCE)
    finally:
        os.unlink(path)
    return {name: reason for name, reason in zip(names, reasons, strict=True) if reason}


def look(name: str, token: str) -> str:
    try:
        status, body = ask(name, PATH + token)
    except socket.gaierror:
        return "it is not in the DNS"
    except OSError:
        return ""
    if status == 200 and body == token.encode():
        return ""
    return f"another server answers (status {status})"
