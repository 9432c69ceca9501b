"""What is missing of a service or of its previous instance, for example after `docker system prune -af --volumes` while
it was stopped.

Missing parts are not replaced by empty ones. `info` and `doctor` show what is missing, and a start is refused until it
is restored.
"""

from __future__ import annotations

from collections.abc import Collection

from dokkupy_sdk import Host
from dokkupy_sdk.errors import HostError
from dokkupy_sdk.values import dataclass

from dokkupy_services.lifecycle import mounts
from dokkupy_services.model import Service


@dataclass(frozen=True, slots=True)
class Loss:
    """A missing part of a service. stops: whether the service cannot start without it."""

    what: str
    hint: str
    stops: bool = True
    code: str = ""


def volumes_of(host: Host) -> list[str]:
    return host.volumes().find_all({})


def losses(host: Host, service: Service, volumes: Collection[str]) -> list[Loss]:
    """The missing parts of a service. volumes: the names of all volumes of the engine."""
    found = []
    if service.volume and service.volume not in volumes:
        found.append(data_loss(host, service))
    gone = mounts.missing(service, volumes)
    if gone:
        found.append(mount_loss(service, gone))
    if host.images().find(service.image_id) is None:
        what = f"The image {service.image} of {service.subject} is missing; its next start pulls it"
        found.append(Loss(what, f"docker image pull {service.image}", stops=False))
    earlier = service.previous.get("volume", "")
    if earlier and earlier not in volumes:
        what = f"The data from before the last upgrade or import of {service.subject} is missing: there is no volume {earlier}"
        found.append(Loss(what, f"{service.kind}:upgrade {service.name} --revert is not possible", stops=False))
    return found


def data_loss(host: Host, service: Service) -> Loss:
    destroy = f"destroy it: {service.kind}:destroy {service.name}"
    ways, none = ways_back(host, service.subject)
    return Loss(
        f"The data of {service.subject} is missing: there is no volume {service.volume}",
        f"{ways} Or {destroy}" if ways else f"{none}. To begin again, {destroy}",
        code="data_gone",
    )


def ways_back(host: Host, subject: str) -> tuple[str, str]:
    """How lost data of a service comes back, or empty; and what to say then."""
    from dokkupy_services import hookspecs

    found, failures = host.hooks.gather_what_can(hookspecs.service_restores, host=host, service=subject)
    none = "There is no backup of it"
    if failures:
        plugin, error = failures[0]
        none = f"Whether there is a backup of it is unknown, because the plugin {plugin} cannot say ({error.message})"
    return " ".join(way for _, way in found), none


def mount_loss(service: Service, gone: Collection[str]) -> Loss:
    return Loss(
        f"{service.subject} has mounts whose source is missing: {', '.join(gone)}",
        f"Create it (docker volume create NAME, mkdir -p PATH), or remove the mount: {service.kind}:unmount {service.name} MOUNT",
        code="mount_gone",
    )


def has_data(host: Host, service: Service) -> bool:
    """Whether the volume of a service exists, or the service stores nothing."""
    return not service.volume or service.volume in volumes_of(host)


def require_data(host: Host, service: Service) -> None:
    """Raise HostError if a volume or a mounted path is missing, because the server would start with an empty one."""
    volumes = volumes_of(host) if service.volume or service.mounts else []
    gone = mounts.missing(service, volumes)
    loss = None
    if service.volume and service.volume not in volumes:
        loss = data_loss(host, service)
    elif gone:
        loss = mount_loss(service, gone)
    if loss is not None:
        raise HostError(loss.what, code=loss.code, hint=loss.hint)
