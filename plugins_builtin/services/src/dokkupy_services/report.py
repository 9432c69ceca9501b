"""The report of a service."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any

from dokkupy_sdk import table
from dokkupy_sdk.access import check_access
from dokkupy_sdk.cli import CommandResult, Host, harmless
from dokkupy_sdk.errors import DokkupyError, UserError
from dokkupy_sdk.execute import ending_with_reader, reader_leaves

from dokkupy_services import records
from dokkupy_services.lifecycle import container, expose, missing
from dokkupy_services.lifecycle import service as lifecycle
from dokkupy_services.links import variables as links
from dokkupy_services.model import Service
from dokkupy_services.role import Datastore

WIDTH = 20
"""The width of the labels, as in Dokku's datastores."""

MOST_EVENTS = 100_000
"""The number of the host's events that `backup-logs` searches."""

SHOWN_ONLY_ALONE = "dsn"
"""The URL contains the password, so it is masked unless its flag asks for it."""


def values(host: Host, datastore: Datastore, service: Service) -> dict[str, str]:
    """Info flag -> value: Dokku's flags and additional ones."""
    found = host.containers().find(service.container)
    own = found.addresses.get(container.network_of(service), "") if found else ""
    networks = service.networks
    return {
        "config-dir": container.files_directory(host, service),
        "config-options": service.config_options,
        "data-dir": service.volume,
        "dsn": links.url_of(host, datastore, service, None),
        "exposed-ports": expose.arrows(service) or "-",
        "id": found.id if found else "-",
        "initial-network": networks.get("initial-network", ""),
        "internal-ip": own or "-",
        "memory": service.memory,
        "missing": "; ".join(one.what for one in missing.losses(host, service, missing.volumes_of(host))),
        "mounts": " ".join(service.mounts),
        "restart-policy": service.restart_policy,
        "links": " ".join(link.app for link in records.links(host, service)) or "-",
        "post-create-network": networks.get("post-create-network", ""),
        "post-start-network": networks.get("post-start-network", ""),
        "service-root": host.store.directory("services", service.kind, service.name),
        "status": found.state if found else "missing",
        "version": service.image,
        "server-version": service.version,
        "service-id": service.id,
        "wanted-state": service.state,
        "previous": f"{service.previous['image']} until {service.previous['until']}" if service.previous else "",
    }


def info(
    host: Host, datastore: Datastore, service: Service, flags: Sequence[str] = (), *, whole: bool = False
) -> CommandResult:
    if host.dry_run:
        return CommandResult({"service": service.name})
    found = values(host, datastore, service)
    if "--dsn" in flags:
        check_access(host, "service:connect", service.name, service.kind)
    if len(flags) > 1:
        raise UserError(f"{service.kind}:info command allows only a single flag")
    if flags:
        name = flags[0].removeprefix("--")
        if name not in found:
            known = [f"--{one}" for one in sorted(found)]
            raise UserError(f"Invalid flag passed, valid flags: {', '.join(known)}")
        return CommandResult({name: found[name]}, [found[name]])
    for one in missing.losses(host, service, missing.volumes_of(host)):
        host.out.warn(f"{one.what}. {one.hint}")
    found[SHOWN_ONLY_ALONE] = container.without_secrets(service, found[SHOWN_ONLY_ALONE])
    labels = {name: name[:1].upper() + name[1:].replace("-", " ") for name in sorted(found)}
    lines = table.report(((label, found[name]) for name, label in labels.items()), WIDTH, whole=whole)
    return CommandResult(found, lines, header=f"{service.name} {service.kind} service information")


def print_logs(host: Host, service: Service, lines: int | None, *, follow: bool) -> None:
    try:
        with ending_with_reader(1) if follow else nullcontext():
            for _, line in host.sessions().logs(service.container, tail=lines, follow=follow):
                sys.stdout.write(harmless(container.without_secrets(service, line.decode(errors="replace"))) + "\n")
                if follow:
                    sys.stdout.flush()
    except DokkupyError:
        if lifecycle.status(host, service) == "missing":
            raise UserError(
                f"{service.subject} has no container", hint=f"{service.kind}:start {service.name}"
            ) from None
        raise


def print_backup_logs(host: Host, service: Service, number: int, *, follow: bool, pause: float = 0.5) -> None:
    """The results of a service's backups, which are among the events of the host."""
    from dokkupy_sdk.events import Tail, latest

    fresh = Tail(host)
    found = backup_lines(service, latest(host, MOST_EVENTS, service.subject))
    for line in found[-number:]:
        print(line, flush=True)
    while follow and not reader_leaves(1, pause):
        for line in backup_lines(service, fresh.fresh()):
            print(line, flush=True)


def backup_lines(service: Service, rows: Iterable[Mapping[str, Any]]) -> list[str]:
    lines = []
    for row in rows:
        what = str(row.get("event", ""))
        if what.startswith("backup_") and row.get("subject") == service.subject:
            reason = " ".join(str(row.get("reason", "")).split())
            words = [str(row.get("time", "?")), what.removeprefix("backup_"), *([reason] if reason else [])]
            lines.append(harmless(container.without_secrets(service, " ".join(words))))
    return lines
