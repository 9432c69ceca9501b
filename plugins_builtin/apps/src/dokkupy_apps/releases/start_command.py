"""The command that an instance runs: that of its process type, or the one that `ps:set` sets instead (reference,
section 1.22)."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_sdk.model import Release
    from dokkupy_sdk.names import ProcessType

BUILDPACKS = ("buildpacks", "herokuish")
"""The builders whose images use `start-cmd`; all other images use `dockerfile-start-cmd`, as in Dokku."""

PROPERTIES = ("start-cmd", "dockerfile-start-cmd")


def property_for(release: Release) -> str:
    """The property of `ps` that applies to the image of a release."""
    return PROPERTIES[0] if release.builder in BUILDPACKS else PROPERTIES[1]


def start_command(release: Release, process: ProcessType) -> str | None:
    """The command as text for the shell in the container. None for the image's own command."""
    return release.setting("ps", property_for(release)) or release.processes.get(process)


def unread_note(release: Release, name: str) -> str:
    """The warning for a start command that is set but does not apply to this release's image; empty if it applies."""
    read = property_for(release)
    if name not in PROPERTIES or name == read:
        return ""
    built = (
        f"the builder {release.builder} made its image" if release.builder else "its image was not built on this host"
    )
    return f"The property {name} has no effect on {release.app}: {built}, and for such images dokkupy reads {read}"
