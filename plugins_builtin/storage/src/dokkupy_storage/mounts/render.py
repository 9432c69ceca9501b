"""Mounts as docker's options and as lines of reports. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dokkupy_storage.records import Mount

PROPAGATION = ("shared", "rshared", "slave", "rslave", "private", "rprivate")
ONLY_BY_VOLUME = ("z", "Z", "nocopy")
"""Options that docker's `--mount` does not have."""


def colon_form(mount: Mount) -> str:
    """As `storage:mount` takes it."""
    return ":".join(filter(None, (mount.source, mount.target, mount.options)))


def option(mount: Mount) -> str:
    """The docker option. A directory is given by `--mount`, with which the engine refuses a missing directory, also when it
    starts the container again after a boot; `--volume` would create an empty one."""
    options = [word for word in mount.options.split(",") if word]
    if not mount.source.startswith("/") or {*options} & {*ONLY_BY_VOLUME}:
        return f"--volume={colon_form(mount)}"
    fields = ["type=bind", f"source={mount.source}", f"target={mount.target}"]
    fields += ["readonly"] if not mount.is_writable else []
    fields += [f"bind-propagation={word}" for word in options if word in PROPAGATION]
    return f"--mount={','.join(fields)}"


def options(mounts: Sequence[Mount], phase: str, process: str) -> list[str]:
    return [option(one) for one in mounts if phase in one.phases and one.process_type in ("", process)]


def report(mounts: Sequence[Mount], names: Mapping[str, str]) -> dict[str, str]:
    """Key -> value, without the prefix; attachments are numbered from 1. names: id -> name of entries."""
    keys = {
        f"{phase}-mounts": " ".join(f"-v {colon_form(one)}" for one in mounts if phase in one.phases)
        for phase in ("build", "deploy", "run")
    }
    for number, one in enumerate(mounts, 1):
        keys |= {f"attachment.{number}.{name}": value for name, value in fields(one, names).items()}
    return keys


def fields(mount: Mount, names: Mapping[str, str]) -> dict[str, str]:
    return {
        "entry-name": names.get(mount.entry, ""),
        "host-path": mount.source,
        "container-dir": mount.target,
        "phases": ",".join(mount.phases),
        "process-type": mount.process_type,
        "volume-subpath": mount.subpath,
        "volume-readonly": "false" if mount.is_writable else "true",
        "volume-chown": mount.chown,
        "volume-options": mount.options,
    }
