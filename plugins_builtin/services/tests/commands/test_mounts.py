"""`mount`, `unmount` and `--volume`: directories in a service's container in addition to its data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from dokkupy_sdk import Host
from dokkupy_sdk.errors import HostError
from dokkupy_services import records
from dokkupy_services.lifecycle import container
from dokkupy_services.lifecycle import service as lifecycle
from dokkupy_services.names import ServiceName
from dokkupy_services.testing.fakes import FakeDatastore

from plugins_builtin.services.tests.conftest import Ran

DB = ServiceName("db")


@pytest.fixture
def files(tmp_path: Path) -> str:
    (tmp_path / "files" / "part").mkdir(parents=True)
    return str(tmp_path / "files")


def mounted(host: Host) -> tuple[str, ...]:
    service = records.read(host, "fake", DB)
    spec = container.spec_of(host, records.datastore(host, "fake"), service, name="x", instance="x")
    assert all(["--volume", text] in [list(spec.options[at : at + 2]) for at in range(9)] for text in service.mounts)
    return service.mounts


def test_a_path_and_a_volume_are_mounted_and_unmounted(host: Host, run: Callable[..., Ran], files: str) -> None:
    run("fake:create", "db")
    status, out, _ = run("fake:mount", "db", f"{files}:/opt/files:ro")
    assert status == 0 and f"Mounted: {files}:/opt/files:ro" in out and "fake:restart db" in out
    assert run("fake:mount", "db", "words:/opt/words")[0] == 0
    assert "words" in host.volumes().find_all({})
    assert mounted(host) == (f"{files}:/opt/files:ro", "words:/opt/words")
    assert run("fake:info", "db", "--mounts")[1].split() == [f"{files}:/opt/files:ro", "words:/opt/words"]
    assert run("fake:mount", "db", f"{files}:/opt/files")[0] == 0  # the same mount with other options
    assert mounted(host) == ("words:/opt/words", f"{files}:/opt/files")
    assert run("fake:unmount", "db", "words:/opt/words")[0] == 0
    assert run("fake:unmount", "db", "words:/opt/words")[::2] == (
        1,
        " !     words is not mounted at /opt/words in fake:db\n !     List the mounts: fake:info db --mounts\n",
    )
    assert run("fake:mount", "--replace", "db", "a1:/opt/a", "b1:/opt/b:ro")[0] == 0
    assert mounted(host) == ("a1:/opt/a", "b1:/opt/b:ro")
    assert run("fake:unmount", "--all", "db")[0] == 0 and mounted(host) == ()
    assert run("fake:unmount", "db")[0] == 1


def test_flags_have_the_same_effect_as_options(host: Host, run: Callable[..., Ran], files: str) -> None:
    run("fake:create", "db")
    words = ("--volume-readonly", "--volume-options", "z", "--volume-subpath", "part", "--volume-chown", "false")
    assert run("fake:mount", "db", f"{files}:/opt/files", *words)[0] == 0
    assert mounted(host) == (f"{files}/part:/opt/files:ro,z",)
    assert run("fake:mount", "db", f"{files}:/opt/x:ro", "--volume-readonly")[0] == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("/no/such/directory:/opt/x", "is not on this host"),
        ("words:/data", "has the service's own files"),
        ("words:/run", "has the service's own files"),
        ("words:relative", "is not a mount such as"),
        ("words:/proc/x", "Nothing can be mounted at '/proc/x'"),
        ("words:/dev", "Nothing can be mounted at '/dev'"),
        ("words:/opt/../data", "is not a mount such as"),
        ("./here:/opt/x", "does not begin with an absolute path"),
        ("words:/opt/x:noexec", "'noexec' is not an option of a mount"),
        ("words:/opt/x:volume-subpath=a", "volume-subpath is for paths of the host"),
        ("words:/opt/x:volume-chown=1000", "The owner of a mounted directory is not changed"),
    ],
)
def test_a_mount_that_docker_would_refuse_or_make_empty_is_refused(
    host: Host, run: Callable[..., Ran], text: str, reason: str
) -> None:
    run("fake:create", "db")
    status, _, err = run("fake:mount", "db", text)
    assert status == 1 and reason in err and mounted(host) == ()
    assert run("fake:create", "other", "--volume", text)[0] == 1 and not records.has(host, "fake", "other")


def test_the_data_of_another_service_is_not_mounted(host: Host, run: Callable[..., Ran]) -> None:
    run("fake:create", "db")
    run("fake:create", "other")
    volume = records.read(host, "fake", ServiceName("other")).volume
    assert "has the data of another service" in run("fake:mount", "db", f"{volume}:/opt/x")[2]


def test_two_mounts_of_one_directory_are_refused(host: Host, run: Callable[..., Ran]) -> None:
    assert "Two mounts" in run("fake:create", "db", "--volume", "aa:/opt/x", "--volume", "bb:/opt/x")[2]


def test_missing_source_of_a_mount_is_never_created_empty(host: Host, run: Callable[..., Ran]) -> None:
    run("fake:create", "db", "--volume", "words:/opt/words")
    run("fake:stop", "db")
    host.volumes().remove("words")
    for verb in ("start", "restart"):
        status, _, err = run(f"fake:{verb}", "db")
        assert status == 1 and "fake:db has mounts whose source is missing: words" in err and "fake:unmount db" in err
    assert "words" not in host.volumes().find_all({})
    assert lifecycle.status(host, records.read(host, "fake", DB)) == "missing"


def test_clone_copies_the_settings_and_an_upgrade_keeps_them(host: Host, run: Callable[..., Ran], files: str) -> None:
    words = ("--volume", f"{files}:/opt/files", "--restart", "on-failure:3", "--post-start-network", "net")
    host.networks().ensure("net", subnet="", labels={})
    assert run("fake:create", "db", *words)[0] == 0
    assert run("fake:clone", "db", "copy")[0] == 0
    copy = records.read(host, "fake", ServiceName("copy"))
    assert copy.mounts == (f"{files}:/opt/files",) and copy.restart_policy == "on-failure:3"
    assert copy.networks == {"post-start-network": "net"}
    assert run("fake:clone", "db", "bare", "--volume", "", "--restart", "no")[0] == 0
    bare = records.read(host, "fake", ServiceName("bare"))
    assert bare.mounts == () and bare.restart_policy == "no"
    assert run("fake:upgrade", "db", "--memory", "64")[0] == 0 and mounted(host) == (f"{files}:/opt/files",)
    assert run("fake:upgrade", "db", "--volume", "words:/opt/words")[0] == 0 and mounted(host) == ("words:/opt/words",)


def test_the_restart_policy_is_a_property(host: Host, run: Callable[..., Ran]) -> None:
    run("fake:create", "db")
    assert run("fake:set", "db", "restart-policy", "unless-stopped")[0] == 0
    assert run("fake:info", "db", "--restart-policy")[1] == "unless-stopped\n"
    assert run("fake:set", "db", "restart-policy", "sometimes")[0] == 1
    assert run("fake:set", "db", "restart-policy")[0] == 0
    assert records.read(host, "fake", DB).restart_policy == "always"


def test_failed_create_removes_the_volumes_that_it_made(
    host: Host, run: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> str:
        raise HostError("the server has no version")

    monkeypatch.setattr(FakeDatastore, "version", fails)
    assert run("fake:create", "db", "--volume", "words:/opt/words")[0] == 1
    assert "words" not in host.volumes().find_all({})
