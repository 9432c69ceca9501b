"""What instances use, from the files of their control groups."""

from __future__ import annotations

from pathlib import Path

import pytest
from dokkupy_docker.instances import usage
from dokkupy_docker.instances.usage import cpu_seconds, memory_bytes

pytestmark = pytest.mark.unit


def write(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.mark.parametrize("group", ["system.slice/docker-abc.scope", "docker/abc"])
def test_cgroup_version_2_has_cpu_and_memory_with_both_drivers(tmp_path: Path, group: str) -> None:
    write(tmp_path, f"{group}/cpu.stat", "usage_usec 2500000\nuser_usec 1\n")
    write(tmp_path, f"{group}/memory.current", "1000\n")
    write(tmp_path, f"{group}/memory.stat", "anon 600\ninactive_file 300\n")
    assert (cpu_seconds(str(tmp_path), "abc"), memory_bytes(str(tmp_path), "abc")) == (2.5, 700)


def test_cgroup_version_1_has_cpu_and_memory_in_other_files(tmp_path: Path) -> None:
    write(tmp_path, "cpuacct/docker/abc/cpuacct.usage", "1500000000\n")
    write(tmp_path, "memory/docker/abc/memory.usage_in_bytes", "1000\n")
    write(tmp_path, "memory/docker/abc/memory.stat", "cache 1\ntotal_inactive_file 400\n")
    assert (cpu_seconds(str(tmp_path), "abc"), memory_bytes(str(tmp_path), "abc")) == (1.5, 600)


def test_nothing_is_shown_of_a_container_that_is_not_there(tmp_path: Path) -> None:
    assert cpu_seconds(str(tmp_path), "abc") is None and memory_bytes(str(tmp_path), "abc") is None
    assert usage.lines("{root}/{id}", str(tmp_path), "../../etc/passwd") == []
