"""The role Builder by buildpacks. Each language gives a plan. One Dockerfile is made of all plans, and the engine
builds it."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets as random
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from dokkupy_apps.desired.config import get_env
from dokkupy_sdk import Host
from dokkupy_sdk.buildpack import Context, Language, Plan, Tree
from dokkupy_sdk.errors import AppError, UserError
from dokkupy_sdk.files import make_directory, read_file, scratch_directory, write_atomic
from dokkupy_sdk.model import Build, Image, Readiness, Source
from dokkupy_sdk.names import AppName, Secret
from dokkupy_sdk.roles import Builder, ImageBuild
from dokkupy_sdk.text import reason_of
from dokkupy_sdk.values import dataclass, replace

from dokkupy_buildpacks.dockerfile.render import CA, CONFIG, INSTALL, NETWORK, Bases, Mounts, dockerfile
from dokkupy_buildpacks.dockerfile.withheld_variables import (
    NOT_FOR_BUILDS,
    PACKAGE_VARIABLES,
    explained,
    seen,
    withheld,
)
from dokkupy_buildpacks.herokuish import HEROKUISH
from dokkupy_buildpacks.hooks import BuildpacksFile
from dokkupy_buildpacks.images.toolchains import resolve
from dokkupy_buildpacks.languages import development_servers
from dokkupy_buildpacks.select.choose import certainties, choose
from dokkupy_buildpacks.select.lists import kept, of_dotenv
from dokkupy_buildpacks.settings import NETWORK as NETWORK_VARIABLES
from dokkupy_buildpacks.settings import SETTINGS, bundle_of

IGNORED = (".git", "**/node_modules", ".venv", "**/__pycache__", "Dockerfile.dockerignore")
"""What is never copied into an image: files that the build makes again, and private ones."""

PROFILE = 'for file in /app/.profile.d/*.sh /app/.profile; do if [ -f "$file" ]; then . "$file"; fi; done; exec "$@"'


@dataclass(frozen=True, slots=True)
class Planned:
    """The plans of a source, and the reason for these languages."""

    origin: str
    plans: tuple[Plan, ...]


class BuildpacksBuilder(Builder):
    """The builder of `builder:set APP selected buildpacks`. Dokku calls it herokuish."""

    def __init__(self, host: Host) -> None:
        self.host = host

    def prepare(self) -> Readiness:
        if not self.host.builds().can_mount():
            return Readiness(
                reason="without BuildKit, so there are no caches, and the build does not see the app's configuration"
            )
        return Readiness()

    def detect(self, source: Source) -> int:
        """90 if the app asks for buildpacks; else half the certainty of the most certain language. 0 if buildpacks may
        not build the app."""
        if not is_allowed(self.host, source.app):
            return 0
        tree = Tree(source.directory)
        # Every source is asked, so a `.env` that is a link is not an error here. It is refused when a build reads it.
        if kept(self.host, source.app) or tree.has(".buildpacks") or (tree.has(".env") and of_dotenv(tree)):
            return 90
        if "BUILDPACK_URL" in get_env(self.host, source.app):
            return 90
        found = certainties(self.host, tree)
        return max(1, found[0][0] // 2) if found else 0

    def build(self, build: Build) -> Image:
        host, app = self.host, build.source.app
        if not is_allowed(host, app):
            raise AppError(
                f"The built-in buildpacks are not allowed to build {app}",
                hint=f"Allow it: builder-herokuish:set {app} allowed true. Or choose another builder: builder:set {app} selected NAME",
            )
        tree = Tree(build.source.directory)
        planned = plan_source(host, app, tree, build.env)
        names = ", ".join(plan.language for plan in planned.plans)
        host.out.detail(f"Language: {names} ({planned.origin})")
        names_seen = seen(host, app, planned.plans, build.env)
        given = build_secrets(host, app, build.env, names_seen)
        parts: list[tuple[Plan, Bases]] = []
        for plan in planned.plans:
            for warning in plan.warnings:
                host.out.warn(warning)
            bases = self.bases(app, plan)
            parts.append((with_libraries(plan, bases), bases))
            for remark in plan.remarks:
                host.out.detail(remark)
        mounts = Mounts(
            f"{app}{generation(host, app)}",
            caches=host.builds().can_mount(),
            config=CONFIG in given,
            ca=CA in given,
            network=NETWORK in given,
            digest=digest(host, given, CONFIG),
            install=digest(host, given, INSTALL),
        )
        if not mounts.caches and CONFIG in given and any(uses_config(plan) for plan in planned.plans):
            host.out.warn("This host's docker has no BuildKit: the build does not see the app's configuration")
        with scratch_directory(host.path("tmp", "plan")) as directory:
            path = Path(directory, "Dockerfile")
            path.write_text(dockerfile(parts, mounts))
            Path(directory, "Dockerfile.dockerignore").write_text("\n".join((*IGNORED, *slugignore(tree), "")))
            request = ImageBuild(
                context=build.source.directory,
                dockerfile=path,
                tag=build.tag,
                options=build.options,
                env=build.env,
                secrets=given if mounts.caches else {},
                labels={**build.labels, "dokkupy.language": names, "com.dokku.builder-type": build.builder},
                private=build.private,
                app=app,
            )
            try:
                image = host.builds().build(request)
            except AppError as error:
                raise explained(error, app, withheld(planned.plans, build.env, names_seen)) from None
        web = parts[-1][0].processes.get("web")
        if web:
            host.out.detail(f"Default process: web: {web}")
        return image

    def bases(self, app: AppName, plan: Plan) -> Bases:
        from dokkupy_apps.releases.app_images import require_usable

        store = self.host.store
        stack = SETTINGS.get(store, app, "stack")
        if stack:
            require_usable(self.host, app, stack)
            self.host.out.detail(f"Base: {stack} (buildpacks:set-property {app} stack)")
            return Bases(stack, stack)
        registry = SETTINGS.get(store, app, "image-registry")
        # Only the host's own proxy and mirrors are used, because all apps share a base, and an app's own could deliver
        # anything.
        secrets = build_secrets(self.host, None, {})
        found = resolve(self.host, plan.toolchain, plan.wanted, registry=registry, secrets=secrets)
        asked = f" ({plan.wanted.origin}: {plan.wanted.text})" if plan.wanted.origin else ""
        self.host.out.detail(f"Using {plan.toolchain.name} {found.version}{asked}: {found.origin}")
        if plan.runtime is None:
            return found.bases
        from dokkupy_sdk.buildpack import Wanted

        run = resolve(self.host, plan.runtime, Wanted(), registry=registry, secrets=secrets)
        return Bases(found.bases.build, run.bases.run)


class HerokuishBuilder(BuildpacksBuilder):
    """The same builder under the name that scripts for Dokku select. It is never chosen automatically."""

    def detect(self, source: Source) -> int:
        return 0


def is_allowed(host: Host, app: AppName) -> bool:
    return HEROKUISH.get(host.store, app, "allowed") == "true"


def generation(host: Host, app: AppName) -> str:
    """A number in the names of the caches. `repo:purge-cache` increases it, so that the old caches are no longer
    found."""
    count = host.store.load(BuildpacksFile, app).caches
    return f"-{count}" if count else ""


def uses_config(plan: Plan) -> bool:
    return any(step.config for stage in plan.stages for step in stage.steps)


def plan_source(host: Host, app: AppName, tree: Tree, env: Mapping[str, Secret]) -> Planned:
    """The plans of a source. Nothing is built, fetched or executed. Raises AppError with the name of the file at
    fault."""
    url = env.get("BUILDPACK_URL")
    origin, found = choose(host, app, tree, url.reveal() if url is not None else "")
    procfile = tree.has("Procfile")
    plans = []
    for index, language in enumerate(found):
        last = index == len(found) - 1
        plans.append(language.plan(tree, context_of(language, env, procfile=procfile or not last)))
    packages = aptfile(tree)
    if packages:
        plans = [with_packages(plan, packages) for plan in plans]
    if tree.has(".profile") or tree.has_directory(".profile.d"):
        plans[-1] = with_profile(plans[-1])
    warning = development_servers.of_procfile(tree.text("Procfile") or "") if procfile else ""
    if warning:
        plans[-1] = replace(plans[-1], warnings=(*plans[-1].warnings, warning))
    return Planned(origin, tuple(plans))


def context_of(language: Language, env: Mapping[str, Secret], *, procfile: bool) -> Context:
    values = {name: env[name].reveal() for name in language.steering if name in env}
    return Context(frozenset(env), values, procfile)


def aptfile(tree: Tree) -> tuple[str, ...]:
    """Debian packages that the app requests in addition to those of its language (Heroku's buildpack apt: one name per
    line)."""
    lines = [line.split("#")[0].strip() for line in (tree.text("Aptfile") or "").splitlines()]
    names = [line for line in lines if line]
    for name in names:
        if not re.fullmatch(r"[a-z0-9][a-z0-9+.-]+(?::[a-z0-9]+)?(?:=[A-Za-z0-9.+:~-]+)?", name):
            raise AppError(f"Aptfile: {name[:60]!r} is not the name of a Debian package")
    return tuple(names)


def with_packages(plan: Plan, packages: Sequence[str]) -> Plan:
    return replace(
        plan,
        packages=(*plan.packages, *packages),
        build_packages=(*plan.build_packages, *packages),
        remarks=(*plan.remarks, f"Packages of the Aptfile: {', '.join(packages)}"),
    )


def with_libraries(plan: Plan, bases: Bases) -> Plan:
    """Add to the small image in which the app runs the libraries of the full official image in which it was
    compiled."""
    if not bases.official or bases.build == bases.run:
        return plan
    return replace(plan, packages=(*plan.packages, *plan.toolchain.libraries))


def with_profile(plan: Plan) -> Plan:
    """Run every command after the app's own `.profile.d/*.sh` and `.profile` (Heroku: "Dyno startup behavior")."""
    return plan if plan.entrypoint else replace(plan, entrypoint=("/bin/bash", "-c", PROFILE, "start"))


