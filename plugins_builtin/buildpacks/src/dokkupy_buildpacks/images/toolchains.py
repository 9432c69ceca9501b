"""Find the images on which a language builds and runs: those on the host first, then pulled ones, then ones made of
Debian's packages."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterable, Mapping

from dokkupy_sdk import Host
from dokkupy_sdk.buildpack import Toolchain, Wanted
from dokkupy_sdk.errors import AppError, DokkupyError
from dokkupy_sdk.files import make_directory, write_atomic
from dokkupy_sdk.names import Secret
from dokkupy_sdk.recorded_images import kept_image, record_image
from dokkupy_sdk.values import dataclass, replace

from dokkupy_buildpacks.dockerfile.render import Bases
from dokkupy_buildpacks.images.bases import ensure_toolchain
from dokkupy_buildpacks.images.registries import require_fetchable

TAG = re.compile(r"(?P<version>\d+(?:\.\d+){0,2})(?P<variant>(?:-[a-z]+)*)")
RELEASES = ("-bookworm", "-trixie", "-bullseye")
FORGET = 3600
"""Seconds to wait before another attempt to pull an image that could not be pulled, so that not every push waits for
it."""


@dataclass(frozen=True, slots=True)
class Found:
    """The images found, with their version and their origin as text for the user."""

    bases: Bases
    version: str
    origin: str


def official(name: str, repository: str) -> tuple[str, str] | None:
    """Version and variant of a name such as `python:3.13-slim-bookworm`. None if it is a different image."""
    prefix, _, tag = name.rpartition(":")
    if prefix != repository:
        return None
    found = TAG.fullmatch(tag)
    if found is None:
        return None
    variant = found["variant"]
    for release in RELEASES:
        variant = variant.replace(release, "")
    return found["version"], variant


def number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def on_host(names: Iterable[str], repository: str, toolchain: Toolchain, wanted: Wanted) -> tuple[str, Bases] | None:
    """The newest version on the host that fits, with its best variants. Pure."""
    versions: dict[str, dict[str, str]] = {}
    for name in sorted(names):
        facts = official(name, repository)
        if facts is not None and wanted.accepts(facts[0]):
            versions.setdefault(facts[0], {}).setdefault(facts[1], name)
    for version in sorted(versions, key=number, reverse=True):
        variants = versions[version]
        build = next((variants[one] for one in toolchain.build_variants if one in variants), "")
        run = next((variants[one] for one in toolchain.run_variants if one in variants), "")
        if build and run:
            return version, Bases(build, run, official=True)
    return None


def resolve(host: Host, toolchain: Toolchain, wanted: Wanted, *, registry: str, secrets: Mapping[str, Secret]) -> Found:
    """The images of a toolchain. Raises AppError with all that was tried."""
    tried: list[str] = []
    if toolchain.official:
        repository = f"{registry}/{toolchain.official}" if registry else toolchain.official
        names = [name for _, tags, _ in host.images().find_all({}) for name in tags]
        here = on_host(names, repository, toolchain, wanted)
        if here is None and registry:
            here = on_host(names, toolchain.official, toolchain, wanted)
        if here:
            require_fetchable(host, toolchain, wanted, here[0])
            return Found(recorded_bases(host, here[1]), here[0], f"the image {here[1].build} on this host")
        tried.append(f"an image {repository} on this host")
        pulled = pull(host, repository, toolchain, wanted)
        if pulled is not None:
            require_fetchable(host, toolchain, wanted, pulled.version)
            return pulled
        tags = ", ".join(wanted.tags[:3]) or "none"
        why = Failures(host).reason(repository)
        tried.append(f"pulling {repository} ({tags}{f': {why}' if why else ''})")
    for suite, version in toolchain.debian.items():
        if wanted.accepts(version):
            require_fetchable(host, toolchain, wanted, version)
            return made(host, toolchain, wanted, suite, exact=False, secrets=secrets)
    if toolchain.prepare is not None and toolchain.debian and toolchain.prepare(wanted):
        return made(host, toolchain, wanted, next(iter(toolchain.debian)), exact=True, secrets=secrets)
    available = ", ".join(f"{version} (Debian {suite})" for suite, version in toolchain.debian.items())
    tried.append("Debian's packages")
    raise AppError(
        f"{toolchain.name} {wanted.text} ({wanted.origin}) is not available on this host",
        details=(f"Tried: {'; '.join(tried)}.", f"Available without a registry: {available}."),
        hint=f"Change {wanted.origin}, or load the image: dokkupy images:add {toolchain.official}:{wanted.text}",
        code="no_toolchain",
    )


def recorded_bases(host: Host, bases: Bases) -> Bases:
    """The same images, by names that always refer to the recorded content."""
    return replace(bases, build=kept_image(host, bases.build), run=kept_image(host, bases.run))


def made(
    host: Host, toolchain: Toolchain, wanted: Wanted, suite: str, *, exact: bool, secrets: Mapping[str, Secret]
) -> Found:
    build, run = (
        ensure_toolchain(host, toolchain, wanted, suite, building=building, exact=exact, secrets=secrets)
        for building in (True, False)
    )
    version = wanted.text if exact else toolchain.debian[suite]
    return Found(
        Bases(build, run), version, f"Debian {suite}'s packages" + (" and the language's registry" if exact else "")
    )


def pull(host: Host, repository: str, toolchain: Toolchain, wanted: Wanted) -> Found | None:
    """An official image of a registry, in its best variant. None if there is no image or no registry. The reason is
    printed once, and remembered until the registry is asked again."""
    failed = Failures(host)
    if failed.lately(repository) or not wanted.tags:
        return None
    reason = ""
    for version in wanted.tags:
        run, reason = first_pulled(host, f"{repository}:{version}", toolchain.run_variants)
        if run:
            # Extensions in C are compiled in the full image, because the small one has no compiler.
            build, _ = first_pulled(host, f"{repository}:{version}", toolchain.build_variants, have=run)
            shown = run if build in ("", run) else f"{build} and {run}"
            bases = recorded_bases(host, Bases(build or run, run, official=True))
            return Found(bases, version, f"the image {shown}, pulled")
        if reason != NO_TAG:
            break
    host.out.detail(f"No image {repository} was pulled: {reason}")
    failed.note(repository, reason)
    return None


def first_pulled(host: Host, name: str, variants: Iterable[str], *, have: str = "") -> tuple[str, str]:
    """(the first variant that could be pulled, ""), or ("", the reason why none could). have: a variant that is already
    here."""
    reason = ""
    for variant in variants:
        ref = f"{name}{variant}"
        if ref == have:
            return ref, ""
        try:
            host.out.detail(f"Trying to pull the image {ref}")
            record_image(host, ref, host.images().pull(ref).id)
        except DokkupyError as error:
            reason = why(error.message)
            if reason != NO_TAG:
                break
        else:
            return ref, ""
    return "", reason


NO_TAG = "the registry has no such tag"
REASONS = {
    NO_TAG: ("manifest unknown", "manifest for", "not found", "does not exist"),
    "the registry refuses access (log in, or correct the name)": (
        "denied",
        "unauthorized",
        "forbidden",
        "authentication required",
    ),
    "the registry's rate limit is reached": ("toomanyrequests", "rate limit"),
    "this host cannot resolve the registry's name (DNS)": ("no such host", "server misbehaving", "name resolution"),
    "the registry's certificate is not trusted": ("x509", "certificate"),
    "there is no route to the registry": (
        "no route",
        "unreachable",
        "connection refused",
        "timeout",
        "timed out",
        "deadline",
    ),
}
"""Reason of a failed pull -> parts of the engine's messages. `pull access denied ... repository does not exist` stands
for a wrong name and for a missing login. Therefore it is examined before the missing tag."""


def why(message: str) -> str:
    """The reason for a failed pull, in a few words."""
    text = message.lower()
    order = sorted(REASONS, key=lambda reason: reason == NO_TAG)
    return next((one for one in order if any(part in text for part in REASONS[one])), message[:200])


class Failures:
    """Repositories from which a pull failed recently. It is only a cache, so errors of reading and writing it are
    ignored."""

    def __init__(self, host: Host) -> None:
        self.path = host.path("cache", "buildpacks-pulls.json")
        self.times: dict[str, tuple[float, str]]
        try:
            with open(self.path, encoding="utf-8") as file:
                found = json.load(file)
            self.times = {str(key): (float(time), str(reason)) for key, (time, reason) in found.items()}
        except (OSError, ValueError, AttributeError, TypeError):
            self.times = {}

    def lately(self, repository: str) -> bool:
        return 0 <= time.time() - self.times.get(repository, (0, ""))[0] < FORGET

    def reason(self, repository: str) -> str:
        return self.times.get(repository, (0, ""))[1]

    def note(self, repository: str, reason: str) -> None:
        self.times[repository] = (time.time(), reason)
        self.keep()

    def forget(self) -> None:
        self.times = {}
        self.keep()

    def keep(self) -> None:
        try:
            make_directory(os.path.dirname(self.path))
            write_atomic(self.path, json.dumps(self.times).encode())
        except OSError:
            pass
