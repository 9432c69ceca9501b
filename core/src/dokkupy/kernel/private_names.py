"""The part of an app's image and cache names that nobody can guess, because a Dockerfile may name any."""

from __future__ import annotations

import os

from dokkupy.errors import StateError
from dokkupy.model.names import AppName
from dokkupy.model.secret import Secret
from dokkupy.model.state import AppFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy.kernel.store import Store


def new_private_part() -> Secret:
    return Secret(os.urandom(16).hex())


def private_part(store: Store, app: AppName) -> Secret:
    found = store.load(AppFile, app).private
    # A dry run of what would make the app has none.
    if not found.reveal() and store.has_app(app):
        raise StateError(f"{store.path('apps', app, 'app')} has no value of private, for the names of its images")
    return found
