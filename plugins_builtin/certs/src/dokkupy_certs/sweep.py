"""Keys of certificates that a killed command left behind, taken away by the timer."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.errors import Busy
from dokkupy_sdk.many import over_each, warn_of
from dokkupy_sdk.names import AppName
from dokkupy_sdk.operation import operation

from dokkupy_certs.certificates import orphans, sweep


def tick(host: Host) -> None:
    _, failed = over_each(host.store.apps(), lambda app: sweep_one(host, app))
    warn_of(host, failed)


def sweep_one(host: Host, app: AppName) -> None:
    if not orphans(host, app):
        return
    try:
        # With the app's lock: a certificate's files are there before the table names them.
        with operation(host, "certs:sweep", f"app:{app}", wait=0):
            sweep(host, app)
    except Busy:
        pass
