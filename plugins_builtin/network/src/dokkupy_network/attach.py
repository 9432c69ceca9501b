"""Which networks an app joins, and how its containers join them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dokkupy_sdk import Host
from dokkupy_sdk.errors import AppError
from dokkupy_sdk.model import Instance
from dokkupy_sdk.names import AppName, ProcessType

from dokkupy_network.names import NetworkName, split
from dokkupy_network.settings import SETTINGS
from dokkupy_network.stored import known, make, present


def before_start(host: Host, app: AppName) -> list[NetworkName]:
    """The networks that an app's containers join before they start."""
    values = SETTINGS.all(host.store, app)
    return list(dict.fromkeys([*split(values["initial-network"]), *split(values["attach-post-create"])]))


def when_serving(host: Host, app: AppName) -> list[NetworkName]:
    """The networks that an app's instances join after they passed their checks."""
    first = before_start(host, app)
    return [name for name in split(SETTINGS.get(host.store, app, "attach-post-deploy")) if name not in first]


def every(host: Host, app: AppName) -> list[NetworkName]:
    return [*before_start(host, app), *when_serving(host, app)]


def aliases(host: Host, app: AppName, process: ProcessType | str) -> list[str]:
    """The names to which an instance answers in the networks that it joins."""
    tld = SETTINGS.get(host.store, app, "tld")
    return [f"{app}.{process}", *([f"{app}.{process}.{tld}"] if tld else [])]


def require_known(host: Host, app: AppName, names: Iterable[NetworkName]) -> list[NetworkName]:
    """The networks that the engine lost (`docker network prune`), among those that `network:create` created. Raises AppError
    for one that was never created."""
    wanted = list(names)
    there = present(host) if wanted else {}
    lost = [name for name in wanted if name not in there]
    for name in lost:
        if name not in known(host):
            raise AppError(
                f"The network {name} does not exist, but {app} is set to join it",
                hint=f"dokkupy network:create {name}, or remove it from the app's networks: network:set {app}",
            )
    return lost


def require_present(host: Host, app: AppName, names: Iterable[NetworkName]) -> None:
    """Create networks again that the engine lost. Raises like `require_known`."""
    for name in require_known(host, app, names):
        make(host, name=name)


def join(host: Host, app: AppName, instances: Sequence[Instance], names: Sequence[NetworkName]) -> None:
    """Idempotent."""
    networks = host.networks()
    for name in names:
        for one in instances:
            networks.connect(name, one.id, aliases(host, app, one.process))


def users(host: Host, name: NetworkName) -> list[AppName]:
    """The apps that are set to join a network."""
    return [app for app in host.store.apps() if name in every(host, app)]
