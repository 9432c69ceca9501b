"""The image of a service: which one, and how the host gets it."""

from __future__ import annotations

import os
import re

from dokkupy_sdk import Host
from dokkupy_sdk.errors import DokkupyError, HostError
from dokkupy_sdk.model import Image
from dokkupy_sdk.names import ImageRef

from dokkupy_services.names import variable
from dokkupy_services.role import Datastore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_services.lifecycle.service import ServiceOptions


def image_ref(datastore: Datastore, wish: ServiceOptions, now: str = "") -> ImageRef:
    """The requested image. now: the current one, so that a version alone changes only the tag."""
    base = now or datastore.image
    name, version = split_ref(base)
    if wish.image:
        name, given = split_ref(wish.image)
        version = given or version
    return ImageRef(f"{name}:{wish.image_version or version or 'latest'}")


def split_ref(ref: str) -> tuple[str, str]:
    """`host:5000/postgres:17` -> (`host:5000/postgres`, `17`)."""
    head, mark, tail = ref.partition("@")[0].rpartition(":")
    return (head, tail) if mark and "/" not in tail else (ref.partition("@")[0], "")


def require_image(host: Host, kind: str, ref: str, *, again: str = "") -> Image:
    """The image. A missing one is pulled, unless POSTGRES_DISABLE_PULL is set (reference, section 6.2). again: the command
    that can be typed again with another version. Raises HostError with the versions that are on the host, or with the
    command that loads the image."""
    images = host.images()
    found = images.find(ref)
    if found is not None:
        return found
    if os.environ.get(variable(kind, "DISABLE_PULL")) == "true":
        raise HostError(
            f"The image {ref} is not on this host, and {variable(kind, 'DISABLE_PULL')} is true, so it is not pulled",
            hint=offer(host, ref, again)
            or f"Load it (docker save {ref} | ssh this-host docker load), or pull it: docker image pull {ref}",
            code="no_image",
        )
    host.out.section(f"Pulling {ref}")
    try:
        return images.pull(ref)
    except DokkupyError as error:
        raise HostError(
            f"The image {ref} is not on this host and cannot be pulled",
            details=(error.message, *error.details),
            hint=offer(host, ref, again)
            or f"Load it (docker save {ref} | ssh this-host docker load), or name an image on this host: --image NAME "
            "--image-version TAG",
            code="no_image",
        ) from error


def offer(host: Host, ref: str, again: str) -> str:
    """The versions of the image that are on the host, and the command that uses the newest one; empty for none."""
    name, _ = split_ref(ref)
    try:
        every = [split_ref(one) for _, names, _ in host.images().find_all({}) for one in names]
    except DokkupyError:  # the engine does not answer, which the error above this hint says
        return ""
    versions = sorted({version for one, version in every if one == name and version}, key=by_numbers)
    if not versions:
        return ""
    use = f"{again or 'the same command with'} --image-version {versions[-1]}"
    return (
        f"On this host {'are' if versions[1:] else 'is'} {', '.join(f'{name}:{one}' for one in versions)}. "
        f"To use {'one of them' if versions[1:] else 'it'}: {use}"
    )


def by_numbers(version: str) -> tuple[list[int], str]:
    """Sorts 9.6 before 17, and 17-alpine beside 17."""
    return [int(one) for one in re.findall(r"\d+", version)], version
