"""The contract of a datastore: tests of the whole life of a service, on a real engine and a real server.

    class TestPostgres(DatastoreContract):
        kind = "postgres"
        image, newer = "postgres:15", "postgres:17"      # what the engine has, or fixtures of these names

        def put(self, inside, first, last): ...           # as the app's user
        def count(self, inside): ...

It requires dokkupy-docker (in the extra `testing`), and an engine with the images, which must contain bash.
"""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from dokkupy_apps.apps import create_app, destroy_app
from dokkupy_apps.desired.config import get_env, set_env
from dokkupy_sdk import Host
from dokkupy_sdk.errors import Conflict, DokkupyError, NotFound, UserError
from dokkupy_sdk.names import AppName, EnvKey, Secret
from dokkupy_sdk.operation import operation
from dokkupy_sdk.roles import ContainerSpec

from dokkupy_services import records
from dokkupy_services.data import moving, pipes
from dokkupy_services.data.subject import ServiceSubject
from dokkupy_services.lifecycle import container, expose, trash, undestroy
from dokkupy_services.lifecycle import service as lifecycle
from dokkupy_services.lifecycle.container import Exec
from dokkupy_services.lifecycle.service import ServiceOptions
from dokkupy_services.links import tunnel, variables
from dokkupy_services.model import Service
from dokkupy_services.names import ServiceName
from dokkupy_services.role import Datastore, ServiceExec
from dokkupy_services.testing.hosts import host_for_services
from dokkupy_services.timer import maintenance

ROWS = 500


