"""A change of a service that is killed at any failpoint happens completely or not at all, once the next command
recovered it."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from bed.servers import server
from dokkupy_sdk import Host
from dokkupy_sdk.testing import fake_host
from dokkupy_sdk.testing.effort import stride
from dokkupy_services import records
from dokkupy_services.lifecycle import container
from dokkupy_services.lifecycle.container import Exec
from dokkupy_services.model import Service
from dokkupy_services.names import ServiceName
from dokkupy_services.timer import maintenance

from plugins_builtin.postgres.tests.test_contract import as_app

KILLED = -9
MOST = 80
STEP = 24
"""The step through the failpoints. --thorough tests every one."""


class Bench:
    """A state directory in which commands run as processes of their own, with the real engine."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.host: Host = fake_host(root, plugins=("docker", "services", "postgres"), real=("engine", "scheduler"))
        self.name = f"cr-{secrets.token_hex(3)}"

    def run(self, *words: str, fault: str = "", stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        env = {**os.environ, "DOKKUPY_ROOT": str(self.root), **({"DOKKUPY_FAILPOINT": fault} if fault else {})}
        argv = [sys.executable, "-I", "-m", "dokkupy", *words]
        return subprocess.run(argv, capture_output=True, env=env, input=stdin, timeout=300)

    def service(self, name: str = "") -> Service:
        return records.read(self.host, "postgres", ServiceName(name or self.name))

    def rows(self, name: str = "") -> int:
        service = self.service(name)
        return int(as_app(Exec(self.host, service, service.container), "SELECT count(*) FROM rows"))

    def pieces(self) -> dict[str, int]:
        """The number of containers, volumes and networks of all our services."""
        engine, mine = self.host.engine(), [one.id for one in records.services(self.host)]
        return {
            "containers": sum(len(engine.containers.find_all({container.MARK: one})) for one in mine),
            "volumes": sum(len(engine.volumes.find_all({container.MARK: one})) for one in mine),
            "networks": sum(len(engine.networks.find_all({container.MARK: one})) for one in mine),
        }

    def finalize(self) -> None:
        """Do what the timer does, and what happens at boot."""
        maintenance.bring_up_all(self.host)
        for subject in ("service:postgres:" + name for name in (self.name, f"{self.name}-2")):
            assert recover(self.host, subject)
        assert os.listdir(self.host.path("journal", "open")) == []

    def orphans(self) -> list[str]:
        """Our containers that no record names."""
        known = {one.id for one in records.services(self.host)}
        found = self.host.containers().find_all({container.MARK: ""})
        return [one.name for one in found if self.name in one.name and one.labels[container.MARK] not in known]


def recover(host: Host, subject: str) -> bool:
    from dokkupy.kernel.operation import operation

    with operation(host, "recover", subject):
        return True


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path / "state")
    os.makedirs(made.root)
    done = made.run("postgres:create", made.name, "--image", server("postgres:15"))
    assert done.returncode == 0, done.stderr
    service = made.service()
    as_app(Exec(made.host, service, service.container), "CREATE TABLE rows AS SELECT generate_series(1, 1000) AS id")
    yield made
    for one in records.services(made.host):
        container.remove_everything(made.host, identifier=one.id)


ONE = {"containers": 1, "volumes": 1, "networks": 1}


def matrix(bench: Bench, *words: str, stdin: bytes = b"") -> Iterator[tuple[int, bool]]:
    """(failpoint, whether the command finished) for each failpoint at which it is killed."""
    for number in range(1, MOST, stride(STEP)):
        done = bench.run(*words, fault=f"kill@{number}", stdin=stdin)
        assert done.returncode in (0, KILLED), done.stderr
        bench.finalize()
        assert bench.orphans() == [], f"{words}: boundary {number}"
        yield number, done.returncode == 0
        if done.returncode == 0:
            return
    raise AssertionError(f"{words} has more than {MOST} boundaries")


def test_killed_upgrade_leaves_the_old_or_the_new_server_with_all_rows(bench: Bench) -> None:
    old, new, outcomes = bench.service().image, server("postgres:17"), []
    for number, through in matrix(bench, "postgres:upgrade", bench.name, "--image", new):
        found = bench.service()
        assert found.image in (old, new) and found.state == "running" and bench.rows() == 1000, number
        outcomes.append("after" if found.image == new else "before")
        assert bench.pieces() == {**ONE, "volumes": 2 if found.image == new else 1}, number
        if found.image == new:
            assert through or bench.run("postgres:revert", bench.name).returncode == 0
            assert through or bench.rows() == 1000
        if found.image == new and not through:
            # Restore the old instance for the next failpoint, and remove the previous one.
            assert maintenance.moving.forget_previous_due(bench.host, "9999")
    print(f"\nupgrade: {len(outcomes)} boundaries, {outcomes.count('before')} before, {outcomes.count('after')} after")
    assert outcomes[-1] == "after" and len(outcomes) > 20 // stride(STEP)


def test_killed_import_leaves_the_old_or_the_new_content(bench: Bench) -> None:
    dump = bench.run("postgres:export", bench.name).stdout
    assert dump.startswith(b"PGDMP")
    service = bench.service()
    as_app(Exec(bench.host, service, service.container), "DELETE FROM rows WHERE id > 10")
    outcomes = []
    for number, _ in matrix(bench, "postgres:import", bench.name, stdin=dump):
        assert bench.rows() in (10, 1000), number
        outcomes.append(bench.rows())
        if outcomes[-1] == 1000:
            break  # from here on, the old and the new content cannot be distinguished
    assert outcomes[0] == 10 and outcomes[-1] == 1000 and len(outcomes) > 10 // stride(STEP)


def test_killed_create_leaves_a_complete_service_or_nothing(bench: Bench) -> None:
    name, outcomes = f"{bench.name}-2", []
    for number, _ in matrix(bench, "postgres:create", name, "--image", server("postgres:15")):
        outcomes.append(records.has(bench.host, "postgres", name))
        assert bench.pieces() == {key: count * (1 + outcomes[-1]) for key, count in ONE.items()}, number
        if outcomes[-1]:
            break
    assert outcomes[-1] and len(outcomes) > 8 // stride(STEP)


def test_killed_destroy_removes_the_service_completely_or_not_at_all(bench: Bench) -> None:
    outcomes = []
    for number, _ in matrix(bench, "postgres:destroy", bench.name, "--force"):
        outcomes.append(records.has(bench.host, "postgres", bench.name))
        if not outcomes[-1]:
            break
        assert bench.pieces() == ONE and bench.rows() == 1000, number
    assert not outcomes[-1] and bench.orphans() == [] and len(outcomes) > 3 // stride(STEP)
    assert bench.run("services:undestroy", "postgres", bench.name).returncode == 0
    assert bench.rows() == 1000
