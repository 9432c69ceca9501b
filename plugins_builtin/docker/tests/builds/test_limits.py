"""The cgroup that enforces the limits of a build."""

from __future__ import annotations

from pathlib import Path

import pytest
from dokkupy_docker.builds import limits as build_limits
from dokkupy_docker.builds.limits import ALL_PROCESSES, PROCESSES, Limits, files, limits_of, says, script
from dokkupy_docker.builds.options import validate
from dokkupy_sdk import Host
from dokkupy_sdk.errors import UserError
from dokkupy_sdk.operation import operation
from dokkupy_sdk.roles import ImageBuild
from dokkupy_sdk.state import PropertiesFile
from dokkupy_sdk.testing import fake_host

pytestmark = pytest.mark.unit


def test_options_of_docker_become_limits() -> None:
    validated = validate(["--memory=512m", "--cpus", "1.5"], (), buildkit=True, buildx=True)
    assert (validated.words, validated.remarks) == ((), ())
    assert limits_of(validated.limits) == Limits(512 << 20, 512 << 20, 1.5, PROCESSES)
    assert limits_of({"--memory": "1g", "--memory-swap": "1536m"}) == Limits(1 << 30, 512 << 20, None, PROCESSES)
    assert limits_of({"--memory": "1g", "--memory-swap": "-1"}) == Limits(1 << 30, None, None, PROCESSES)
    assert limits_of({"--pids-limit": "9000"}).pids == 9000 and limits_of({"--pids-limit": "-1"}).pids is None
    for bad in ({"--memory": "lots"}, {"--cpus": "some"}, {"--pids-limit": "many"}):
        with pytest.raises(UserError):
            limits_of(bad)


def test_classic_builder_gets_them_on_its_command_line() -> None:
    validated = validate(["--memory=512m", "--cpus=1.5"], (), buildkit=False, buildx=False)
    assert validated.words == ("--memory", "512m", "--cpu-period", "100000", "--cpu-quota", "150000")
    assert validated.limits == {}


def test_files_of_both_versions() -> None:
    limits = Limits(1 << 30, 0, 0.5, 100)
    assert files("dokkupy-builds/blog", limits, unified=True) == {
        "dokkupy-builds/blog/memory.max": "1073741824",
        "dokkupy-builds/blog/memory.swap.max": "0",
        "dokkupy-builds/blog/cpu.max": "50000 100000",
        "dokkupy-builds/blog/pids.max": "100",
    }
    assert files("dokkupy-builds/blog", limits, unified=False) == {
        "memory/dokkupy-builds/blog/memory.limit_in_bytes": "1073741824",
        "cpu/dokkupy-builds/blog/cpu.cfs_quota_us": "50000",
        "pids/dokkupy-builds/blog/pids.max": "100",
    }
    assert set(files("x", Limits(), unified=True).values()) == {"max", "max 100000"}


def test_controllers_are_enabled_from_the_root_down() -> None:
    lines = script({"dokkupy-builds/blog/memory.max": "max"}, unified=True).splitlines()
    assert lines[:3] == [
        "echo +memory +cpu +pids >/cgroups/cgroup.subtree_control || true",
        "echo +memory +cpu +pids >/cgroups/dokkupy-builds/cgroup.subtree_control || true",
        "mkdir -p /cgroups/dokkupy-builds/blog",
    ]


def test_unlimited_has_two_spellings() -> None:
    assert says("9223372036854771712\n", "-1") and says("-1", "-1") and says("max\n", "max")
    assert not says("1073741824", "-1") and not says("", "max")


class Engine:
    def __init__(
        self, host: Host, monkeypatch: pytest.MonkeyPatch, version: str, code: int = 0, driver: str = "cgroupfs"
    ) -> None:
        self.host = host
        self.ran: list[str] = []
        self.said: dict[str, str] = {}

        def run(host: Host, name: str, text: str, **_: object) -> tuple[int, tuple[str, ...]]:
            self.ran.append(text)
            return code, ("Read-only file system",) if code else ()

        monkeypatch.setattr("dokkupy_sdk.programs.run_program", run)
        monkeypatch.setattr(build_limits.api, "engine_version", lambda: version)
        monkeypatch.setattr(build_limits.api, "get", lambda path: {"CgroupDriver": driver})
        monkeypatch.setattr(build_limits, "PID_FILE", host.path("no-engine.pid"))

    def group(self, *options: str, buildkit: bool = True) -> build_limits.Group:
        validated = validate(options, (), buildkit=buildkit, buildx=buildkit)
        build = ImageBuild(Path("/"), Path("/Dockerfile"), "x:y", labels={"dokkupy.app": "blog"})
        return build_limits.group_of(
            self.host, build, validated, buildkit=buildkit, read=lambda path: self.said.get(path, "")
        )


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return fake_host(tmp_path, plugins=("docker",))


