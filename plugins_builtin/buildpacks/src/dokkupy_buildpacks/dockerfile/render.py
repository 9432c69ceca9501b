"""Render a plan as a Dockerfile. Pure."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping, Sequence

from dokkupy_sdk.buildpack import ROOT, Copy, Plan, Stage, Step
from dokkupy_sdk.values import dataclass

USER_ID = 32767
"""The user id with which the app runs, as with herokuish in Dokku (`storage:ensure-directory --chown`)."""

SECRETS = "/run/secrets"
CONFIG = "dokkupy-config"
CA = "dokkupy-ca"
NETWORK = "dokkupy-network"
INSTALL = "dokkupy-install"
SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/@+-]*|\.|\.[A-Za-z0-9][A-Za-z0-9._/-]*")
CA_VARIABLES = (
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "PIP_CERT",
    "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "CARGO_HTTP_CAINFO",
    "GIT_SSL_CAINFO",
)
APT = "apt-get -q -o Acquire::Retries=3"


@dataclass(frozen=True, slots=True)
class Bases:
    """The base images of a plan. official: they come from the makers of the language, not from this host."""

    build: str
    run: str
    official: bool = False


@dataclass(frozen=True, slots=True)
class Mounts:
    """What a step sees only during the build. digest: a keyed digest of the configuration; the steps that see the
    configuration contain it, so that they run again after a change. install: the same for the variables that the
    install steps see; empty for none. caches: whether the engine supports mounts at all. owner: the app to which the
    caches belong."""

    owner: str
    caches: bool = True
    config: bool = False
    ca: bool = False
    network: bool = False
    digest: str = ""
    install: str = ""


FAILED = "Dependencies could not be installed"
TRAP = f"trap 'test $? = 0 || echo \"{FAILED}\" >&2' EXIT"
"""The message that a failed step prints itself, because a program cannot rely on how the engine reports which step
failed."""


LONGEST_TITLE = 56


def words(command: str, title: str) -> str:
    """A command in the exec form, run by a shell that stops at the first failure. No character requires quoting. The
    shell's name is the title of the step, so that the build's output and the shell's messages show it."""
    return json.dumps(["/bin/sh", "-euc", command, title], ensure_ascii=False)


def title_of(step: Step) -> str:
    text = step.title or " ".join(step.command.split())
    text = re.sub(r'["\\]', "", text)
    return text if len(text) <= LONGEST_TITLE else f"{text[:LONGEST_TITLE]}..."


def packages_lines(packages: Sequence[str], mounts: Mounts) -> list[str]:
    """Install Debian packages, through the proxy of builds if one is set."""
    names = " ".join(shlex.quote(name) for name in sorted(set(packages)))
    command = (
        f"export DEBIAN_FRONTEND=noninteractive; {APT} update; {APT} install -y --no-install-recommends {names}; "
        "apt-get clean; rm -rf /var/lib/apt/lists/*"
    )
    return step_lines(Step(command, title="Installing Debian packages"), mounts)


def copy(files: Sequence[str]) -> str:
    """Copy files to /app, each to its own path. Each directory takes one line."""
    lines = []
    by_directory: dict[str, list[str]] = {}
    for name in files:
        if not SAFE_NAME.fullmatch(name) or ".." in name:
            return "COPY . ./"  # a name that cannot be written literally in a Dockerfile: copy everything
        by_directory.setdefault(name.rpartition("/")[0], []).append(name)
    for directory, names in by_directory.items():
        lines.append(f"COPY {json.dumps([*names, f'./{directory}/' if directory else './'])}")
    return "\n".join(lines)


