"""Tests of the test bed: its containers behave like machines. All other end-to-end tests depend on this."""

from __future__ import annotations

from bed import cleanup, images
from bed.engine import docker
from bed.host import Host

from tests.e2e.conftest import MakeHost


def test_machine_boots_reboots_and_survives_a_power_cut(make_host: MakeHost) -> None:
    machine = make_host(images.bare("bookworm"), "boots")
    assert machine.systemd
    first = boot_of(machine)
    machine.exec(["touch", "/root/kept", "/run/lost"])
    machine.reboot()
    machine.power_cut()
    assert machine.exec(["ls", "/root"]).stdout.split() == ["kept"]
    assert machine.exec(["test", "-e", "/run/lost"], check=False).code != 0
    assert boot_of(machine) != first


def boot_of(machine: Host) -> str:
    """The start time of process 1, which distinguishes boots."""
    return machine.exec(["stat", "-c", "%Y %Z", "/proc/1"]).stdout


def test_snapshot_restores_the_machine_and_its_images(make_host: MakeHost, app_base: str) -> None:
    tag = "dokkupy-bed/test:snapshot"
    seed = cleanup.seed_of(tag)
    original = make_host(images.ready("bookworm"), "original")
    try:
        original.engine_ready()
        original.load_image(app_base, "python:3.13-slim")
        original.copy_in(b"there", "/root/file")
        original.snapshot(tag, seed)
        copy = make_host(tag, "copy", seed)
        copy.engine_ready()
        assert copy.exec(["cat", "/root/file"]).stdout == "there"
        ran = copy.exec(["docker", "run", "--rm", "--pull=never", "python:3.13-slim", "python", "-c", "print(6 * 7)"])
        assert ran.stdout == "42\n"
        assert_console_is_as_the_engine_s_own(copy)
        copy.close()
    finally:
        docker("image", "rm", "-f", tag, check=False)
        docker("volume", "rm", "-f", seed, check=False)


#: What a command on a machine finds: its variables, groups, rights, and a session of its own without a parent.
FINDS = 'env | grep -v ^_= | sort; cat /proc/self/cgroup; id; pwd; umask; ps -o sid=,ppid= -p $$ | grep -c "^ *$$ *0$"'


def assert_console_is_as_the_engine_s_own(machine: Host) -> None:
    assert machine.exec(["sh", "-c", FINDS]).stdout == docker("exec", "-w", "/", machine.name, "sh", "-c", FINDS).stdout
    assert machine.exec(["sh", "-c", "kill -KILL $$"], check=False).code == 137
    # It does not wait for what a command leaves behind.
    left = machine.exec(["sh", "-c", "sleep 4713 & echo $!"]).stdout.strip()
    assert "4713" in machine.exec(["ps", "-o", "args=", "-p", left]).stdout
