"""The errors of the Docker SDK, in our own words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from dokkupy_sdk.errors import AppError, Conflict, DokkupyError, HostError, NotFound

from dokkupy_docker import api

IN_THE_WAY = ("overlaps", "conflicts with network", "active endpoints")
"""What engines say (20.10 to 28) when a subnet is taken or a network is used."""

NOT_RUNNABLE = ("OCI runtime", "executable file not found", "failed to create task")
"""The engine's words when a command is not in the image, or is no program."""


@contextmanager
def faults(what: str) -> Iterator[None]:
    """The SDK's errors become ours, with the engine's own words."""
    import docker.errors  # type: ignore[import-untyped]
    import requests

    try:
        yield
    except DokkupyError:
        raise
    except docker.errors.APIError as error:
        words = f"{what}: {error.explanation or error}"
        if error.status_code == 404:
            raise NotFound(words) from error
        if error.status_code == 409 or (error.status_code in (403, 500) and any(sign in words for sign in IN_THE_WAY)):
            raise Conflict(words) from error
        if any(sign in words for sign in NOT_RUNNABLE):
            raise AppError(words, hint="Look at the command in the Procfile and at the image.") from error
        raise HostError(words) from error
    except (docker.errors.DockerException, requests.exceptions.ConnectionError) as error:
        if "timed out" in str(error):  # the SDK's name for an answer that did not come in time
            raise TimeoutError(what) from error
        raise api.down(error) from error
