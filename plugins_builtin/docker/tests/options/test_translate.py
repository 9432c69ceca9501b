"""Docker's options become parts of the engine's request."""

from __future__ import annotations

import re
import shlex
import subprocess

import pytest
from dokkupy_docker.options.translate import SHORT, body_of
from dokkupy_sdk.errors import UserError

pytestmark = pytest.mark.unit


def test_options_become_fields_of_the_engine_s_request() -> None:
    body = body_of(
        ["-v", "/data:/data", "--memory=512m", "--cpus", "0.5", "-e", "A=b", "--label", "x=y", "--init=false"]
    )
    assert body["HostConfig"] == {"Binds": ["/data:/data"], "Memory": 512 << 20, "NanoCpus": 500_000_000, "Init": False}
    assert (body["Env"], body["Labels"]) == (["A=b"], {"x": "y"})


@pytest.mark.parametrize(
    "words",
    [
        ["-p", "99999:80"],
        ["-p", "80-82:80"],
        ["--name=x"],
        ["--rm"],
        ["--health-interval", "soon"],
        ["--nonsense", "1"],
        ["--memory", "lots"],
        ["x"],
        ["--volume"],
    ],
)
def test_an_option_that_cannot_be_used_is_refused_by_name(words: list[str]) -> None:
    with pytest.raises(UserError):
        body_of(words)


OPTIONS = {
    "-p 127.0.0.1:8080:80": {"PortBindings": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8080"}]}},
    "-p 53:53/udp": {"PortBindings": {"53/udp": [{"HostIp": "", "HostPort": "53"}]}},
    "--publish [::1]:1-2:1-2": {"PortBindings": {f"{n}/tcp": [{"HostIp": "::1", "HostPort": f"{n}"}] for n in (1, 2)}},
    "-P": {"PublishAllPorts": True},
    "--device-read-bps /dev/sda:1mb": {"BlkioDeviceReadBps": [{"Path": "/dev/sda", "Rate": 1 << 20}]},
    "--sysctl net.core.somaxconn=1024": {"Sysctls": {"net.core.somaxconn": "1024"}},
    "--memory-swap -1": {"MemorySwap": -1},
    "--gpus device=0,1": {"DeviceRequests": [{"Driver": "", "Capabilities": [["gpu"]], "DeviceIDs": ["0", "1"]}]},
    "--uts host --cgroupns=host --group-add video": {"UTSMode": "host", "CgroupnsMode": "host", "GroupAdd": ["video"]},
    "--mount type=tmpfs,target=/t,tmpfs-size=1m": {
        "Mounts": [{"Type": "tmpfs", "Target": "/t", "TmpfsOptions": {"SizeBytes": 1 << 20}}]
    },
}


@pytest.mark.parametrize("text", OPTIONS)
def test_any_option_of_docker_becomes_a_part_of_the_create_call(text: str) -> None:
    body = body_of(shlex.split(text))
    assert {key: value for key, value in body["HostConfig"].items()} == OPTIONS[text]


def test_every_option_of_the_docker_client_is_known_or_refused_with_its_reason() -> None:
    """Compares with the client of this machine, so that an option of a later docker is noticed."""
    shown = subprocess.run(["docker", "create", "--help"], capture_output=True, text=True, check=True).stdout
    for name, kind in re.findall(r"^\s+(?:-\w, )?(--[\w-]+)(?: (\w+))?", shown, re.M):
        value = "1" if kind else "true"
        try:
            body_of([f"{SHORT.get(name, name)}={value}"])
        except UserError as error:
            assert "is not an option" not in error.message, name


def test_a_health_check_of_options_is_the_engine_s() -> None:
    body = body_of(["--health-cmd", "curl -f localhost", "--health-interval=1m30s", "--health-retries", "3"])
    assert body["Healthcheck"] == {"Test": ["CMD-SHELL", "curl -f localhost"], "Interval": 90 * 10**9, "Retries": 3}
