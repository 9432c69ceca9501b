"""Images that are missing from the engine, for example after `docker system prune -a`.

They are built again from the commit that the release records. The image of a running app cannot get lost, but that of a
stopped app or of an older release can.
"""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.errors import AppError, DokkupyError
from dokkupy_sdk.files import make_directory
from dokkupy_sdk.model import Image, Release, Source
from dokkupy_sdk.names import AppName
from dokkupy_sdk.operation import Transaction, call
from dokkupy_sdk.source_store import source_store
from dokkupy_sdk.values import replace

from dokkupy_apps.builds.image import build, prepare_source
from dokkupy_apps.deploy import remove_work
from dokkupy_apps.releases.records import drop_image, image_name, numbers, read_release, release_tag
from dokkupy_apps.releases.serving import release_key


def with_image(tx: Transaction, release: Release) -> Release:
    """The release with an image that the engine has. If its own image is missing, a new one is built and recorded in
    its place. Raises AppError `image_lost` if that fails."""
    host, app = tx.host, release.app
    if host.dry_run or host.images().find(release.image) is not None:
        return release
    host.out.warn(
        f"The image of v{release.number} is missing from the engine: building it again from {release.revision[:8]}"
    )
    try:
        built, tag = built_again(tx, release)
    except DokkupyError as error:
        raise AppError(
            f"The image of v{release.number} of {app} is missing from the engine, and cannot be built "
            f"again: {error.message}",
            details=error.details,
            hint=error.hint
            or f"Fix what the output of the build names, then again: ps:start {app}. Or deploy another commit: git push",
            code="image_lost",
        ) from error
    own = release_tag(host, app, release.number)
    tx.step("keep the image", lambda: host.images().tag(built.id, own), undo=call(drop_image, ref=own))
    after = replace(release, image=built.id)
    tx.save(after, app, release_key(release.number))
    tx.step("remove the build's temporary tag", lambda: drop_image(host, ref=tag))
    return after


def built_again(tx: Transaction, release: Release) -> tuple[Image, str]:
    """The image, built again, and its temporary name."""
    from pathlib import Path

    host, app = tx.host, release.app
    directory = Path(host.path("work", tx.id))
    tx.register_undo("prepare the source", call(remove_work, identifier=tx.id))
    make_directory(str(directory))
    try:
        sources = source_store(host)
        revision = sources.checkout(app, directory, release.revision)
        source = prepare_source(tx, Source(app, directory, release.source, revision, release.revision))
        tag = image_name(host, app, f"build-{tx.id}".lower())
        _, image = build(tx, source, tag, no_cache=False, labels=sources.labels(app))
        return image, tag
    finally:
        remove_work(host, identifier=tx.id)


def lost(host: Host, app: AppName, names: frozenset[str]) -> list[int]:
    """The releases whose image is missing. names: the names and ids of all images of the engine."""
    suspects = [number for number in sorted(numbers(host, app)) if release_tag(host, app, number) not in names]
    return [number for number in suspects if read_release(host, app, number).image not in names]
