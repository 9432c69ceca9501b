"""Frozen facts: releases, instances, builds, routes, findings."""

from dokkupy.model.activity import Activity
from dokkupy.model.build import Build, Image, Source
from dokkupy.model.checks import CheckFailed, Finding, Job, Readiness
from dokkupy.model.crash import Crash, Ending
from dokkupy.model.ending import format_exit_code, how_it_ended, memory_limit
from dokkupy.model.ports import Port
from dokkupy.model.proxy import Certificate, Route, Unserved, Upstream
from dokkupy.model.release import Deployment, Formation, Instance, InstanceStatus, Release

__all__ = [
    "Activity",
    "Build",
    "Certificate",
    "CheckFailed",
    "Crash",
    "Deployment",
    "Ending",
    "Finding",
    "Formation",
    "Image",
    "Instance",
    "InstanceStatus",
    "Job",
    "Port",
    "Readiness",
    "Release",
    "Route",
    "Source",
    "Unserved",
    "Upstream",
    "format_exit_code",
    "how_it_ended",
    "memory_limit",
]
