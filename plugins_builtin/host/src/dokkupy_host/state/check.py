"""What the doctor and the timer find in the state: missing or broken files, unusable records and values, apps without a
route."""

from __future__ import annotations

import os
from collections.abc import Iterator

from dokkupy_apps.processes.reconcile import reconcile
from dokkupy_apps.releases.serving import is_deployed
from dokkupy_apps.routing.routes import proxy_enabled
from dokkupy_sdk import Host
from dokkupy_sdk.errors import DokkupyError, StateError
from dokkupy_sdk.many import over_each, warn_of
from dokkupy_sdk.model import Finding
from dokkupy_sdk.names import AppName
from dokkupy_sdk.settings import Settings, properties_of, require_choice
from dokkupy_sdk.state import lost_record
from dokkupy_sdk.state_files import state_files
from dokkupy_sdk.text import counted


def state_findings(host: Host) -> Iterator[Finding]:
    if not os.access(host.root, os.W_OK):
        yield Finding("state", "error", f"{host.root} cannot be written", "Run dokkupy setup as root.")
    apps = host.store.apps()
    found = [*file_findings(host)]
    for app in apps:
        found += record_findings(host, app)
    for entry in host.registry.group("dokkupy.settings").values():
        try:
            settings = host.registry.load(entry)
        except DokkupyError:
            continue  # the plugin has a finding of its own
        for one in (None, *apps):
            found += value_findings(host, settings, one)
    yield from dict.fromkeys(found)  # several records of one file report the same problem
    if not found:
        yield Finding("state", "ok", f"{counted(len(apps), 'app')} in {host.root}")


LEVELS = 3
"""The minimum depth of tables below the root, in a directory that has any: `services/KIND/NAME/service.toml`."""

EACH_MINUTE = ("apps", "global")
"""The directories that the timer examines, because it keeps what is in them running. Plugins examine the others
themselves."""


def tops(host: Host) -> list[str]:
    """The directories of the root that contain tables, whoever owns them: the store keeps a previous generation beside
    each table."""
    return [
        one.name for one in listing(host.root) if one.is_dir(follow_symlinks=False) and has_tables(one.path, LEVELS)
    ]


def has_tables(directory: str, levels: int) -> bool:
    found = listing(directory)
    return any(one.name.endswith(".toml.previous") for one in found) or (
        levels > 1 and any(has_tables(one.path, levels - 1) for one in found if one.is_dir(follow_symlinks=False))
    )


def listing(directory: str) -> list[os.DirEntry[str]]:
    try:
        return list(os.scandir(directory))
    except OSError:
        return []


def faults(host: Host, *places: str) -> Iterator[tuple[str, DokkupyError]]:
    """(path, problem) of each table that is missing, cut off or unreadable. places: directories of the root; if empty, all
    that contain tables."""
    store = host.store
    for name in store.names("apps"):
        if AppName.fits(name) and not store.has_app(AppName(name)) and store.has_traces(AppName(name)):
            path = store.path("apps", name, "app")
            yield path, lost_record(path, name)
    for path in state_files(store, *(places or tops(host))):
        parts = os.path.relpath(path, host.root).removesuffix(".toml").split(os.sep)
        if parts[-1] == "app" and len(parts) == 3 and not os.path.exists(path):
            continue  # reported above
        try:
            store.read(*parts)
        except DokkupyError as error:
            yield path, error


def file_findings(host: Host) -> Iterator[Finding]:
    """A finding for each table that cannot be read, and for each directory whose name is not valid for an app."""
    for _, error in faults(host):
        yield Finding("state", "error", error.message, error.hint)
    for name in host.store.names("apps"):
        if not AppName.fits(name):
            yield Finding(
                "state",
                "warning",
                f"{host.path('apps', name)} is in the directory of apps, but its name is not valid for an app",
                "Move it to another directory.",
            )


def record_findings(host: Host, app: AppName) -> Iterator[Finding]:
    """Whether the records of the serving release can be read."""
    from dokkupy_apps.releases.records import current, require_pointer

    try:
        current(host, app)
        require_pointer(host, app)
    except StateError as error:
        yield Finding("state", "error", error.message, error.hint)
    except DokkupyError as error:
        yield Finding("state", "error", f"{app}: {error.message}", error.hint or f"Rebuild it: ps:rebuild {app}")


def value_findings(host: Host, settings: Settings, app: AppName | None) -> Iterator[Finding]:
    """Values that the current rules refuse, for example from an older version, a removed plugin or an editor."""
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


# apps without a route


def unrouted(host: Host) -> list[AppName]:
    """Apps that the proxy should serve but has no route to, because its files were removed or belong to another app."""
    found, _ = over_each(host.store.apps(), lambda app: is_unrouted(host, app))
    return [app for app, is_one in found if is_one]


def is_unrouted(host: Host, app: AppName) -> bool:
    # Not with `apps()`, which lists all apps, because this is called for each app.
    return is_deployed(host, app) and proxy_enabled(host, app) and not host.proxy(app).show(app)


def route_findings(host: Host) -> Iterator[Finding]:
    for app in unrouted(host):
        reason = f"{app} is deployed, and the proxy {host.proxy_name(app)} has no route to it"
        yield Finding("routes", "error", reason, f"proxy:build-config {app}")


# the timer


def look(host: Host) -> None:
    """Report missing and broken files of the state, and add missing routes to the proxy."""
    for _, fault in faults(host, *EACH_MINUTE):
        host.out.warn(f"{fault.message}. {fault.hint}")
    done, failed = over_each(unrouted(host), lambda app: reconcile(host, app))
    warn_of(host, failed)
    for app, _ in done:
        host.out.warn(f"{app} had no route in its proxy; the route was added again")
