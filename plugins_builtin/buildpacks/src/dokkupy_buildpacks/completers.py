"""Completion of buildpacks and base images."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.completion import Typed
from dokkupy_sdk.names import AppName


def buildpacks(host: Host, typed: Typed) -> list[str]:
    """The app's own, and for each language its buildpack of Heroku."""
    from dokkupy_buildpacks.select.choose import languages
    from dokkupy_buildpacks.select.lists import kept

    own = kept(host, AppName(typed.app)) if typed.app else []
    return [*own, *(f"heroku/{name}" for name in languages(host))]


def base_images(host: Host, typed: Typed) -> list[str]:
    from dokkupy_buildpacks.images_cli import bases

    return [str(row["name"]) for row in bases(host)]
