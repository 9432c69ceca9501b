"""A host with a real engine. The image contains only busybox and is made here, so that no registry is required."""

from __future__ import annotations

import contextlib
import io
import secrets
import shutil
import socket
import subprocess
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from dokkupy_docker.engine import DockerEngine
from dokkupy_docker.one_offs import LocalOneOffs
from dokkupy_docker.scheduler import DockerLocal
from dokkupy_sdk import Host
from dokkupy_sdk.model import Port, RegistryLogin, Release
from dokkupy_sdk.names import AppName, EnvKey, ProcessType, Secret
from dokkupy_sdk.testing import fake_host
from dokkupy_sdk.testing.ports import free_port

APPLETS = ("sh", "sleep", "echo", "nc", "cat", "env", "httpd", "wget", "kill", "true", "false", "test", "wc")


@pytest.fixture(scope="session")
def image() -> Iterator[str]:
    busybox = shutil.which("busybox", path="/bin:/usr/bin")
    assert busybox, "busybox-static is not installed"
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        tar.add(busybox, "bin/busybox")
        for name in APPLETS:
            link = tarfile.TarInfo(f"bin/{name}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(link)
    tag = f"dokkupy-test/docker:{secrets.token_hex(4)}"
    subprocess.run(["docker", "import", "-", tag], input=data.getvalue(), check=True, capture_output=True)
    yield tag
    subprocess.run(["docker", "rmi", "-f", tag], check=False, capture_output=True)


REGISTRY = """\
version: 0.1
storage: {{filesystem: {{rootdirectory: {directory}/data}}}}
http: {{addr: 127.0.0.1:{port}}}
auth: {{htpasswd: {{realm: test, path: {directory}/accounts}}}}
"""
ACCOUNT = "ann:$2y$04$QnmejBj9dAJLJ6rk5JOcJ.ZqtE3t2QeDfNaeUYewyxD5vqxFjn1zW\n"
"""The password is `pass`; made by `htpasswd -B -C 4`."""


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RegistryLogin]:
    """Debian's registry with one account, on loopback, where engines require no certificate."""
    directory = tmp_path_factory.mktemp("registry")
    port = free_port()
    (directory / "accounts").write_text(ACCOUNT)
    (directory / "config.yml").write_text(REGISTRY.format(directory=directory, port=port))
    program = ["docker-registry", "serve", str(directory / "config.yml")]
    with open(directory / "log", "wb") as log, subprocess.Popen(program, stdout=log, stderr=log) as process:
        try:
            for _ in range(1200):
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                    break
                time.sleep(0.05)
            yield RegistryLogin(f"127.0.0.1:{port}", "ann", Secret("pass"))
        finally:
            process.terminate()


@pytest.fixture
def app() -> AppName:
    return AppName(f"dt-{secrets.token_hex(4)}")


@pytest.fixture
def host(tmp_path: Path, app: AppName) -> Iterator[Host]:
    made = fake_host(tmp_path, plugins=("docker",))
    made.override_role("engine", "fake", DockerEngine(made))
    made.override_role("scheduler", "fake", DockerLocal(made))
    made.override_role("one_offs", "fake", LocalOneOffs(made))
    yield made
    # `sleep` as the first process of a container ignores SIGTERM, so its removal takes the whole stop timeout
    running = subprocess.run(
        ["docker", "ps", "-q", "--filter", f"label=dokkupy.app={app}"], capture_output=True, text=True, check=True
    ).stdout.split()
    if running:
        subprocess.run(["docker", "kill", *running], check=False, capture_output=True)
    made.scheduler().forget(app)


@pytest.fixture
def release(host: Host, app: AppName, image: str) -> Release:
    found = host.images().find(image)
    assert found is not None
    return Release(
        app=app,
        number=1,
        image=found.id,
        created_at="2026-01-01T00:00:00Z",
        source="test",
        env={EnvKey("COLOR"): Secret("blue")},
        processes={
            ProcessType("web"): "echo ready; exec httpd -f -p 5000",
            ProcessType("dies"): "echo no such thing; exit 3",
            ProcessType("worker"): "exec sleep 600",
        },
        own_ports=(Port("http", 80, 5000),),
    )