class DatastoreContract:
    """The tests that every datastore must pass. put: write the rows first..last-1, each once, as the app's user over
    the network. count: return the number of rows. Both run in the service's container."""

    kind: ClassVar[str]

    def put(self, inside: ServiceExec, first: int, last: int) -> None:
        raise NotImplementedError

    def count(self, inside: ServiceExec) -> int:
        raise NotImplementedError

    def refuses(self, inside: ServiceExec) -> bool:
        """Whether the server refuses a wrong password over the network."""
        raise NotImplementedError

    @pytest.fixture(scope="class")
    @classmethod
    def host(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
        with host_for_services(tmp_path_factory.mktemp("host"), cls.kind) as made:
            yield made

    @pytest.fixture(scope="class")
    @classmethod
    def datastore(cls, host: Host) -> Datastore:
        return records.datastore(host, cls.kind)

    @pytest.fixture(scope="class")
    @classmethod
    def options(cls, image: str) -> ServiceOptions:
        return ServiceOptions(image=image)

    @pytest.fixture(scope="class")
    @classmethod
    def name(cls) -> ServiceName:
        return ServiceName(f"ct-{secrets.token_hex(3)}")

    @pytest.fixture(scope="class")
    @classmethod
    def service(cls, host: Host, datastore: Datastore, name: ServiceName, options: ServiceOptions) -> Service:
        """A service with rows that the tests of a class share."""
        made = lifecycle.create(host, datastore, name, options)
        if datastore.data or datastore.dumps:
            cls().put(Exec(host, made, made.container), 0, ROWS)
        return made

    @pytest.fixture
    def app(self, host: Host) -> Iterator[AppName]:
        """An app with a network, like a running app's."""
        name = AppName(f"ct-{secrets.token_hex(3)}")
        create_app(host, name)
        host.networks().ensure(f"dokkupy-app-{name}", subnet="", labels={"dokkupy.app": name})
        yield name
        if host.store.has_app(name):
            destroy_app(host, name)

    def inside(self, host: Host, service: Service) -> Exec:
        return Exec(host, service, service.container)

    def reaches(self, host: Host, app: AppName, hostname: str, port: int, image: str) -> bool:
        """Whether a container in the app's network can connect."""
        words = ("bash", "-c", 'exec 3<>"/dev/tcp/$0/$1"', hostname, str(port))
        spec = ContainerSpec(
            f"{app}.probe.{secrets.token_hex(3)}",
            image,
            entrypoint=("timeout", "5", *words),
            command=(),
            network=f"dokkupy-app-{app}",
            labels={"dokkupy.app": app},
        )
        made = host.containers().create(spec)
        try:
            return host.sessions().wait(made.id, timeout=60) == 0
        finally:
            host.containers().remove(made.id)

    def volumes(self, host: Host) -> list[str]:
        """The containers of this kind of datastore, because tests of other kinds may run on the same engine."""
        return [one for one in host.volumes().find_all({container.MARK: ""}) if one.startswith(f"dokkupy-{self.kind}-")]

    def require_dumps(self, datastore: Datastore) -> None:
        if not datastore.dumps:
            pytest.skip(f"{datastore.title} has no dumps")

    # details

    def test_a_created_service_answers_and_reports_its_details(
        self, host: Host, datastore: Datastore, service: Service
    ) -> None:
        assert datastore.ready(self.inside(host, service)) and service.version
        assert records.read(host, self.kind, service.name) == service
        assert lifecycle.status(host, service) == "running"
        assert datastore.url(service, "h.example", datastore.port).startswith(f"{datastore.scheme}://")

    def test_a_name_can_be_used_once(
        self, host: Host, datastore: Datastore, service: Service, options: ServiceOptions
    ) -> None:
        with pytest.raises(Conflict, match=f"{datastore.title} service {service.name} already exists"):
            lifecycle.create(host, datastore, service.name, options)

    def test_an_unavailable_image_leaves_nothing(self, host: Host, datastore: Datastore) -> None:
        name = ServiceName("none-such")
        with pytest.raises(DokkupyError, match="cannot be pulled") as caught:
            lifecycle.create(host, datastore, name, ServiceOptions(image="dokkupy.invalid/none-such:1"))
        assert "docker load" in caught.value.hint and not records.has(host, self.kind, name)

    def test_a_server_that_does_not_start_fails_with_the_reason_and_leaves_nothing(
        self, host: Host, datastore: Datastore, options: ServiceOptions
    ) -> None:
        name, before = ServiceName(f"bad-{secrets.token_hex(3)}"), self.volumes(host)
        with pytest.raises(DokkupyError):
            lifecycle.create(
                host,
                datastore,
                name,
                ServiceOptions(image=options.image, config_options="--no-such-option-of-any-server=1"),
            )
        assert not records.has(host, self.kind, name)
        assert self.volumes(host) == before
        assert host.containers().find(f"dokku.{self.kind}.{name}") is None

    def test_passwords_are_in_no_argv_and_not_in_docker_inspect(
        self, host: Host, datastore: Datastore, service: Service
    ) -> None:
        spec = container.spec_of(host, datastore, service, name="x", instance="x")
        seen = [*spec.options, *(spec.command or ()), *(spec.entrypoint or ()), *spec.labels.values()]
        seen += [value.reveal() for value in spec.env.values()]
        found = host.containers().find(service.container)
        assert found is not None
        seen += [*found.command, *found.labels.values()]
        for one in (datastore.connect, datastore.dump, datastore.export, datastore.restore):
            try:
                seen += one(service)
            except NotImplementedError:
                continue
        for secret in (service.password.reveal(), service.root_password.reveal()):
            assert not [text for text in seen if secret in text]

    def test_a_wrong_password_is_refused(self, host: Host, datastore: Datastore, service: Service) -> None:
        assert not datastore.authenticates or self.refuses(self.inside(host, service))

    # apps

    def test_only_a_linked_app_and_a_tunnel_of_the_host_reach_the_service(
        self, host: Host, datastore: Datastore, service: Service, app: AppName, image: str
    ) -> None:
        port = datastore.port
        tunnel.open_connection(host, datastore, service.name).close()
        assert not self.reaches(host, app, service.hostname, port, image)
        assert not self.reaches(host, app, self.address(host, service), port, image)
        key = variables.link(host, datastore, service.name, app)
        assert key == f"{datastore.alias}_URL"
        assert get_env(host, app)[key].reveal() == datastore.url(service, service.hostname, port)
        assert self.reaches(host, app, service.hostname, port, image)
        with pytest.raises(Conflict, match=f"Already linked as {key}"):
            variables.link(host, datastore, service.name, app)
        assert variables.unlink(host, datastore.kind, service.name, app) == [key]
        assert key not in get_env(host, app) and not self.reaches(host, app, service.hostname, port, image)
        with pytest.raises(UserError, match=f"Not linked to app {app}"):
            variables.unlink(host, datastore.kind, service.name, app)

    def address(self, host: Host, service: Service) -> str:
        found = host.containers().find(service.container)
        assert found is not None
        return found.addresses[container.network_of(service)]

    def test_service_opens_no_port_of_the_host(self, host: Host, datastore: Datastore, service: Service) -> None:
        spec = container.spec_of(host, datastore, service, name="x", instance="x")
        assert spec.publish == () and not any("publish" in word for word in spec.options)

    def test_an_existing_variable_is_not_changed_and_promotion_keeps_its_value(
        self, host: Host, datastore: Datastore, service: Service, app: AppName
    ) -> None:
        mine = EnvKey(f"{datastore.alias}_URL")
        with operation(host, "config:set", f"app:{app}") as tx:
            set_env(tx, app, {mine: Secret("other://elsewhere")})
        key = variables.link(host, datastore, service.name, app, query="pool=5")
        assert key == variables.free_variable({}, self.kind) and get_env(host, app)[key].reveal().endswith("?pool=5")
        assert variables.promote(host, datastore, service.name, app) == mine
        env = get_env(host, app)
        assert env[mine] == env[key] and Secret("other://elsewhere") in env.values()
        variables.unlink(host, datastore.kind, service.name, app)
        assert [value.reveal() for value in get_env(host, app).values()] == ["other://elsewhere"]

    def test_a_rename_changes_nothing_for_linked_apps(
        self, host: Host, datastore: Datastore, service: Service, app: AppName, image: str
    ) -> None:
        variables.link(host, datastore, service.name, app)
        before = dict(get_env(host, app))
        other = lifecycle.rename(host, datastore, service.name, ServiceName(f"{service.name}-2"))
        try:
            assert get_env(host, app) == before and self.reaches(host, app, service.hostname, datastore.port, image)
            assert [one.app for one in records.links(host, other)] == [app]
            with pytest.raises(NotFound):
                records.read(host, self.kind, service.name)
        finally:
            lifecycle.rename(host, datastore, other.name, service.name)
        variables.unlink(host, datastore.kind, service.name, app)
        assert records.read(host, self.kind, service.name) == service

    def test_an_exposed_port_reaches_it_until_it_is_unexposed(
        self, host: Host, datastore: Datastore, service: Service
    ) -> None:
        after = expose.expose(host, datastore, service.name, [])
        address, outer, inner = expose.split(after.exposed[0])
        assert (address, inner) == (expose.LOOPBACK, datastore.port)
        with pytest.raises(Conflict, match="already exposed"):
            expose.expose(host, datastore, service.name, ["1234"])
        assert self.connects(address, outer)
        expose.unexpose(host, datastore, service.name)
        assert not self.connects(address, outer, tries=1)

    def connects(self, address: str, port: int, tries: int = 600) -> bool:
        """Whether a connection to the port stays open: socat closes a connection whose other end is refused."""
        for _ in range(tries):
            try:
                with socket.create_connection((address, port), timeout=5) as found:
                    found.settimeout(0.3)
                    try:
                        if found.recv(1):
                            return True
                    except TimeoutError:
                        return True
            except OSError:
                pass
            time.sleep(0.1)
        return False

    # start and stop

    def test_service_keeps_its_data_when_stopped_paused_and_restarted(
        self, host: Host, datastore: Datastore, service: Service
    ) -> None:
        for state, verb, seen in (("paused", "pause", "exited"), ("stopped", "stop", "missing")):
            lifecycle.set_state(host, datastore, service.name, state, verb)
            assert lifecycle.status(host, service) == seen
            assert maintenance.bring_up_all(host) == []
            lifecycle.set_state(host, datastore, service.name, lifecycle.RUNNING, "start")
            self.require_rows(host, datastore, service)
        lifecycle.restart(host, datastore, service.name)
        self.require_rows(host, datastore, service)

    def require_rows(self, host: Host, datastore: Datastore, service: Service, rows: int = ROWS) -> None:
        if datastore.data:
            assert self.count(self.inside(host, service)) == rows

    def test_a_removed_container_is_created_again_with_its_data(
        self, host: Host, datastore: Datastore, service: Service, app: AppName, image: str
    ) -> None:
        variables.link(host, datastore, service.name, app)
        host.containers().remove(service.container)
        assert maintenance.bring_up_all(host) == [f"{service.subject}: its container was created again"]
        self.require_rows(host, datastore, service)
        assert self.reaches(host, app, service.hostname, datastore.port, image)
        variables.unlink(host, datastore.kind, service.name, app)

    # data

    def test_an_exported_dump_can_be_imported_again(
        self, host: Host, datastore: Datastore, service: Service, options: ServiceOptions, tmp_path: Path
    ) -> None:
        self.require_dumps(datastore)
        file = tmp_path / "dump"
        with file.open("wb") as out, (tmp_path / "all").open("wb") as of_all:
            pipes.export_to(datastore, self.inside(host, service), out)
            pipes.export_to(datastore, self.inside(host, service), of_all, every=True)
        other = lifecycle.create(host, datastore, ServiceName(f"{service.name}-in"), options)
        self.put(self.inside(host, other), ROWS, ROWS + 3)  # removed, because the dump replaces it
        pieces = [file.read_bytes()]
        moving.put_content(host, datastore, other.name, pieces, "import")
        assert self.count(self.inside(host, other)) == ROWS
        assert records.read(host, self.kind, other.name).state == lifecycle.RUNNING
        whole = file.read_bytes()
        text = b"this is no dump\n"
        # As the command does: most kinds refuse the text before an instance is made.
        with pytest.raises(DokkupyError):
            moving.put_content(host, datastore, other.name, datastore.read_import(other, text, iter([text])), "import")
        with pytest.raises(DokkupyError):
            moving.put_content(host, datastore, other.name, [whole[: len(whole) // 2]], "import")
        assert self.count(self.inside(host, other)) == ROWS
        moving.revert(host, datastore, other.name)
        assert self.count(self.inside(host, other)) == 3
        self.put(self.inside(host, other), 10, 11)  # the app's user may write as before
        lifecycle.destroy(host, datastore.kind, other.name, purge=True)
        assert host.volumes().find_all({container.MARK: other.id}) == []
        assert host.networks().find_all({container.MARK: other.id}) == []
        assert not os.path.exists(container.files_directory(host, other))

    def test_a_clone_has_the_data_and_its_own_passwords(
        self, host: Host, datastore: Datastore, service: Service
    ) -> None:
        """One more row also changes the invariants."""
        self.require_dumps(datastore)
        before = dict(datastore.invariants(self.inside(host, service)))
        assert dict(datastore.invariants(self.inside(host, service))) == before
        copy = moving.clone(host, datastore, service.name, ServiceName(f"{service.name}-copy"), ServiceOptions())
        assert self.count(self.inside(host, copy)) == ROWS
        assert dict(datastore.invariants(self.inside(host, copy))) == before
        assert copy.password != service.password and copy.id != service.id and copy.volume != service.volume
        self.put(self.inside(host, copy), ROWS, ROWS + 1)
        assert dict(datastore.invariants(self.inside(host, copy))) != before
        assert self.count(self.inside(host, service)) == ROWS
        lifecycle.destroy(host, datastore.kind, copy.name, purge=True)

    def test_a_destroyed_service_can_be_restored_until_it_is_purged(
        self, host: Host, datastore: Datastore, service: Service, app: AppName, options: ServiceOptions
    ) -> None:
        if not datastore.data:
            pytest.skip(f"{datastore.title} keeps nothing")
        other = lifecycle.create(host, datastore, ServiceName(f"{service.name}-gone"), options)
        self.put(self.inside(host, other), 0, 3)
        variables.link(host, datastore, other.name, app)
        with pytest.raises(Conflict, match="Cannot delete linked service"):
            lifecycle.destroy(host, datastore.kind, other.name)
        variables.unlink(host, datastore.kind, other.name, app)
        lifecycle.destroy(host, datastore.kind, other.name)
        assert lifecycle.status(host, other) == "missing" and not records.has(host, self.kind, other.name)
        assert trash.purge_due(host) == []
        back = undestroy.undestroy(host, self.kind, other.name, other.name)
        assert back.id == other.id and self.count(self.inside(host, back)) == 3
        lifecycle.destroy(host, datastore.kind, other.name)
        gone = trash.purge_due(host, now=time.time() + 8 * trash.DAY)
        assert len(gone) == 1 and host.volumes().find_all({container.MARK: other.id}) == []
        with pytest.raises(NotFound):
            undestroy.undestroy(host, self.kind, other.name, other.name)

    def test_backup_is_verified_and_restored(self, host: Host, datastore: Datastore, service: Service) -> None:
        self.require_dumps(datastore)
        subject = ServiceSubject(host, self.kind, service.name)
        pieces: list[bytes] = []
        before = dict(subject.invariants())
        assert before
        subject.dump(pieces.append)
        about = subject.describe()
        volumes = self.volumes(host)
        assert dict(subject.verify(iter(pieces), about)) == before
        assert self.volumes(host) == volumes
        whole = b"".join(pieces)
        for bad in (b"", whole[: len(whole) // 2], b"x" * 1000):
            with pytest.raises(DokkupyError):
                subject.check(bad[:65536], bad[-65536:], len(bad))
                subject.verify([bad], about)
        subject.restore(iter(pieces), about, to=f"{service.name}-back")
        back = records.read(host, self.kind, ServiceName(f"{service.name}-back"))
        assert self.count(self.inside(host, back)) == ROWS
        assert dict(ServiceSubject(host, self.kind, back.name).invariants()) == before
        lifecycle.destroy(host, datastore.kind, back.name, purge=True)

    # versions

    def test_an_upgrade_moves_the_data_and_a_revert_restores_the_old_instance(
        self, host: Host, datastore: Datastore, service: Service, app: AppName, newer: str, image: str
    ) -> None:
        if not newer:
            pytest.skip("there is one version here")
        variables.link(host, datastore, service.name, app)
        moved = moving.upgrade(host, datastore, service.name, ServiceOptions(image=newer))
        assert moved.service.version != service.version and moved.seconds > 0
        assert moved.service.password == service.password
        self.require_rows(host, datastore, moved.service)
        assert self.reaches(host, app, service.hostname, datastore.port, image)
        if datastore.data:
            self.put(self.inside(host, moved.service), ROWS, ROWS + 1)
        back = moving.revert(host, datastore, service.name)
        assert back.service.version == service.version
        if not datastore.keeps_data(service.version, moved.service.version):
            self.require_rows(host, datastore, back.service)  # with the data from before the upgrade
        assert self.reaches(host, app, service.hostname, datastore.port, image)
        assert len(container.containers_of(host, service.id)) == 1
        variables.unlink(host, datastore.kind, service.name, app)
        assert moving.forget_previous_due(host, "9999") and len(
            host.volumes().find_all({container.MARK: service.id})
        ) == bool(datastore.data)
