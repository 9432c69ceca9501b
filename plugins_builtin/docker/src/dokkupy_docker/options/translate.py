"""Translates docker's command-line options into arguments of its API (`docker create --help`, API 1.41)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from dokkupy_sdk.errors import UserError
from dokkupy_sdk.mount_points import require_mountable

from dokkupy_docker.options.values import duration, nano, publish, seconds, size, tail, whole

SHORT = {
    "-v": "--volume",
    "-m": "--memory",
    "-e": "--env",
    "-l": "--label",
    "-u": "--user",
    "-w": "--workdir",
    "-h": "--hostname",
    "-c": "--cpu-shares",
    "-p": "--publish",
    "-P": "--publish-all",
    "-t": "--tty",
    "-i": "--interactive",
    "-a": "--attach",
    "-d": "--detach",
    "-q": "--quiet",
    "--net": "--network",
    "--net-alias": "--network-alias",
    "--dns-opt": "--dns-option",
}
FLAGS = (
    "--privileged",
    "--init",
    "--read-only",
    "--oom-kill-disable",
    "--no-healthcheck",
    "--tty",
    "--interactive",
    "--rm",
    "--publish-all",
    "--detach",
    "--quiet",
    "--disable-content-trust",
    "--sig-proxy",
    "--use-api-socket",
    "--help",
)
REFUSED = {
    "--name": "dokkupy names the containers",
    "--detach": "dokkupy always sets it",
    "--rm": "dokkupy removes the containers itself",
    "--tty": "The command that starts the container decides",
    "--interactive": "The command that starts the container decides",
    "--attach": "The command that starts the container decides",
    "--cidfile": "Ask for the id: ps:inspect APP",
    "--platform": "The app's image decides",
    "--pull": "The image is already on this host",
    "--quiet": "dokkupy pulls no image here",
    "--sig-proxy": "The command that starts the container decides",
    "--detach-keys": "The command that starts the container decides",
    "--disable-content-trust": "dokkupy pulls no image here",
    "--use-api-socket": "Mount the engine's socket: -v /var/run/docker.sock:/var/run/docker.sock",
    "--isolation": "It is for Windows",
    "--help": "docker create --help lists the options",
}
ISOLATION = {
    "--publish": "reaches the app past the proxy; one instance at a time can hold the port: add it with --process TYPE, and "
    "checks:disable APP TYPE lets the old instance stop first",
    "--publish-all": "reaches the app past the proxy",
    "--link": "connects that container to the app's network",
    "--network": "connects the app to everything in that network",
    "--privileged": "gives the app the power of root over the host",
    "--pid": "shows the app processes outside it",
    "--ipc": "shares memory with processes outside the app",
    "--uts": "shares the host's name",
    "--userns": "disables the user namespace",
    "--cap-add": "gives the app rights that containers do not have",
    "--device": "gives the app a device of the host",
    "--security-opt": "may disable the container's confinement",
    "--volumes-from": "shares another container's volumes",
    "--cgroup-parent": "may lift the app's limits",
}
"""What an option does to the isolation of apps; the command that adds it prints this."""


def bind(text: str) -> str:
    source, _, rest = text.partition(":")
    require_mountable(rest.partition(":")[0] or source, source)
    return text


HOST: dict[str, tuple[str, Callable[[str], Any], bool]] = {
    "--volume": ("Binds", bind, True),
    "--volume-driver": ("VolumeDriver", str, False),
    "--memory": ("Memory", size, False),
    "--memory-swap": ("MemorySwap", lambda text: -1 if text == "-1" else size(text), False),
    "--memory-swappiness": ("MemorySwappiness", whole, False),
    "--memory-reservation": ("MemoryReservation", size, False),
    "--kernel-memory": ("KernelMemory", size, False),
    "--cpus": ("NanoCpus", nano, False),
    "--cpu-shares": ("CpuShares", whole, False),
    "--cpu-period": ("CpuPeriod", whole, False),
    "--cpu-quota": ("CpuQuota", whole, False),
    "--cpu-rt-period": ("CpuRealtimePeriod", whole, False),
    "--cpu-rt-runtime": ("CpuRealtimeRuntime", whole, False),
    "--cpuset-cpus": ("CpusetCpus", str, False),
    "--cpuset-mems": ("CpusetMems", str, False),
    "--cgroup-parent": ("CgroupParent", str, False),
    "--cgroupns": ("CgroupnsMode", str, False),
    "--blkio-weight": ("BlkioWeight", whole, False),
    "--blkio-weight-device": ("BlkioWeightDevice", tail("Path", "Weight", whole), True),
    "--device-read-bps": ("BlkioDeviceReadBps", tail("Path", "Rate", size), True),
    "--device-write-bps": ("BlkioDeviceWriteBps", tail("Path", "Rate", size), True),
    "--device-read-iops": ("BlkioDeviceReadIOps", tail("Path", "Rate", whole), True),
    "--device-write-iops": ("BlkioDeviceWriteIOps", tail("Path", "Rate", whole), True),
    "--device-cgroup-rule": ("DeviceCgroupRules", str, True),
    "--pids-limit": ("PidsLimit", whole, False),
    "--shm-size": ("ShmSize", size, False),
    "--add-host": ("ExtraHosts", lambda text: text.replace("=", ":", 1) if ":" not in text else text, True),
    "--cap-add": ("CapAdd", str, True),
    "--cap-drop": ("CapDrop", str, True),
    "--dns": ("Dns", str, True),
    "--dns-search": ("DnsSearch", str, True),
    "--dns-option": ("DnsOptions", str, True),
    "--security-opt": ("SecurityOpt", str, True),
    "--group-add": ("GroupAdd", str, True),
    "--volumes-from": ("VolumesFrom", str, True),
    "--runtime": ("Runtime", str, False),
    "--ipc": ("IpcMode", str, False),
    "--pid": ("PidMode", str, False),
    "--uts": ("UTSMode", str, False),
    "--userns": ("UsernsMode", str, False),
    "--oom-score-adj": ("OomScoreAdj", whole, False),
}
HOST_TABLES = {"--sysctl": "Sysctls", "--storage-opt": "StorageOpt", "--annotation": "Annotations"}
SWITCHES = {
    "--privileged": "Privileged",
    "--read-only": "ReadonlyRootfs",
    "--init": "Init",
    "--oom-kill-disable": "OomKillDisable",
    "--publish-all": "PublishAllPorts",
}
CONTAINER: dict[str, tuple[str, Callable[[str], Any]]] = {
    "--user": ("User", str),
    "--workdir": ("WorkingDir", str),
    "--hostname": ("Hostname", str),
    "--domainname": ("Domainname", str),
    "--mac-address": ("MacAddress", str),
    "--stop-signal": ("StopSignal", str),
    "--stop-timeout": ("StopTimeout", seconds),
    "--entrypoint": ("Entrypoint", lambda text: [text]),
}
HEALTH: dict[str, tuple[str, Callable[[str], Any]]] = {
    "--health-cmd": ("Test", lambda text: ["CMD-SHELL", text]),
    "--health-interval": ("Interval", duration),
    "--health-timeout": ("Timeout", duration),
    "--health-start-period": ("StartPeriod", duration),
    "--health-start-interval": ("StartInterval", duration),
    "--health-retries": ("Retries", whole),
}
JOINS = ("--network", "--network-alias", "--link", "--ip", "--ip6", "--link-local-ip")
"""Options that `joins` reads, because they are not part of the container's own description."""
NEGATIVE = re.compile(r"-\d+")


