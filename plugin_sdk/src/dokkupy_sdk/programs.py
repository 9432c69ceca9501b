"""Runs the host's own programs as root in a container, for work that the system user may not do itself.

The image is empty. The container sees the host's `/usr` and `/etc` read-only, and the directories in `mounts`. Nothing has
to be installed for it. It gives nobody new rights, because a user of the engine can already become root.
"""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Mapping

from dokkupy.host import Host
from dokkupy.model.secret import Secret
from dokkupy.roles.containers import ContainerSpec

from dokkupy_sdk.recorded_images import own_image, record_image
from dokkupy_sdk.scratch import scratch_directory

IMAGE = "dokkupy/host-programs:1"
"""Directories of the host that the container sees, where its programs are."""

TAIL = 15


def run_program(
    host: Host,
    name: str,
    script: str,
    *,
    mounts: Mapping[str, str],
    timeout: float,
    env: Mapping[str, str] = {},
    labels: Mapping[str, str] = {},
    network: str = "",
) -> tuple[int, tuple[str, ...]]:
    """Run a script by `/bin/sh -eu` in a container of this name, and remove the container. One that a killed run left is
    replaced. mounts: path on the host -> path in the container. timeout: seconds; then TimeoutError. Returns the exit code
    and the last lines of the output."""
    image = ensure_image(host)
    variables = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **env}
    seen = {"/usr": "/usr:ro", "/etc": "/etc:ro", **mounts}
    spec = ContainerSpec(
        name,
        image,
        entrypoint=(),
        command=("/bin/sh", "-euc", script),
        env={key: Secret(value) for key, value in variables.items()},
        labels=labels,
        network=network,
        options=tuple(w for one, to in seen.items() for w in ("-v", f"{one}:{to}")),
        init=False,
    )
    host.containers().remove(name)
    container = host.containers().create(spec)
    try:
        code = host.sessions().wait(container.id, timeout=timeout)
        said = tuple(line.decode(errors="replace") for _, line in host.sessions().logs(container.id, tail=TAIL))
    finally:
        host.containers().remove(container.id)
    return code, said


def ensure_image(host: Host) -> str:
    """The id of the image in which the host's programs run; it is built if it is missing. The id and not the name, because
    the programs run as root and a name can be moved to another image. For the same reason a caller sets the entry point."""
    made = own_image(host, IMAGE)
    if made is not None:
        return made.id
    with scratch_directory(host.path("tmp", "programs")) as directory:
        archive = os.path.join(directory, "empty.tar")
        with tarfile.open(archive, "w") as tar:
            for name in ("usr", "etc", "proc", "dev", "tmp", "out", "work", "var/lib", "var/cache"):
                member = tarfile.TarInfo(name)
                member.type, member.mode = tarfile.DIRTYPE, 0o755
                tar.addfile(member)
            for name in ("bin", "sbin", "lib", "lib64"):
                link = tarfile.TarInfo(name)
                link.type, link.linkname = tarfile.SYMTYPE, f"usr/{name}"
                tar.addfile(link, io.BytesIO())
        image = host.images().load(archive, IMAGE)
    record_image(host, IMAGE, image.id)
    return image.id
