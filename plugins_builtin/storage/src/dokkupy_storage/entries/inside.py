"""Runs a command in a container that sees an entry's directory, and nothing else of the host."""

from __future__ import annotations

import secrets
import sys

from dokkupy_sdk import Host
from dokkupy_sdk.attached import GRACE, attach
from dokkupy_sdk.errors import HostError
from dokkupy_sdk.one_offs import EngineOneOffs
from dokkupy_sdk.roles import Container, ContainerSpec

from dokkupy_storage.directories.directory import require_real
from dokkupy_storage.mounts.render import option
from dokkupy_storage.records import Entry, Mount

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

TARGET = "/data"
DAY = 86400


def run_in_entry(host: Host, entry: Entry, command: Sequence[str], *, image: str, user: str) -> int:
    """Run it on the caller's own terminal or pipes; returns its exit status. The directory is at `/data`, the working
    directory."""
    require_real(host, entry.path)
    images = host.images()
    found = images.find(image)
    if found is None:
        host.out.section(f"Pulling {image}")
        try:
            found = images.pull(image)
        except HostError as error:
            error.hint = error.hint or "Name an image that this host has: --image NAME"
            raise
    here = sys.stdin.isatty() and sys.stdout.isatty()
    spec = ContainerSpec(
        f"dokkupy-storage-{secrets.token_hex(4)}",
        found.id,
        command=tuple(command) or ("/bin/sh",),
        labels={"dokkupy.kind": "storage"},
        options=(
            option(Mount(source=entry.path, target=TARGET)),
            f"--workdir={TARGET}",
            *([f"--user={user}"] if user else []),
        ),
        tty=here,
        stdin=True,
        stop_timeout=GRACE,
    )
    at = EngineOneOffs(host)
    return attach(host, at, at.create(spec, start=False), DAY, stop)


def stop(host: Host, one: Container, reason: str) -> None:
    host.containers().stop(one.id, timeout=GRACE)
