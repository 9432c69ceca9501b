"""Which images an app may name. It may not name those of another app. Images that were loaded for it can be named by no
other app.

All apps share the engine's image names, and a Dockerfile may name any image. Therefore the names of an app's own images
contain a part that nobody can guess. The refused names would not be found anyway, but an error says why.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from dokkupy_sdk import Host
from dokkupy_sdk.errors import DokkupyError, NotFound, UserError
from dokkupy_sdk.names import AppName, ImageRef
from dokkupy_sdk.operation import Transaction
from dokkupy_sdk.records import Record

from dokkupy_apps.releases.records import image_name

PLATFORM = "dokkupy"
APPS = "dokku"
"""The first part of the names of the platform's own images, and of those of apps."""

OWNER = "dokkupy.app"
"""The label with the name of the app that an image was built for."""

HEX = re.compile(r"(sha256:)?[0-9a-f]{1,64}")


class AppImagesFile(Record, file="apps/*/images"):
    """The images that were loaded for an app. loaded: name -> id."""

    loaded: Mapping[str, str] = {}


def repository_of(ref: str) -> str:
    """`docker.io/library/python:3.13` -> `python`: the repository as the engine normalizes it. Pure."""
    head, slash, tail = ref.partition("@")[0].rpartition("/")
    name = head + slash + tail.partition(":")[0]
    for registry in ("docker.io/", "index.docker.io/"):
        name = name.removeprefix(registry)
    return name.removeprefix("library/")


def require_usable(host: Host, app: AppName, ref: str) -> None:
    """Raise UserError for an image that the app may not use: one of the platform or of an app, an id, one from a
    registry that is the host itself or an app, and one that only the login of another app may pull."""
    from dokkupy_sdk.outgoing import require_registry

    require_registry(host, ref)
    first, _, rest = repository_of(ref).partition("/")
    if (first == APPS and AppName.fits(rest) and host.store.has_app(AppName(rest))) or (first == PLATFORM and rest):
        raise UserError(
            f"{ref} cannot be used: {first}/ is for images that {'dokkupy itself' if first == PLATFORM else 'apps'} "
            "made on this host, which belong to them alone",
            hint="Push the image to a registry, and name it there.",
            code="reserved_image",
        )
    if HEX.fullmatch(ref):
        found = host.images().find(ref)
        if found is not None and found.id.removeprefix("sha256:").startswith(ref.removeprefix("sha256:")):
            raise UserError(
                f"{ref} is the id of an image, which may be the image of another app",
                hint="Name the image by repository and tag.",
                code="reserved_image",
            )
        return
    require_readable(host, app, ref)


def require_readable(host: Host, app: AppName, ref: str) -> None:
    """Raise UserError for an image that is in the engine because of another app, if the registry denies it to this app.
    This concerns an image that is being pushed, and one with a digest, because a build finds by digest what an earlier
    build pulled."""
    from dokkupy_sdk.registry_access import login_for

    found = host.images().find(ref)
    owner = found.labels.get(OWNER, "") if found is not None else ""
    of_another = owner != app and AppName.fits(owner) and host.store.has_app(AppName(owner))
    if not of_another and (found is not None or "@" not in ref):
        return
    try:
        digest = host.image_registries().digest(ref, login_for(host, app, ref))
    except DokkupyError:
        if of_another or has_private(host, ref):
            raise
        return  # public images can be used while their registry does not respond
    if digest is None:
        raise UserError(
            f"{app} may not use the image {ref}: the registry denies the app access to it",
            hint=f"Log in with a user that may read it: registry:login {app} SERVER USERNAME",
            code="private_image",
        )


def has_private(host: Host, ref: str) -> bool:
    """Whether some app has a login of its own for the registry of an image."""
    from dokkupy_sdk.registry_access import login_for

    logins = (login_for(host, app, ref) for app in host.store.apps())
    return any(login is not None and not login.shared for login in logins)


def loaded_images(host: Host, app: AppName) -> Mapping[str, str]:
    return host.store.load(AppImagesFile, app).loaded


def private_name(host: Host, app: AppName, image: str) -> str:
    """The name in the engine of an image that was loaded for an app. Keep it out of logs."""
    return image_name(host, app, f"load-{image.removeprefix('sha256:')[:12]}")


def keep_loaded(tx: Transaction, app: AppName, ref: ImageRef, image: str) -> str:
    """Give an image a name that only this app can use. If another image had the name and nothing else uses it, its name
    in the engine is returned: remove it after the commit."""
    host = tx.host
    before = host.store.load(AppImagesFile, app)
    after = {**before.loaded, str(ref): image}
    tx.step(f"keep the image {ref}", lambda: host.images().tag(image, private_name(host, app, image)))
    tx.save(before.replace(loaded=after), app)
    old = before.loaded.get(str(ref), "")
    return private_name(host, app, old) if old and old not in after.values() else ""


def usable_name(host: Host, app: AppName, ref: str) -> str:
    """The engine's name of the image that was loaded for the app as `ref`, for a build. The engine gets this name now.
    Raises NotFound if the engine no longer has the image."""
    image = loaded_images(host, app)[ref]
    if host.images().find(image) is None:
        raise NotFound(f"The image {ref} is no longer on this host", hint=f"Load it again: git:load-image {app} {ref}")
    name = private_name(host, app, image)
    host.images().tag(image, name)
    return name
