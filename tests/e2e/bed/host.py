"""A container that behaves like a machine: tests boot it, reboot it, cut its power, connect by SSH, git and HTTP, and
remove it."""

from __future__ import annotations

import functools
import http.client
import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bed import checkout, meter, wayout
from bed.console import Console, entered
from bed.engine import HANGS, LABEL, OWNER, SOON, Ran, docker, image_exists, pipe, run

#: The options for systemd and a Docker Engine inside, if `--privileged` is refused because CAP_SYS_RESOURCE is not
#: available.
CAPABILITIES = (
    "--cap-add", "ALL", "--cap-drop", "SYS_RESOURCE",
    "--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined",
    "--security-opt", "systempaths=unconfined",
)
SOURCE = "/src/dokkupy"
#: Only root can write to /tmp, as on some machines, so that dokkupy may not depend on it.
CLOSED_TMP = "/tmp:exec,mode=0755"


@dataclass(frozen=True)
class CommandResult:
    """An HTTP response."""

    status: int
    headers: dict[str, str]
    body: str


@functools.cache
def _powers(image: str) -> tuple[str, ...]:
    """The options that let a container be a machine: `--privileged` where it is allowed."""
    probe = docker("run", "--rm", "--pull=never", "--privileged", "--entrypoint", "/bin/true", image, check=False)
    return ("--privileged",) if probe.code == 0 else CAPABILITIES


def me() -> str:
    """The id of this process with its start time, which distinguishes it from a later process with the same id."""
    return f"{os.getpid()}-{_started(os.getpid())}"


def alive(owner: str) -> bool:
    """Whether the process that `me()` named still runs."""
    number, _, started = owner.partition("-")
    try:
        return _started(int(number)) == started
    except (OSError, ValueError):
        return False


def _started(process: int) -> str:
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[19]


