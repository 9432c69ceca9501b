"""The contracts of an engine's roles, of each its own class; `EngineContract` is all of them."""

from __future__ import annotations

import io
import secrets
import subprocess
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dokkupy_sdk.errors import AppError, Conflict, DokkupyError, HostError, NotFound
from dokkupy_sdk.names import EnvKey, Secret
from dokkupy_sdk.roles import ContainerSpec, Engine
from dokkupy_sdk.values import replace

MARK = "dokkupy.contract"


class EngineFixtures:
    """Fixtures to give: `engine`, and `image`, a reference to an image with `sleep`, `echo` and `false` in it.

    Everything that a test makes carries the label `dokkupy.contract` with the test's own mark, and goes afterwards.
    """

    @pytest.fixture
    def engine(self) -> Engine:
        raise NotImplementedError("give the engine under test")

    @pytest.fixture
    def image(self) -> str:
        raise NotImplementedError("give an image that is there")

    @pytest.fixture
    def mark(self, engine: Engine) -> Iterator[str]:
        mark = f"contract-{secrets.token_hex(4)}"
        yield mark
        for container in engine.containers.find_all({MARK: mark}):
            engine.containers.remove(container.id)

    @pytest.fixture
    def spec(self, image: str, mark: str) -> ContainerSpec:
        return ContainerSpec(mark, image, command=("sleep", "600"), labels={MARK: mark}, stop_timeout=1)


class ImagesContract(EngineFixtures):
    def test_an_image_is_found_by_reference_and_by_id(self, engine: Engine, image: str) -> None:
        found = engine.images.find(image)
        assert found is not None
        again = engine.images.find(found.id)
        assert again is not None and again.id == found.id

    def test_an_image_that_is_not_there_is_none_and_nothing_is_pulled(self, engine: Engine) -> None:
        assert engine.images.find("dokkupy-contract/there-is-no-such-image:1") is None

    def test_tagging_and_removing_a_tag_are_idempotent(self, engine: Engine, image: str, mark: str) -> None:
        ref = f"dokkupy-contract/{mark}:1"
        found = engine.images.find(image)
        assert found is not None
        for _ in range(2):
            engine.images.tag(found.id, ref)
        tagged = engine.images.find(ref)
        assert tagged is not None and tagged.id == found.id
        for _ in range(2):
            engine.images.remove(ref)
        assert engine.images.find(ref) is None
        assert engine.images.find(image) is not None

    def test_all_images_are_listed_when_no_label_is_asked_for(self, engine: Engine, image: str) -> None:
        found = engine.images.find(image)
        assert found is not None
        assert found.id in {identifier for identifier, _, _ in engine.images.find_all({})}

    def test_a_file_of_an_image_is_seen_without_running_anything(self, engine: Engine, image: str, mark: str) -> None:
        """The image has /bin/sh, as it must to run a Procfile's commands."""
        assert engine.images.has_file(image, "/bin/sh")
        assert not engine.images.has_file(image, "/bin/there-is-no-such-file")
        assert engine.containers.find_all({MARK: mark}) == []

    def test_an_archive_becomes_an_image_whose_files_can_be_copied_out(
        self, engine: Engine, mark: str, tmp_path: Path
    ) -> None:
        ref, path = f"dokkupy-contract/{mark}:loaded", tmp_path / "root.tar"
        with tarfile.open(path, "w") as tar:
            member = tarfile.TarInfo("etc/contract")
            member.size = 5
            tar.addfile(member, io.BytesIO(b"hello"))
        made = engine.images.load(str(path), ref)
        try:
            found = engine.images.find(ref)
            assert found is not None and found.id == made.id
            assert engine.images.copy_out(ref, "/etc/contract", limit=5) == b"hello"
            assert engine.images.copy_out(ref, "/etc/there-is-no-such-file", limit=5) is None
            with pytest.raises(AppError):
                engine.images.copy_out(ref, "/etc/contract", limit=4)
        finally:
            engine.images.remove(ref)

    def test_an_image_that_no_registry_has_is_an_error_of_the_host(self, engine: Engine, mark: str) -> None:
        with pytest.raises(HostError):
            engine.images.pull(f"127.0.0.1:1/dokkupy-contract/{mark}:1")


