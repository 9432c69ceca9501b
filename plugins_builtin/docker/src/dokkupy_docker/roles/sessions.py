"""The role ContainerSessions, by Docker."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from dokkupy_sdk.errors import NotFound
from dokkupy_sdk.roles import ContainerSessions, ExecResult

from dokkupy_docker.engine_api import api
from dokkupy_docker.engine_api.answers import lines_of, output_of
from dokkupy_docker.engine_api.errors import faults

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_docker.engine import DockerEngine


class DockerContainerSessions(ContainerSessions):
    """By the API; on the caller's own terminal by the docker client."""

    def __init__(self, engine: DockerEngine) -> None:
        self.engine = engine

    def wait(self, ref: str, *, timeout: float | None = None) -> int:
        try:
            with faults(f"The container {ref[:12]} could not be waited on"):
                return int(api.call("POST", f"/containers/{api.quoted(ref)}/wait", timeout=timeout)["StatusCode"])
        except TimeoutError as error:
            raise TimeoutError(f"{ref[:12]} did not end within {timeout} seconds") from error

    def logs(
        self, ref: str, *, tail: int | None = None, follow: bool = False, timestamps: bool = False, since: int = 0
    ) -> Iterator[tuple[str, bytes]]:
        found = api.get(f"/containers/{api.quoted(ref)}/json")
        if found is None:
            raise NotFound(f"There is no container {ref}", hint="Another command removed it. Run the command again.")
        with faults(f"The output of {ref[:12]} could not be read"):
            answer = api.stream(
                f"/containers/{api.quoted(ref)}/logs",
                stdout=1,
                stderr=1,
                follow=int(follow),
                timestamps=int(timestamps),
                tail="all" if tail is None else tail,
                since=since,
            )
        with answer:
            yield from lines_of(answer.read, multiplexed=not found["Config"]["Tty"])

    def exec(self, ref: str, command: Sequence[str], *, timeout: float = 30.0, user: str = "") -> ExecResult:
        """A separate client, because checks of several instances run in threads."""
        import docker  # type: ignore[import-untyped]
        import requests

        client = docker.APIClient(
            base_url=f"unix://{api.socket_path()}", version=api.VERSION.removeprefix("v"), timeout=timeout
        )
        try:
            with faults(f"{command[0]} could not be run in {ref[:12]}"):
                made = client.exec_create(ref, list(command), user=user)["Id"]
                output = output_of(client.exec_start(made, socket=True), time.monotonic() + timeout)
                code = client.exec_inspect(made)["ExitCode"]
        except (TimeoutError, requests.exceptions.ReadTimeout) as error:
            raise TimeoutError(f"{command[0]} did not end within {timeout:.0f} seconds") from error
        finally:
            client.close()
        return ExecResult(-1 if code is None else code, output.decode(errors="replace"))

    def attach_argv(self, ref: str, command: Sequence[str], *, tty: bool) -> list[str]:
        return ["docker", "exec", "--interactive", *(["--tty"] if tty else []), ref, *command]

    def start_argv(self, ref: str, *, stdin: bool) -> list[str]:
        return ["docker", "start", "--attach", *(["--interactive"] if stdin else []), ref]
