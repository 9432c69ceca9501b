"""Frozen values: releases, instances, builds, routes, findings. Each is loaded when it is first imported from here."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy.model.build import Build, Image, RegistryLogin, Source
    from dokkupy.model.checks import Finding, Job, Readiness
    from dokkupy.model.crash import Crash, Ending
    from dokkupy.model.ports import Port
    from dokkupy.model.proxy import Certificate, Route, Unserved, Upstream
    from dokkupy.model.release import Activity, Deployment, Formation, Instance, InstanceStatus, Release

HOMES = {
    "Activity": "release",
    "Build": "build",
    "Certificate": "proxy",
    "Crash": "crash",
    "Deployment": "release",
    "Ending": "crash",
    "Finding": "checks",
    "Formation": "release",
    "Image": "build",
    "Instance": "release",
    "InstanceStatus": "release",
    "Job": "checks",
    "Port": "ports",
    "Readiness": "checks",
    "RegistryLogin": "build",
    "Release": "release",
    "Route": "proxy",
    "Source": "build",
    "Unserved": "proxy",
    "Upstream": "proxy",
}
"""Name -> its module in `dokkupy.model`. Creating one dataclass takes longer than reading a state file."""


def __getattr__(name: str) -> object:
    if name not in HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from dokkupy.kernel.registry import module_of

    globals()[name] = found = getattr(module_of(f"dokkupy.model.{HOMES[name]}"), name)
    return found


__all__ = [
    "Activity",
    "Build",
    "Certificate",
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
    "RegistryLogin",
    "Release",
    "Route",
    "Source",
    "Unserved",
    "Upstream",
]
