"""Tasks: one-off containers for which a deploy waits."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from functools import partial

from dokkupy_sdk import Host
from dokkupy_sdk.ending import meaning_of
from dokkupy_sdk.errors import AppError, DokkupyError
from dokkupy_sdk.lines import duration, timed
from dokkupy_sdk.model import Release
from dokkupy_sdk.one_offs import OneOffs, one_offs
from dokkupy_sdk.values import replace
from dokkupy_sdk.waiting import waiting

from dokkupy_apps.rollout.alongside import at_once
from dokkupy_apps.rollout.failures import LAST_LINES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from dokkupy_sdk.names import Secret
    from dokkupy_sdk.roles import ContainerSpec

    from dokkupy_apps.rollout.alongside import Later


def run_task(
    host: Host,
    release: Release,
    title: str,
    command: str,
    *,
    timeout: float = 0,
    program: bool = False,
    env: Mapping[str, Secret] | None = None,
    heading: str = "",
    later: Later = at_once,
) -> None:
    """Run a command in a container of the release and print its output under a heading (default: the title).

    timeout: seconds, 0 for no limit. program: the command is the path of a file in the image, which runs without the
    image's entry point and without a shell. env: further variables, which override the release's. later: takes the
    removal of the container, once it has ended. Raises AppError if it cannot be started, exits with a status other than 0, or
    does not end in time.
    """
    name = f"{release.app}.task.{os.urandom(4).hex()}"
    spec = host.surroundings(release.app).one_off(release, command, name=name, kind="task", dyno="release.1")
    spec = replace(spec, env={**spec.env, **(env or {})})
    if program:
        spec = replace(spec, entrypoint=(command,), command=())
    watch(host, release, spec, title, timeout, Heading(host, heading or title), later)


class Heading:
    """A task's heading. If the task prints nothing, its duration follows on the same line; else the heading stands
    above the output."""

    def __init__(self, host: Host, text: str) -> None:
        self.out = host.out
        self.text = text
        self.began = time.monotonic()
        self.is_shown = False

    def show(self) -> None:
        if not self.is_shown:
            self.is_shown = True
            self.out.section(self.text)

    def say(self, line: str) -> None:
        self.show()
        self.out.detail(line)

    def end(self) -> None:
        took = duration(time.monotonic() - self.began)
        if self.is_shown:
            self.out.detail(timed("done", took))
        else:
            self.is_shown = True
            self.out.section(timed(self.text, took))


def watch(
    host: Host, release: Release, spec: ContainerSpec, title: str, timeout: float, heading: Heading, later: Later
) -> None:
    """Run a container to its end and remove it. If the timeout or a signal ends it early, it has its stop timeout to
    clean up."""
    at = one_offs(host, release.app)
    container = at.create(spec)
    late = threading.Event()

    def end() -> None:
        late.set()
        end_task(at, container.id)

    timer = threading.Timer(timeout, end)
    timer.daemon = True
    if timeout:
        timer.start()
    tail: deque[str] = deque(maxlen=LAST_LINES)
    status, ended = None, None
    try:
        with waiting(host.out, heading.text, say=heading.say):
            for kind, line in at.logs(container.id, follow=True):
                heading.show()
                tail.append(line.decode(errors="replace"))
                host.out.stream(tail[-1], error=kind == "stderr")
            status = at.wait(container.id)
        ended = at.find(container.id) if status else None
        heading.end()
    except DokkupyError:
        heading.show()
        if not late.is_set():
            raise
    finally:
        timer.cancel()
        if status is None:
            end_task(at, container.id)
        else:
            later(partial(at.remove, container.id))
    if late.is_set():
        reason, code = f"it did not end within {timeout:g} seconds", "task_timeout"
    elif status:
        memory = ", it ran out of memory" if ended is not None and ended.oom_killed else ""
        reason, code = f"it exited with status {status}{meaning_of(status)}{memory}", "task_failed"
    else:
        return
    raise AppError(
        f"{title} failed: {reason}",
        details=tuple(tail),
        details_shown=True,
        code=code,
        hint="Its output above says why. Correct it, then deploy again.",
    )


def end_task(at: OneOffs, container: str) -> None:
    """Stop a container, which has its stop timeout to exit by itself, and remove it. Idempotent."""
    found = at.find(container)
    if found is not None and found.state == "running":
        at.stop(found.id, timeout=None)
    at.remove(container)


def remove_tasks(host: Host, *, app: str) -> None:
    """Remove the task containers of an app. The caller holds the app's lock, so no deploy waits for them any more."""
    at = one_offs(host, app)
    for container in at.find_all({"dokkupy.app": app, "dokkupy.kind": "task"}):
        end_task(at, container.id)
