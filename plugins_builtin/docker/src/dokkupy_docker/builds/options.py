"""Which docker options of the phase build reach `docker build`. Pure: arguments in, arguments and remarks out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from dokkupy_sdk.errors import UserError
from dokkupy_sdk.values import dataclass, field

VALUED = frozenset(
    {
        "--add-host",
        "--allow",
        "--annotation",
        "--attest",
        "--build-arg",
        "--build-context",
        "--builder",
        "--cache-from",
        "--cache-to",
        "--cgroup-parent",
        "--cpu-period",
        "--cpu-quota",
        "--cpu-shares",
        "--cpuset-cpus",
        "--cpuset-mems",
        "--isolation",
        "--label",
        "--memory",
        "--memory-swap",
        "--network",
        "--no-cache-filter",
        "--platform",
        "--provenance",
        "--sbom",
        "--secret",
        "--security-opt",
        "--shm-size",
        "--ssh",
        "--target",
        "--ulimit",
    }
)
"""Options with a value that Dokku passes on (reference, section 3.5)."""

SWITCHES = frozenset(
    {"--no-cache", "--pull", "--compress", "--force-rm", "--rm", "--squash", "--disable-content-trust"}
)

SHORT = {"-m": "--memory", "-c": "--cpu-shares"}

REFUSED = frozenset(
    {
        "--tag",
        "-t",
        "--output",
        "-o",
        "--file",
        "-f",
        "--iidfile",
        "--metadata-file",
        "--push",
        "--load",
        "--progress",
        "--quiet",
        "-q",
    }
)
"""Options that dokkupy sets itself. A tag could replace another app's image; an output writes files of the host."""

BUILDX_ONLY = frozenset(
    {
        "--allow",
        "--annotation",
        "--attest",
        "--build-context",
        "--builder",
        "--cache-to",
        "--no-cache-filter",
        "--provenance",
        "--sbom",
    }
)
BUILDKIT_ONLY = BUILDX_ONLY | {"--secret", "--ssh"}
CLASSIC_ONLY = frozenset(
    {
        "--cpu-period",
        "--cpu-quota",
        "--cpu-shares",
        "--cpuset-cpus",
        "--cpuset-mems",
        "--memory",
        "--memory-swap",
        "--isolation",
        "--compress",
        "--force-rm",
        "--rm",
        "--squash",
        "--security-opt",
        "--disable-content-trust",
    }
)

LIMITS = frozenset({"--memory", "--memory-swap", "--cpus"})
"""Options that BuildKit lacks, but that a cgroup of the build provides (limits.py)."""

PIDS = "--pids-limit"
"""Options that no builder has, but that the cgroup provides."""

PERIOD = 100_000
"""Microseconds over which a share of CPUs is counted; docker's own."""

CACHES = "BUILDKIT_CACHE_MOUNT_NS"
"""The build argument that separates the caches of apps (https://docs.docker.com/reference/dockerfile/, "built-in build
args")."""

FRONTEND = "BUILDKIT_SYNTAX"
"""The build argument that names the frontend's image in place of a Dockerfile, also of one that a builder wrote."""

STEERING = (
    "DOCKER_",
    "BUILDKIT_",
    "BUILDX_",
    "EXPERIMENTAL_",
    "LD_",
    "GODEBUG",
    "SSL_CERT_",
    "XDG_",
    "TMPDIR",
    "SSH_AUTH_SOCK",
)
STEERING_EXACT = frozenset({"PATH", "HOME", "USER", "LOGNAME", "GOTRACEBACK", "GOMAXPROCS"})
"""Variables that change what the docker client itself does; an app's value of one of them never reaches the client."""


@dataclass(frozen=True, slots=True)
class ValidatedOptions:
    """words: for the argv. keys: build arguments and secrets whose value comes from the app's configuration.
    remarks: which options are ignored, and why. limits: option -> value of those that a cgroup must enforce."""

    words: tuple[str, ...]
    keys: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    limits: Mapping[str, str] = field(default_factory=dict)


def pairs(words: Sequence[str]) -> list[tuple[str, str | None]]:
    """(option, value) of argv words: `--a=b`, `--a b` and switches; arguments that are not options belong to the last
    one."""
    found: list[tuple[str, str | None]] = []
    index = 0
    while index < len(words):
        word = words[index]
        index += 1
        name, equals, value = word.partition("=")
        name = SHORT.get(name, name)
        if equals and word.startswith("--"):
            found.append((name, value))
        elif name in SWITCHES:
            found.append((name, None))
        elif word.startswith("-") and index < len(words) and not words[index].startswith("-"):
            found.append((name, words[index]))
            index += 1
        else:
            found.append((name, None))
    return found