def set_cap(host: Host, text: str) -> None:
    with operation(host, "builds:set", "host") as tx:
        tx.save(PropertiesFile(properties={"memory": text}), None, "builds")


BLOG = ("--cgroup-parent", "/dokkupy-builds/blog")


def test_group_is_made_once_and_given_to_the_build(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    set_cap(host, "2g")
    engine = Engine(host, monkeypatch, "26.1.5+dfsg1", driver="systemd")
    assert engine.group("--memory=512m") == build_limits.Group(BLOG, 512 << 20)
    assert "2147483648" in engine.ran[0] and "536870912" in engine.ran[0]
    for unified in (True, False):
        engine.said |= files("dokkupy-builds", Limits(2 << 30, pids=ALL_PROCESSES), unified=unified)
        engine.said |= files("dokkupy-builds/blog", Limits(pids=PROCESSES), unified=unified)
    assert engine.group() == build_limits.Group(BLOG, 2 << 30)
    assert len(engine.ran) == 1


def test_every_build_has_a_limit_of_processes(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    set_cap(host, "none")
    engine = Engine(host, monkeypatch, "26.1.5")
    for options, own in ((), "4096"), (("--pids-limit=9000",), "9000"), (("--pids-limit=-1",), "max"):
        assert engine.group(*options) == build_limits.Group(BLOG)
        lines = engine.ran[-1].splitlines()
        assert any(f"echo {own} >" in line and "dokkupy-builds/blog/pids.max" in line for line in lines)
        assert any("echo 16384 >" in line and "dokkupy-builds/pids.max" in line for line in lines)
    # the shared group may have an older limit of memory, which is removed
    assert engine.group("--memory=512m").memory == 512 << 20
    assert "dokkupy-builds/memory" in engine.ran[-1]


def test_user_s_own_group_is_left_alone(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Engine(host, monkeypatch, "26.1.5").group("--cgroup-parent=/mine") == build_limits.Group()


def test_older_engine_s_own_group_of_builds_has_the_host_s_limits(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    set_cap(host, "2g")
    old = Engine(host, monkeypatch, "20.10.24+dfsg1")
    assert old.group() == build_limits.Group((), 2 << 30)
    assert "docker/buildkit/pids.max" in old.ran[0] and "blog" not in old.ran[0]
    assert "20.10.24" in old.group("--cpus=1").remarks[0]


def test_limit_that_cannot_be_enforced_causes_a_remark_if_it_was_set(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = Engine(host, monkeypatch, "20.10.24+dfsg1", driver="systemd")
    assert old.group() == build_limits.Group() and "20.10.24" in old.group("--cpus=1").remarks[0]
    assert old.ran == []
    broken = Engine(host, monkeypatch, "28.2.2", code=1).group("--memory=512m")
    assert broken.words == () and "Read-only file system" in broken.remarks[0]


def test_classic_builder_runs_in_the_group_too(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    set_cap(host, "1g")
    engine = Engine(host, monkeypatch, "20.10.24")
    assert engine.group(buildkit=False) == build_limits.Group((*BLOG, "--memory", "1073741824"), 1 << 30)
    assert engine.group("--memory=512m", buildkit=False).words == BLOG
    engine = Engine(host, monkeypatch, "20.10.24", driver="systemd")
    assert engine.group(buildkit=False) == build_limits.Group(("--memory", "1073741824"), 1 << 30)


def test_the_engine_is_asked_for_its_cgroups_again_when_it_was_restarted(
    host: Host, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[str] = []

    def get(path: str) -> dict[str, str]:
        asked.append(path)
        return {"CgroupDriver": "systemd" if len(asked) > 1 else "cgroupfs"}

    monkeypatch.setattr(build_limits.api, "get", get)
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    pid = tmp_path / "docker.pid"
    monkeypatch.setattr(build_limits, "PID_FILE", str(pid))
    pid.write_text("96")
    assert build_limits.makes_groups(host) and build_limits.makes_groups(host) and len(asked) == 1
    pid.write_text("1096")
    assert not build_limits.makes_groups(host) and not build_limits.makes_groups(host) and len(asked) == 2
    pid.unlink()
    assert not build_limits.makes_groups(host) and len(asked) == 3
    pid.write_text("1096")
    monkeypatch.setenv("DOCKER_HOST", "unix:///run/other.sock")  # the file is not of that engine
    assert not build_limits.makes_groups(host) and not build_limits.makes_groups(host) and len(asked) == 5
