"""Examine an app's source without a build."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dokkupy_apps.builds.builder_choice import built_part
from dokkupy_apps.desired.config import get_env
from dokkupy_sdk import Host
from dokkupy_sdk.buildpack import Tree
from dokkupy_sdk.errors import UserError
from dokkupy_sdk.files import scratch_directory
from dokkupy_sdk.model import Source
from dokkupy_sdk.names import AppName
from dokkupy_sdk.source_store import source_store

from dokkupy_buildpacks.builder import plan_source
from dokkupy_buildpacks.dockerfile.render import Bases, Mounts, dockerfile


@contextmanager
def source_of(host: Host, app: AppName, branch: str) -> Iterator[Tree]:
    """A temporary copy of the app's code on this host."""
    host.store.require_app(app)
    sources = source_store(host)
    if not sources.has_code(app):
        raise UserError(f"{app} has no code on this host", hint="Push it first: git push.")
    with scratch_directory(host.path("tmp", "look")) as directory:
        place = Path(directory, "source")
        os.mkdir(place)
        sources.checkout(app, place, branch)
        yield Tree(built_part(host, Source(app, place, "look")).directory)


def plan_facts(host: Host, app: AppName, tree: Tree) -> dict[str, Any]:
    env = {**get_env(host, None), **get_env(host, app)}
    planned = plan_source(host, app, tree, {str(key): value for key, value in env.items()})
    mounts = Mounts(app, config=bool(env), install="shown" if any(plan.variables for plan in planned.plans) else "")
    parts = [
        (plan, Bases(f"{plan.toolchain.name}-build", f"{(plan.runtime or plan.toolchain).name}-run"))
        for plan in planned.plans
    ]
    return {
        "origin": planned.origin,
        "plans": [
            {
                "language": plan.language,
                "version": plan.wanted.text,
                "version-origin": plan.wanted.origin,
                "packages": sorted(plan.packages),
                "steps": [
                    {
                        "stage": stage.name,
                        "command": step.command,
                        "files": list(step.files),
                        "caches": list(step.caches),
                        "sees-config": step.config,
                    }
                    for stage in plan.stages
                    for step in stage.steps
                ],
                "processes": dict(plan.processes),
                "remarks": list(plan.remarks),
                "warnings": list(plan.warnings),
                "install-variables": list(plan.variables),
            }
            for plan in planned.plans
        ],
        "dockerfile": dockerfile(parts, mounts),
    }


def plan_lines(facts: dict[str, Any]) -> list[str]:
    lines = [f"Chosen by:  {facts['origin']}"]
    for plan in facts["plans"]:
        version = f" {plan['version']} ({plan['version-origin']})" if plan["version"] else ""
        lines.append(f"Language:   {plan['language']}{version}")
        lines += [f"            {remark}" for remark in (*plan["warnings"], *plan["remarks"])]
        if plan["install-variables"]:
            lines.append(
                f"Variables:  {' '.join(plan['install-variables'])} (named by the manifests, seen by the installation)"
            )
        if plan["packages"]:
            lines.append(f"Packages:   {' '.join(plan['packages'])}")
        for step in plan["steps"]:
            if step["files"]:
                lines.append(f"  {step['stage']}: copy {' '.join(step['files'])}")
            if step["command"]:
                first, *rest = step["command"].splitlines()
                lines.append(f"  {step['stage']}: {first}{' ...' if rest else ''}")
        for name, command in plan["processes"].items():
            lines.append(f"Process:    {name}: {command}")
    return lines
