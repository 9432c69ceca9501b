"""Pushing a release: its number becomes a tag before any instance starts, the additional tags follow when it serves."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.errors import DokkupyError, UserError
from dokkupy_sdk.model import Deployment
from dokkupy_sdk.names import AppName
from dokkupy_sdk.operation import Transaction, call
from dokkupy_sdk.registry_access import HUB, login_for

from dokkupy_registry.names import fill_in
from dokkupy_registry.settings import SETTINGS
from dokkupy_registry.stored import PushedFile

MAKE_NO_RELEASE = ("restore", "scale")
"""Kinds of deployments that start an earlier release, so they must work without a registry."""


def repository(host: Host, app: AppName) -> str:
    """The repository of an app's releases, without the server."""
    values = SETTINGS.all(host.store, app)
    return values["image-repo"] or fill_in(values["image-repo-template"], app)


def target(host: Host, app: AppName) -> str:
    """The repository of an app's releases, with the server."""
    return f"{SETTINGS.get(host.store, app, 'server') or HUB}/{repository(host, app)}"


def extra_tags(host: Host, app: AppName) -> list[str]:
    return [tag for tag in SETTINGS.get(host.store, app, "push-extra-tags").split(",") if tag]


def is_pushed(host: Host, app: AppName) -> bool:
    return SETTINGS.get(host.store, app, "push-on-release") == "true"


def push_release(host: Host, deployment: Deployment, tx: Transaction) -> None:
    """Raises UserError or HostError, which ends the deploy, because a release that was not pushed must not serve."""
    app, release = deployment.app, deployment.release
    before = host.store.load(PushedFile, app)
    goes_to = target(host, app)
    same = (before.tag, before.image, before.repository) == (release.number, release.image, goes_to)
    if deployment.kind in MAKE_NO_RELEASE or not is_pushed(host, app) or same:
        return
    require_own(host, app, goes_to)
    ref = f"{goes_to}:{release.number}"
    host.out.section(f"Pushing the image to the registry as {ref}")
    tx.register_undo("have no name of the registry", call(drop_name, ref=ref))
    tx.step(f"push {ref}", lambda: push(host, app, release.image, ref))
    extra = before.extra if before.repository == goes_to else {}
    tx.save(PushedFile(tag=release.number, image=release.image, repository=goes_to, extra=extra), app)


def push_extra(host: Host, deployment: Deployment, tx: Transaction) -> None:
    """Move the additional tags to the release that serves now, and back if the deploy fails afterwards."""
    app, release = deployment.app, deployment.release
    if deployment.kind in MAKE_NO_RELEASE or not is_pushed(host, app):
        return
    record = host.store.load(PushedFile, app)
    if host.dry_run:
        record = record.replace(repository=target(host, app))
    moved = dict(record.extra)
    for tag in extra_tags(host, app):
        before = moved.get(tag, "")
        if before == release.image:
            continue
        ref = f"{record.repository}:{tag}"
        undo = call(push_again, app=str(app), ref=ref, image=before)
        tx.step(f"push {ref}", lambda: push(host, app, release.image, ref), undo=undo)  # noqa: B023 - called at once
        moved[tag] = release.image
    if moved != record.extra:
        tx.save(record.replace(extra=moved), app)


def push(host: Host, app: AppName, image: str, ref: str) -> None:
    host.image_registries().push(image, ref, login_for(host, app, ref))


def push_again(host: Host, *, app: str, ref: str, image: str) -> None:
    """Undo of a moved tag. A registry that does not answer must not keep the app from being rolled back."""
    drop_name(host, ref=ref)
    if not image or host.images().find(image) is None:
        host.out.warn(f"{ref} may refer to the image of the failed deploy; the next deploy corrects it")
        return
    try:
        push(host, AppName(app), image, ref)
    except DokkupyError as error:
        host.out.warn(f"{ref} may refer to the image of the failed deploy until the next deploy: {error.message}")


def drop_name(host: Host, *, ref: str) -> None:
    """Undo of an interrupted push: remove the name that the image got for it."""
    host.images().remove(ref)


def require_own(host: Host, app: AppName, goes_to: str) -> None:
    """Raise UserError when another app's releases go to the same repository: each would overwrite the other's numbers."""
    for other in host.store.apps():
        if other != app and is_pushed(host, other) and target(host, other) == goes_to:
            raise UserError(
                f"The releases of {app} and of {other} would both be pushed to {goes_to}",
                hint=f"Give one of them its own repository: registry:set {app} image-repo NAME",
            )
