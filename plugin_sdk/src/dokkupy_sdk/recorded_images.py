"""Images that the platform trusts by their id, which it records when it builds or first uses an image. Anyone with access
to the engine can move a name to another image, but an id is derived from the content."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dokkupy.host import Host
from dokkupy.model.build import Image
from dokkupy.model.checks import Finding
from dokkupy.model.record import Record

OWN = "dokkupy/"
"""The prefix of the names of images that the platform builds."""

SECONDS = 30


class ImagesFile(Record, file="global/images"):
    """recorded: name -> id."""

    recorded: Mapping[str, str] = {}


def recorded(host: Host, name: str) -> Image | None:
    """The image that was recorded for a name; None without a record, or if the engine no longer has the image."""
    identifier = host.store.load(ImagesFile).recorded.get(name, "")
    return host.images().find(identifier) if identifier else None


def own_image(host: Host, name: str) -> Image | None:
    """The image that the platform built under its own name. A moved name is restored."""
    image = recorded(host, name)
    if image is not None:
        now = host.images().find(name)
        if now is None or now.id != image.id:
            if now is not None:
                host.out.warn(
                    f"{name} was moved to a different image than the one built on this host; the name was restored"
                )
            host.images().tag(image.id, name)
    return image


def record_image(host: Host, name: str, identifier: str) -> None:
    """Record the image of a name; an empty id removes the record."""
    with host.lock("recorded-images", wait=SECONDS, command="recording an image", what="The list of images"):
        file = host.store.load(ImagesFile)
        before = file.recorded.get(name, "")
        others = {one: image for one, image in file.recorded.items() if one != name}
        after = {**others, **({name: identifier} if identifier else {})}
        if after != file.recorded:
            host.store.save(file.replace(recorded=after))
    if before not in ("", identifier) and host.images().find(kept_name(name, before)) is not None:
        host.images().remove(kept_name(name, before))


def kept_name(name: str, identifier: str) -> str:
    """The platform's own name for the image that another name had when it was recorded. Pure."""
    return f"{OWN}{name.rpartition('/')[2].partition('@')[0]}-{short(identifier)}"


def kept_image(host: Host, name: str) -> str:
    """The platform's own name for the image that was recorded for another name, for builds. It stays the same when the
    other name is moved. A name, because no builder accepts an id; only the platform may use names that begin with
    `dokkupy/`. Records the image at its first use."""
    record_first(host, name)
    image = recorded(host, name)
    if image is None:  # the engine lost the recorded image, and has another by this name
        found = host.images().find(name)
        if found is None:
            return name
        host.out.warn(
            f"The image that was recorded for {name} is no longer on this host; the image that {name} names now is used"
        )
        record_image(host, name, found.id)
        image = found
    host.images().tag(image.id, kept_name(name, image.id))
    return kept_name(name, image.id)


def record_first(host: Host, name: str) -> None:
    """Record the image of a name that the platform does not own, unless one is recorded."""
    if name not in host.store.load(ImagesFile).recorded:
        found = host.images().find(name)
        if found is not None:
            record_image(host, name, found.id)


def moved_images(host: Host) -> Iterator[Finding]:
    """A finding for each recorded name that now means another image."""
    for name, identifier in sorted(host.store.load(ImagesFile).recorded.items()):
        now = host.images().find(name)
        if now is not None and now.id != identifier:
            yield Finding(
                "images",
                "warning",
                f"{name} now refers to a different image ({short(now.id)}) than when it was first used "
                f"({short(identifier)})",
                "The next build restores it. Find out who has access to the engine."
                if name.startswith(OWN)
                else f"If you pulled or loaded it: dokkupy images:add {name}. If not, find out who has access to the engine.",
            )


def short(identifier: str) -> str:
    return identifier.removeprefix("sha256:")[:12]
