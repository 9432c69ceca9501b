"""Removes keys of certificates that a killed command left, for the timer."""

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
        # With the app's lock, because a certificate's files exist before the table refers to them.
        with operation(host, "certs:sweep", f"app:{app}", wait=0):
            sweep(host, app)
    except Busy:
        pass
