"""`images:*`: the base images of buildpacks."""

from __future__ import annotations

from dokkupy_sdk.cli import Annotated, Arg, CommandResult, Group, Host, Opt
from dokkupy_sdk.errors import Conflict, NotFound, UserError
from dokkupy_sdk.names import Pattern
from dokkupy_sdk.sizes import in_units
from dokkupy_sdk.table import Column, listing

group = Group("images", "Manage the base images of buildpacks")

OWN = "dokkupy/"
SUITE = Pattern(r"[a-z]{3,20}")
REFERENCE = Pattern(r"[a-z0-9][a-z0-9._/:-]{0,200}(@sha256:[0-9a-f]{64})?")
MADE = "dokkupy_buildpacks.completers:base_images"
Name = Annotated[str, Arg("image", "A Debian suite (trixie) or an image's name (python:3.13-slim)")]


def bases(host: Host) -> list[dict[str, object]]:
    """The bases that were made on this host, and the official images of languages that it has."""
    from dokkupy_buildpacks.images.bases import LABEL
    from dokkupy_buildpacks.images.toolchains import official
    from dokkupy_buildpacks.select.choose import languages

    images = host.images()
    found: dict[str, dict[str, object]] = {}
    for identifier, names, size in images.find_all({LABEL: ""}):
        image = images.find(identifier)
        for name in (one for one in names if one.startswith(OWN)):
            found[name] = {
                "name": name,
                "size": size,
                "origin": "made here",
                "what": image.labels.get(LABEL, "") if image else "",
            }
    repositories = {one.toolchain.official for one in languages(host).values()} - {""}
    for _, names, size in images.find_all({}):
        for name in names:
            if any(official(name, one) for one in repositories):
                found.setdefault(name, {"name": name, "size": size, "origin": "official image", "what": ""})
    return [found[name] for name in sorted(found)]


@group.command("list", permission="host:read")
def list_images(host: Host) -> CommandResult:
    """List the base images on this host."""
    rows = bases(host)
    cells = [(str(row["name"]), in_units(int(str(row["size"]))), str(row["what"] or row["origin"])) for row in rows]
    return listing(
        rows, IMAGES, cells, empty="There is no base image yet; the first build gets one, or: images:add NAME"
    )


IMAGES = (Column("IMAGE"), Column("SIZE", right=True), Column("WHAT", wraps=True))


@group.command("add", permission="host:write", mutating=True)
def add(host: Host, image: Name) -> None:
    """Build the base image of a Debian suite, or pull an image, so that no push has to wait for it."""
    from dokkupy_sdk.recorded_images import record_image

    from dokkupy_buildpacks.images.bases import ensure_debian
    from dokkupy_buildpacks.images.toolchains import Failures

    if SUITE.fullmatch(image):
        host.act(f"make the base of Debian {image}", lambda: ensure_debian(host, image))
        return
    check(image)
    Failures(host).forget()
    host.act(f"pull {image}", lambda: record_image(host, image, host.images().pull(image).id))


@group.command("refresh", permission="host:write", mutating=True)
def refresh(
    host: Host, image: Annotated[str, Arg("image", "Base image; if not given, all", complete=MADE)] = ""
) -> None:
    """Build the base images again with current packages. Apps get them with their next build."""
    from functools import partial

    from dokkupy_buildpacks.images.bases import DEBIAN, LABEL, debian_tag, ensure_debian
    from dokkupy_buildpacks.images.toolchains import Failures

    Failures(host).forget()
    images = host.images()
    # The Dockerfile of an app may set this label, too.
    made = [name for _, names, _ in images.find_all({LABEL: ""}) for name in names if name.startswith(OWN)]
    if image and image not in made and debian_tag(image) not in made:
        raise NotFound(f"There is no base image {image[:80]!r}", hint="List them: dokkupy images:list")
    chosen = [name for name in made if not image or name == image or name == debian_tag(image)]
    for name in chosen:
        if name.startswith(DEBIAN):
            host.act(f"make {name} again", partial(ensure_debian, host, name.removeprefix(DEBIAN), again=True))
    for name in chosen:
        if not name.startswith(DEBIAN):
            # The next build that uses it makes it again, with current packages.
            host.act(f"forget {name}", partial(drop, host, name))


@group.command("remove", permission="host:write", mutating=True)
def remove(
    host: Host,
    image: Annotated[str, Arg("image", "A Debian suite (trixie) or an image's name", complete=MADE)],
    *,
    force: Annotated[bool, Opt("--force", help="Remove it even if it is an official image")] = False,
) -> None:
    """Remove a base image. The next build that uses it makes it again."""
    from dokkupy_buildpacks.images.bases import LABEL, debian_tag

    images = host.images()
    name = debian_tag(image) if SUITE.fullmatch(image) else image
    check(name)
    found = images.find(name)
    if found is None:
        raise NotFound(f"There is no image {name}", hint="List them: dokkupy images:list")
    if LABEL not in found.labels and not force:
        raise Conflict(
            f"{name} was not made by dokkupy", hint=f"Remove it anyway: dokkupy images:remove {name} --force"
        )
    host.act(f"remove {name}", lambda: drop(host, name))


def drop(host: Host, name: str) -> None:
    from dokkupy_sdk.recorded_images import record_image

    host.images().remove(name)
    record_image(host, name, "")


def check(reference: str) -> None:
    if not REFERENCE.fullmatch(reference):
        raise UserError(f"{reference[:80]!r} is not the name of an image")
