"""Three moments of a deploy at which an app's own file runs, in a container of the new release."""

from __future__ import annotations

from dokkupy_sdk import Host, hookimpl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_sdk.model import Deployment, Release
    from dokkupy_sdk.names import Secret

DIRECTORY = ".dokkupy/hooks"
KINDS = ("deploy", "rollback")
"""Deployments that bring another release; a scaled or restarted app runs what it ran."""

LARGEST = 1024 * 1024
"""Bytes that are read of a hook to see that it is there."""


@hookimpl
def pre_deploy(host: Host, deployment: Deployment) -> None:
    run(host, deployment, "pre-deploy")


@hookimpl
def pre_switch(host: Host, deployment: Deployment) -> None:
    run(host, deployment, "pre-switch")


@hookimpl
def post_deploy(host: Host, deployment: Deployment) -> None:
    from dokkupy_sdk.errors import DokkupyError, Interrupted

    try:
        run(host, deployment, "post-deploy")
    except Interrupted:
        raise  # somebody ends the deploy: that is no failure of the hook
    except (DokkupyError, TimeoutError) as error:
        # The new release serves: taking it back because of a notification would be worse.
        host.out.warn(str(error))


def run(host: Host, deployment: Deployment, moment: str) -> None:
    """Run the app's hook of this moment, if it has one. Raises AppError when the hook fails or takes too long."""
    from dokkupy_shell_hooks.settings import SETTINGS

    values = SETTINGS.all(host.store, deployment.app)
    if deployment.kind not in KINDS or values["enabled"] != "true":
        return
    program = hook_of(host, deployment.release, moment)
    if program:
        from dokkupy_apps.rollout.tasks import run_task

        title = f"Running the app's {moment} hook"
        run_task(
            host,
            deployment.release,
            title,
            program,
            program=True,
            timeout=float(values["timeout"]),
            env=environment(deployment, moment),
        )


def hook_of(host: Host, release: Release, moment: str) -> str:
    """The absolute path of the hook in the release's image, empty when there is none."""
    import posixpath

    from dokkupy_sdk.errors import AppError

    images = host.images()
    image = images.find(release.image)
    workdir = image.workdir if image is not None else ""
    path = posixpath.join("/", workdir, DIRECTORY, moment)
    try:
        return path if images.copy_out(release.image, path, limit=LARGEST) is not None else ""
    except AppError:  # larger than the limit: a compiled program, and there
        return path


def environment(deployment: Deployment, moment: str) -> dict[str, Secret]:
    """What a hook gets besides the app's own environment. Documented in the README: add, do not change."""
    from dokkupy_sdk.names import Secret

    web = [f"{one.address}:{one.port}" for one in deployment.instances if one.process == "web"]
    facts = {
        "DOKKUPY_HOOK": moment,
        "DOKKUPY_APP": deployment.app,
        "DOKKUPY_KIND": deployment.kind,
        "DOKKUPY_RELEASE": str(deployment.release.number),
        "DOKKUPY_REVISION": deployment.release.revision,
        "DOKKUPY_WEB": " ".join(web),
    }
    return {name: Secret(text) for name, text in facts.items()}
