"""The builder's say in the host's life: whether the docker client can do BuildKit."""

from __future__ import annotations

from dokkupy_sdk import Host, hookimpl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from dokkupy_sdk.model import Finding


@hookimpl
def doctor_checks(host: Host) -> Iterable[Finding]:
    from dokkupy_sdk.model import Finding

    from dokkupy_dockerfile.client import NotInstalled, find_client

    try:
        client = find_client(host)
    except NotInstalled as fault:
        return [Finding("dockerfile builds", "error", fault.message, fault.hint)]
    if client.buildkit:
        return [Finding("dockerfile builds", "ok", f"{client.path} builds with BuildKit")]
    return [
        Finding(
            "dockerfile builds", "warning",
            f"{client.path} has no BuildKit: builds use the classic builder (no cache mounts, no secrets)",
            "Install the package docker-buildx-plugin (Docker's) or docker-buildx (Debian's).",
        )
    ]  # fmt: skip
