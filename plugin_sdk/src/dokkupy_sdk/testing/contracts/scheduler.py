"""The contracts of a scheduler's roles."""

from __future__ import annotations

import subprocess
import time

import pytest

from dokkupy_sdk import Host
from dokkupy_sdk.errors import AppError, DokkupyError
from dokkupy_sdk.model import Instance, Release
from dokkupy_sdk.names import ProcessType
from dokkupy_sdk.one_offs import OneOffContainers, one_offs
from dokkupy_sdk.operation import operation
from dokkupy_sdk.roles import Instances, Scheduler, Surroundings
from dokkupy_sdk.states import InstanceStates
from dokkupy_sdk.values import replace

WEB, WORKER, DIES = ProcessType("web"), ProcessType("worker"), ProcessType("dies")


class SchedulerFixtures:
    """Fixtures to give: `host`, whose scheduler is under test, and `release`, of an app that nothing runs of yet, with
    the process types `web` and `worker`, which stay up, and `dies`, which ends at once with a status other than 0.
    The image has `echo` and `false`. `host` forgets the app afterwards.
    """

    @pytest.fixture
    def host(self) -> Host:
        raise NotImplementedError("give a host whose scheduler is under test")

    @pytest.fixture
    def release(self) -> Release:
        raise NotImplementedError("give a release with web, worker and dies")

    @pytest.fixture
    def scheduler(self, host: Host) -> Scheduler:
        return host.scheduler()

    def start(self, host: Host, release: Release, *wanted: tuple[ProcessType, int]) -> tuple[Instance, ...]:
        with operation(host, "contract", f"app:{release.app}") as tx:
            return host.scheduler().start(release, wanted, tx.id, tx)

    @pytest.fixture
    def running(self, host: Host) -> Instances:
        return host.instances()

    def states(self, running: Instances, *instances: Instance) -> list[str]:
        return [status.state for status in running.status(instances)]


class SchedulerContract(SchedulerFixtures):
    """Instances are started, switched and ended as a formation wants them."""

    def test_it_is_ready(self, scheduler: Scheduler) -> None:
        ready = scheduler.prepare()
        assert ready.ready, ready.reason

    def test_every_wanted_instance_is_started_in_the_order_given(
        self, host: Host, running: Instances, release: Release
    ) -> None:
        made = self.start(host, release, (WORKER, 1), (WEB, 1), (WEB, 2))
        assert [(one.process, one.index) for one in made] == [(WORKER, 1), (WEB, 1), (WEB, 2)]
        assert self.states(running, *made) == ["running"] * 3
        assert len({one.id for one in made}) == len({one.address for one in made}) == 3
        assert {one.release for one in made} == {release.number}

    def test_new_instances_run_beside_the_old_ones(
        self, host: Host, scheduler: Scheduler, running: Instances, release: Release
    ) -> None:
        (old,) = self.start(host, release, (WEB, 1))
        scheduler.finalize(release.app, [old], [])
        (new,) = self.start(host, release, (WEB, 1))
        assert self.states(running, old, new) == ["running", "running"]

    def test_one_that_is_dead_on_arrival_is_an_error_and_none_of_them_is_left(
        self, host: Host, scheduler: Scheduler, release: Release
    ) -> None:
        with pytest.raises(AppError):
            self.start(host, release, (WEB, 1), (DIES, 1))
        assert scheduler.orphans(release.app, ()) == ()

    def test_an_operation_that_fails_later_removes_started_instances(
        self, host: Host, scheduler: Scheduler, release: Release
    ) -> None:
        with pytest.raises(ZeroDivisionError), operation(host, "contract", f"app:{release.app}") as tx:
            scheduler.start(release, [(WEB, 1)], tx.id, tx)
            raise ZeroDivisionError
        assert scheduler.orphans(release.app, ()) == ()

    def test_finalizing_twice_is_finalizing_once(
        self, host: Host, scheduler: Scheduler, running: Instances, release: Release
    ) -> None:
        (old,) = self.start(host, release, (WEB, 1))
        scheduler.finalize(release.app, [old], [])
        (new,) = self.start(host, release, (WEB, 1))
        for _ in range(2):
            scheduler.finalize(release.app, [new], [old])
        assert self.states(running, old, new) == ["running", "running"]

    def test_the_serving_instance_takes_the_name_of_the_one_that_it_replaces(
        self, host: Host, scheduler: Scheduler, release: Release
    ) -> None:
        def names() -> dict[str, str]:
            return {one.id: one.name for one in scheduler.orphans(release.app, ())}

        (old,) = self.start(host, release, (WEB, 1))
        assert names() == {old.id: old.name}
        scheduler.finalize(release.app, [old], [])
        final = names()[old.id]
        assert final != old.name
        (new,) = self.start(host, release, (WEB, 1))
        scheduler.finalize(release.app, [new], [old])
        assert names()[new.id] == final != names()[old.id]

    def test_retiring_twice_is_retiring_once(
        self, host: Host, scheduler: Scheduler, running: Instances, release: Release
    ) -> None:
        first, second = self.start(host, release, (WORKER, 1), (WORKER, 2))
        for _ in range(2):
            scheduler.retire([first], timeout=1)
        assert self.states(running, first, second) == ["missing", "running"]

    def test_stopped_instances_are_kept_and_resume(
        self, host: Host, scheduler: Scheduler, running: Instances, release: Release
    ) -> None:
        made = self.start(host, release, (WORKER, 1))
        for _ in range(2):
            scheduler.stop(made, timeout=1)
        assert self.states(running, *made) == ["exited"]
        assert scheduler.resume(release, made) == made
        assert self.states(running, *made) == ["running"]

    def test_one_that_is_gone_is_missing_and_does_not_resume(
        self, host: Host, scheduler: Scheduler, running: Instances, release: Release
    ) -> None:
        gone, there = self.start(host, release, (WORKER, 1), (WORKER, 2))
        scheduler.retire([gone], timeout=1)
        scheduler.stop([there], timeout=1)
        assert self.states(running, gone) == ["missing"]
        assert scheduler.resume(release, [gone, there]) == (there,)

    def test_an_orphan_is_one_that_nobody_knows(self, host: Host, scheduler: Scheduler, release: Release) -> None:
        known, unknown = self.start(host, release, (WORKER, 1), (WORKER, 2))
        assert [one.id for one in scheduler.orphans(release.app, [known])] == [unknown.id]
        assert scheduler.orphans(release.app, [known, unknown]) == ()

    def test_a_forgotten_app_has_nothing_left(
        self, host: Host, scheduler: Scheduler, running: Instances, release: Release
    ) -> None:
        made = self.start(host, release, (WEB, 1), (WORKER, 1))
        for _ in range(2):
            scheduler.forget(release.app)
        assert self.states(running, *made) == ["missing", "missing"]
        assert scheduler.orphans(release.app, ()) == ()


