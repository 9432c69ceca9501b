"""Remove what earlier test runs left: only objects with our label whose run has ended."""

from __future__ import annotations

from bed.engine import LABEL, OWNER, docker
from bed.host import alive, me

#: The number of snapshots of installed hosts that are kept, because other checkouts on this machine may be using
#: theirs.
KEPT_SNAPSHOTS = 4


def leftovers(*, mine: bool = False) -> None:
    """Remove machines and disks that ended test runs left behind; with `mine`, also those of this run."""

    def gone(owner: str) -> bool:
        return not alive(owner) or (mine and owner == me())

    form = f'{{{{.ID}}}} {{{{.Label "{OWNER}"}}}}'
    for line in docker("ps", "-a", "--filter", f"label={OWNER}", "--format", form).stdout.splitlines():
        container, _, owner = line.partition(" ")
        if gone(owner):
            docker("rm", "-f", "-v", container, check=False)
    form = f'{{{{.Name}}}} {{{{.Label "{OWNER}"}}}}'
    for line in docker("volume", "ls", "--filter", f"label={OWNER}", "--format", form).stdout.splitlines():
        volume, _, owner = line.partition(" ")
        if gone(owner):
            docker("volume", "rm", volume, check=False)
    form = f'{{{{.ID}}}} {{{{.Label "{OWNER}"}}}}'
    for line in docker("network", "ls", "--filter", f"label={OWNER}", "--format", form).stdout.splitlines():
        network, _, owner = line.partition(" ")
        if gone(owner):
            docker("network", "rm", network, check=False)


def old_snapshots() -> None:
    """Remove the oldest snapshots. The engine refuses to remove one that a running machine uses."""
    form = "{{.Repository}}:{{.Tag}}"
    # The engine lists the newest first.
    tags = docker("images", "--filter", f"label={LABEL}.seed", "--format", form).stdout.splitlines()
    for tag in tags[KEPT_SNAPSHOTS:]:
        if docker("image", "rm", tag, check=False).code == 0:
            docker("volume", "rm", seed_of(tag), check=False)


def seed_of(tag: str) -> str:
    """The volume with the engine's disk of the snapshot `tag`."""
    return "dokkupy-bed-seed-" + tag.rpartition(":")[2]
