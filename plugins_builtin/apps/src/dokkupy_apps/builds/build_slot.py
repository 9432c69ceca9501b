"""How many builds run on the host at once: a small server that builds two apps is a server that serves none."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from dokkupy_sdk import Host, locks
from dokkupy_sdk.access import is_admin
from dokkupy_sdk.errors import Busy
from dokkupy_sdk.names import AppName

from dokkupy_apps.desired.properties import BUILDS

LONGEST_WAIT = 3600
"""Seconds that a build waits for its turn."""

PAUSE = 0.3

UNITS = {"m": 1 << 20, "g": 1 << 30}


def memory_cap(host: Host) -> int:
    """The memory for all builds of the host together in bytes, 0 for no limit: `builds:set --global memory`."""
    text = BUILDS.get(host.store, None, "memory")
    if text == "none":
        return 0
    if text.endswith("%"):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") * int(text[:-1]) // 100
    return int(text[:-1]) * UNITS[text[-1]]


@contextmanager
def build_slot(host: Host, app: AppName) -> Iterator[None]:
    """Held while a build runs; a killed one gives it back by itself. Raises Busy after an hour of waiting."""
    with take_slot(host, app):
        yield


@contextmanager
def between_builds(host: Host) -> Iterator[None]:
    """No build runs meanwhile, and one that begins waits. Raises Busy at once when one runs."""
    with ExitStack() as slots:
        for number in range(int(BUILDS.get(host.store, None, "parallel"))):
            slots.enter_context(host.lock(f"build-slot-{number}", wait=0, command="removing unused images"))
        yield


def take_slot(host: Host, app: AppName) -> locks.Lock:
    deadline = time.monotonic() + LONGEST_WAIT
    announced = False
    while True:
        # Asked each time: an administrator may raise it because somebody waits.
        for number in range(int(BUILDS.get(host.store, None, "parallel"))):
            try:
                return host.lock(f"build-slot-{number}", wait=0, command=f"the build of {app}")
            except Busy as busy:
                if time.monotonic() > deadline:
                    if is_admin(host):
                        raise
                    raise Busy(
                        f"The build of {app} waited for an hour, because other builds are running",
                        hint="Push again later.",
                    ) from busy
                if not announced:
                    # Whose it is says the name of an app, which is nothing for the key of another one.
                    whose = f" ({busy.message})" if is_admin(host) else ""
                    host.out.detail(f"Waiting for another build to end{whose}")
                    announced = True
        time.sleep(PAUSE)