class InstancesContract(SchedulerFixtures):
    """Instances can be looked at and entered."""

    def test_only_what_has_been_up_for_long_enough_is_steady(
        self, host: Host, scheduler: Scheduler, running: Instances, release: Release
    ) -> None:
        up, down = self.start(host, release, (WORKER, 1), (WORKER, 2))
        scheduler.stop([down], timeout=1)
        assert {up.id, down.id} & running.steady(0) == {up.id}
        assert {up.id, down.id} & running.steady(3600) == set()

    def test_one_that_was_stopped_ended_because_somebody_asked(
        self, host: Host, scheduler: Scheduler, running: Instances, release: Release
    ) -> None:
        up, down = self.start(host, release, (WORKER, 1), (WORKER, 2))
        since = time.time() - 60
        scheduler.stop([down], timeout=1)
        found = running.endings(since)
        assert up.id not in found
        assert [one.stopped for one in found[down.id]] == [True]

    def test_a_command_runs_beside_an_instance(self, host: Host, running: Instances, release: Release) -> None:
        (one,) = self.start(host, release, (WEB, 1))
        assert running.exec(one, ["echo", "hello"]).exit_code == 0
        assert running.exec(one, ["false"]).exit_code == 1
        assert "echo" in " ".join(running.attach_argv(one, ["echo", "hello"], tty=False))

    def test_what_the_engine_knows_of_instances_has_no_values_of_their_environment(
        self, host: Host, scheduler: Scheduler, running: Instances, release: Release
    ) -> None:
        there, gone = self.start(host, release, (WORKER, 1), (WORKER, 2))
        scheduler.retire([gone], timeout=1, drain=0)
        (found,) = running.inspect([there, gone])
        assert found
        values = [value.reveal() for value in release.env.values()]
        assert values and not any(value in str(found) for value in values)

    def test_the_output_of_an_instance_is_read_until_it_is_gone(
        self, host: Host, scheduler: Scheduler, running: Instances, release: Release
    ) -> None:
        (one,) = self.start(host, release, (WEB, 1))
        assert list(running.logs(one, tail=0)) == []
        scheduler.retire([one], timeout=1, drain=0)
        with pytest.raises(DokkupyError):
            list(running.logs(one))