def pairs(words: Sequence[str]) -> list[tuple[str, str]]:
    """(long option, value) of each option; a flag's value is `true`."""
    found = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        name, mark, value = word.partition("=")
        if not name.startswith("--") and len(name) > 2 and name[:2] in SHORT and not mark:
            name, mark, value = name[:2], "=", name[2:]  # `-p80:80`
        name = SHORT.get(name, name)
        if not name.startswith("--"):
            raise UserError(
                f"{word[:60]!r} is not an option of docker",
                hint="An option begins with a dash, such as --memory=512m or -v /data:/data.",
            )
        if not mark:
            if name in FLAGS:
                value = "true"
            elif rest and (not rest[0].startswith("-") or NEGATIVE.fullmatch(rest[0])):
                value = rest.pop(0)
            else:
                raise UserError(f"The docker option {name} requires a value", hint=f"Such as: {name}=VALUE")
        found.append((name, value))
    return found


def body_of(words: Sequence[str]) -> dict[str, Any]:
    """What the options add to the body of the engine's create call. Raises UserError naming the option."""
    host: dict[str, Any] = {}
    body: dict[str, Any] = {"HostConfig": host, "Labels": {}, "Env": []}
    for name, value in pairs(words):
        if name in REFUSED:
            raise UserError(f"The docker option {name} cannot be used here", hint=f"{REFUSED[name]}.")
        if name in HOST:
            key, convert, many = HOST[name]
            if many:
                host.setdefault(key, []).append(convert(value))
            else:
                host[key] = convert(value)
        elif name in CONTAINER:
            key, convert_one = CONTAINER[name]
            body[key] = convert_one(value)
        elif name in HEALTH:
            key, convert_one = HEALTH[name]
            body.setdefault("Healthcheck", {})[key] = convert_one(value)
        elif name in HOST_TABLES:
            key, _, text = value.partition("=")
            host.setdefault(HOST_TABLES[name], {})[key] = text
        elif name in SWITCHES:
            host[SWITCHES[name]] = value == "true"
        elif name in SPECIAL:
            SPECIAL[name](body, value)
        elif name not in JOINS:
            raise UserError(f"{name} is not an option of docker create", hint="docker create --help lists them.")
    return body


