"""Each contract fails an adapter of which one method is a stub: one method of the fakes after the other does nothing and
returns at once what its type has for nothing. The role Proxy has more such adapters in `test_proxy_contract`."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest
from dokkupy_sdk import roles, states
from dokkupy_sdk.model import Readiness
from dokkupy_sdk.one_offs import EngineOneOffs
from dokkupy_sdk.testing import contracts, fakes
from dokkupy_sdk.testing.fake_access_log import FakeAccessLog
from dokkupy_sdk.testing.fake_containers import FakeContainers, FakeContainerSessions
from dokkupy_sdk.testing.fake_images import FakeImageBuilds, FakeImageRegistries, FakeImages
from dokkupy_sdk.testing.fake_networks import FakeNetworks, FakeVolumes
from dokkupy_sdk.testing.fake_tls import FakeChallengeServer, FakeTlsProbe

from plugin_sdk.tests import test_contracts

FAKES: dict[str, tuple[type, str]] = {
    "AccessLog": (FakeAccessLog, "TestFakeAccessLog"),
    "Builder": (fakes.FakeBuilder, "TestFakeBuilder"),
    "ChallengeServer": (FakeChallengeServer, "TestFakeChallengeServer"),
    "ContainerSessions": (FakeContainerSessions, "TestFakeEngine"),
    "Containers": (FakeContainers, "TestFakeEngine"),
    "ImageBuilds": (FakeImageBuilds, "TestFakeBuilds"),
    "ImageRegistries": (FakeImageRegistries, "TestFakeRegistries"),
    "Images": (FakeImages, "TestFakeEngine"),
    "InstanceStates": (test_contracts.FakeStates, "TestFakeScheduler"),
    "Instances": (fakes.FakeScheduler, "TestFakeScheduler"),
    "Networks": (FakeNetworks, "TestFakeEngine"),
    "OneOffSessions": (EngineOneOffs, "TestFakeScheduler"),
    "OneOffs": (EngineOneOffs, "TestFakeScheduler"),
    "Scheduler": (fakes.FakeScheduler, "TestFakeScheduler"),
    "SourceStore": (fakes.FakeSource, "TestFakeSource"),
    "Surroundings": (fakes.FakeScheduler, "TestFakeScheduler"),
    "TlsProbe": (FakeTlsProbe, "TestFakeTlsProbe"),
    "Volumes": (FakeVolumes, "TestFakeEngine"),
}
"""Role -> its fake, and the tests that hold the fake to the role's contract."""

CONTRACTS = {"OneOffSessions": "OneOffsContract", "SourceStore": "SourceContract"}
"""Contracts that are not named as their role."""

ELSEWHERE = {
    "Engine": "its roles have their own",
    "Proxy": "test_proxy_contract",
    "SourceHistory": "a fake source has no commits: git's tests",
    "BackupSubject": "each datastore's: DatastoreContract",
}

NOTHING: dict[str, object] = {
    "None": None,
    "bool": False,
    "bytes": b"",
    "frozenset": frozenset(),
    "int": 0,
    "Iterator": (),
    "list": [],
    "Mapping": {},
    "Readiness": Readiness("a stub"),
    "Sequence": (),
    "str": "",
    "tuple": (),
}
"""Type -> the value that a stub returns. A stub of any other type returns None."""


def role_class(name: str) -> Any:
    return getattr(states if name == "InstanceStates" else roles, name)


def contract_of(role: str) -> type:
    found: type = getattr(contracts, CONTRACTS.get(role, f"{role}Contract"))
    return found


def stubs() -> dict[str, tuple[str, str, object]]:
    """Name -> role, method and what the stub returns. A method that says yes or no has two stubs."""
    found = {}
    for role in FAKES:
        for method in sorted(role_class(role).__abstractmethods__):
            returned = str(inspect.signature(getattr(role_class(role), method)).return_annotation).partition("[")[0]
            found[f"{role}_{method}"] = role, method, NOTHING.get(returned)
            if returned == "bool":
                found[f"{role}_{method}_true"] = role, method, True
    return found


def stubbed(name: str) -> type:
    """The contract's tests, with a stub in the fake."""
    role, method, value = stubs()[name]
    fake, tests = FAKES[role]

    @pytest.fixture(autouse=True)
    def stub(self: object, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(fake, method, lambda *_, **__: value)

    return type(f"Test_{name}", (getattr(test_contracts, tests),), {"stub": stub, "patience": 0.1})


class FirstFailures:
    """failed: the classes of which a test failed. Their other tests are left out."""

    def __init__(self) -> None:
        self.failed: set[str] = set()
        self.ran: set[str] = set()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        if item.nodeid.split("::")[1] in self.failed:
            pytest.skip("its class has failed")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        name = report.nodeid.split("::")[1]
        self.ran.add(name)
        if report.failed:
            self.failed.add(name)


MODULE = """
from plugin_sdk.tests import test_stubs
from plugin_sdk.tests.test_contracts import host

for name in test_stubs.stubs():
    globals()[f"Test_{name}"] = test_stubs.stubbed(name)
"""

UNSEEN = {
    "ImageBuilds_can_mount": "an engine may have no mounts",
    "ImageBuilds_can_mount_true": "or have them",
    "Surroundings_connect_services": "only another plugin has containers to connect: docker's test_network",
}


def test_every_stub_fails_a_test_of_its_contract(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = tmp_path / "test_with_stubs.py"
    (here := tmp_path / "here").mkdir()
    monkeypatch.chdir(here)
    module.write_text(MODULE)
    seen = FirstFailures()
    options = ["-p", "no:cacheprovider", "-p", "no:terminal", "--rootdir", str(tmp_path), "--import-mode=importlib"]
    pytest.main([*options, str(module)], plugins=[seen])
    assert seen.ran == {f"Test_{name}" for name in stubs()}
    assert {name.removeprefix("Test_") for name in seen.ran - seen.failed} == set(UNSEEN)
    assert list(here.iterdir()) == [], "a stub left a file"


def test_every_role_has_a_contract() -> None:
    everything = {*roles.HOMES, "InstanceStates"}
    abstract = {name for name in everything if inspect.isabstract(role_class(name))}
    assert abstract == {*FAKES, *ELSEWHERE}
    assert all(inspect.isclass(contract_of(role)) for role in FAKES)
