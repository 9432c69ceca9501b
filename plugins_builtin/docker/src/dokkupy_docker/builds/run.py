"""`docker build`: the engine's API alone has no BuildKit, so builds go through the client."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping, Sequence
from functools import partial

from dokkupy_apps.rollout.ahead import begin_load
from dokkupy_sdk import Host
from dokkupy_sdk.build_caches import caches_of
from dokkupy_sdk.errors import AppError, HostError
from dokkupy_sdk.execute import stream
from dokkupy_sdk.files import scratch_directory, write_atomic
from dokkupy_sdk.registry_access import client_settings, logins_of
from dokkupy_sdk.roles import ImageBuild

from dokkupy_docker.builds import limits as build_limits
from dokkupy_docker.builds.client import Client, find_client
from dokkupy_docker.builds.options import CACHES, ValidatedOptions, validate
from dokkupy_docker.builds.output import WIDEST, Output
from dokkupy_docker.builds.sources import policy_env

IMAGE_ID = re.compile(r"sha256:[0-9a-f]{64}")
KILLED = 128 + 9
"""The status of a command that SIGKILL ended, which the kernel sends when memory is used up."""

NO_PROCESS = re.compile(
    r"Resource temporarily unavailable|can'?t fork|cannot fork|unable to create.*thread", re.IGNORECASE
)
NO_LOGIN = re.compile(
    r"401 Unauthorized|no basic auth|access denied|authorization failed|insufficient_scope|403 Forbidden"
)
NO_TRUST = re.compile(r"x509: |certificate signed by unknown authority")
RELAY = re.compile(r"http://127\.\d+\.\d+\.\d+:\d+/(?=[\"']?(?:https?://|\$))", re.IGNORECASE)
"""What the builder of Dockerfiles puts before the URL of an ADD."""

FULL_DISK = re.compile(r"no space left on device", re.IGNORECASE)


def build_image(host: Host, build: ImageBuild) -> str:
    """Run the client to its end; returns the image's id. Without `-t`, so that an image that a killed process leaves
    has no name, but dokkupy's labels, by which the clean-up finds it."""
    client = find_client(host)
    validated = validate(build.options, build.env, buildkit=client.buildkit, buildx=client.buildx)
    group = build_limits.group_of(host, build, validated, buildkit=client.buildkit)
    for remark in (*validated.remarks, *group.remarks):
        host.out.warn(remark)
    output = Output()
    show = Folded(host, build.title).show if build.title else host.out.stream
    env = build_env(client, build, validated)
    hidden = [text for text in (build.private.reveal(), env.get(CACHES, "")) if text]

    def line(text: str) -> None:
        for secret in hidden:
            text = text.replace(secret, "***")
        text = RELAY.sub("", text)
        for shown in output.line(text):
            show(shown)

    # The classic builder would leave the pulled image under a name that every app can use.
    logins = logins_of(host, build.app) if client.buildkit else {}
    with (
        client_settings(host, logins) as settings,
        scratch_directory(host.path("tmp", "docker-build")) as directory,
    ):
        result = os.path.join(directory, "image-id")
        secrets = secret_files(directory, build) if client.buildkit else {}
        sources = policy_env(directory, client, build, validated)
        argv = build_argv(client, build, (*validated.words, *group.words), result, secrets)
        begun = partial(begin_load, host, build.app) if build.app else bool
        if stream(argv, line, env={**env, **settings, **sources}, begun=begun) != 0:
            for text in output.rest():
                show(text)
            if any(FULL_DISK.search(text) for text in output.tail):
                raise HostError(
                    "App build failed: the disk is full",
                    details=tuple(output.tail),
                    details_shown=not build.title,
                    code="disk_full",
                    hint="Free some disk space (dokkupy cleanup) and deploy again.",
                )
            if output.code == KILLED and group.memory:
                raise AppError(
                    "App build failed: a step was killed, probably because the build reached its memory "
                    f"limit of {group.memory >> 20} MB",
                    details=tuple(output.tail),
                    details_shown=not build.title,
                    code="build_killed",
                    hint="To raise the limit, as an admin: resource:limit APP --process-type build --memory "
                    "SIZE for the app, builds:set --global memory SIZE for the host.",
                )
            raise AppError(
                "App build failed",
                details=tuple(output.tail),
                details_shown=not build.title,
                code="build_failed",
                hint=hint_of("\n".join(output.tail), client, build),
            )
        with open(result, encoding="ascii") as file:
            identifier = file.read().strip()
    if not IMAGE_ID.fullmatch(identifier):
        raise HostError(
            f"docker build did not print an image id, but {identifier[:80]!r}",
            hint="Run it again. If it stays so, update docker: `docker version` shows its version.",
        )
    return identifier