def joins(words: Sequence[str]) -> dict[str, list[str]]:
    """Option of JOINS -> its values."""
    found: dict[str, list[str]] = {name: [] for name in JOINS}
    for name, value in pairs(words):
        if name in JOINS:
            found[name].append(value)
    return found


def network_mode(words: Sequence[str]) -> str:
    """`host`, `none` or `container:NAME`, which replace the app's own network; empty if it is used."""
    found = [name for name in joins(words)["--network"] if name in ("host", "none") or name.startswith("container:")]
    return found[-1] if found else ""


def without_ports(words: Sequence[str]) -> tuple[str, ...]:
    """The options of a one-off container: it cannot have the ports that the app itself holds."""
    left = [(name, value) for name, value in pairs(words) if name not in ("--publish", "--publish-all")]
    return tuple(f"{name}={value}" for name, value in left)


def remarks(words: Sequence[str]) -> list[str]:
    """A sentence for each option that weakens the isolation of the app."""
    return [f"{name} {ISOLATION[name]}" for name in dict(pairs(words)) if name in ISOLATION]


def label(body: dict[str, Any], text: str) -> None:
    key, _, value = text.partition("=")
    body["Labels"][key] = value


def label_file(body: dict[str, Any], path: str) -> None:
    for line in file_lines(path):
        label(body, line)


def ulimit(body: dict[str, Any], text: str) -> None:
    kind, _, limits = text.partition("=")
    soft, _, hard = limits.partition(":")
    rows = body["HostConfig"].setdefault("Ulimits", [])
    rows.append({"Name": kind, "Soft": whole(soft), "Hard": whole(hard or soft)})


def tmpfs(body: dict[str, Any], text: str) -> None:
    path, _, how = text.partition(":")
    require_mountable(path, source="/sys")  # systemd in a container asks for an empty /sys/fs/cgroup
    body["HostConfig"].setdefault("Tmpfs", {})[path] = how


def log_option(body: dict[str, Any], text: str) -> None:
    key, _, value = text.partition("=")
    body["HostConfig"].setdefault("LogConfig", {}).setdefault("Config", {})[key] = value