class Host:
    """One machine. Commands are argv lists, so nothing is quoted for a shell."""

    def __init__(
        self, image: str, name: str, *, seed: str | None = None, kept: bool = False, network: str = "bridge"
    ) -> None:
        """Boot a machine. kept: no later test run removes it; `tests/e2e/machine.py` makes such ones to try things on."""
        self._called(f"dokkupy-kept-{name}" if kept else f"dokkupy-bed-{os.getpid()}-{name}", image)
        labels = ("--label", f"{LABEL}=1", *(() if kept else ("--label", f"{OWNER}={me()}")))
        docker("volume", "create", *labels, self.volume)
        if seed is not None:
            docker(
                "run", "--rm", "--pull=never", *labels, "--entrypoint", "/bin/cp", "-v", f"{seed}:/from:ro",
                "-v", f"{self.volume}:/to", image, "-a", "/from/.", "/to/",
            )
        variables = [flag for key, value in wayout.environment().items() for flag in ("-e", f"{key}={value}")]
        started = docker(
            "run", "-d", "--pull=never", "--name", self.name, "--hostname", name, "--network", network, *labels, *_powers(image),
            "--cgroupns=private", "--tmpfs", "/run", "--tmpfs", "/run/lock", "--tmpfs", CLOSED_TMP,
            "-e", "container=docker", *variables, "-v", f"{self.volume}:/var/lib/docker", image,
        )
        self._id = started.stdout.strip()
        meter.watch(self._id)
        self._booted()

    def _called(self, name: str, image: str) -> None:
        self.name, self.volume, self.image = name, f"{name}-docker", image
        self._keys: Path | None = None
        self._ip, self._id = "", ""
        self._console: Console | None = None

    @classmethod
    def kept(cls, name: str) -> Host:
        """The running, kept machine of this name."""
        machine = cls.__new__(cls)
        machine._called(f"dokkupy-kept-{name}", "")
        return machine

    # --- the machine

    @property
    def ip(self) -> str:
        """The machine's address. A start may change it; until then it is asked for once, because each request needs it."""
        if not self._ip:
            form = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
            self._ip = docker("inspect", "-f", form, self.name).stdout.strip()
        return self._ip

    @property
    def systemd(self) -> bool:
        """Whether process 1 is systemd."""
        return self.exec(["test", "-d", "/run/systemd/system"], check=False).code == 0

    def reboot(self) -> None:
        """Shut down cleanly and start again."""
        self._stopped()
        docker("restart", "-t", "60", self.name)
        self._booted()

    def power_cut(self) -> None:
        """Cut the power at once, and start again."""
        self._stopped()
        docker("kill", "-s", "KILL", self.name)
        docker("start", self.name)
        self._booted()

    def _stopped(self) -> None:
        """Forget what ends with this run of the machine."""
        self._ip, self._console = "", None
        meter.settle(self._id)

    def close(self) -> None:
        """Remove the machine and its disk."""
        self._stopped()
        docker("rm", "-f", "-v", self.name, check=False)
        docker("volume", "rm", "-f", self.volume, check=False)
        if self._keys is not None:
            shutil.rmtree(self._keys, ignore_errors=True)

    def snapshot(self, tag: str, seed: str) -> None:
        """Shut down, save the machine as image `tag` and its engine's disk as volume `seed`, and remove the machine."""
        self._stopped()
        docker("stop", "-t", "60", self.name)
        labels = ("--label", f"{LABEL}=1", "--label", f"{LABEL}.seed={tag}")
        docker("volume", "create", *labels, seed)
        docker(
            "run", "--rm", "--pull=never", *labels, "--entrypoint", "/bin/cp", "-v", f"{self.volume}:/from:ro",
            "-v", f"{seed}:/to", self.image, "-a", "/from/.", "/to/",
        )
        docker("commit", "--change", f"LABEL {LABEL}=1", "--change", f"LABEL {LABEL}.seed={tag}", self.name, tag)
        self.close()

    # --- connections

    def exec(
        self,
        argv: Sequence[str],
        *,
        check: bool = True,
        input: str | bytes | None = None,
        user: str = "root",
        env: dict[str, str] | None = None,
        cwd: str = "/",
        timeout: float = HANGS,
    ) -> Ran:
        """Run a command on the machine as root, like an administrator at the console."""
        if self._console is not None and user == "root":
            return self._console.run(argv, check=check, input=input, env=env, cwd=cwd, timeout=timeout)
        variables = [flag for key, value in (env or {}).items() for flag in ("-e", f"{key}={value}")]
        stdin = ["-i"] if input is not None else []
        return docker(
            "exec", *stdin, "-u", user, "-w", cwd, *variables, self.name, *argv,
            check=check, input=input, timeout=timeout,
        )

    def ssh(
        self,
        argv: Sequence[str],
        *,
        check: bool = True,
        input: str | bytes | None = None,
        login: str = "dokku",
        timeout: float = HANGS,
    ) -> Ran:
        """Run a dokkupy command over SSH, with a key that the host knows."""
        return run([*self._ssh_command(), f"{login}@{self.ip}", *argv], check=check, input=input, timeout=timeout)

    def git_push(
        self,
        directory: Path,
        app: str,
        branch: str = "main",
        *,
        check: bool = True,
        login: str = "dokku",
        options: Sequence[str] = (),
        timeout: float = HANGS,
    ) -> Ran:
        """Push `directory` like a developer. `branch` may be any refspec."""
        environment = {**os.environ, "GIT_SSH_COMMAND": " ".join(self._ssh_command())}
        remote = f"{login}@{self.ip}:{app}"
        argv = ["git", "-C", str(directory), "push", *options, remote, branch]
        return run(argv, check=check, env=environment, timeout=timeout)

    def http_get(
        self, hostname: str, path: str = "/", *, port: int = 80, timeout: float = SOON, method: str = "GET"
    ) -> CommandResult:
        """Request `path` of the site `hostname` from the machine's proxy."""
        connection = http.client.HTTPConnection(self.ip, port, timeout=timeout)
        try:
            connection.request(method, path, headers={"Host": hostname})
            response = connection.getresponse()
            body = response.read().decode(errors="replace")
            return CommandResult(response.status, {k.lower(): v for k, v in response.getheaders()}, body)
        finally:
            connection.close()

    def copy_in(self, source: Path | bytes, target: str) -> None:
        """Copy a file, the content of a folder, or bytes to the absolute path `target`."""
        parent = str(Path(target).parent)
        if isinstance(source, bytes):
            self.exec(["mkdir", "-p", parent])
            self.exec(["dd", "status=none", f"of={target}"], input=source)
        elif source.is_dir():
            self.exec(["mkdir", "-p", target])
            pipe(
                ["tar", "-C", str(source), "--owner=0", "--group=0", "-c", "."],
                ["docker", "exec", "-i", self.name, "tar", "-C", target, "-x"],
            )
        else:
            self.copy_in(source.read_bytes(), target)
            self.exec(["chmod", f"{source.stat().st_mode & 0o777:o}", target])

    def copy_checkout(self) -> None:
        """Copy the checkout under test to `SOURCE`, and replace what is there."""
        self.exec(["rm", "-rf", SOURCE])
        self.exec(["mkdir", "-p", str(Path(SOURCE).parent)])
        self.exec(["tar", "-C", str(Path(SOURCE).parent), "--no-same-owner", "-x"], input=checkout.archive())

    def load_image(self, tag: str, *names: str) -> None:
        """Copy an image of the outer engine to the machine's engine, with further names."""
        assert image_exists(tag), tag
        pipe(["docker", "save", tag], ["docker", "exec", "-i", self.name, "docker", "load"])
        for name in names:
            self.exec(["docker", "tag", tag, name])

    def install(self, *options: str, timeout: float = HANGS) -> Ran:
        """Run the checkout's `install.sh` as root."""
        return self.exec([f"{SOURCE}/install.sh", *options], timeout=timeout)

    def add_key(self, name: str = "e2e") -> None:
        """Make a developer's key and add it on the host."""
        self.exec(["dokkupy", "ssh-keys:add", name], input=(self._key().with_suffix(".pub")).read_text())

    def engine_ready(self, *, timeout: float = SOON) -> None:
        """Wait for the machine's own Docker Engine."""
        self._wait_for(["docker", "info"], "the Docker Engine inside", timeout)

    # --- details

    def _key(self) -> Path:
        if self._keys is None:
            self._keys = Path(tempfile.mkdtemp(prefix="dokkupy-bed-keys-"))
            run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "e2e", "-f", str(self._keys / "id")])
        return self._keys / "id"

    def _ssh_command(self) -> list[str]:
        key = self._key()
        return [
            "ssh", "-i", str(key), "-F", "none", "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes",
            "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
            "-o", "ConnectTimeout=60",
        ]

    def _booted(self) -> None:
        """Wait until the init system has started everything."""
        if "DOKKUPY_BED_WITHOUT_SYSTEMD=1" in docker("inspect", "-f", "{{.Config.Env}}", self.name).stdout:
            # Its servers start from the console, with the engine's limits.
            self._wait_for(["true"], "the machine", 20)
            return
        self._wait_for(["systemctl", "is-system-running", "--wait"], "systemd", 90, good=("running", "degraded"))
        # Not earlier: systemd lays out the control groups.
        self._console = entered(self.name)

    def _wait_for(self, argv: list[str], what: str, timeout: float, good: tuple[str, ...] = ()) -> None:
        deadline = time.monotonic() + timeout
        while True:
            ran = self.exec(argv, check=False, timeout=timeout)
            if ran.code == 0 or ran.stdout.strip() in good:
                return
            if time.monotonic() > deadline:
                logs = docker("logs", "--tail", "50", self.name, check=False).output
                raise AssertionError(f"{what} of {self.name} did not come up in {timeout} s\n{ran.output}\n{logs}")
            time.sleep(0.2)