class ContainersContract(EngineFixtures):
    def test_a_created_container_runs_and_is_found_by_name_id_and_label(
        self, engine: Engine, spec: ContainerSpec, mark: str
    ) -> None:
        made = engine.containers.create(spec)
        for ref in (made.id, spec.name):
            found = engine.containers.find(ref)
            assert found is not None and (found.id, found.state) == (made.id, "running")
        assert [one.id for one in engine.containers.find_all({MARK: mark})] == [made.id]
        assert made.id in {one.id for one in engine.containers.find_all({MARK: ""})}
        assert engine.containers.find_all({MARK: mark, "another": "label"}) == []

    def test_a_name_that_is_taken_is_an_error_and_changes_nothing(
        self, engine: Engine, spec: ContainerSpec, mark: str
    ) -> None:
        made = engine.containers.create(spec)
        with pytest.raises(DokkupyError):
            engine.containers.create(spec)
        assert [one.id for one in engine.containers.find_all({MARK: mark})] == [made.id]

    def test_creating_a_container_without_an_image_fails_and_leaves_nothing(
        self, engine: Engine, spec: ContainerSpec, mark: str
    ) -> None:
        with pytest.raises(DokkupyError):
            engine.containers.create(replace(spec, image="dokkupy-contract/there-is-no-such-image:1"))
        assert engine.containers.find_all({MARK: mark}) == []

    def test_a_stopped_container_is_kept_and_starts_again(self, engine: Engine, spec: ContainerSpec, mark: str) -> None:
        made = engine.containers.create(spec)
        for _ in range(2):
            engine.containers.stop(made.id, timeout=1)
        found = engine.containers.find(made.id)
        assert found is not None and found.state == "exited"
        assert engine.containers.find_all({MARK: mark}, running_only=True) == []
        engine.containers.start(made.id)
        found = engine.containers.find(made.id)
        assert found is not None and found.state == "running"

    def test_removing_twice_is_removing_once(self, engine: Engine, spec: ContainerSpec) -> None:
        made = engine.containers.create(spec)
        for _ in range(2):
            engine.containers.remove(made.id)
        assert engine.containers.find(made.id) is None

    def test_a_renamed_container_has_the_new_name_alone(self, engine: Engine, spec: ContainerSpec) -> None:
        made = engine.containers.create(spec)
        engine.containers.change(made.id, name=f"{spec.name}-b")
        found = engine.containers.find(f"{spec.name}-b")
        assert found is not None and found.id == made.id
        assert engine.containers.find(spec.name) is None

    def test_renaming_to_a_taken_name_is_a_conflict(self, engine: Engine, spec: ContainerSpec) -> None:
        engine.containers.create(spec)
        other = engine.containers.create(replace(spec, name=f"{spec.name}-b"))
        with pytest.raises(Conflict):
            engine.containers.change(other.id, name=spec.name)

    def test_an_end_is_remembered_with_its_exit_code(self, engine: Engine, spec: ContainerSpec) -> None:
        since = time.time() - 60
        made = engine.containers.create(replace(spec, command=("false",)))
        engine.sessions.wait(made.id, timeout=60)
        (ending,) = engine.containers.endings(since)[made.id]
        assert (ending.exit_code, ending.oom, ending.stopped) == (1, False, False)
        assert abs(ending.at - time.time()) < 60
        assert not engine.containers.endings(time.time()).get(made.id)


class ContainerSessionsContract(EngineFixtures):
    def test_wait_returns_the_exit_status_of_an_ended_container(self, engine: Engine, spec: ContainerSpec) -> None:
        made = engine.containers.create(replace(spec, command=("false",)))
        assert engine.sessions.wait(made.id, timeout=60) == 1
        found = engine.containers.find(made.id)
        assert found is not None and (found.state, found.exit_code) == ("exited", 1)

    def test_waiting_for_a_running_container_times_out(self, engine: Engine, spec: ContainerSpec) -> None:
        made = engine.containers.create(spec)
        with pytest.raises(TimeoutError):
            engine.sessions.wait(made.id, timeout=0.2)

    def test_the_logs_have_the_output_of_a_container(self, engine: Engine, spec: ContainerSpec) -> None:
        made = engine.containers.create(replace(spec, command=("echo", "hello world")))
        engine.sessions.wait(made.id, timeout=60)
        assert ("stdout", b"hello world") in list(engine.sessions.logs(made.id))
        assert list(engine.sessions.logs(made.id, tail=0)) == []

    def test_a_created_container_waits_for_the_program_that_starts_it(
        self, engine: Engine, spec: ContainerSpec
    ) -> None:
        secret = replace(spec, env={EnvKey("TOKEN"): Secret("hunter2")})
        made = engine.containers.create(secret, start=False)
        assert made.state == "created"
        assert "hunter2" not in " ".join(engine.sessions.start_argv(made.id, stdin=True))

    def test_commands_run_in_a_running_container(self, engine: Engine, spec: ContainerSpec) -> None:
        made = engine.containers.create(spec)
        said = engine.sessions.exec(made.id, ["echo", "hello world"])
        assert (said.exit_code, said.output.strip()) == (0, "hello world")
        assert engine.sessions.exec(made.id, ["false"]).exit_code == 1
        argv = engine.sessions.attach_argv(made.id, ["echo", "hello"], tty=False)
        assert argv[-2:] == ["echo", "hello"] and len(argv) > 2

    def test_the_program_that_starts_a_container_exits_with_its_status(
        self, engine: Engine, spec: ContainerSpec
    ) -> None:
        made = engine.containers.create(replace(spec, command=("echo", "hello")), start=False)
        argv = engine.sessions.start_argv(made.id, stdin=False)
        assert subprocess.run(argv, check=False, capture_output=True).returncode == 0


