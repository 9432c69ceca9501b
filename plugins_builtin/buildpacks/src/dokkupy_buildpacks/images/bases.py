"""Base images without a registry: debootstrap makes Debian, and toolchains of Debian's packages are added.

debootstrap requires root, which the system user does not have. Therefore the host's debootstrap runs in a container,
which cannot change the host.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from dokkupy_sdk import Host
from dokkupy_sdk.buildpack import Step, Toolchain, Wanted
from dokkupy_sdk.errors import HostError
from dokkupy_sdk.files import scratch_directory
from dokkupy_sdk.names import Secret
from dokkupy_sdk.programs import run_program
from dokkupy_sdk.recorded_images import own_image, record_image
from dokkupy_sdk.roles import ImageBuild

from dokkupy_buildpacks.dockerfile.render import CA, NETWORK, Mounts, packages_lines, step_lines
from dokkupy_buildpacks.images.registries import require_published
from dokkupy_buildpacks.settings import SETTINGS

LABEL = "dokkupy.base"
"""The label of every base that is made here. Its value describes the base."""

DEBIAN = "dokkupy/debian:"
SECONDS = 900
SOURCES = """\
deb {mirror} {suite} main
deb {mirror} {suite}-updates main
deb {security} {suite}-security main
"""
# force-unsafe-io: dpkg does not wait for the disk, as in Debian's official images. This is safe, because a build that
# is cut off leaves no image. Thousands of small files (npm's packages) are unpacked in little more than half the time.
PROGRAM = """\
mkdir -p /work
debootstrap --variant=minbase --include=ca-certificates "$SUITE" /work/root "$MIRROR" >/out/log 2>&1 || {
  tail -n 15 /out/log; exit 1; }
