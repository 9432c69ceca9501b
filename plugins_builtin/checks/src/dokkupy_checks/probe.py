"""One check of one instance: the network and the engine."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from importlib import import_module

from dokkupy_sdk import Host
from dokkupy_sdk.errors import DokkupyError
from dokkupy_sdk.lines import NARROW, one_line
from dokkupy_sdk.model import Instance
from dokkupy_sdk.values import dataclass

from dokkupy_checks.listeners import explain, listeners
from dokkupy_checks.plan import Check
from dokkupy_checks.startup import Progress

FIRST_POLL = 0.005
LAST_POLL = 0.1
"""The shortest and the longest pause between attempts to connect to a port that is not open yet, which a deploy waits for."""

LATE = 0.1
"""A pause as a share of the time that was waited so far: a deploy takes at most that much longer than the app."""

BODY_LIMIT = 1024 * 1024
"""Bytes of a body in which the expected content is looked for."""

READ = 65536

REPORT = 10.0
"""Seconds after which a check prints that it is still waiting, and between further such lines."""

EXPLAINED_WITHIN = 30.0
"""Seconds for the engine to answer where an instance listens instead. A busy engine may be slow, so this is
not the app's own timeout."""
UNANSWERED = 5.0
"""Seconds after which the default check accepts a port that takes connections but does not speak HTTP."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a check. error: empty when it passed. stopped: it was stopped before its result was known.
    listens:
    where it listened instead of where it has to, if somebody looked. answer: the status of a GET. seconds: how long it took."""

    instance: Instance
    check: Check
    error: str = ""
    stopped: bool = False
    attempts: int = 1
    port: int = 0
    listens: tuple[str, ...] | None = None
    answer: str = ""
    seconds: float = 0

    @property
    def passed(self) -> bool:
        return not self.error and not self.stopped


class Stopped(Exception):
    """The instance is gone, or the deploy is over."""


