"""Replace the instances of the serving release, after a restart or a change of configuration, or build the current code
again."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.errors import Conflict, UserError
from dokkupy_sdk.model import Deployment, Release
from dokkupy_sdk.names import AppName, ProcessType
from dokkupy_sdk.operation import Transaction, operation
from dokkupy_sdk.source_store import source_store
from dokkupy_sdk.values import replace

from dokkupy_apps.deploy import deploy_source, observed, skips_deploy
from dokkupy_apps.desired.properties import starts_at_boot
from dokkupy_apps.processes.lost_images import with_image
from dokkupy_apps.releases.from_state import with_state
from dokkupy_apps.releases.records import (
    next_release,
    require_deployed,
    same_content,
    write_release,
)
from dokkupy_apps.releases.serving import is_deployed, release_key
from dokkupy_apps.rollout.converge import converge


def redeploy(host: Host, app: AppName, *, kind: str, process: ProcessType | None = None) -> Deployment:
    """Replace the instances of the serving release. If the app's configuration changed, they belong to a new release.

    kind: restart or config. process: replace only this type, if nothing else changed.
    """
    require_deployed(host, app)

    def deploy() -> Deployment:
        with operation(host, f"ps:{kind}", f"app:{app}") as tx:
            release = refreshed(
                tx, with_image(tx, require_deployed(host, app)), "Set config" if kind == "config" else "Restart"
            )
            if process is not None and process not in release.processes:
                raise UserError(
                    f"{app} has no process type {process}",
                    hint=f"Process types of {app}: {', '.join(release.processes)}",
                )
            return converge(
                tx, release, release.formation, kind=kind, replaces=lambda name: process is None or name == process
            )

    return observed(host, app, deploy, kind=kind)


def restart_with_config(host: Host, app: AppName) -> bool:
    """Restart an app whose configuration changed, if it exists and should run. Returns whether it was restarted."""
    if not is_deployed(host, app) or not starts_at_boot(host, app):
        return False
    if skips_deploy(host, app):
        host.out.section("Skipping deployment")
        return False
    host.out.announce(f"Restarting app {app}")
    redeploy(host, app, kind="config")
    return True


def refreshed(tx: Transaction, serving: Release, description: str) -> Release:
    """The serving release, or a new one if the app's state differs from it now."""
    fresh = with_state(tx.host, serving)
    if same_content(fresh, serving):
        marked = replace(serving, mark=fresh.mark, kept=fresh.kept)
        if (
            marked != serving
        ):  # Another plugin was installed. The new mark tells reports that nothing is pending, so that they need not ask each plugin.
            tx.save(marked, serving.app, release_key(serving.number))
        return replace(marked, formation=fresh.formation)
    fresh = next_release(tx.host, fresh, description)
    write_release(tx, fresh)
    return fresh


def rebuild(host: Host, app: AppName) -> Deployment | None:
    """Build and deploy the app's current code again."""
    host.store.require_app(app)
    sources = source_store(host)
    if not sources.has_code(app):
        raise Conflict(f"App {app} has not been deployed", code="not_deployed")
    return deploy_source(
        host,
        app,
        kind="ps:rebuild",
        fill=lambda directory: sources.checkout(app, directory),
        metadata="ps:rebuild",
        labels=sources.labels(app),
    )
