"""The commands of the namespace `disk`."""

from __future__ import annotations

from dokkupy_apps.settings.property_commands import add_property_commands
from dokkupy_sdk.cli import Annotated, CommandResult, Group, Host, Opt
from dokkupy_sdk.names import AppName

from dokkupy_disk.settings import SETTINGS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

group = Group("disk", "Show what uses the disk, and set how full it may become")


@group.command("measure", permission="host:write", mutating=True)
def measure(host: Host) -> CommandResult:
    """Measure now what uses the disk; the timer does this once a day."""
    from dokkupy_sdk.sizes import in_units
    from dokkupy_sdk.table import field

    from dokkupy_disk import usage

    kinds = usage.by_kind(usage.measure(host).rows)
    lines = [field(kind, in_units(size)) for kind, size in kinds.items()]
    return CommandResult(kinds, lines, header="Disk usage")


@group.command("collect", permission="host:write", mutating=True, hidden=True)
def collect(
    host: Host,
    *,
    above_watermark: Annotated[
        bool, Opt("--above-watermark", help="Remove caches of any age, until the disk is below its watermark")
    ] = False,
) -> CommandResult:
    """Do what the timer does: remove what is unused, and measure."""
    from dokkupy_disk import watch

    lines = watch.collect(host, above_watermark=above_watermark)
    return CommandResult(lines, [f"-----> {line}" for line in lines])


def extra(host: Host, app: AppName | None) -> dict[str, Any]:
    """Bytes by kind in the last measurement; empty before the first one."""
    import time

    from dokkupy_disk.usage import by_kind, known, of_app, own_bytes

    usage = known(host)
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(usage.at)) if usage.at else ""
    if app is None:
        sizes = {f"{kind.replace(' ', '-')}-bytes": str(size) for kind, size in by_kind(usage.rows).items()}
        return {**of_disks(host), **sizes, "measured-at": at}
    rows = of_app(usage.rows, app)
    images = {"images-unique-bytes": "", "images-shared-bytes": ""}
    for row in rows:
        if row.kind == "images":
            images = {"images-unique-bytes": str(row.bytes - row.shared), "images-shared-bytes": str(row.shared)}
    sizes = {f"{row.kind.replace(' ', '-')}-bytes": str(row.bytes) for row in rows}
    own = {"own-bytes": str(own_bytes(rows)) if usage.at else ""}
    return {**images, **sizes, **own, "measured-at": at}


def of_disks(host: Host) -> dict[str, str]:
    from dokkupy_disk.doctor import days_until_full
    from dokkupy_disk.space import disks
    from dokkupy_disk.stored import SamplesFile, growth

    keys: dict[str, str] = {}
    samples = host.store.load_derived(SamplesFile).samples
    for number, disk in enumerate(disks(host), 1):
        known = samples.get(disk.path, ())
        days, rate = days_until_full(disk, known), growth(known)
        keys |= {
            f"disk-{number}-path": disk.path,
            f"disk-{number}-used-bytes": str(disk.used),
            f"disk-{number}-free-bytes": str(disk.free),
            f"disk-{number}-line-bytes": str(disk.line),
            f"disk-{number}-growth-bytes-per-day": "" if rate is None else f"{rate:.0f}",
            f"disk-{number}-days-until-full": "" if days is None else f"{days:.0f}",
        }
    return keys


add_property_commands(group, SETTINGS, permission="app:admin", extra=extra)
