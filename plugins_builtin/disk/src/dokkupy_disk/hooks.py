"""The hooks of apps and the host that concern the disk."""

from __future__ import annotations

from dokkupy_sdk import Host, hookimpl
from dokkupy_sdk.names import AppName

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from dokkupy_sdk.diagnosis import Cause, Evidence
    from dokkupy_sdk.disk import DiskUse
    from dokkupy_sdk.model import Build, Finding, Job

FULL = 32 << 20
"""Free bytes below which a disk counts as full."""

OTHERS = ("app-logs", "builds", "repos")
"""Directories of the state that are counted in another kind."""


@hookimpl
def scheduled_jobs(host: Host) -> Iterable[Job]:
    from dokkupy_sdk.model import Job

    return [Job("watermark", 60, "dokkupy_disk.watch:look"), Job("collect", 86400, "dokkupy_disk.watch:daily")]


@hookimpl(optionalhook=True)  # of dokkupy-git, which may not be installed
def pre_source_receive(host: Host, app: AppName) -> None:
    from dokkupy_disk.room import require_room

    require_room(host, app)


@hookimpl
def pre_build(host: Host, build: Build) -> None:
    """Check the disk, because the push may have filled it."""
    from dokkupy_disk.room import require_room

    require_room(host, build.source.app)


@hookimpl
def disk_usage(host: Host, app: AppName | None) -> Iterable[DiskUse]:
    """The use that no other plugin reports: logs of builds, and the state itself."""
    from dokkupy_sdk.disk import DiskUse, used_bytes

    for name in host.store.apps() if app is None else [app]:
        yield DiskUse("build logs", used_bytes(host.path("builds", name)), app=name)
    if app is None:
        yield DiskUse("state", used_bytes(host.root, leave_out=OTHERS))


@hookimpl(optionalhook=True)  # of dokkupy-why, which may not be installed
def diagnose(host: Host, evidence: Evidence) -> Iterable[Cause]:
    """A disk that is full or mounted read-only, on which anything fails."""
    import os

    from dokkupy_sdk.diagnosis import FACT, Cause

    from dokkupy_disk.doctor import of_file_system
    from dokkupy_disk.space import disks

    for disk in disks(host):
        if disk.free < FULL:
            fix = (f"See what uses it: disk:report {evidence.app}; give back what is of no use: cleanup",)
            yield Cause(f"The disk is full: {disk}", fix, sure=FACT)
        for found in of_file_system(disk.path, os.statvfs(disk.path)):
            if found.level == "error":
                yield Cause(found.message, (found.remedy,), sure=FACT)


@hookimpl(optionalhook=True)  # of dokkupy-host, which may not be installed
def host_status(host: Host) -> Iterable[Finding]:
    from dokkupy_disk.doctor import status_of

    return status_of(host)


@hookimpl
def doctor_checks(host: Host) -> Iterable[Finding]:
    from dokkupy_disk.doctor import findings

    return findings(host)
