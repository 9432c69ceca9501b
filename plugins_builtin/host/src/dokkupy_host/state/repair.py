"""`doctor --fix`: restores missing or broken state files from their previous generation, unless that is empty."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from functools import partial

from dokkupy_sdk import Host
from dokkupy_sdk.errors import DokkupyError
from dokkupy_sdk.operation import operation
from dokkupy_sdk.state_files import previous_generation

from dokkupy_host.state.check import faults


def restore_lost(host: Host) -> Iterator[str]:
    """Restores each file; yields a line for each. A file that cannot be restored stays as it is, and the doctor reports
    it."""
    for path, _ in list(faults(host)):
        if not previous_generation(path):
            continue  # an empty one would be an empty configuration
        parts = os.path.relpath(path, host.root).split(os.sep)
        subject = f"app:{parts[1]}" if parts[0] == "apps" else "host"
        try:
            with operation(host, "doctor", subject, takes_away=True) as tx:
                tx.step(f"restore {path}", partial(restore, path))
                tx.commit()
        except DokkupyError as error:
            host.out.warn(f"{path}: {error.message}")
            continue
        host.events.record("state_restored", subject=subject, file=path)
        yield f"Restored the previous generation of {path}: its last change is lost"


def restore(path: str) -> None:
    """The broken file is kept as `FILE.broken`."""
    if os.path.exists(path):
        os.replace(path, path + ".broken")
    shutil.copy2(path + ".previous", path + ".tmp")
    os.replace(path + ".tmp", path)
