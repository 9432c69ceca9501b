"""How many builds run on the host at once. A small server that builds two apps at a time has no power left to serve
any."""

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
"""The longest time that a build waits for its turn, in seconds."""

PAUSE = 0.3

UNITS = {"m": 1 << 20, "g": 1 << 30}


def memory_cap(host: Host) -> int:
    """The memory that all builds of the host may use together, in bytes; 0 for no limit. It is set by `builds:set
    --global memory`."""
    text = BUILDS.get(host.store, None, "memory")
    if text == "none":
        return 0
    if text.endswith("%"):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") * int(text[:-1]) // 100
    return int(text[:-1]) * UNITS[text[-1]]


@contextmanager
def build_slot(host: Host, app: AppName) -> Iterator[None]:
    """Hold a slot while a build runs. If the process is killed, the slot is free at once. Raises Busy after an hour of
    waiting."""
    with take_slot(host, app):
        yield


@contextmanager
def between_builds(host: Host) -> Iterator[None]:
    """Hold all slots, so that no build runs: one that begins waits. Raises Busy at once if a build runs."""
    with ExitStack() as slots:
        for number in range(int(BUILDS.get(host.store, None, "parallel"))):
            try:
                slots.enter_context(host.lock(f"build-slot-{number}", wait=0, command="removing unused images"))
            except Busy as busy:
                raise Busy("A build is running", hint="Wait for it to end; `builds:list` shows it.") from busy
        yield


def take_slot(host: Host, app: AppName) -> locks.Lock:
    deadline = time.monotonic() + LONGEST_WAIT
    announced = False
    while True:
        # Read each time, because an admin may raise the number while a build waits.
        for number in range(int(BUILDS.get(host.store, None, "parallel"))):
            slot = f"build-slot-{number}"
            try:
                return host.lock(slot, wait=0, command=f"the build of {app}")
            except Busy as busy:
                # The holder names another app. A key of this app may not learn that name.
                whose = f": {locks.describe(locks.holder(host.root, slot), in_full=True)}" if is_admin(host) else ""
                if time.monotonic() > deadline:
                    raise Busy(
                        f"The build of {app} waited for an hour, because other builds are running{whose}",
                        hint="Push again later. `builds:list` shows what runs, `builds:cancel` cancels one.",
                    ) from busy
                if not announced:
                    host.out.detail(f"Waiting for another build to end{whose}")
                    announced = True
        time.sleep(PAUSE)
