"""The nginx program and its running process: test, reload, and probe what it serves. Uses sudo unless run by root."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import time

from dokkupy_sdk.errors import HostError
from dokkupy_sdk.execute import execute
from dokkupy_sdk.files import write_atomic

from dokkupy_nginx.layout import PROBE_NAME, Layout
from dokkupy_nginx.render.values import Facts
from dokkupy_nginx.server.signals import FINISH, RELOAD, Signals
from dokkupy_nginx.server.umask import UMASK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

OLDEST_WITHOUT_CERTIFICATE = (1, 19, 4)
"""`ssl_reject_handshake` exists since nginx 1.19.4."""

LONGEST_PAUSE = 0.01
"""Seconds between two looks at a reload, which takes 100 ms: a look costs a tenth of a millisecond for each worker."""


class Nginx:
    """One nginx: a program, a configuration directory and, if it runs, a master process."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.signals = Signals([*self.as_root, layout.signaller])

    @property
    def as_root(self) -> tuple[str, ...]:
        return ("sudo", "-n") if self.layout.sudo else ()

    @property
    def installed(self) -> bool:
        return os.access(self.layout.binary, os.X_OK)

    def command(self, *words: str) -> list[str]:
        """An argv exactly as in the sudoers file."""
        return [*self.as_root, self.layout.binary, *words]

    def facts(self) -> Facts:
        """Version and modules, cached until the program file changes."""
        try:
            found = os.stat(self.layout.binary)
        except FileNotFoundError:
            raise HostError(
                f"nginx is not installed ({self.layout.binary} is missing)", hint="apt-get install nginx"
            ) from None
        key = f"{found.st_mtime_ns}-{found.st_size}"
        path = os.path.join(self.layout.base, "version.json")
        try:
            with open(path, "rb") as file:
                kept = json.load(file)
        except (OSError, ValueError):
            kept = {}
        if kept.get("key") != key or "stream" not in kept:
            text = execute([self.layout.binary, "-V"]).stderr
            number = re.search(r"nginx/([0-9]+(?:\.[0-9]+)*)", text)
            kept = {
                "key": key,
                "version": [int(part) for part in number[1].split(".")] if number else [0],
                "http2": "http_v2_module" in text,
                "http3": "http_v3_module" in text,
                "stream": "--with-stream" in text.split(),
            }
            if os.path.isdir(self.layout.base):  # it does not exist before setup, in a dry run
                write_atomic(path, json.dumps(kept).encode())
                self.layout.hand_over(path)
        version = tuple(kept["version"])
        return Facts(
            version=version,
            http2=kept["http2"],
            http3=kept["http3"],
            stream=kept["stream"],
            challenges=self.layout.challenges if os.path.isdir(self.layout.challenges) else "",
            waiting=self.layout.waiting if os.path.isdir(self.layout.waiting) else "",
            ipv6=self.layout.ipv6,
            logs=self.layout.logs,
            reject_handshake=version >= OLDEST_WITHOUT_CERTIFICATE,
        )

    def test(self, conf: str) -> str:
        """The complaints of `nginx -t` about this configuration; empty if it accepts it."""
        done = execute(self.command("-t", "-q", "-c", conf), check=False, umask=UMASK)
        if done.ok:
            return ""
        words = (done.stderr or done.stdout).strip()
        if self.layout.sudo and words.startswith("sudo:"):
            raise HostError(
                "nginx cannot be tested without root permission", hint="Run: sudo dokkupy setup", details=(words,)
            )
        return words or f"nginx -t ended with status {done.status}"

    # the running one

    def pid(self) -> int | None:
        """The master's pid, from the pid file that nginx.conf names."""
        try:
            with open(self.pid_file(), "rb") as file:
                pid = int(file.read().strip() or b"0")
        except (OSError, ValueError):
            return None
        return pid if pid > 0 and os.path.exists(f"/proc/{pid}") and b"nginx" in command_line(pid) else None

    def pid_file(self) -> str:
        try:
            with open(os.path.join(self.layout.etc, "nginx.conf"), encoding="utf-8", errors="replace") as file:
                found = re.search(r"^\s*pid\s+([^;\s]+)\s*;", file.read(), re.MULTILINE)
        except OSError:
            found = None
        return found[1] if found else "/run/nginx.pid"

    def workers(self, master: int) -> set[int]:
        """The workers that accept connections, or will: one that was just forked has the master's title."""
        try:
            with open(f"/proc/{master}/task/{master}/children", "rb") as file:
                children = [int(word) for word in file.read().split()]
        except OSError:
            return set()
        return {child for child in children if is_accepting(child)}

    def reload(self, master: int) -> None:
        """Signal the master to reload its configuration. `nginx -s reload` would also parse all of it first."""
        try:
            os.kill(master, signal.SIGHUP)
        except PermissionError:
            if not self.signals.send(RELOAD):
                execute(self.command("-s", "reload", *self.short_configuration()))
        except ProcessLookupError:
            raise not_running() from None

    def finish(self, workers: Sequence[int]) -> None:
        """Ask old workers to finish, as the master does 100 ms after it started new ones (`ngx_msleep` in
        ngx_process_cycle.c), during which both accept connections. Where that is not permitted, the master does it."""
        try:
            for worker in workers:
                os.kill(worker, signal.SIGQUIT)
        except PermissionError:
            for worker in workers:
                self.signals.send(FINISH, str(worker))
        except ProcessLookupError:
            pass  # the master was faster

    def short_configuration(self) -> tuple[str, ...]:
        """The words that let nginx find the pid file without reading its whole configuration, where setup put that."""
        try:
            with open(self.layout.signals, encoding="utf-8") as file:
                fits = file.read() == signals_conf(self.pid_file())
        except OSError:
            fits = False
        return ("-c", self.layout.signals) if fits else ()

    def generation(self, address: str, *, timeout: float = 1.0) -> str:
        """The generation that a worker returns; empty if none of these trees is served."""
        request = f"GET /generation HTTP/1.0\r\nHost: {PROBE_NAME}\r\n\r\n".encode()
        try:
            # from the address itself: the kernel would choose 127.0.0.1, and the server only answers itself
            with socket.create_connection((address, self.layout.http_port), timeout, (address, 0)) as connection:
                connection.sendall(request)
                answer = b""
                while chunk := connection.recv(4096):
                    answer += chunk
        except OSError:
            return ""
        head, _, body = answer.partition(b"\r\n\r\n")
        return body.decode(errors="replace").strip() if b" 200 " in head.partition(b"\r\n")[0] + b" " else ""

    def await_generation(
        self, generation: str, address: str, old: set[int], *, master: int = 0, timeout: float = 4.0
    ) -> bool:
        """Wait until the new workers return their generation and the old ones no longer accept connections.

        Until the old ones were asked to finish, both accept, so the first right response alone proves little, and the kernel
        may prefer the old ones. nginx takes 2.5 s to fail a reload, because it tries to bind five times. master: of these
        workers; they are asked when a new one accepts.
        """
        deadline = time.monotonic() + timeout
        pause = 0.004
        seen = asked = False
        while time.monotonic() < deadline:
            if master and not asked and any(has_begun(worker) for worker in self.workers(master) - old):
                asked = True
                self.finish([worker for worker in old if is_accepting(worker)])
            seen = seen or self.generation(address) == generation
            if seen and not any(is_accepting(worker) for worker in old):
                if not old:  # the kernel does not list children, so wait for nginx's 100 ms
                    time.sleep(0.12)
                if self.generation(address) == generation:
                    return True
            time.sleep(pause)
            pause = min(pause * 1.5, LONGEST_PAUSE)
        return False


def signals_conf(pid_file: str) -> str:
    return f"""# Written by `dokkupy setup`. To send a signal, nginx reads a configuration for the name of the pid file alone.
pid {pid_file};
events {{}}
"""


def command_line(pid: int) -> bytes:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read()
    except OSError:
        return b""


def is_accepting(pid: int) -> bool:
    """Whether a child of the master accepts connections or is about to, which nginx shows in the process title: a worker has
    the master's until it begins. A busy machine may take its time, and a later reload must wait for that worker too."""
    line = command_line(pid)
    return line.startswith((b"nginx: worker process", b"nginx: master process")) and b"shutting down" not in line


def has_begun(pid: int) -> bool:
    """Whether a worker accepts connections already: it gets its own title when it has prepared that."""
    return command_line(pid).startswith(b"nginx: worker process") and is_accepting(pid)


def not_running() -> HostError:
    return HostError("nginx is not running", hint="Start it: dokkupy nginx:start", code="proxy_down")