def step_lines(step: Step, mounts: Mounts, assets: str = "") -> list[str]:
    lines = []
    if step.files:
        lines.append(copy(step.files))
        if assets and "." in step.files:
            lines.append(f"COPY --from={assets} {ROOT} {ROOT}")
    if not step.command:
        return lines
    flags = []
    prelude = [TRAP] if step.install else []
    if mounts.caches:
        for target in step.caches:
            identifier = f"dokkupy-{mounts.owner}-{target.strip('/').replace('/', '-')}"
            flags.append(f"--mount=type=cache,id={identifier},target={target},sharing=locked")
        if mounts.ca:
            flags.append(f"--mount=type=secret,id={CA}")
            prelude.append("export " + " ".join(f"{name}={SECRETS}/{CA}" for name in CA_VARIABLES))
        if mounts.network:
            flags.append(f"--mount=type=secret,id={NETWORK}")
            prelude.append(f"set -a; . {SECRETS}/{NETWORK}; set +a")
        if step.install and mounts.install and not step.config:
            lines.append(f"ARG DOKKUPY_INSTALL={mounts.install}")
            flags.append(f"--mount=type=secret,id={INSTALL}")
            prelude.append(f"set -a; . {SECRETS}/{INSTALL}; set +a")
        if step.config and mounts.config:
            lines.append(f"ARG DOKKUPY_CONFIG={mounts.digest}")
            flags.append(f"--mount=type=secret,id={CONFIG}")
            prelude.append(f"set -a; . {SECRETS}/{CONFIG}; set +a")
    lines.append(" ".join(["RUN", *flags, words("\n".join([*prelude, step.command]), title_of(step))]))
    return lines


def env_lines(env: Mapping[str, str]) -> list[str]:
    return [f"ENV {name}={quoted(value)}" for name, value in env.items()]


def quoted(value: str) -> str:
    """A quoted value for ENV. References such as `$PATH` stay references."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def stage_name(prefix: str, name: str) -> str:
    return f"{prefix}-{name}"


def stage_lines(stage: Stage, prefix: str, mounts: Mounts, assets: str) -> list[str]:
    start = stage_name(prefix, stage.after or "base")
    lines = [f"FROM {start} AS {stage_name(prefix, stage.name)}"]
    for step in stage.steps:
        lines += step_lines(step, mounts, assets)
    return [*lines, ""]


def base_lines(plan: Plan, bases: Bases, prefix: str, mounts: Mounts) -> list[str]:
    lines = [f"FROM {bases.build} AS {stage_name(prefix, 'base')}", "USER root", f"WORKDIR {ROOT}"]
    if plan.build_packages:
        lines += packages_lines(plan.build_packages, mounts)
    lines += env_lines({**plan.env, **plan.build_env})
    return [*lines, ""]


def copy_line(one: Copy, prefix: str) -> str:
    """A line that copies files into the image. They belong to the user of the app, as on Heroku."""
    where = f"--from={stage_name(prefix, one.stage)} " if one.stage else ""
    return f"COPY --chown={USER_ID}:{USER_ID} {where}{json.dumps([one.path, one.to])}"


def dockerfile(parts: Sequence[tuple[Plan, Bases]], mounts: Mounts) -> str:
    """The Dockerfile of one or several languages. Each language starts with the output of the one before it. The last
    one runs the app."""
    lines: list[str] = []
    assets = ""
    for plan, bases in parts:
        prefix = plan.language
        lines += base_lines(plan, bases, prefix, mounts)
        for stage in plan.stages:
            lines += stage_lines(stage, prefix, mounts, assets)
        if plan is not parts[-1][0] and plan.stages:
            assets = stage_name(prefix, plan.stages[-1].name)
    plan, bases = parts[-1]
    lines += [f"FROM {bases.run}", "USER root"]
    if plan.packages:
        lines += packages_lines(plan.packages, mounts)
    lines.append(f"WORKDIR {ROOT}")
    lines.append(
        "RUN "
        + words(
            f"chown {USER_ID}:{USER_ID} {ROOT}; id -un {USER_ID} >/dev/null 2>&1 || "
            f"echo 'app:x:{USER_ID}:{USER_ID}::{ROOT}:/bin/sh' >>/etc/passwd; "
            f"grep -q ':{USER_ID}:' /etc/group || echo 'app:x:{USER_ID}:' >>/etc/group",
            "Making the user app",
        )
    )
    lines += env_lines({"HOME": ROOT, **plan.env})
    lines += [copy_line(one, plan.language) for one in plan.copies]
    if assets and any(not one.stage for one in plan.copies):
        lines.append(f"COPY --from={assets} --chown={USER_ID}:{USER_ID} {ROOT} {ROOT}")
    lines.append(f"USER {USER_ID}:{USER_ID}")
    lines.append(f"ENTRYPOINT {json.dumps(plan.entrypoint)}")
    web = plan.processes.get("web")
    if web:
        lines.append(f"CMD {json.dumps(['/bin/sh', '-c', f'exec {web}'])}")
    return "\n".join(lines) + "\n"
