"""Keys of certificates that a killed command left behind, taken away by the timer."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.certificates import strays, sweep
from dokkupy_sdk.errors import Busy
from dokkupy_sdk.operation import operation


def tick(host: Host) -> None:
    for app in host.store.apps():
        if not strays(host, app):
            continue
        try:
            # With the app's lease: a certificate's files are there before the table names them.
            with operation(host, "certs:sweep", f"app:{app}", wait=0):
                sweep(host, app)
        except Busy:
            pass
