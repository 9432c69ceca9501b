"""Three moments of a deploy at which an app's own file runs, in a container of the new release."""

from __future__ import annotations

from dokkupy_sdk import Host, hookimpl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_sdk.model import Deployment, Release

DIRECTORY = ".dokkupy/hooks"
LARGEST = 1024 * 1024
"""Bytes; a hook is a script."""


@hookimpl
def pre_deploy(host: Host, deployment: Deployment) -> None:
    run(host, deployment, "pre-deploy")


@hookimpl
def pre_switch(host: Host, deployment: Deployment) -> None:
    run(host, deployment, "pre-switch")


@hookimpl
def post_deploy(host: Host, deployment: Deployment) -> None:
    from dokkupy_sdk.errors import AppFault

    try:
        run(host, deployment, "post-deploy")
    except AppFault as fault:
        # The new release serves: taking it back because of a notification would be worse.
        host.out.warn(fault.message)


def run(host: Host, deployment: Deployment, moment: str) -> None:
    """Run the app's hook of this moment, if it has one. Only deploys have hooks: a scaled app runs what it ran."""
    from dokkupy_sdk.deploy import run_task

    from dokkupy_shell_hooks.settings import SETTINGS

    app = deployment.app
    if deployment.kind not in ("deploy", "rollback") or SETTINGS.get(host.store, app, "enabled") != "true":
        return
    if has_hook(host, deployment.release, moment):
        timeout = float(SETTINGS.get(host.store, app, "timeout"))
        run_task(host, deployment.release, f"Running the app's {moment} hook", f"{DIRECTORY}/{moment}", timeout=timeout)


def has_hook(host: Host, release: Release, moment: str) -> bool:
    engine = host.engine()
    image = engine.image(release.image)
    place = (image.workdir if image is not None else "") or "/"
    return engine.copy_out(release.image, f"{place.rstrip('/')}/{DIRECTORY}/{moment}", limit=LARGEST) is not None
