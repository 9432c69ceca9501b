"""Removes what killed commands left, for the timer: challenges, credentials, and certificates of destroyed apps."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from contextlib import suppress

from dokkupy_sdk import Host
from dokkupy_sdk.errors import Busy, DokkupyError
from dokkupy_sdk.files import scratch_directory
from dokkupy_sdk.names import AppName
from dokkupy_sdk.tls import challenge_server

from dokkupy_letsencrypt.certbot import lineage
from dokkupy_letsencrypt.certbot.program import Certbot
from dokkupy_letsencrypt.order.state import parts_of
from dokkupy_letsencrypt.validation import dns

AGE = 3600
"""Seconds after which no authority requests a challenge anymore."""


def sweep(host: Host) -> None:
    sweep_challenges(host)
    dns.take_away_old(host, time.time() - AGE)
    sweep_scratch(host)
    sweep_lineages(host)


def sweep_challenges(host: Host) -> None:
    places = set()
    for app in (None, *host.store.apps()):
        with suppress(DokkupyError):  # no proxy, or one that is not set up
            places.add(challenge_server(host, app).directory())
    for place in places:
        for path in old_files(place, time.time() - AGE):
            with suppress(OSError):
                os.unlink(path)


def old_files(place: str, before: float) -> Iterator[str]:
    with suppress(FileNotFoundError), os.scandir(place) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):
                found = entry.stat(follow_symlinks=False)
                if stat.S_ISREG(found.st_mode) and found.st_mtime < before:
                    yield entry.path


def sweep_scratch(host: Host) -> None:
    """Creating a scratch directory removes those of dead processes, which contain credentials."""
    parent = host.path("tmp", "certbot")
    if os.path.isdir(parent) and os.listdir(parent):
        with suppress(OSError), scratch_directory(parent):
            pass


def sweep_lineages(host: Host) -> None:
    certbot = Certbot(host)
    if not any(True for _ in orphans(host, certbot)):
        return
    try:
        lock = certbot.lock("removal of certificates of apps that are gone", wait=0)
    except Busy:
        return  # an order is under way, maybe for one of these
    try:
        if not certbot.locked():
            for name in list(orphans(host, certbot)):
                lineage.remove(certbot.config, name)
    finally:
        lock.release()


def orphans(host: Host, certbot: Certbot) -> Iterator[str]:
    """Remove certbot's files of destroyed apps, and of names that no longer have their own certificate."""
    known: dict[AppName, set[str]] = {}
    for name in lineage.names(certbot.config):
        app = name.partition("@")[0]
        if not AppName.fits(app) or not host.store.has_app(AppName(app)):
            yield name
        elif "@" in name:
            parts = known.setdefault(
                AppName(app), {part.lineage(AppName(app)) for part in parts_of(host, AppName(app))}
            )
            if name not in parts:
                yield name
