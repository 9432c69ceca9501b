"""The state of a machine, with which tests check that nothing changed."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from bed.host import Host

#: The folders that could contain a file that dokkupy writes outside of its own folders.
WIRED = (
    "/etc/nginx",
    "/etc/ssh",
    "/etc/sudoers.d",
    "/etc/systemd/system",
    "/etc/cron.d",
    "/etc/passwd",
    "/etc/group",
    "/usr/local/bin",
    "/opt/dokkupy/wheels",
    "/opt/dokkupy/venv/bin",
)


def wiring(host: Host) -> dict[str, str]:
    """Path -> digest of the machine's configuration files."""
    found = host.exec(["find", *WIRED, "-type", "f", "-exec", "sha256sum", "{}", "+"], check=False)
    return {path: digest for digest, _, path in (line.partition("  ") for line in found.stdout.splitlines())}


def containers(host: Host) -> list[str]:
    """The names of all containers of the machine's engine, running or stopped."""
    return sorted(host.exec(["docker", "ps", "-a", "--format", "{{.Names}}"]).stdout.split())


def latest_image(host: Host, app: str) -> str:
    """The name of the image that an app runs. Its end is private to the app and cannot be guessed."""
    names = host.exec(["docker", "images", "--format", "{{.Repository}}:{{.Tag}}", f"dokku/{app}"]).stdout.split()
    return next(name for name in names if name.startswith(f"dokku/{app}:latest-"))


def networks(host: Host) -> list[str]:
    """The names of all networks of the machine's engine."""
    return sorted(host.exec(["docker", "network", "ls", "--format", "{{.Name}}"]).stdout.split())


@contextmanager
def argv_watched(host: Host) -> Iterator[str]:
    """Write every argv on the machine to a file during the block. Yields the file's name."""
    file = "/var/tmp/argv"
    watch = f"while [ -e /run/watch ]; do cat /proc/[0-9]*/cmdline 2>/dev/null; sleep 0.05; done >{file}"
    host.exec(["touch", "/run/watch"])
    with ThreadPoolExecutor() as pool:
        watcher = pool.submit(host.exec, ["sh", "-c", watch])
        try:
            yield file
        finally:
            host.exec(["rm", "/run/watch"])
            watcher.result()
