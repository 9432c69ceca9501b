"""What the docker plugin has to say: the options of containers, the state of the engine."""

from __future__ import annotations

from dokkupy_sdk import Host, hookimpl
from dokkupy_sdk.names import AppName

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from dokkupy_sdk.model import Finding


@hookimpl
def container_options(host: Host, app: AppName, phase: str, process: str) -> Iterable[str]:
    import shlex

    table = host.store.read("apps", app, "docker-options").get("phases", {})
    return [word for option in table.get(phase, []) for word in shlex.split(option)]


@hookimpl
def doctor_checks(host: Host) -> Iterable[Finding]:
    from dokkupy_sdk.model import Finding

    ready = host.role("engine", "docker").prepare()
    if ready.ready:
        return [Finding("docker", "ok", ready.reason)]
    return [Finding("docker", "error", ready.reason, ready.remedy)]
