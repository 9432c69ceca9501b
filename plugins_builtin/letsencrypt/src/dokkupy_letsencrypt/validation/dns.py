"""DNS-01: a TXT record for each name, by one of certbot's DNS plugins, or by a plugin of ours (the hook
`resolve_dns_challenge`).

certbot runs a program for each record; ours hands the record to the process that started certbot, which has the host and
its plugins, over a socket in a private directory. https://www.rfc-editor.org/rfc/rfc8555#section-8.4
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import socketserver
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from dokkupy_sdk import Host
from dokkupy_sdk.errors import DokkupyError
from dokkupy_sdk.files import make_directory, write_atomic
from dokkupy_sdk.names import AppName

from dokkupy_letsencrypt import hookspecs
from dokkupy_letsencrypt.validation import dns_hook

LONGEST = 4096


@contextmanager
def answering(host: Host, app: AppName, directory: str) -> Iterator[dict[str, str]]:
    """Settings for certbot. Within the block, plugins create and remove the records."""
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
                "authenticator": "manual",
                "preferred-challenges": "dns",
                "manual-auth-hook": f"{program} present",
                "manual-cleanup-hook": f"{program} absent",
            }
        finally:
            server.shutdown()
            thread.join()


def put(host: Host, app: AppName, domain: str, value: str, *, present: bool) -> str:
    """Create or remove a record. Returns why it failed; empty if it succeeded. A record is noted on the disk while it
    exists, because the process may be killed."""
    note = note_of(host, domain, value)
    try:
        if present:
            make_directory(os.path.dirname(note))
            write_atomic(note, json.dumps({"app": app, "domain": domain, "value": value}).encode())
        done = host.hooks.ask(
            hookspecs.resolve_dns_challenge,
            host=host,
            app=app,
            name=f"_acme-challenge.{domain}",
            value=value,
            present=present,
        )
    except DokkupyError as error:
        return f"{error.message} {error.hint}".strip()
    except OSError as error:
        return f"{note}: {error.strerror}"
    if not present or not done:
        with suppress(FileNotFoundError):
            os.unlink(note)
    return "" if done else f"no plugin can write to the DNS of {domain}"


def note_of(host: Host, domain: str, value: str) -> str:
    name = hashlib.sha256(f"{domain} {value}".encode()).hexdigest()[:32]
    return host.path("letsencrypt", "dns", f"{name}.json")


def take_away_old(host: Host, before: float) -> None:
    """Remove records that killed commands left, and that were noted before a time (seconds since the epoch). If that fails,
    it is retried after the same period."""
    place = host.path("letsencrypt", "dns")
    for name in os.listdir(place) if os.path.isdir(place) else ():
        path = os.path.join(place, name)
        with suppress(FileNotFoundError):
            if os.stat(path).st_mtime >= before:
                continue
            try:
                with open(path, encoding="utf-8") as file:
                    asked = json.load(file)
            except ValueError:  # the process was killed while it wrote the note, before it created the record
                os.unlink(path)
                continue
            reason = put(host, AppName(asked["app"]), asked["domain"], asked["value"], present=False)
            if reason:
                host.out.warn(f"The DNS record _acme-challenge.{asked['domain']} could not be removed: {reason}")
                os.utime(path)
