"""Translates errors of the engine and of the Docker SDK into dokkupy's."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from dokkupy_sdk.errors import AppError, Conflict, DokkupyError, HostError, NotFound

from dokkupy_docker.engine_api import api

IN_THE_WAY = ("overlaps", "conflicts with network", "active endpoints")
"""Parts of messages of engines (20.10 to 28) when a subnet is taken or a network is used."""

NOT_RUNNABLE = ("OCI runtime", "executable file not found", "failed to create task")
"""Parts of the engine's message when a command is not in the image, or is not executable."""

NO_SPACE = "no space left on device"


@contextmanager
def faults(what: str) -> Iterator[None]:
    """Turn a refusal of the engine into an error of dokkupy, with the engine's message."""
    try:
        yield
    except api.Refused as error:
        raise in_our_words(what, error.status, error.words) from error
    except TimeoutError as error:
        raise TimeoutError(what) from error
    except DokkupyError:
        raise
    except Exception as error:
        if "docker" not in sys.modules:
            raise
        fault = of_the_sdk(what, error)
        if fault is None:
            raise
        raise fault from error


RESTARTING = "container_restarting"
"""The code of a refusal to rename a container that is just ending or waits for its restart: Docker 20.10 does not find its
network's sandbox then, and answers 404."""


def in_our_words(what: str, status: int | None, words: str) -> DokkupyError:
    text = f"{what}: {words}"
    if "sandbox" in words:
        return HostError(text, hint="It is just ending, or waits for its restart: stop it first.", code=RESTARTING)
    if status == 404:
        return NotFound(text)
    if status == 409 or (status in (403, 500) and any(sign in text for sign in IN_THE_WAY)):
        return Conflict(text)
    if NO_SPACE in words.lower():
        return HostError(
            text, hint="The disk is full. See what uses it: disk:report; give back what is of no use: cleanup"
        )
    if any(sign in text for sign in NOT_RUNNABLE):
        return AppError(text, hint="Check the command in the Procfile, and the image.")
    return HostError(text)


def of_the_sdk(what: str, error: Exception) -> Exception | None:
    """The error of dokkupy for an error of the SDK. None for other errors."""
    import docker.errors  # type: ignore[import-untyped]
    import requests

    if isinstance(error, docker.errors.APIError):
        return in_our_words(what, error.status_code, str(error.explanation or error))
    if isinstance(error, (docker.errors.DockerException, requests.exceptions.ConnectionError)):
        if "timed out" in str(error):  # the SDK's error for an answer that did not arrive in time
            return TimeoutError(what)
        return api.down(error)
    return None
