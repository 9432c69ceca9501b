"""DNS-01: a TXT record for each name, by one of certbot's DNS plugins, or by a plugin of ours (the hook
`dns_challenge`).

certbot runs a program for each record; ours hands the record to the process that started certbot, which has the host and
its plugins, over a socket in a private directory. https://www.rfc-editor.org/rfc/rfc8555#section-8.4
"""

from __future__ import annotations

import json
import os
import shlex
import socketserver
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from dokkupy_sdk import Host
from dokkupy_sdk import hooks as hookspecs
from dokkupy_sdk.errors import DokkupyError
from dokkupy_sdk.names import AppName

from dokkupy_letsencrypt import dns_hook

LONGEST = 4096


@contextmanager
def answering(host: Host, app: AppName, directory: str) -> Iterator[dict[str, str]]:
    """Settings for certbot; while they are used, records are put and taken away by the plugins."""
    path = os.path.join(directory, "dns")

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            asked = json.loads(self.rfile.readline(LONGEST))
            self.wfile.write(put(host, app, asked["domain"], asked["value"], present=asked["present"]).encode() + b"\n")

    with socketserver.UnixStreamServer(path, Handler) as server:
        thread = threading.Thread(target=lambda: server.serve_forever(0.05), daemon=True)
        thread.start()
        try:
            program = shlex.join([sys.executable, "-I", dns_hook.__file__, path])
            yield {
                "authenticator": "manual", "preferred-challenges": "dns",
                "manual-auth-hook": f"{program} present", "manual-cleanup-hook": f"{program} absent",
            }  # fmt: skip
        finally:
            server.shutdown()
            thread.join()


def put(host: Host, app: AppName, domain: str, value: str, *, present: bool) -> str:
    """Empty, or why it could not be done."""
    try:
        done = host.hooks.ask(
            hookspecs.dns_challenge, host=host, app=app, name=f"_acme-challenge.{domain}", value=value, present=present
        )
    except DokkupyError as error:
        return f"{error.message} {error.hint}".strip()
    return "" if done else f"no plugin answers for the DNS of {domain}"