def require_options(words: Sequence[str]) -> None:
    """Raise UserError for an argument that is neither an option nor the value of one, and for a switch with a value."""
    for name, value in pairs(words):
        if not name.startswith("-"):
            raise UserError(
                f"{name[:60]!r} is not an option of docker build, and no option takes it as its value",
                hint="An option begins with a dash, such as --build-arg=KEY=VALUE",
            )
        if name in SWITCHES and value not in (None, "true", "false"):
            raise UserError(f"The build option {name} is a switch and takes no value")


def unread(words: Sequence[str]) -> list[str]:
    """Options of other commands, such as -v. Dokku accepts them in the phase build, too, and they have no effect there."""
    known = VALUED | SWITCHES | REFUSED | LIMITS | {PIDS}
    return [name for name, _ in pairs(words) if name.startswith("-") and name not in known]


def validate(words: Sequence[str], env: Collection[str], *, buildkit: bool, buildx: bool) -> ValidatedOptions:
    """Keep the options that a build supports. env: the keys of the app's configuration."""
    kept: list[str] = []
    keys: list[str] = []
    remarks: list[str] = []
    limits: dict[str, str] = {}
    for name, value in pairs(words):
        if value and (name == PIDS or (name in LIMITS and (buildkit or name == "--cpus"))):
            limits[name] = value
        elif name in REFUSED:
            remarks.append(f"The build option {name} is ignored: dokkupy sets it itself")
        elif name in SWITCHES:
            if value not in (None, "true", "false"):
                remarks.append(f"The build option {name} is ignored: it is a switch and takes no value")
            elif buildkit and name in CLASSIC_ONLY:
                remarks.append(f"The build option {name} is ignored: BuildKit does not support it")
            elif value != "false":
                kept.append(name)
        elif name not in VALUED:
            continue  # Dokku's phase build also accepts options of other commands (-v), and ignores them silently
        elif value is None:
            remarks.append(f"The build option {name} is ignored: it has no value")
        elif buildkit and name in CLASSIC_ONLY:
            remarks.append(f"The build option {name} is ignored: BuildKit does not support it")
        elif (not buildkit and name in BUILDKIT_ONLY) or (not buildx and name in BUILDX_ONLY):
            remarks.append(f"The build option {name} is ignored: it requires BuildKit with buildx")
        elif name == "--build-arg" and value.partition("=")[0] == CACHES:
            remarks.append(f"The build argument {CACHES} is ignored: each app has its own caches")
        elif name == "--build-arg" and value.partition("=")[0] == FRONTEND:
            remarks.append(
                f"The build argument {FRONTEND} is ignored: name the frontend in the Dockerfile, by # syntax="
            )
        elif name == "--build-arg" and "=" not in value:
            if steering(value):
                remarks.append(
                    f"The build argument {value} is ignored: the docker client itself reads a variable of "
                    "this name; rename it"
                )
            elif value in env:
                kept += [name, value]
                keys.append(value)
        elif name == "--secret" and (key := secret_key(value)):
            if steering(key):
                remarks.append(
                    f"The build secret {key} is ignored: the docker client itself reads a variable of this "
                    "name; rename it"
                )
            elif key not in env:
                remarks.append(f"The build secret {key} is ignored: the app has no such variable")
            else:
                kept += [name, value]
                keys.append(key)
        else:
            kept += [name, value]
    if not buildkit and "--cpus" in limits:
        kept += ["--cpu-period", str(PERIOD), "--cpu-quota", str(round(float(limits.pop("--cpus")) * PERIOD))]
    return ValidatedOptions(tuple(kept), tuple(dict.fromkeys(keys)), tuple(remarks), limits)


def steering(key: str) -> bool:
    return key in STEERING_EXACT or key.startswith(STEERING)


def secret_key(value: str) -> str:
    """The variable of `id=token,env=TOKEN`; empty when the secret is a file."""
    fields = dict(part.partition("=")[::2] for part in value.split(","))
    if "src" in fields or "source" in fields or fields.get("type") == "file":
        return ""
    return fields.get("env") or fields.get("id", "")
