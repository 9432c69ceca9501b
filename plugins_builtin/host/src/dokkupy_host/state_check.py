"""What the doctor finds in the state: files that are lost or broken, records and values that nobody can use."""

from __future__ import annotations

import os
from collections.abc import Iterator

from dokkupy_sdk import Host
from dokkupy_sdk.apps import lost_record
from dokkupy_sdk.errors import DokkupyError, StateError, UserError
from dokkupy_sdk.model import Finding
from dokkupy_sdk.names import AppName
from dokkupy_sdk.settings import Settings, properties_of, require_choice

TOPS = ("apps", "global")
"""The directories of core's tables. Plugins look at those of their own."""


def state_findings(host: Host) -> Iterator[Finding]:
    if not os.access(host.root, os.W_OK):
        yield Finding("state", "error", f"{host.root} cannot be written", "Run dokkupy setup as root.")
    apps = host.store.apps()
    found = [*file_findings(host, *TOPS), *lost_apps(host)]
    for app in apps:
        found += record_findings(host, app)
    for entry in host.registry.group("dokkupy.settings").values():
        try:
            settings = host.registry.load(entry)
        except DokkupyError:
            continue  # the plugin has a finding of its own
        for one in (None, *apps):
            found += value_findings(host, settings, one)
    yield from dict.fromkeys(found)  # several records of one file find the same in it
    if not found:
        yield Finding("state", "ok", f"{len(apps)} apps in {host.root}")


def file_findings(host: Host, *tops: str) -> Iterator[Finding]:
    """One for each table that cannot be read."""
    for path in host.store.files(*tops):
        parts = os.path.relpath(path, host.root).removesuffix(".toml").split(os.sep)
        if parts[-1] == "app" and parts[0] == "apps" and not os.path.exists(path):
            continue  # see lost_apps
        try:
            host.store.read(*parts)
        except DokkupyError as error:
            yield Finding("state", "error", error.message, error.hint)


def lost_apps(host: Host) -> Iterator[Finding]:
    for name in host.store.names("apps"):
        try:
            app = AppName(name)
        except UserError:
            yield Finding("state", "warning", f"{host.path('apps', name)} is not named as an app", "Move it away.")
            continue
        if not host.store.has_app(app) and host.store.has_traces(app):
            fault = lost_record(host.store.path("apps", app, "app"), app)
            yield Finding("state", "error", fault.message, fault.hint)


def record_findings(host: Host, app: AppName) -> Iterator[Finding]:
    """Whether what serves can be read from the records."""
    from dokkupy_sdk.releases import current

    try:
        current(host, app)
    except StateError as error:
        yield Finding("state", "error", error.message, error.hint)
    except DokkupyError as error:
        yield Finding("state", "error", f"{app}: {error.message}", error.hint or f"Rebuild it: ps:rebuild {app}")


def value_findings(host: Host, settings: Settings, app: AppName | None) -> Iterator[Finding]:
    """Values that today's rules refuse: an older version, a plugin that is gone or an editor left them."""
    try:
        values = properties_of(host.store, app, settings.namespace)
    except DokkupyError as error:
        yield Finding("state", "error", error.message, error.hint)
        return
    scope = app or "--global"
    for name, value in values.items():
        prop = settings.properties.get(name)
        if prop is None:
            continue
        try:
            prop.parse(value)
            if prop.role:
                require_choice(host, prop.role, value)
        except DokkupyError as error:
            yield Finding(
                "state",
                "error",
                f"{settings.namespace} {name} ({scope}): {error.message}",
                f"Set it again: {prop.set_by} {scope}"
                if prop.set_by
                else f"Unset it: {settings.namespace}:set {scope} {name}",
            )
