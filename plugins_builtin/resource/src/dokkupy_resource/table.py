"""What is kept of an app's limits and reservations, and the docker options that it means. Pure but for the reading."""

from __future__ import annotations

from collections.abc import Mapping

from dokkupy_sdk import Host
from dokkupy_sdk.errors import UserError
from dokkupy_sdk.names import AppName, ProcessType
from dokkupy_sdk.records import Record
from dokkupy_sdk.sizes import memory_bytes, with_unit

DEFAULT = "_default_"
"""The process type whose values count where a type has none of its own; Dokku's name for it."""

APART = ("build", "run")
"""Names that stand for builds and one-off containers. The defaults are not for them: what serves needs is not what
compiles or migrates."""

KINDS = ("limit", "reserve")
RESOURCES = ("cpu", "memory", "memory-swap", "network", "network-ingress", "network-egress", "nvidia-gpu", "pids")
BEYOND = ("pids",)
"""Resources that Dokku does not have: shown where they are set, because clients of Dokku read every line."""
CLEAR = "clear"
CPUS = r"\d{1,4}(\.\d{1,3})?"

OPTIONS = {
    "limit": {
        "cpu": "--cpus",
        "memory": "--memory",
        "memory-swap": "--memory-swap",
        "nvidia-gpu": "--gpus",
        "pids": "--pids-limit",
    },
    "reserve": {"memory": "--memory-reservation"},
}
"""kind -> resource -> option of docker. The other resources are kept for schedulers that know them."""

Table = dict[str, dict[str, dict[str, str]]]
"""kind -> process type -> resource -> value."""


class ResourceFile(Record, file="apps/*/resource"):
    """Of each kind, process type -> resource -> value."""

    limit: Mapping[str, Mapping[str, str]] = {}
    reserve: Mapping[str, Mapping[str, str]] = {}


def value_of(resource: str, text: str) -> str:
    """The value as it is kept; empty takes it away. Raises UserError."""
    if text == CLEAR:
        return ""
    import re

    if resource == "cpu":
        if not re.fullmatch(CPUS, text) or float(text) == 0:
            raise UserError(f"{text[:40]!r} is not a number of CPUs such as 0.5")
    elif resource in ("memory", "memory-swap"):
        if text == "-1" and resource == "memory-swap":
            return text
        memory_bytes(text)
    elif resource == "pids":
        if text != "-1" and not re.fullmatch(r"[1-9][0-9]{0,8}", text):
            raise UserError(f"{text[:40]!r} is not a number of processes from 1, nor -1 for no limit")
    elif not re.fullmatch(r"[0-9]{1,9}", text):
        raise UserError(f"{text[:40]!r} is not a whole number")
    return text


def read(host: Host, app: AppName) -> Table:
    record = host.store.load(ResourceFile, app)
    return {kind: {name: dict(values) for name, values in getattr(record, kind).items()} for kind in KINDS}


def listed(values: Mapping[str, str]) -> list[str]:
    """The resources that a report of these values shows."""
    return [name for name in RESOURCES if name not in BEYOND or values.get(name)]


def process_type(text: str) -> str:
    return DEFAULT if text in ("", DEFAULT) else str(ProcessType(text))


def words(table: Table, process: str) -> list[str]:
    """The options of docker for a process type, each value its own or else the default's."""
    found = []
    for kind in KINDS:
        shared = {} if process in APART else table[kind].get(DEFAULT, {})
        values = {**shared, **table[kind].get(process, {})}
        for resource, option in OPTIONS[kind].items():
            value = values.get(resource, "")
            if value:
                is_size = resource in ("memory", "memory-swap")
                found.append(f"{option}={with_unit(value) if is_size else value}")
    return found