class Probe:
    """Runs a check on an instance. stop: set when the result is no longer needed. progress: the instance's observed
    activity. report: takes a line for the user."""

    def __init__(
        self,
        host: Host,
        instance: Instance,
        check: Check,
        stop: threading.Event,
        progress: Progress,
        report: Callable[[str], object],
    ) -> None:
        self.progress = progress
        self.report = report
        self.host = host
        self.instance = instance
        self.check = check
        self.stop = stop
        self.port = check.port or instance.port
        self.reported = 0.0
        self.listens: tuple[str, ...] | None = None
        self.answer = ""
        self.candidates = check.candidates or (self.port,)

    def run(self) -> Outcome:
        began = time.monotonic()
        try:
            self.pause(self.check.delay)
            error, attempts = {
                "command": self.command,
                "path": self.path,
                "listening": self.listening,
                "uptime": self.uptime,
                "started": self.has_started,
                "answers": self.answers,
            }[self.check.kind]()
        except Stopped:
            return Outcome(self.instance, self.check, stopped=True)
        return Outcome(
            self.instance,
            self.check,
            error,
            attempts=attempts,
            port=self.port,
            listens=self.listens,
            answer=self.answer,
            seconds=time.monotonic() - began,
        )

    def pause(self, seconds: float) -> None:
        if self.stop.wait(seconds) if seconds > 0 else self.stop.is_set():
            raise Stopped

    # kinds

    def uptime(self) -> tuple[str, int]:
        self.pause(self.check.seconds)  # the watcher of the instances sets `stop` when one exits or restarts
        return "", 1

    def has_started(self) -> tuple[str, int]:
        """Wait until the instance has started, or has run for long enough."""
        deadline = time.monotonic() + self.check.seconds
        while not self.progress.is_up() and time.monotonic() < deadline:
            self.pause(LAST_POLL)
        return "", 1

    def listening(self) -> tuple[str, int]:
        return self.wait_for_port(), 1

    def answers(self) -> tuple[str, int]:
        """It listens and answers a request; workers that die while starting do not get that far."""
        started = time.monotonic()
        error = self.wait_for_port()
        if error:
            return error, 1
        listened = time.monotonic()
        deadline = listened + UNANSWERED
        while not self.says_something(deadline) and time.monotonic() < deadline:
            self.pause(pause_after(time.monotonic() - listened))
        self.pause(started + self.check.seconds - time.monotonic())
        return "", 1

    def command(self) -> tuple[str, int]:
        return self.attempted(self.run_command)

    def path(self) -> tuple[str, int]:
        import_module("http.client")  # not only at its use, because the instance starts meanwhile

        error = self.wait_for_port()
        return (error, 1) if error else self.attempted(self.request)

    def attempted(self, attempt: Callable[[], str]) -> tuple[str, int]:
        error = ""
        for number in range(1, self.check.attempts + 1):
            self.pause(self.check.wait if number > 1 else 0)
            error = attempt()
            if not error:
                return "", number
        return error, self.check.attempts

    # attempts

    def run_command(self) -> str:
        try:
            result = self.host.instances(self.instance.app).exec(
                self.instance, self.check.command, timeout=self.check.timeout
            )
        except TimeoutError:
            return f"the command took more than {self.check.timeout:g} s"
        except DokkupyError as error:
            return error.message
        if result.exit_code == 0:
            return ""
        output = result.output.strip()
        return f"the command exited with {result.exit_code}" + (f": {output[-400:]}" if output else "")

    def request(self) -> str:
        """GET the path: 2xx, with the content when one is expected. Redirects are not followed."""
        import http.client  # its import takes 25 ms, which deploys without such checks save

        check = self.check
        try:
            status, body = self.get()
        except (OSError, http.client.HTTPException) as error:
            return f"GET {check.path} failed: {described(error, check.timeout)}"
        self.answer = str(status)
        if not 200 <= status <= 299:
            return f"GET {check.path} was answered with {status}, expected 2xx"
        if check.content and check.content.encode() not in body:
            return f"GET {check.path} was answered with {status}, but without {check.content[:80]!r}"
        return ""

    def get(self) -> tuple[int, bytes]:
        import http.client
        import ssl

        check = self.check
        connection: http.client.HTTPConnection
        if check.scheme == "https":
            # The address is the container's, and no certificate covers it.
            context = ssl._create_unverified_context()
            connection = http.client.HTTPSConnection(
                self.instance.address, self.port, timeout=check.timeout, context=context
            )
        else:
            connection = http.client.HTTPConnection(self.instance.address, self.port, timeout=check.timeout)
        started = time.monotonic()
        connection.connect()
        timer = threading.Timer(
            check.timeout, cut, (connection.sock,)
        )  # a response that arrives byte by byte must not take longer than the timeout
        timer.daemon = True
        timer.start()
        try:
            named = any(name.lower() == "host" for name, _ in check.headers)
            connection.putrequest("GET", check.path, skip_host=named, skip_accept_encoding=True)
            for name, value in check.headers:
                connection.putheader(name, value)
            connection.putheader("Connection", "close")
            connection.endheaders()
            response = connection.getresponse()
            body = response.read(BODY_LIMIT) if check.content else b""
            if time.monotonic() - started >= check.timeout:
                raise TimeoutError
            return response.status, body
        except (OSError, http.client.HTTPException, AttributeError, ValueError) as error:
            if time.monotonic() - started >= check.timeout * 0.99:
                raise TimeoutError from None
            if isinstance(error, (AttributeError, ValueError)):
                raise ConnectionError("the connection was closed") from None
            raise
        finally:
            timer.cancel()
            connection.close()

    def wait_for_port(self) -> str:
        """Poll until something listens on the address that the proxy will use; returns the reason when nothing does."""
        address = self.instance.address
        if not address:
            return "the instance has no address"
        began = time.monotonic()
        while True:
            self.pause(0)
            for port in self.candidates:
                try:
                    socket.create_connection((address, port), timeout=max(0.1, min(1.0, self.check.timeout))).close()
                except OSError:
                    continue
                self.port = port
                return ""
            waited = time.monotonic() - began
            limit = self.limit(waited)
            if waited >= limit:
                break
            self.say_that_it_waits(waited, limit)
            self.pause(min(pause_after(waited), max(0.0, limit - waited)))
        return self.why_nobody_listened(waited)

    def limit(self, waited: float) -> float:
        """Seconds within which the instance must listen: more for the default check while it is busy."""
        budget = self.check.budget
        if waited + 2 * LAST_POLL >= budget and self.check.patience > budget and self.progress.is_busy():
            return self.check.patience
        return budget

    def say_that_it_waits(self, waited: float, limit: float) -> None:
        if waited < self.reported + REPORT:
            return
        self.reported += REPORT
        ports = " or ".join(map(str, self.candidates[:5]))
        limit = max(limit, self.check.patience if self.progress.is_busy() else 0)
        busy = ", busy" if self.progress.is_busy() else ""
        what = one_line(f"{self.instance.dyno} on port {ports}", NARROW)
        self.report(f"Still waiting for {what} ({self.reported:.0f} of at most {limit:.0f} s{busy})")

    def why_nobody_listened(self, waited: float) -> str:
        reason = self.explanation()
        ports = " or ".join(map(str, self.candidates[:5]))
        return f"nothing listened on {self.instance.address}:{ports} within {waited:.0f} s" + (
            f"; {reason}" if reason else ""
        )

    def explanation(self) -> str:
        """Why nobody answers, as far as the sockets say."""
        try:
            found = self.host.instances(self.instance.app).exec(
                self.instance, ["cat", "/proc/net/tcp", "/proc/net/tcp6"], timeout=EXPLAINED_WITHIN
            )
        except (DokkupyError, TimeoutError):
            return ""
        # Without IPv6 there is no tcp6, and cat says so with its exit code; without cat there is no header.
        if "local_address" not in found.output:
            return ""
        sockets = listeners(found.output)
        self.listens = tuple(f"{where}:{port}" for where, port in sockets)
        return explain(sockets, self.port)

    def says_something(self, deadline: float) -> bool:
        """Whether a plain request for / gets at least a byte back."""
        fields = dict(self.check.headers)
        fields.setdefault("Host", self.instance.address)
        answered = False
        lines = ["GET / HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items()), "Connection: close", "", ""]
        try:
            with socket.create_connection((self.instance.address, self.port), timeout=1.0) as connection:
                connection.sendall("\r\n".join(lines).encode("latin-1", "replace"))
                connection.settimeout(LAST_POLL)
                while time.monotonic() < deadline:
                    self.pause(0)
                    try:
                        answered = bool(connection.recv(READ))
                    except TimeoutError:
                        continue
                    # Read the rest for a moment, because the app would log a reset connection as an error.
                    heard = time.monotonic() + LAST_POLL
                    while answered and time.monotonic() < heard and connection.recv(READ):
                        pass
                    return answered
        except OSError:
            return answered
        return False


def pause_after(waited: float) -> float:
    """Seconds until the next attempt, after this many seconds."""
    return min(max(FIRST_POLL, waited * LATE), LAST_POLL)


def cut(connection: socket.socket) -> None:
    """Close the connection, which ends every wait for it."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def described(error: BaseException, timeout: float) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {timeout:g} s"
    return str(error)[:200] or type(error).__name__
