"""A one-off container on the caller's own terminal or pipes: it lives no longer than its command, its caller, its time."""

from __future__ import annotations

import subprocess
from dataclasses import replace

from dokkupy_sdk import Host
from dokkupy_sdk.attached import interruptible, terminal, until_end
from dokkupy_sdk.execute import environment
from dokkupy_sdk.names import AppName
from dokkupy_sdk.operation import SignalReceived, signals_ignored
from dokkupy_sdk.roles import Container

from dokkupy_run.oneoff import GRACE, RunOptions, checked, one_at_a_time, release_now, spec_of, stop_run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

NOT_STARTED = 125
"""The status for a container that the engine could not start, as `docker run` has it."""


def run_attached(host: Host, app: AppName, command: Sequence[str], options: RunOptions) -> int:
    """Run on the caller's own terminal; returns the command's exit status. The container goes with the caller."""
    release = release_now(host, app)
    checked(options)
    with one_at_a_time(host, app, options):
        container = host.containers().create(replace(spec_of(host, release, command, options), stdin=True), start=False)
    return attach(host, container, options.ttl)


def attach(host: Host, container: Container, ttl: int) -> int:
    """Start a created container on the caller's terminal or pipes; returns its exit status and leaves no container.

    Whatever ends this first ends the container too: a signal, the end of its time, a reader who left (an interrupted
    SSH connection without a terminal sends no signal). Its process is asked to end, and killed after a grace.
    """
    client: subprocess.Popen[bytes] | None = None
    interrupted: SignalReceived | None = None
    reason = ""
    try:
        try:
            with interruptible():
                client = subprocess.Popen(
                    host.sessions().start_argv(container.id, stdin=True), env=environment(terminal())
                )
                reason = until_end(client, ttl)
        except SignalReceived as error:
            interrupted, reason = error, "its caller was interrupted"
        with signals_ignored():
            status = ended(host, container, client, reason)
    finally:
        host.containers().remove(container.id)
    if interrupted is not None:
        raise interrupted
    if reason:
        host.out.warn(f"{container.name} was stopped: {reason}")
    return status


def ended(host: Host, container: Container, client: subprocess.Popen[bytes] | None, reason: str) -> int:
    """End what is still running; returns the exit status."""
    containers = host.containers()
    found = containers.find(container.id)
    if reason and client is not None and found is not None and found.state == "created":
        client.kill()  # it has not started the container yet, and must not do so now
        client.wait()
        found = containers.find(container.id)
    if found is not None and found.state not in ("exited", "dead") and (reason or found.state != "created"):
        stop_run(host, found, reason or "its caller left")
        found = containers.find(container.id)
    if client is not None:
        try:
            client.wait(GRACE)
        except subprocess.TimeoutExpired:
            client.kill()
            client.wait()
    if found is None or found.exit_code is None:
        return client.returncode if client is not None and client.returncode >= 0 else NOT_STARTED
    return found.exit_code or (NOT_STARTED if found.state == "created" else 0)