def device(body: dict[str, Any], text: str) -> None:
    source, _, rest = text.partition(":")
    target, _, rights = rest.partition(":")
    body["HostConfig"].setdefault("Devices", []).append(
        {"PathOnHost": source, "PathInContainer": target or source, "CgroupPermissions": rights or "rwm"}
    )


def gpus(body: dict[str, Any], text: str) -> None:
    request: dict[str, Any] = {"Driver": "", "Capabilities": [["gpu"]]}
    plain = text.strip('"')
    if plain.startswith("device="):
        request["DeviceIDs"] = plain.removeprefix("device=").split(",")
    else:
        request["Count"] = -1 if plain == "all" else whole(plain)
    body["HostConfig"].setdefault("DeviceRequests", []).append(request)


def file_lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8") as file:
            return [line for line in file.read().splitlines() if line.strip() and not line.lstrip().startswith("#")]
    except (OSError, ValueError) as error:
        from dokkupy_sdk.text import reason_of

        raise UserError(
            f"{path[:120]!r} cannot be read: {reason_of(error)}",
            hint="Check that the file exists on the host, and that the user dokkupy can read it.",
        ) from None


def restart_policy(text: str) -> dict[str, Any]:
    name, _, count = text.partition(":")
    return {"Name": name, "MaximumRetryCount": whole(count) if count else 0}


def no_healthcheck(body: dict[str, Any], text: str) -> None:
    body["Healthcheck"] = {"Test": ["NONE"]}


SPECIAL: dict[str, Callable[[dict[str, Any], str], Any]] = {
    "--label": label,
    "--label-file": label_file,
    "--env": lambda body, text: body["Env"].append(text),
    "--env-file": lambda body, text: body["Env"].extend(file_lines(text)),
    "--expose": lambda body, text: body.setdefault("ExposedPorts", {}).update(
        {text if "/" in text else text + "/tcp": {}}
    ),
    "--publish": publish,
    "--ulimit": ulimit,
    "--tmpfs": tmpfs,
    "--mount": lambda body, text: body["HostConfig"].setdefault("Mounts", []).append(mount(text)),
    "--log-opt": log_option,
    "--log-driver": lambda body, text: body["HostConfig"].setdefault("LogConfig", {}).update(Type=text),
    "--device": device,
    "--gpus": gpus,
    "--restart": lambda body, text: body["HostConfig"].update(RestartPolicy=restart_policy(text)),
    "--no-healthcheck": no_healthcheck,
}


def mount(text: str) -> dict[str, Any]:
    found: dict[str, Any] = {"Type": "volume"}
    names = {
        "type": "Type",
        "source": "Source",
        "src": "Source",
        "target": "Target",
        "dst": "Target",
        "destination": "Target",
    }
    nested = {
        "bind-propagation": ("BindOptions", "Propagation", str),
        "tmpfs-size": ("TmpfsOptions", "SizeBytes", size),
        "tmpfs-mode": ("TmpfsOptions", "Mode", lambda text: int(text, 8)),
        "volume-nocopy": ("VolumeOptions", "NoCopy", lambda text: text in ("", "true", "1")),
    }
    for part in text.split(","):
        key, mark, value = part.partition("=")
        if key in names:
            found[names[key]] = value
        elif key in ("readonly", "ro"):
            found["ReadOnly"] = not mark or value in ("true", "1")
        elif key in nested:
            table, name, convert = nested[key]
            found.setdefault(table, {})[name] = convert(value)  # type: ignore[operator]
        elif key in ("volume-driver", "volume-opt", "volume-label"):
            volume = found.setdefault("VolumeOptions", {})
            left, _, right = value.partition("=")
            if key == "volume-label":
                volume.setdefault("Labels", {})[left] = right
            elif key == "volume-driver":
                volume.setdefault("DriverConfig", {})["Name"] = value
            else:
                volume.setdefault("DriverConfig", {}).setdefault("Options", {})[left] = right
        else:
            raise UserError(f"{part[:40]!r} is not a part of --mount")
    require_mountable(str(found.get("Target", "")), str(found.get("Source", "")))
    return found
