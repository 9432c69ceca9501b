"""One-off processes: a command in a new container of a release, or inside a running instance."""

from __future__ import annotations

import os
import secrets
import subprocess
import tempfile
from dataclasses import replace

from dokkupy.errors import NotFound
from dokkupy.kernel.execute import environment
from dokkupy.kernel.host import Host
from dokkupy.model.names import AppName, EnvKey, ProcessType
from dokkupy.model.release import Release
from dokkupy.model.secret import Secret
from dokkupy.roles.engine import Container, ContainerSpec
from dokkupy.usecases.releases import current
from dokkupy.usecases.status import need_deployed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def spec_of(host: Host, release: Release, command: Sequence[str], env: Sequence[tuple[str, str]]) -> ContainerSpec:
    """A container for a command; a Procfile type's name stands for its command."""
    words: tuple[str, ...] | str = tuple(command) or ("/bin/sh",)
    if len(command) == 1:
        known = {str(name): text for name, text in release.processes.items()}
        text = known.get(command[0])
        if text is not None:
            host.out.section(f"Found '{command[0]}' in Procfile, running that command")
            words = text
    name = f"{release.app}.run.{secrets.randbelow(9000) + 1000}{secrets.token_hex(2)}"
    spec = host.scheduler(release.app).one_off(release, words, name=name, kind="run", dyno="run.1")
    merged = dict(spec.env)
    merged.update({EnvKey(key): Secret(value) for key, value in env})
    return replace(spec, env=merged)


def run_attached(host: Host, app: AppName, command: Sequence[str], *, env: Sequence[tuple[str, str]], tty: bool) -> int:
    """Run on the caller's own terminal; returns the command's exit status. The container goes with it."""
    spec = replace(spec_of(host, need_deployed(host, app), command, env), tty=tty, stdin=True, remove_on_exit=True)
    with tempfile.NamedTemporaryFile("w", dir=work(host), prefix="env-") as file:  # made with mode 0600
        for key, value in spec.env.items():
            if "\n" not in value.reveal():  # the client's file format knows one line per value
                file.write(f"{key}={value.reveal()}\n")
        file.flush()
        try:
            return subprocess.run(
                host.engine().run_argv(spec, file.name), env=environment(terminal()), check=False
            ).returncode
        finally:
            host.engine().remove(spec.name)


def run_detached(host: Host, app: AppName, command: Sequence[str], *, env: Sequence[tuple[str, str]]) -> str:
    release = need_deployed(host, app)
    if host.dry_run:  # already a spec makes the app's network
        host.plan.append(f"start a container of v{release.number}: {' '.join(command)}")
        return ""
    return host.engine().create(spec_of(host, release, command, env)).name


def terminal() -> dict[str, str]:
    return {key: os.environ[key] for key in ("TERM", "DOCKER_HOST", "HOME") if key in os.environ}


def work(host: Host) -> str:
    from dokkupy.kernel.files import make_directory

    directory = host.path("work")
    make_directory(directory)
    return directory


def runs_of(host: Host, app: AppName) -> list[Container]:
    return host.engine().containers({"dokkupy.app": app, "dokkupy.kind": "run"})


def run_of(host: Host, name: str) -> Container:
    """A one-off container of ours by name; any other container is not found."""
    found = host.engine().container(name)
    if found is None or found.labels.get("dokkupy.kind") != "run":
        raise NotFound(f"Container {name[:80]!r} does not exist", hint="List them: run:list APP")
    return found


def retire_runs(host: Host, app: AppName | None = None) -> list[str]:
    """Remove one-off containers that ended."""
    gone = []
    labels = {"dokkupy.kind": "run", **({"dokkupy.app": str(app)} if app else {})}
    for container in host.engine().containers(labels):
        if container.state in ("exited", "dead"):
            host.act(f"remove the container {container.name}", lambda: host.engine().remove(container.id))  # noqa: B023
            gone.append(container.name)
    return gone


def enter_instance(
    host: Host, app: AppName, process: str, command: Sequence[str], *, container_id: str, tty: bool
) -> int:
    need_deployed(host, app)
    name, _, index = process.partition(".")
    _, instances = current(host, app)
    found = [
        one
        for one in instances
        if (one.id.startswith(container_id) if container_id else one.process == ProcessType(name))
        and (container_id or not index or str(one.index) == index)
    ]
    if not found:
        running = ", ".join(one.dyno for one in instances) or "none"
        raise NotFound(f"No container found for {app} {container_id or process}", hint=f"Running: {running}")
    argv = host.engine().attach_argv(found[0].id, tuple(command) or ("/bin/sh",), tty=tty)
    return subprocess.run(argv, env=environment(terminal()), check=False).returncode
