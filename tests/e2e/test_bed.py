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
        copy.close()
    finally:
        docker("image", "rm", "-f", tag, check=False)
        docker("volume", "rm", "-f", seed, check=False)