class InstanceStatesContract(SchedulerFixtures):
    """Reports see whether instances run. Fixture to give besides: `light`, new for each test."""

    @pytest.fixture
    def light(self, host: Host) -> InstanceStates:
        raise NotImplementedError("give the states under test")

    def test_the_states_of_an_apps_instances_are_those_that_the_scheduler_knows(
        self, host: Host, scheduler: Scheduler, light: InstanceStates, release: Release
    ) -> None:
        up, down, gone = self.start(host, release, (WORKER, 1), (WORKER, 2), (WORKER, 3))
        scheduler.stop([down], timeout=1)
        scheduler.retire([gone], timeout=1)
        assert dict(light.of(release.app)) == {up.id: "running", down.id: "exited"}


class SurroundingsContract(SchedulerFixtures):
    """What is no instance has what instances have."""

    @pytest.fixture
    def surroundings(self, host: Host) -> Surroundings:
        return host.surroundings()

    def test_a_one_off_has_the_releases_image_and_environment(
        self, surroundings: Surroundings, release: Release
    ) -> None:
        spec = surroundings.one_off(release, ("true",), name="contract-one-off", kind="task", dyno="release.1")
        assert (spec.name, spec.image) == ("contract-one-off", release.image)
        assert {key: value.reveal() for key, value in release.env.items()}.items() <= {
            str(key): value.reveal() for key, value in spec.env.items()
        }.items()
        assert spec.labels["dokkupy.app"] == release.app
        assert spec.labels["dokkupy.kind"] == "task"


class OneOffsContract(SchedulerFixtures):
    """Commands run in containers of their own, which live until they are removed. One adapter has both roles."""

    @pytest.fixture
    def at(self, host: Host, release: Release) -> OneOffContainers:
        return one_offs(host, release.app)

    def create(self, host: Host, release: Release, *words: str, start: bool = False) -> str:
        spec = host.surroundings(release.app).one_off(
            release, words, name=f"{release.app}.run.{words[0]}", kind="run", dyno="run.1"
        )
        made = one_offs(host, release.app).create(replace(spec, labels={**spec.labels, "mine": words[0]}), start=start)
        return made.id

    def test_a_created_one_runs_only_when_it_is_started(
        self, host: Host, at: OneOffContainers, release: Release
    ) -> None:
        ref = self.create(host, release, "sleep", "60")
        try:
            found = at.find(ref)
            assert found is not None and found.state == "created"
            at.start(ref)
            found = at.find(ref)
            assert found is not None and found.state == "running"
        finally:
            at.remove(ref)

    def test_it_is_found_by_its_labels_until_it_is_removed(
        self, host: Host, at: OneOffContainers, release: Release
    ) -> None:
        ref, other = self.create(host, release, "echo"), self.create(host, release, "sleep", "60")
        assert [one.id for one in at.find_all({"dokkupy.app": release.app, "mine": "echo"})] == [ref]
        assert {one.id for one in at.find_all({"dokkupy.app": release.app, "dokkupy.kind": "run"})} == {ref, other}
        for one in (ref, other):
            at.remove(one)
            at.remove(one)  # idempotent
            assert at.find(one) is None
        assert at.find_all({"dokkupy.app": release.app, "dokkupy.kind": "run"}) == []

    def test_it_is_found_by_its_name(self, host: Host, at: OneOffContainers, release: Release) -> None:
        ref = self.create(host, release, "echo")
        found = at.find(f"{release.app}.run.echo")
        assert found is not None and found.id == ref and found.labels["dokkupy.app"] == release.app
        at.remove(ref)

    def test_a_stopped_one_has_ended_and_stays(self, host: Host, at: OneOffContainers, release: Release) -> None:
        ref = self.create(host, release, "sleep", "60", start=True)
        at.stop(ref, timeout=0)
        at.stop(ref, timeout=0)  # idempotent
        found = at.find(ref)
        assert found is not None and found.state == "exited"
        at.remove(ref)

    def test_its_exit_code_comes_back(self, host: Host, at: OneOffContainers, release: Release) -> None:
        ref = self.create(host, release, "false", start=True)
        assert at.wait(ref) == 1
        at.remove(ref)

    def test_output_of_a_removed_one_is_an_error(self, host: Host, at: OneOffContainers, release: Release) -> None:
        ref = self.create(host, release, "echo")
        at.remove(ref)
        with pytest.raises(DokkupyError):
            list(at.logs(ref))

    def test_the_program_that_starts_it_on_the_terminal_exits_with_its_status(
        self, host: Host, at: OneOffContainers, release: Release
    ) -> None:
        ref = self.create(host, release, "echo")
        assert subprocess.run(at.start_argv(ref, stdin=False), check=False, capture_output=True).returncode == 0
        at.remove(ref)
