"""What an instance runs: the command of its process type, or what `ps:set` put in its place (reference, section 1.22)."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_sdk.model import Release
    from dokkupy_sdk.names import ProcessType

BUILDPACKS = ("buildpacks", "herokuish")
"""The builders of the images that Dokku starts by `start-cmd`; it starts all others by `dockerfile-start-cmd`."""

PROPERTIES = ("start-cmd", "dockerfile-start-cmd")


def property_for(release: Release) -> str:
    """The property of `ps` that is read for the image of a release."""
    return PROPERTIES[0] if release.builder in BUILDPACKS else PROPERTIES[1]


def start_command(release: Release, process: ProcessType) -> str | None:
    """The command as the text that the container's shell runs; None: the image's own."""
    return release.setting("ps", property_for(release)) or release.processes.get(process)


def unread_note(release: Release, name: str) -> str:
    """What to say of a start command that is set and not read for this release's image; empty when it is read."""
    read = property_for(release)
    if name not in PROPERTIES or name == read:
        return ""
    built = (
        f"the builder {release.builder} made its image" if release.builder else "its image was not built on this host"
    )
    return f"The property {name} has no effect on {release.app}: {built}, and for such images dokkupy reads {read}"
