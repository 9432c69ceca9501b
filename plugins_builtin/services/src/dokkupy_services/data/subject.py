"""A service as a subject of backups."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from dokkupy_sdk import Host
from dokkupy_sdk.errors import HostError, UserError
from dokkupy_sdk.names import shown
from dokkupy_sdk.operation import call, operation
from dokkupy_sdk.roles import BackupSubject
from dokkupy_sdk.values import replace

from dokkupy_services import records
from dokkupy_services.data import moving, pipes
from dokkupy_services.lifecycle import container, missing
from dokkupy_services.lifecycle import service as lifecycle
from dokkupy_services.lifecycle.container import Exec
from dokkupy_services.lifecycle.images import require_image
from dokkupy_services.lifecycle.service import ServiceOptions
from dokkupy_services.model import Service
from dokkupy_services.names import ServiceName

PROOF = "proof"
"""Name of temporary instances; the names of their containers also contain their id."""


class ServiceSubject(BackupSubject):
    """A service, which may be missing if a backup of it is to be restored."""

    def __init__(self, host: Host, kind: str, name: str) -> None:
        self.host = host
        self.kind = kind
        self.service_name = ServiceName(name)
        self.datastore = records.datastore(host, kind)
        self.name = f"{kind}:{name}"
        self.suffix = self.datastore.suffix

    def inside(self) -> Exec:
        service = records.read(self.host, self.kind, self.service_name)
        moving.require_usable(self.host, self.datastore, service)
        return Exec(self.host, service, service.container)

    def holds(self) -> bool:
        one = records.has(self.host, self.kind, self.service_name)
        return one and missing.has_data(self.host, records.read(self.host, self.kind, self.service_name))

    def describe(self) -> Mapping[str, str]:
        service = records.read(self.host, self.kind, self.service_name)
        return {
            "kind": self.kind,
            "image": service.image,
            "image_id": service.image_id,
            "version": service.version,
            "database": service.database,
            "user": service.user,
            "config_options": service.config_options,
        }

    def invariants(self) -> Mapping[str, str]:
        return self.datastore.invariants(self.inside())

    def dump(self, write: Callable[[bytes], object]) -> None:
        pipes.dump(self.datastore, self.inside(), write)

    def check(self, head: bytes, tail: bytes, size: int) -> None:
        reason = self.datastore.check_dump(head, tail, size)
        if reason:
            raise HostError(
                f"The dump of {self.name} is incomplete: {reason}",
                code="bad_dump",
                hint=f"Run the backup again. If it fails again, check the service: {self.kind}:logs {self.service_name}",
            )

    def draft(self, name: ServiceName, about: Mapping[str, str]) -> Service:
        """A service like the one in the backup, with new passwords."""
        image = self.host.images().find(about.get("image_id", "")) or require_image(
            self.host, self.datastore.kind, about["image"]
        )
        made = lifecycle.draft(self.datastore, name, about["image"], image, ServiceOptions())
        database, user = (about.get(key) or getattr(made, key) for key in ("database", "user"))
        for name in filter(None, (database, user)):
            if not re.fullmatch(r"[A-Za-z0-9_]{1,64}", name):
                raise UserError(f"The backup has {shown(name)}, which is not a valid name of a database or user")
        options = lifecycle.validated(ServiceOptions(config_options=about.get("config_options", ""))).config_options
        return replace(made, database=database, user=user, config_options=options)

    def verify(self, pieces: Iterable[bytes], about: Mapping[str, str]) -> Mapping[str, str]:
        draft = self.draft(ServiceName(PROOF), about)
        service = replace(draft, name=ServiceName(f"{PROOF}-{draft.id[-12:]}".lower()))
        inside = Exec(self.host, service, service.container)
        with operation(self.host, f"{self.kind}:verify", f"service-verification:{self.name}") as tx:
            tx.register_undo("create a temporary instance", call(container.remove_everything, identifier=service.id))
            container.create(self.host, self.datastore, service, name=service.container, instance=service.id)
            container.wait_ready(self.datastore, inside)
            self.datastore.secure(inside)
            pipes.restore(self.datastore, inside, pieces)
            found = dict(self.datastore.invariants(inside))
            tx.commit(after=(call(container.remove_everything, identifier=service.id),))
        return found

    def restore(self, pieces: Iterable[bytes], about: Mapping[str, str], *, to: str = "") -> None:
        name = ServiceName(to) if to else self.service_name
        if not to and records.has(self.host, self.kind, name):
            moving.put_content(self.host, self.datastore, name, pieces, "restore")
            return
        lifecycle.require_free(self.host, self.datastore, name)
        with operation(self.host, f"{self.kind}:restore", records.subject(self.kind, name)) as tx:
            lifecycle.require_free(self.host, self.datastore, name)
            service = lifecycle.make(tx, self.datastore, self.draft(name, about))
            inside = Exec(self.host, service, service.container)
            tx.step("load the content", lambda: pipes.restore(self.datastore, inside, pieces))
