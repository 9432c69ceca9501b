"""Reads the host's own nginx configuration, which dokkupy's must neither repeat nor contradict."""

from __future__ import annotations

import glob
import os

from dokkupy_nginx.config.syntax import ConfigSyntaxError, Directive, parse
from dokkupy_nginx.layout import Layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

HTTP_DIRECTIVES = {
    "server_names_hash_bucket_size": "512",
    "server_names_hash_max_size": "65536",
    # A browser returns up to 16 kB of cookies in a request's head, which nginx's default of 8 kB would refuse.
    "large_client_header_buffers": "4 32k",
    # Until the name is known, the timeout for a request's header is that of the default server.
    "client_header_timeout": "20s",
    # What a request to an app takes: with nginx's default of 4k, it asked for memory four times.
    "request_pool_size": "16k",
    # The version helps only attackers.
    "server_tokens": "off",
}
"""Directives that dokkupy sets for all of nginx, unless the host's own configuration has them."""


class Foreign:
    """directives: those of HTTP_DIRECTIVES that already exist. defaults: sockets with a default server -> its file. ports:
    all ports of sites that are not dokkupy's. quic: the parameters of their HTTP/3 sockets."""

    def __init__(self) -> None:
        self.directives: set[str] = set()
        self.defaults: dict[tuple[str, int], str] = {}
        self.ports: set[int] = set()
        self.quic: dict[tuple[str, int], set[str]] = {}


def survey(layout: Layout) -> Foreign:
    """Read nginx.conf and what it includes, without dokkupy's part. A file that does not parse is left to `nginx -t`."""
    found = Foreign()
    for path, directive in walk(layout, os.path.join(layout.etc, "nginx.conf")):
        if directive.name in HTTP_DIRECTIVES:
            found.directives.add(directive.name)
        elif directive.name == "server" and directive.block is not None:
            for inner in directive.block:
                if inner.name == "listen" and inner.args:
                    socket = socket_of(inner.args[0])
                    if "quic" in inner.args[1:]:
                        found.quic.setdefault(socket, set()).update(inner.args[1:])
                        continue
                    found.ports.add(socket[1])
                    if {"default_server", "default"} & set(inner.args[1:]):
                        found.defaults[socket] = path
    return found


def walk(layout: Layout, path: str, depth: int = 0) -> Iterator[tuple[str, Directive]]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            found = parse(file.read())
    except (OSError, ConfigSyntaxError):
        return
    yield from descend(layout, path, found, depth)


def descend(layout: Layout, path: str, directives: list[Directive], depth: int) -> Iterator[tuple[str, Directive]]:
    for directive in directives:
        if directive.name == "http" and directive.block is not None:
            yield from descend(layout, path, directive.block, depth)
        elif directive.name == "include" and directive.args and depth < 5:
            if directive.args[0].startswith("dokkupy.d/"):
                continue  # ours
            pattern = os.path.join(layout.etc, directive.args[0])
            for found in sorted(glob.glob(pattern)):
                if found != layout.include and not found.endswith("mime.types"):
                    yield from walk(layout, found, depth + 1)
        else:
            yield path, directive


def socket_of(listen: str) -> tuple[str, int]:
    """The address and port of a `listen`: `80`, `*:80`, `[::]:80`, `10.0.0.1`, `[::]`."""
    if listen.isdigit():
        return "0.0.0.0", int(listen)
    host, colon, port = listen.rpartition(":")
    if not colon or not port.isdigit():
        return listen, 80
    return ("0.0.0.0" if host == "*" else host), int(port)
