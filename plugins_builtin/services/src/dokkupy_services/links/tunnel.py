"""A connection to a service's port over standard input and output, for `ssh HOST postgres:tunnel db`.

Forwarding in sshd itself is disabled. Therefore the key's permission is checked for each connection, and a connection
reaches only one port of one service.
"""

from __future__ import annotations

import os
import socket
import threading

from dokkupy_sdk import Host
from dokkupy_sdk.errors import HostError, UserError

from dokkupy_services import records
from dokkupy_services.lifecycle import container
from dokkupy_services.names import ServiceName

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_services.role import Datastore

CHUNK = 65_536
CONNECT_SECONDS = 10.0


def open_connection(host: Host, datastore: Datastore, name: ServiceName, port: int = 0) -> socket.socket:
    """Connect to a port of the service's server; 0 is its first one. Raises UserError for a port that it does not have,
    Conflict if it is not running, and HostError if it does not accept connections."""
    service = records.read(host, datastore.kind, name)
    if port and port not in datastore.ports:
        known = ", ".join(map(str, datastore.ports))
        raise UserError(f"{datastore.title} has no port {port}", hint=f"Its ports: {known}.")
    found = container.require_answering(host, datastore, service)
    address = found.addresses.get(container.network_of(service), "")
    try:
        connection = socket.create_connection((address, port or datastore.port), CONNECT_SECONDS)
    except OSError as error:
        hint = f"Its log: dokkupy {datastore.kind}:logs {name}"
        raise HostError(
            f"{service.subject} does not accept connections: {error.strerror or error}", hint=hint
        ) from None
    connection.settimeout(None)
    return connection


def carry(connection: socket.socket, source: int, sink: int) -> None:
    """Forward bytes in both directions, between the server and the descriptors `source` and `sink`, until the server
    closes the connection or the reader disconnects. At the end of `source`, only that direction is closed, so that the
    rest of the server's answer arrives."""
    threading.Thread(target=send_all, args=(connection, source), daemon=True).start()
    try:
        while data := connection.recv(CHUNK):
            view = memoryview(data)
            while view:
                view = view[os.write(sink, view) :]
    except (BrokenPipeError, ConnectionResetError):
        pass
    finally:
        connection.close()


def send_all(connection: socket.socket, source: int) -> None:
    try:
        while data := os.read(source, CHUNK):
            connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
    except OSError:  # the server closed it first
        pass
