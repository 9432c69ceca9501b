"""A datastore without a server, for tests of the common parts of all datastores."""

from __future__ import annotations

from collections.abc import Mapping

from dokkupy_sdk import Host
from dokkupy_sdk.names import Secret
from dokkupy_sdk.testing import FakeEngine

from dokkupy_services.names import ServiceName
from dokkupy_services.role import ContainerConfig, Datastore, Service, ServiceExec


class FakeDatastore(Datastore):
    """A datastore on the fake engine, whose commands do nothing. found: what `invariants` returns, by container."""

    kind = "fake"
    title = "Fake"
    image = "fake:1"
    port = 4242
    ports = (4242,)
    scheme = "fake"
    alias = "DATABASE"
    data = "/data"
    found: Mapping[str, str] = {}
    answers = True

    def container_config(self, service: Service) -> ContainerConfig:
        return ContainerConfig(env={"FAKE": Secret("1")}, files={"password": service.password}, command=("serve",))

    def url(self, service: Service, hostname: str, port: int) -> str:
        return f"fake://{service.user}:{service.password.reveal()}@{hostname}:{port}/{service.database}"

    def ready(self, inside: ServiceExec) -> bool:
        return self.answers

    def version(self, inside: ServiceExec) -> str:
        return inside.service.image.rpartition(":")[2]

    def connect(self, service: Service) -> tuple[str, ...]:
        return ("client",)

    def dump(self, service: Service) -> tuple[str, ...]:
        return ("dump",)

    def restore(self, service: Service) -> tuple[str, ...]:
        return ("restore",)

    def check_dump(self, head: bytes, tail: bytes, size: int) -> str:
        return ""

    def invariants(self, inside: ServiceExec) -> Mapping[str, str]:
        return self.found


def fake_service(host: Host, name: str) -> Service:
    """A new service of the kind `fake` on a host of fakes, which gets the datastore. In its container, commands do nothing: the
    engine's `output` and `exit_codes` say otherwise."""
    from dokkupy_services.lifecycle.service import ServiceOptions, create

    engine = host.engine()
    assert isinstance(engine, FakeEngine)
    engine.keep(FakeDatastore.image, {})
    datastore = FakeDatastore(host)
    host.override_role("datastore", FakeDatastore.kind, datastore)
    return create(host, datastore, ServiceName(name), ServiceOptions())
