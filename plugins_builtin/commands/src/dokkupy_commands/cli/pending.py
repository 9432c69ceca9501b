"""What is pending for an app: settings that its serving release does not have yet."""

from __future__ import annotations

from dokkupy_sdk.cli import Host
from dokkupy_sdk.many import over_each
from dokkupy_sdk.names import AppName


def pending_names(host: Host, app: AppName) -> list[str]:
    """The settings that are pending, as `NAMESPACE NAME`. They are the keys `pending-NAME` of every plugin's report."""
    from dokkupy_apps.desired.properties import PS
    from dokkupy_apps.settings.effect import pending_settings

    from dokkupy_commands.cli.report import reports_of

    found = [f"ps {name}" for name in pending_settings(host, app, PS)]
    for namespace, answer in reports_of(host, app, but="ps").items():
        keys = answer.data if isinstance(answer.data, dict) else {}
        found += [f"{namespace} {key.removeprefix('pending-')}" for key in keys if key.startswith("pending-")]
    return sorted(found)


def note_unchanged(host: Host) -> None:
    """After plugins were updated, installed or disabled, note for which apps this leaves nothing pending. Without the note,
    every report of them would ask all plugins until the app is deployed again. A job of the timer."""
    from dokkupy_apps.releases.from_state import kept_properties
    from dokkupy_apps.releases.serving import summary_of
    from dokkupy_apps.releases.state_mark import UnchangedFile, may_be_pending, plugins_mark, state_mark
    from dokkupy_sdk.state import ServingFile

    plugins = plugins_mark(host)
    if host.store.load_derived(UnchangedFile).plugins == plugins:
        return
    kept = kept_properties(host)
    marks = {}

    def note(app: AppName) -> None:
        mark = state_mark(host, app, kept)  # before the question, so that a change in between is not covered
        serving = host.store.find(ServingFile, app)
        release = summary_of(host, app, serving) if serving is not None else None
        if serving is None or release is None or not may_be_pending(host, app, serving, release):
            return
        if not pending_names(host, app):
            marks[serving.id] = mark

    over_each(host.store.apps(), note)  # a broken app has no note; the doctor reports it
    host.store.save(UnchangedFile(plugins=plugins, kept=kept, marks=marks))
