"""The role builder, by programs of others: each is run on the source and leaves an image, which gets our labels."""

from __future__ import annotations

import os
import shutil
from abc import abstractmethod
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path

from dokkupy_apps.releases.records import current
from dokkupy_sdk import Host
from dokkupy_sdk.build_caches import caches_of
from dokkupy_sdk.errors import AppError, HostError
from dokkupy_sdk.execute import environment, stream
from dokkupy_sdk.files import read_text, scratch_directory
from dokkupy_sdk.model import Build, Image, Readiness, Source
from dokkupy_sdk.names import AppName
from dokkupy_sdk.registry_access import client_settings, logins_of
from dokkupy_sdk.roles import Builder, ImageBuild
from dokkupy_sdk.settings import Settings, properties_of

from dokkupy_builders import argv
from dokkupy_builders.settings import LAMBDA, NIXPACKS, PACK, RAILPACK, require_trusted

TAIL = 20
LARGEST = 1024 * 1024
STEERING = ("DOCKER_", "BUILDKIT_", "LD_", "PATH", "HOME", "XDG_", "TMPDIR", "SSL_CERT_", "PACK_", "NIXPACKS_NO_")
"""Variables that change what the programs themselves do: an app's value of such a one never becomes theirs."""


def name_once() -> str:
    """The image's name while it is built. The programs print it, and the app's own names are for nobody to read."""
    return f"dokkupy/made:{os.urandom(16).hex()}"


class ToolBuilder(Builder):
    """One program. marker: the property that says where its file is; certainty: of `detect` when that file exists.
    fetches_apart: whether what it fetches gets no name in the engine, by which other apps would find it: only such a program
    gets the app's own logins of registries."""

    program: str
    get: str
    settings: Settings
    marker: str
    certainty = 70
    fetches_apart = False

    def __init__(self, host: Host) -> None:
        self.host = host

    def installed(self) -> str:
        return shutil.which(self.program, path=environment()["PATH"]) or ""

    def prepare(self) -> Readiness:
        if self.installed():
            return Readiness()
        sign = self.settings.properties[self.marker].default
        return Readiness(
            "not-installed", f"the program {self.program}, for sources with {sign}, is not installed", self.get
        )

    def path(self, source: Source) -> str:
        return self.settings.get(self.host.store, source.app, self.marker)

    def detect(self, source: Source) -> int:
        return self.certainty if os.path.lexists(os.path.join(source.directory, self.path(source))) else 0

    def build(self, build: Build) -> Image:
        program = self.installed()
        if not program:
            raise HostError(
                f"The builder {build.builder} requires the program {self.program}, which is not installed on this host",
                hint=self.get,
                code="no_program",
            )
        file = self.path(build.source)
        there = read_text(build.source.directory, file, limit=LARGEST) is not None  # refuses a link
        made = name_once()
        logins = logins_of(self.host, build.source.app if self.fetches_apart else None)
        with (
            client_settings(self.host, logins) as settings,
            scratch_directory(self.host.path("tmp", self.program)) as directory,
        ):
            words = self.words(build, program, made, str(build.source.directory / file) if there else "", directory)
            try:
                self.run(words, {**self.variables(build), **settings}, hidden=caches_of(build.private))
                return self.labelled(build, made, directory)
            finally:
                self.host.images().remove(made)

    @abstractmethod
    def words(self, build: Build, program: str, tag: str, file: str, directory: str) -> list[str]:
        """The argv. file: absolute, empty when the source has none; directory: a private one."""

    def keys(self, build: Build) -> list[str]:
        return [key for key in build.env if not key.startswith(STEERING)]

    def variables(self, build: Build) -> Mapping[str, str]:
        """The program's environment beside the clean one: where it finds the values."""
        return {key: build.env[key].reveal() for key in self.keys(build)}

    def run(self, words: list[str], env: Mapping[str, str], *, hidden: str) -> None:
        """hidden: what is shown as `***`; a program prints the names of its caches."""
        tail: deque[str] = deque(maxlen=TAIL)

        def line(text: str) -> None:
            text = text.replace(hidden, "***")
            tail.append(text)
            self.host.out.stream(text)

        if stream(words, line, env=env) != 0:
            raise AppError(
                f"App build failed: {self.program} ended with an error",
                details=tuple(tail),
                details_shown=True,
                code="build_failed",
                hint="Its output above says why. Correct it, then push again.",
            )

    def last_lines(self, build: Build) -> list[str]:
        """Lines of the Dockerfile that gives the image its labels."""
        return []

    def labelled(self, build: Build, made: str, directory: str) -> Image:
        if self.host.images().find(made) is None:
            raise HostError(
                f"{self.program} succeeded, but made no image {made}",
                hint=f"Try another version of {self.program}, or another builder: builder:set APP selected NAME",
            )
        context = Path(directory, "empty")
        context.mkdir()
        path = Path(directory, "Dockerfile")
        path.write_text("\n".join([f"FROM {made}", *self.last_lines(build), ""]))
        return self.host.builds().build(ImageBuild(context, path, build.tag, labels=build.labels))