cp /out/sources.list /work/root/etc/apt/sources.list
echo force-unsafe-io >/work/root/etc/dpkg/dpkg.cfg.d/force-unsafe-io
rm -rf /work/root/var/cache/apt/archives/*.deb /work/root/var/lib/apt/lists/* /work/root/var/log/*
rm -f /work/root/etc/ssl/private/* /work/root/etc/hostname /work/root/etc/resolv.conf
tar -C /work/root --numeric-owner --sort=name -cf /out/root.tar .
"""


def debian_tag(suite: str) -> str:
    return f"{DEBIAN}{suite}"


def ensure_debian(host: Host, suite: str, *, again: bool = False) -> str:
    """The tag of a suite's base. If the base is missing, it is made (25 s, 125 MB)."""
    tag = debian_tag(suite)
    if own_image(host, tag) is not None and not again:
        return tag
    with making(host, f"base-{suite}"):
        if own_image(host, tag) is not None and not again:
            return tag
        host.out.section(f"Building the base image {tag} from Debian's packages (once)")
        bootstrap(host, suite, tag)
    return tag


@contextmanager
def making(host: Host, subject: str) -> Iterator[None]:
    """Hold a lock, so that two concurrent pushes make a base only once."""
    with host.lock(subject, wait=SECONDS, command="building a base image", what="A base image"):
        yield


def bootstrap(host: Host, suite: str, tag: str) -> None:
    images = host.images()
    program = next((one for one in ("/usr/sbin/debootstrap", "/usr/bin/debootstrap") if os.path.exists(one)), "")
    if not program:
        raise HostError("The program debootstrap is not installed", hint="apt-get install debootstrap")
    if not os.path.exists(f"/usr/share/debootstrap/scripts/{suite}"):
        raise HostError(f"This host's debootstrap does not know the suite {suite}", hint="Update debootstrap.")
    mirror = SETTINGS.get(host.store, None, "debian-mirror").rstrip("/")
    security = mirror.removesuffix("/debian") + "/debian-security"
    with scratch_directory(host.path("tmp", "base")) as directory:
        Path(directory, "sources.list").write_text(SOURCES.format(mirror=mirror, security=security, suite=suite))
        env = {"SUITE": suite, "MIRROR": mirror, **proxies(host)}
        code, output = run_program(
            host,
            f"dokkupy-base-{suite}",
            PROGRAM,
            mounts={directory: "/out"},
            timeout=SECONDS,
            env=env,
            labels={LABEL: "bootstrap"},
            network="host",
        )
        if code != 0:
            raise HostError(
                f"debootstrap could not build the base {tag} from {mirror}",
                details=output,
                hint="Try another mirror: dokkupy buildpacks:set-property --global debian-mirror URL",
                code="no_base",
            )
        images.load(os.path.join(directory, "root.tar"), f"{tag}-new")
        try:
            labelled(host, directory, tag, suite)
        finally:
            images.remove(f"{tag}-new")


def labelled(host: Host, directory: str, tag: str, suite: str) -> None:
    path = Path(directory, "Dockerfile")
    path.write_text(f'FROM {tag}-new\nENV LANG=C.UTF-8\nCMD ["/bin/sh"]\n')
    made = host.builds().build(ImageBuild(path.parent, path, tag, labels={LABEL: f"debian {suite}"}))
    record_image(host, tag, made.id)


def proxies(host: Host) -> Mapping[str, str]:
    found = {
        name.replace("-", "_"): SETTINGS.get(host.store, None, name)
        for name in ("http-proxy", "https-proxy", "no-proxy")
    }
    return {name: value for name, value in found.items() if value}


def toolchain_lines(
    toolchain: Toolchain, wanted: Wanted, suite: str, mounts: Mounts, *, building: bool, exact: bool
) -> list[str]:
    """The Dockerfile of a toolchain's base without its first line. The commands that prepare a version are in the base
    for running."""
    packages = (
        (*toolchain.build_packages, *toolchain.suite_packages.get(suite, ()))
        if building
        else (*toolchain.run_packages, *toolchain.suite_run_packages.get(suite, ()))
    )
    lines = []
    if packages:
        lines += packages_lines((*packages, "ca-certificates"), mounts)
    if exact and not building and toolchain.prepare is not None:
        for command in toolchain.prepare(wanted):
            lines += step_lines(Step(command, title=f"Installing {wanted.text}"), mounts)
    return lines


def ensure_toolchain(
    host: Host,
    toolchain: Toolchain,
    wanted: Wanted,
    suite: str,
    *,
    building: bool,
    exact: bool = False,
    secrets: Mapping[str, Secret],
) -> str:
    """The tag of a toolchain's base on a suite. If the base is missing, it is made. Its name has a hash of how it is
    made, so that a newer dokkupy makes its own. exact: a version that no suite has. The base for building is based on
    the base for running, so that their common packages, which are the largest, are unpacked and stored only once."""
    if building:
        start = ensure_toolchain(host, toolchain, wanted, suite, building=False, exact=exact, secrets=secrets)
    else:
        start = debian_tag(suite)
    mounts = Mounts("base", caches=host.builds().can_mount(), ca=CA in secrets, network=NETWORK in secrets)
    lines, bare = (
        toolchain_lines(toolchain, wanted, suite, one, building=building, exact=exact)
        for one in (mounts, Mounts("base", caches=False))
    )
    if not lines:
        return start if building else ensure_debian(host, suite)
    text = "\n".join([f"FROM {start}", *lines, ""])
    kind = "build" if building else "run"
    # The hash depends on the content, not on the proxy through which it was fetched.
    digest = hashlib.sha256("\n".join([f"FROM {start}", *bare, ""]).encode()).hexdigest()[:8]
    tag = f"dokkupy/{toolchain.name}:{suite}-{kind}-{digest}"
    if own_image(host, tag) is not None:
        return tag
    if exact:
        require_published(host, toolchain, wanted)
    if not building:
        ensure_debian(host, suite)
    with making(host, f"base-{toolchain.name}-{kind}"):
        if own_image(host, tag) is not None:
            return tag
        with scratch_directory(host.path("tmp", "base")) as directory:
            context = Path(directory, "context")
            context.mkdir()
            path = Path(directory, "Dockerfile")
            path.write_text(text)
            version = wanted.text if exact else toolchain.debian[suite]
            title = f"Building the base image {tag} (once)"
            label = f"{toolchain.name} {version} {kind} {suite}"
            made = host.builds().build(
                ImageBuild(context, path, tag, labels={LABEL: label}, secrets=secrets, title=title)
            )
            record_image(host, tag, made.id)
    return tag