def slugignore(tree: Tree) -> list[str]:
    """`.slugignore`, as on Heroku: patterns of files to leave out of the image. There is no negation."""
    lines = [line.strip() for line in (tree.text(".slugignore") or "").splitlines()]
    return [line for line in lines if line and not line.startswith(("#", "!"))]


def build_secrets(
    host: Host, app: AppName | None, env: Mapping[str, Secret], names: frozenset[str] = frozenset()
) -> dict[str, Secret]:
    """id -> content of the secrets of a build. The steps see them, but the image never contains them. app: None for
    those of all apps. names: the variables that the install steps see, too."""
    found: dict[str, Secret] = {}
    config = {key: value.reveal() for key, value in env.items() if key not in NOT_FOR_BUILDS}
    if config:
        found[CONFIG] = Secret(lines(config))
    if names:
        found[INSTALL] = Secret(lines({key: config[key] for key in names}))
    network = {key: value for key, value in config.items() if PACKAGE_VARIABLES.fullmatch(key)}
    for name, variables in NETWORK_VARIABLES.items():
        value = SETTINGS.get(host.store, app, name)
        if value:
            network.update(dict.fromkeys(variables, value))
    if network:
        found[NETWORK] = Secret(lines(network))
    path = bundle_of(SETTINGS.get(host.store, app, "ca-bundle"))
    if path:
        try:
            found[CA] = Secret(read_file(path))
        except (OSError, ValueError) as error:
            raise UserError(
                f"The ca-bundle {path} cannot be read: {reason_of(error)}",
                hint=f"buildpacks:set-property {app or '--global'} ca-bundle PATH",
            ) from None
    return found


def lines(values: Mapping[str, str]) -> str:
    return "".join(f"{key}={shlex.quote(value)}\n" for key, value in sorted(values.items()))


def digest(host: Host, given: Mapping[str, Secret], identifier: str) -> str:
    """A digest that changes when a secret changes and does not reveal it, because it is keyed with a number of this
    host."""
    if identifier not in given:
        return ""
    path = host.path("cache", "buildpacks-key")
    try:
        with open(path, "rb") as file:
            key = file.read()
    except FileNotFoundError:
        key = random.token_bytes(32)
        make_directory(os.path.dirname(path))
        write_atomic(path, key)
    return hmac.new(key, given[identifier].reveal().encode(), hashlib.sha256).hexdigest()[:16]
