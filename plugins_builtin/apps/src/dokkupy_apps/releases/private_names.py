"""The part of an app's image and cache names that nobody can guess, because a Dockerfile may name any."""

from __future__ import annotations

import os

from dokkupy_sdk import Host
from dokkupy_sdk.errors import StateError
from dokkupy_sdk.names import AppName, Secret
from dokkupy_sdk.state import AppFile, restore_hint

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_sdk.host import Store


def new_private_part() -> Secret:
    return Secret(os.urandom(16).hex())


def private_part(store: Store, app: AppName) -> Secret:
    found = store.load(AppFile, app).private
    # In a dry run that would create the app, there is none.
    if not found.reveal() and store.has_app(app):
        raise StateError(
            f"{store.path('apps', app, 'app')} lacks the key private, which is a part of the names of the app's images",
            hint=restore_hint(store.path("apps", app, "app")),
        )
    return found


def identity_of(host: Host, app: AppName) -> str:
    """An identity that the app keeps as long as it exists, and that no later app of the same name has. It shows from
    which app something was made. Empty if there is no such app. It is not a secret."""
    import hashlib

    if not host.store.has_app(app):
        return ""
    return hashlib.sha256(f"identity {private_part(host.store, app).reveal()}".encode()).hexdigest()[:16]
