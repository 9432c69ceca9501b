"""Rename the containers of instances: new ones get the names of those that they replace."""

from __future__ import annotations

import os

from dokkupy_sdk.errors import Conflict, HostError
from dokkupy_sdk.roles import Containers

from dokkupy_docker.engine_api.errors import RESTARTING


def rename(containers: Containers, ref: str, name: str) -> None:
    """Rename a container. If an old, dead container still has the name, that one is renamed first."""
    try:
        containers.change(ref, name=name)
    except Conflict:
        other = containers.find(name)
        if other is not None and other.id != ref:
            containers.change(other.id, name=f"{name}.retired-{os.urandom(4).hex()}")
        containers.change(ref, name=name)


def set_aside(containers: Containers, ref: str, name: str) -> None:
    """Rename a replaced container. One that crashes again and again is stopped first, because it can mostly not be renamed."""
    try:
        rename(containers, ref, name)
    except HostError as error:
        if error.code != RESTARTING:
            raise
        containers.stop(ref, timeout=0, restart_policy="no")
        rename(containers, ref, name)