class PackBuilder(ToolBuilder):
    """Cloud Native Buildpacks."""

    program = "pack"
    get = "Install it: https://buildpacks.io/docs/tools/pack/"
    settings = PACK
    marker = "projecttoml-path"
    certainty = 90

    def words(self, build: Build, program: str, tag: str, file: str, directory: str) -> list[str]:
        kept = properties_of(self.host.store, build.source.app, "buildpacks").get("list", "").split(",")
        image = PACK.get(self.host.store, build.source.app, "builder-image")
        require_trusted(self.host.store, build.source.app, image)
        release, _ = current(self.host, build.source.app)
        return argv.pack(
            program,
            source=str(build.source.directory),
            tag=tag,
            descriptor=file,
            keys=self.keys(build),
            builder=image,
            buildpacks=[address for address in kept if address],
            caches=volumes(build.source.app),
            previous=release.image if release and release.builder == "pack" else "",
        )

    def last_lines(self, build: Build) -> list[str]:
        """With a Procfile of ours, commands go through the launcher, which sets up the buildpacks' environment."""
        procfile = os.path.isfile(build.source.directory / "Procfile")
        return ['ENTRYPOINT ["/cnb/lifecycle/launcher"]'] if procfile else []


def volumes(app: AppName) -> dict[str, str]:
    """kind -> volume of what pack keeps for the app's next build; they go with the app, and by `repo:purge-cache`."""
    return {kind: f"dokkupy-pack-{app}-{kind}" for kind in ("build", "launch")}


class CachedBuilder(ToolBuilder):
    """A program with a file of its own and caches that are the app's alone. line: its argv."""

    fetches_apart = True
    line: Callable[..., list[str]]

    def words(self, build: Build, program: str, tag: str, file: str, directory: str) -> list[str]:
        return type(self).line(
            program,
            source=str(build.source.directory),
            tag=tag,
            config=file,
            keys=self.keys(build),
            caches=caches_of(build.private),
        )


class NixpacksBuilder(CachedBuilder):
    program = "nixpacks"
    get = "Install it: https://nixpacks.com/docs/install"
    settings = NIXPACKS
    marker = "nixpackstoml-path"
    line = argv.nixpacks


class RailpackBuilder(CachedBuilder):
    program = "railpack"
    get = "Install it: https://railpack.com/installation; it also needs a BuildKit daemon"
    settings = RAILPACK
    marker = "railpackjson-path"
    line = argv.railpack


class LambdaBuilder(ToolBuilder):
    program = "lambda-builder"
    get = "Install it: https://github.com/dokku/lambda-builder"
    settings = LAMBDA
    marker = "lambdayml-path"

    def words(self, build: Build, program: str, tag: str, file: str, directory: str) -> list[str]:
        return argv.lambda_builder(program, source=str(build.source.directory), tag=tag, keys=self.keys(build))


class NullBuilder(Builder):
    """Builds nothing: for apps that only ever get ready-made images."""

    def __init__(self, host: Host) -> None:
        self.host = host

    def prepare(self) -> Readiness:
        return Readiness()

    def detect(self, source: Source) -> int:
        return 0

    def build(self, build: Build) -> Image:
        app = build.source.app
        scope = app if "selected" in properties_of(self.host.store, app, "builder") else "--global"
        raise AppError(
            f"{app} cannot be built: its builder is null",
            hint=f"Deploy an image: git:from-image {app} IMAGE; or unset the builder: builder:set {scope} selected",
        )
