"""The pages that the proxy serves instead of apps. They are stored in the state, and copied to a directory that the
proxy's workers can read."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil

from dokkupy_sdk import Host
from dokkupy_sdk.errors import HostError, StateError
from dokkupy_sdk.proxy_facts import Location

from dokkupy_front.records import MaintenanceFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from dokkupy_sdk.names import AppName
    from dokkupy_sdk.proxy_facts import ProxyFact

INDEX = "maintenance.html"
"""The name of the page in the tar that Dokku's users have."""

STANDARD = os.path.join(os.path.dirname(__file__), "pages", INDEX)


def pages_root(host: Host) -> str:
    """`/var/lib/dokku/data/maintenance`, where Dokku's plugins keep their data; beside the state of a host that has it elsewhere."""
    return os.path.join(os.path.dirname(os.path.normpath(host.root)), "dokku", "data", "maintenance")


def maintenance_facts(host: Host, app: AppName) -> list[ProxyFact]:
    record = host.store.load(MaintenanceFile, app)
    if not record.enabled:
        return []
    directory = directory_of(host, record.page)
    publish(directory, record.page)
    files = [Location("/" + path, f"{directory}/{path}", exact=True) for path in sorted(record.page) if path != INDEX]
    return [Location("/", directory, status=503), *files]


def directory_of(host: Host, page: Mapping[str, str]) -> str:
    """The name is derived from the content, so that a route and its page change at the same time, and apps with the
    same page share it."""
    digest = hashlib.sha256(repr(sorted(page.items())).encode() if page else standard()).hexdigest()
    return os.path.join(pages_root(host), digest[:32])


def standard() -> bytes:
    with open(STANDARD, "rb") as file:
        return file.read()


def publish(directory: str, page: Mapping[str, str]) -> None:
    """Copy the page to its directory, unless it exists; the copy appears atomically."""
    if os.path.isdir(directory):
        return
    unfinished = f"{directory}.{os.getpid()}"
    try:
        shutil.rmtree(unfinished, ignore_errors=True)
        for path, content in (page or {INDEX: base64.b64encode(standard()).decode()}).items():
            write(os.path.join(unfinished, "index.html" if path == INDEX else path), base64.b64decode(content))
        os.chmod(unfinished, 0o755)
        os.rename(unfinished, directory)
    except OSError as error:
        shutil.rmtree(unfinished, ignore_errors=True)
        if not os.path.isdir(directory):  # another process created it first
            raise HostError(
                f"The maintenance page cannot be written to {directory}: {error.strerror}", hint="Run: dokkupy setup"
            ) from error


def write(path: str, content: bytes) -> None:
    """Write a file that the proxy's workers can read, whatever the umask."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(content)
    os.chmod(path, 0o644)
    os.chmod(os.path.dirname(path), 0o755)


def remove_unused(host: Host, but: AppName | None = None) -> None:
    """Remove the pages that no app has. but: an app that is being destroyed."""
    root = pages_root(host)
    if not os.path.isdir(root):
        return
    try:
        used = {
            directory_of(host, host.store.load(MaintenanceFile, app).page) for app in host.store.apps() if app != but
        }
    except StateError:
        return  # the page of an app with a damaged file is unknown; the next change removes unused pages
    for name in os.listdir(root):
        if os.path.join(root, name) not in used:
            shutil.rmtree(os.path.join(root, name), ignore_errors=True)