class NetworksContract(EngineFixtures):
    def test_a_network_is_made_once_and_removed_twice(self, engine: Engine, mark: str) -> None:
        for _ in range(2):
            engine.networks.ensure(mark, subnet="10.213.7.0/24", labels={MARK: mark})
        try:
            found = engine.networks.find(mark)
            assert engine.networks.find_all({MARK: mark}) == [found]
            assert found in engine.networks.find_all({})
            assert found is not None
            assert (found.name, found.subnet, found.labels) == (mark, "10.213.7.0/24", {MARK: mark})
            assert found.id and found.driver == "bridge" and not found.internal
        finally:
            for _ in range(2):
                engine.networks.remove(mark)
        assert engine.networks.find_all({MARK: mark}) == []
        assert engine.networks.find(mark) is None

    def test_a_subnet_that_overlaps_another_is_a_conflict(self, engine: Engine, mark: str) -> None:
        engine.networks.ensure(mark, subnet="10.213.8.0/24", labels={MARK: mark})
        try:
            with pytest.raises(Conflict):
                engine.networks.ensure(f"{mark}-b", subnet="10.213.8.0/25", labels={MARK: mark})
        finally:
            engine.networks.remove(mark)
            engine.networks.remove(f"{mark}-b")

    def test_a_network_with_a_container_in_it_is_not_removed(
        self, engine: Engine, spec: ContainerSpec, mark: str
    ) -> None:
        engine.networks.ensure(mark, subnet="10.213.9.0/24", labels={MARK: mark})
        made = engine.containers.create(replace(spec, network=mark, address="10.213.9.9"))
        try:
            found = engine.containers.find(made.id)
            assert found is not None and found.addresses.get(mark) == "10.213.9.9"
            engine.containers.stop(made.id, timeout=0)
            assert [one.id for one in engine.containers.find_all({}, network=mark)] == [made.id]
            assert engine.containers.find_all({}, network=f"{mark}-other") == []
            engine.containers.start(made.id)
            with pytest.raises(Conflict):
                engine.networks.remove(mark)
        finally:
            engine.containers.remove(made.id)
            engine.networks.remove(mark)

    def test_a_network_without_a_subnet_gets_a_free_one(self, engine: Engine, mark: str) -> None:
        names = (mark, f"{mark}-b")
        try:
            for name in names:
                engine.networks.ensure(name, subnet="", labels={MARK: mark})
            subnets = {one.subnet for one in engine.networks.find_all({MARK: mark})}
            assert len(subnets) == 2 and "" not in subnets
        finally:
            for name in names:
                engine.networks.remove(name)

    def test_a_container_is_connected_to_another_network_and_disconnected(
        self, engine: Engine, spec: ContainerSpec, mark: str
    ) -> None:
        names = (mark, f"{mark}-b")
        for name in names:
            engine.networks.ensure(name, subnet="", labels={MARK: mark})
        made = engine.containers.create(replace(spec, network=mark))
        try:
            for _ in range(2):
                engine.networks.connect(names[1], made.name, ("database",))
            found = engine.containers.find(made.id)
            assert found is not None and set(found.addresses) == set(names)
            for _ in range(2):
                engine.networks.disconnect(names[1], made.name)
            found = engine.containers.find(made.id)
            assert found is not None and set(found.addresses) == {mark}
            with pytest.raises(NotFound):
                engine.networks.connect(names[1], f"{made.name}-none", ())
            engine.networks.disconnect(names[1], f"{made.name}-none")
        finally:
            engine.containers.remove(made.id)
            for name in names:
                engine.networks.remove(name)


class VolumesContract(EngineFixtures):
    def test_a_volume_is_made_once_and_found_by_its_label(self, engine: Engine, mark: str) -> None:
        for _ in range(2):
            engine.volumes.ensure(mark, labels={MARK: mark})
        assert engine.volumes.find_all({MARK: mark}) == [mark]
        engine.volumes.remove(mark)
        assert engine.volumes.find_all({MARK: mark}) == []

    def test_a_volume_is_removed_when_no_container_has_it(self, engine: Engine, spec: ContainerSpec, mark: str) -> None:
        made = engine.containers.create(replace(spec, options=("--volume", f"{mark}:/data")))
        try:
            with pytest.raises(Conflict):
                engine.volumes.remove(mark)
        finally:
            engine.containers.remove(made.id)
        for _ in range(2):
            engine.volumes.remove(mark)


class EngineContract(ImagesContract, ContainersContract, ContainerSessionsContract, NetworksContract, VolumesContract):
    """An engine with all of its roles; `ImageBuilds` is in `BuilderContract`, by the builders that use it."""

    def test_it_is_ready(self, engine: Engine) -> None:
        ready = engine.prepare()
        assert ready.ready, ready.reason
