"""Docker's options, as words of its command line, become arguments of its API."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from dokkupy_sdk.errors import UserError

SHORT = {"-v": "--volume", "-m": "--memory", "-e": "--env", "-l": "--label", "-u": "--user", "-w": "--workdir",
         "-h": "--hostname", "-c": "--cpu-shares", "-p": "--publish", "-t": "--tty", "-i": "--interactive"}  # fmt: skip
UNITS = {"": 1, "b": 1, "k": 1 << 10, "kb": 1 << 10, "m": 1 << 20, "mb": 1 << 20, "g": 1 << 30, "gb": 1 << 30}
FLAGS = (
    "--privileged",
    "--init",
    "--read-only",
    "--oom-kill-disable",
    "--no-healthcheck",
    "--tty",
    "--interactive",
    "--rm",
)
REFUSED = {
    "--publish": "Ports are served by the proxy: use ports:add", "--publish-all": "Ports are served by the proxy",
    "--name": "The name says what the container is", "--network": "Each app has its own network",
    "--net": "Each app has its own network", "--detach": "It always is", "--rm": "The scheduler removes it",
    "--tty": "The command decides", "--interactive": "The command decides",
}  # fmt: skip


def size(text: str) -> int:
    """Bytes, from `512m`."""
    lower = text.strip().lower()
    digits = lower.rstrip("bkmg")
    unit = lower[len(digits) :]
    if not digits.isascii() or not digits.isdigit() or unit not in UNITS:
        raise UserError(f"{text[:40]!r} is not a size such as 512m")
    return int(digits) * UNITS[unit]


def nano(text: str) -> int:
    try:
        return int(float(text) * 1_000_000_000)
    except ValueError:
        raise UserError(f"{text[:40]!r} is not a number of CPUs") from None


def whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise UserError(f"{text[:40]!r} is not a whole number") from None


def seconds(text: str) -> int:
    return whole(text.removesuffix("s"))


HOST: dict[str, tuple[str, Callable[[str], Any], bool]] = {
    "--volume": ("Binds", str, True),
    "--memory": ("Memory", size, False),
    "--memory-swap": ("MemorySwap", lambda text: -1 if text == "-1" else size(text), False),
    "--memory-reservation": ("MemoryReservation", size, False),
    "--cpus": ("NanoCpus", nano, False),
    "--cpu-shares": ("CpuShares", whole, False),
    "--cpuset-cpus": ("CpusetCpus", str, False),
    "--pids-limit": ("PidsLimit", whole, False),
    "--shm-size": ("ShmSize", size, False),
    "--add-host": ("ExtraHosts", str, True),
    "--cap-add": ("CapAdd", str, True),
    "--cap-drop": ("CapDrop", str, True),
    "--dns": ("Dns", str, True),
    "--dns-search": ("DnsSearch", str, True),
    "--security-opt": ("SecurityOpt", str, True),
    "--group-add": ("GroupAdd", str, True),
    "--volumes-from": ("VolumesFrom", str, True),
    "--runtime": ("Runtime", str, False),
    "--ipc": ("IpcMode", str, False),
    "--pid": ("PidMode", str, False),
    "--userns": ("UsernsMode", str, False),
    "--oom-score-adj": ("OomScoreAdj", whole, False),
}
CONTAINER: dict[str, tuple[str, Callable[[str], Any]]] = {
    "--user": ("User", str),
    "--workdir": ("WorkingDir", str),
    "--hostname": ("Hostname", str),
    "--domainname": ("Domainname", str),
    "--stop-signal": ("StopSignal", str),
    "--stop-timeout": ("StopTimeout", seconds),
}


def pairs(words: Sequence[str]) -> list[tuple[str, str]]:
    """(long option, value) of each option; a flag's value is `true`."""
    found = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        name, mark, value = word.partition("=")
        name = SHORT.get(name, name)
        if not name.startswith("--"):
            raise UserError(f"{word[:60]!r} is not an option of docker")
        if not mark:
            if name in FLAGS:
                value = "true"
            elif rest:
                value = rest.pop(0)
            else:
                raise UserError(f"The docker option {name} needs a value")
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
        elif name == "--label":
            key, _, text = value.partition("=")
            body["Labels"][key] = text
        elif name == "--env":
            body["Env"].append(value)
        elif name == "--ulimit":
            kind, _, limits = value.partition("=")
            soft, _, hard = limits.partition(":")
            host.setdefault("Ulimits", []).append({"Name": kind, "Soft": whole(soft), "Hard": whole(hard or soft)})
        elif name == "--tmpfs":
            path, _, how = value.partition(":")
            host.setdefault("Tmpfs", {})[path] = how
        elif name == "--sysctl":
            key, _, text = value.partition("=")
            host.setdefault("Sysctls", {})[key] = text
        elif name == "--mount":
            host.setdefault("Mounts", []).append(mount(value))
        elif name == "--log-opt":
            key, _, text = value.partition("=")
            host.setdefault("LogConfig", {}).setdefault("Config", {})[key] = text
        elif name == "--log-driver":
            host.setdefault("LogConfig", {})["Type"] = value
        elif name == "--device":
            source, _, rest = value.partition(":")
            target, _, rights = rest.partition(":")
            host.setdefault("Devices", []).append(
                {"PathOnHost": source, "PathInContainer": target or source, "CgroupPermissions": rights or "rwm"}
            )
        elif name == "--gpus":
            count = -1 if value == "all" else whole(value)
            host.setdefault("DeviceRequests", []).append({"Driver": "", "Count": count, "Capabilities": [["gpu"]]})
        elif name == "--restart":
            host["RestartPolicy"] = restart_policy(value)
        elif name == "--privileged":
            host["Privileged"] = value == "true"
        elif name == "--read-only":
            host["ReadonlyRootfs"] = value == "true"
        elif name == "--init":
            host["Init"] = value == "true"
        elif name == "--oom-kill-disable":
            host["OomKillDisable"] = value == "true"
        elif name == "--no-healthcheck":
            body["Healthcheck"] = {"Test": ["NONE"]}
        else:
            raise UserError(
                f"The docker option {name} is not known here", hint="docker-options:report APP lists what is set."
            )
    return body


def restart_policy(text: str) -> dict[str, Any]:
    name, _, count = text.partition(":")
    return {"Name": name, "MaximumRetryCount": whole(count) if count else 0}


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
    for part in text.split(","):
        key, mark, value = part.partition("=")
        if key in names:
            found[names[key]] = value
        elif key in ("readonly", "ro"):
            found["ReadOnly"] = not mark or value in ("true", "1")
        else:
            raise UserError(f"{part[:40]!r} of --mount is not known here")
    return found
