"""The role builder, by the Dockerfile that the source brings."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from dokkupy_apps.releases.app_images import loaded_images, repository_of, require_usable, usable_name
from dokkupy_sdk import Host
from dokkupy_sdk.errors import AppError, Denied, UserError
from dokkupy_sdk.files import read_text, scratch_directory
from dokkupy_sdk.model import Build, Image, Readiness, Source
from dokkupy_sdk.names import AppName, RelativePath, Secret, shown
from dokkupy_sdk.roles import Builder, ImageBuild
from dokkupy_sdk.values import replace

from dokkupy_dockerfile.downloads import NO_RELAY, Download, downloads, relayed, unguarded
from dokkupy_dockerfile.expose import exposed_ports
from dokkupy_dockerfile.references import frontends, named_images, with_names
from dokkupy_dockerfile.relay import reasons, relay_of
from dokkupy_dockerfile.settings import SETTINGS

LARGEST = 1024 * 1024

UNGUARDED = {
    "unknown": (
        "may download from anywhere: only the build knows what it names",
        "Write the URL into the line, or use COPY for files of the source.",
    ),
    "repository": (
        "downloads a repository, whose submodules the engine would fetch from any address",
        "Clone it in a step of the build instead: RUN git clone URL",
    ),
    "trigger": (
        "of an ONBUILD downloads from any address, because the server may redirect the engine",
        "Download the file in the Dockerfile of the app instead, or start from another base image.",
    ),
}
"""Kind of a download -> what it may do, and what to do instead."""


class DockerfileBuilder(Builder):
    """Hands the source and its Dockerfile to the engine."""

    title = "Dockerfile"

    def __init__(self, host: Host) -> None:
        self.host = host

    def prepare(self) -> Readiness:
        if self.host.builds().can_mount():
            return Readiness()
        return Readiness(reason="without BuildKit: the classic builder is used")

    def detect(self, source: Source) -> int:
        """100 with a Dockerfile; less when a file for another builder lies beside it, as Dokku orders them."""
        path = os.path.join(source.directory, self.dockerfile_path(source))
        if not os.path.lexists(path):
            return 0
        markers = (".buildpacks", "project.toml")
        return 80 if any(os.path.lexists(os.path.join(source.directory, name)) for name in markers) else 100

    def dockerfile_path(self, source: Source) -> RelativePath:
        return RelativePath(SETTINGS.get(self.host.store, source.app, "dockerfile-path"))

    def build(self, build: Build) -> Image:
        source = build.source
        path = self.dockerfile_path(source)
        text = read_text(source.directory, path, limit=LARGEST)
        if text is None:
            raise AppError(
                f"{path} is not in the source",
                hint=f"Add it, or set its path: builder-dockerfile:set {source.app} dockerfile-path PATH",
            )
        for ignore in (".dockerignore", f"{path}.dockerignore"):
            read_text(source.directory, ignore, limit=LARGEST)  # refuses a link: the client would follow it
        given = arguments(build.options, build.env)
        self.require_permitted(source.app, text, given)
        with self.guarded(build, path, text, given) as dockerfile:
            image = self.host.builds().build(
                ImageBuild(
                    context=source.directory,
                    dockerfile=dockerfile,
                    tag=build.tag,
                    options=build.options,
                    env=build.env,
                    labels=build.labels,
                    private=build.private,
                    app=source.app,
                )
            )
        ports = exposed_ports(text, given, target(build.options))
        if not ports:
            return image
        below = () if any(port.scheme != "udp" for port in ports) else image.ports  # of the base image
        return replace(image, ports=tuple(dict.fromkeys((*ports, *below))))

    def require_permitted(self, app: AppName, text: str, given: Mapping[str, str]) -> None:
        """Raise an error if the Dockerfile, or an ONBUILD trigger of a base image that the engine has, names what the app may
        not use. What a base image does that only its registry has is not known before the build."""
        for frontend in frontends(text, given):
            require_allowed(self.host, frontend)
        loaded = loaded_images(self.host, app)
        names = named_images(text, given)
        if unknown := next((name for name in names if "$" in name), ""):
            raise AppError(
                f"The image {shown(unknown)} of the Dockerfile is not known before the build, so it cannot be checked",
                hint="Write its name into the line, or use a variable as $NAME, ${NAME} or ${NAME:-default}.",
                code="unknown_image",
            )
        bases = [self.host.images().find(loaded.get(name, name)) for name in names]
        triggers = [trigger for base in bases if base is not None for trigger in base.triggers]
        for ref in named_images(text, given, triggers) if triggers else names:
            require_usable(self.host, app, ref)
        for one in downloads(text, given, triggers):
            require_outside(self.host, one)

    @contextmanager
    def guarded(self, build: Build, path: RelativePath, text: str, given: Mapping[str, str]) -> Iterator[Path]:
        """The Dockerfile for the engine. Images that were loaded for the app alone have the names that the engine knows, and
        ADD downloads through a relay, which serves while the build runs."""
        app = build.source.app
        loaded = [name for name in loaded_images(self.host, app) if name in named_images(text, {})]
        changed = with_names(text, {name: usable_name(self.host, app, name) for name in loaded})
        with ExitStack() as stack:
            # The builder of an option, which only an admin sets, is a container that has its own loopback interface.
            if not values(build.options, "--builder"):
                base = NO_RELAY
                if any(one.kind == "web" for one in downloads(text, given)):
                    base = stack.enter_context(self.relay(build))
                changed = relayed(changed, given, base)
                if word := unguarded(changed, base):
                    require_outside(self.host, Download(word, kind="unknown"))
            if changed == text:
                yield build.source.directory / path
                return
            directory = stack.enter_context(scratch_directory(self.host.path("tmp", "dockerfile")))
            file = Path(directory, "Dockerfile")
            file.write_text(changed)
            ignore = read_text(build.source.directory, f"{path}.dockerignore", limit=LARGEST)
            if ignore is not None:
                Path(directory, "Dockerfile.dockerignore").write_text(ignore)
            yield file

    @contextmanager
    def relay(self, build: Build) -> Iterator[str]:
        with relay_of(self.host, build.source.app, build.private.reveal()) as relay:
            try:
                yield relay.base
            except AppError:
                for reason in reasons(relay):
                    self.host.out.warn(reason)
                raise


def require_allowed(host: Host, frontend: str) -> None:
    """Raise Denied unless an admin allowed the frontend: it is a program that tells the engine what to fetch, from any
    address and from any image, whatever the Dockerfile says."""
    allowed = SETTINGS.get(host.store, None, "allowed-frontends")
    if repository_of(frontend) not in [repository_of(name) for name in allowed.split(",")]:
        raise Denied(
            f"The frontend {shown(frontend)} of the Dockerfile is not allowed on this host",
            details=(f"Allowed: {allowed}",),
            hint="Remove the line `# syntax=`, or let an admin allow it: "
            f"builder-dockerfile:set --global allowed-frontends {allowed},{repository_of(frontend)}",
            code="forbidden_frontend",
        )


def require_outside(host: Host, one: Download) -> None:
    """Raise AppError for an ADD that no relay can guard, and for one that names the host, an app or a cloud's own addresses,
    because the engine downloads from outside the build's network."""
    from dokkupy_sdk.outgoing import LAN, guard_of_source

    if one.kind in UNGUARDED:
        message, hint = UNGUARDED[one.kind]
        raise AppError(f"ADD {shown(one.source)} {message}", code="forbidden_address", hint=hint)
    try:
        if one.host and "\0" not in one.host:
            replace(guard_of_source(host), allowed=LAN).resolve(one.host, 443)
    except UserError as error:
        raise AppError(
            f"ADD {shown(one.source)} downloads from an address of the host, of an app or of a cloud's own services",
            code="forbidden_address",
            hint="Put the file into the repository, or on a server that is not this host.",
        ) from error
    except (OSError, ValueError):
        return  # the build says that the name cannot be resolved


def values(options: Sequence[str], name: str) -> list[str]:
    """The values of an option, in both spellings: `--name=value` and `--name value`."""
    found = [word.partition("=")[2] for word in options if word.startswith(f"{name}=")]
    return found + [value for word, value in zip(options, options[1:], strict=False) if word == name]


def target(options: Sequence[str]) -> str:
    return next(iter(values(options, "--target")), "")


def arguments(options: Sequence[str], env: Mapping[str, Secret]) -> dict[str, str]:
    """The build arguments with their values, for the EXPOSE lines."""
    found = {}
    for text in values(options, "--build-arg"):
        key, equals, value = text.partition("=")
        if equals:
            found[key] = value
        elif key in env:
            found[key] = env[key].reveal()
    return found