def hint_of(tail: str, client: Client, build: ImageBuild) -> str:
    """What to do about a failed build, as far as its last lines show it. Pure."""
    if NO_PROCESS.search(tail):
        return "The build may have reached its limit of processes; to raise it: resource:limit APP --process-type build --pids N"
    if NO_TRUST.search(tail):
        return (
            "If the registry's authority is your own, put its certificate in /etc/docker/certs.d/SERVER/ca.crt and restart "
            "Docker, which reads it for builds when it starts."
        )
    if "denied by policy" in tail:
        return "The base image has an ONBUILD that downloads. Start from another one, or download in the Dockerfile of the app."
    if not NO_LOGIN.search(tail):
        return ""
    if not client.buildkit:
        return f"Private images require BuildKit, which {client.path} lacks: apt-get install docker-buildx"
    return f"Log in to the image's registry: registry:login {build.app or 'APP'} SERVER USERNAME"


class Folded:
    """The output of a build that is not the user's own: it is written to the log, and every ten seconds a line shows
    the progress."""

    EVERY = 10.0

    def __init__(self, host: Host, title: str) -> None:
        self.host = host
        self.started = self.shown = time.monotonic()
        host.out.section(title)

    def show(self, line: str) -> None:
        self.host.out.record(line)
        now = time.monotonic()
        text = f"{now - self.started:.0f} s: {line.strip()[:WIDEST]}"
        self.host.out.progress(f"       {text}")
        if now - self.shown >= self.EVERY:
            self.shown = now
            self.host.out.stream(text)


def secret_files(directory: str, build: ImageBuild) -> dict[str, str]:
    """id -> path of a 0600 file with the content."""
    files = {}
    for number, (identifier, content) in enumerate(build.secrets.items()):
        files[identifier] = os.path.join(directory, f"secret-{number}")
        write_atomic(files[identifier], content.reveal().encode())
    return files


def build_argv(
    client: Client, build: ImageBuild, options: Sequence[str], result: str, secrets: Mapping[str, str]
) -> list[str]:
    """The argv of the build. Values of variables and secrets are not in it."""
    argv = [client.path, "build"]
    if client.buildkit:
        argv.append("--progress=plain")
    if client.buildx:
        argv.append("--load")
    argv += [*options, f"--iidfile={result}", f"--file={build.dockerfile}"]
    argv += [f"--secret=id={identifier},src={path}" for identifier, path in secrets.items()]
    if client.buildkit:
        argv.append(f"--build-arg={CACHES}")  # the value is in the environment
    argv += [
        f"--label={key}={value}" for key, value in build.labels.items()
    ]  # after the user's, so that these override them
    return [*argv, str(build.context)]


def build_env(client: Client, build: ImageBuild, validated: ValidatedOptions) -> dict[str, str]:
    """Beside the clean environment: only the variables that the build options name."""
    env = {"DOCKER_BUILDKIT": "1" if client.buildkit else "0", "DOCKER_CLI_HINTS": "false"}
    env.update({key: build.env[key].reveal() for key in validated.keys})
    if client.buildkit:
        # What BuildKit's frontend puts before the id of every cache mount, also of one without an id. A frontend of
        # somebody else (`# syntax=`) may name any cache, and cannot guess this.
        env[CACHES] = caches_of(build.private)
    return env
