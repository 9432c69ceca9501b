"""How far a drain has read. The state is beside the app's stored lines, so that it is moved and removed with them."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass

from dokkupy_sdk import Host
from dokkupy_sdk.files import make_directory, write_atomic

from dokkupy_logs.kept import directory_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_sdk.names import AppName


@dataclass(slots=True)
class State:
    """sink: a digest of its text. at: the time of the last line that was sent. kept: the time of the newest kept file that
    was read (st_mtime_ns). sent, dropped: numbers of lines since the sink was set. error: why the last try failed."""

    sink: str = ""
    at: str = ""
    kept: int = 0
    sent: int = 0
    dropped: int = 0
    dropped_at: float = 0.0
    error: str = ""


def state_path(host: Host, app: AppName, name: str) -> str:
    return os.path.join(directory_of(host, app), f"{name}.json")


def load(host: Host, app: AppName, name: str) -> State:
    """The state; that of a new drain if it is missing or unreadable."""
    try:
        with open(state_path(host, app, name), "rb") as file:
            return State(**json.load(file))
    except (OSError, ValueError, TypeError):
        return State()


def save(host: Host, app: AppName, name: str, state: State) -> None:
    if host.store.has_app(app):
        make_directory(directory_of(host, app))
        write_atomic(state_path(host, app, name), json.dumps(asdict(state)).encode(), mode=0o640)


def digest_of(text: str) -> str:
    import hashlib

    return hashlib.sha256(text.encode()).hexdigest()[:16]
