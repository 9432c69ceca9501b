"""Which variables of an app the install steps see.

Not all of them, because these steps run scripts of third parties. They see the variables of package managers (`PIP_*`,
`NPM_*`...), those that the manifests name, and those that the property install-variables lists.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from dokkupy_sdk import Host
from dokkupy_sdk.buildpack import Plan
from dokkupy_sdk.errors import AppError
from dokkupy_sdk.names import AppName, Secret

from dokkupy_buildpacks.dockerfile.render import FAILED
from dokkupy_buildpacks.settings import SETTINGS

NOT_FOR_BUILDS = frozenset(
    {"PATH", "HOME", "GIT_DIR", "CPATH", "CPPATH", "LD_PRELOAD", "LD_LIBRARY_PATH", "LIBRARY_PATH"}
)
"""Variables of the app that would break the tools of a build. Heroku's buildpack API leaves out the same ones."""

PACKAGE_VARIABLES = re.compile(
    r"(PIP|UV|POETRY|PIPENV|PDM|NPM|YARN|PNPM|BUN|BUNDLE|CARGO|GEM|MAVEN|GRADLE|NODE_AUTH)_[A-Z0-9_]+"
    r"|COMPOSER_AUTH|GOPRIVATE|GONOSUMDB|GONOSUMCHECK|GOPROXY|GONOPROXY|GITHUB_TOKEN|NPM_TOKEN"
)
"""Variables of the app that the install steps always see: addresses and logins of package registries."""

OWN = re.compile(r"GIT_REV|DOKKU_\w+")
"""Variables that dokkupy itself sets. An installation never fails because they are missing."""

SHOWN = 12


def seen(host: Host, app: AppName, plans: Iterable[Plan], env: Mapping[str, Secret]) -> frozenset[str]:
    """The variables that the install steps see in addition to those of the package managers."""
    stated = SETTINGS.get(host.store, app, "install-variables")
    names = {name for plan in plans for name in plan.variables} | set(stated.split(","))
    chosen = set(env) if stated == "*" else names & set(env)
    return frozenset(chosen - NOT_FOR_BUILDS)


def withheld(plans: Iterable[Plan], env: Iterable[str], names: frozenset[str]) -> list[str]:
    """The app's variables that the install steps did not see. Empty if there are no such steps."""
    if not any(step.install and not step.config for plan in plans for stage in plan.stages for step in stage.steps):
        return []
    known = (PACKAGE_VARIABLES, OWN)
    left = (name for name in env if name not in names | NOT_FOR_BUILDS)
    return sorted(name for name in left if not any(one.fullmatch(name) for one in known))


def explained(error: AppError, app: AppName, hidden: list[str]) -> AppError:
    """The error of a failed build. If an install step failed, it lists the variables that this step did not see."""
    if not hidden or not any(FAILED in line for line in error.details):
        return error
    shown = ", ".join(hidden[:SHOWN]) + (f" and {len(hidden) - SHOWN} more" if len(hidden) > SHOWN else "")
    hint = (
        f"The steps that install dependencies did not get these variables of the app: {shown}. To "
        f"pass one to them: dokkupy buildpacks:set-property {app} install-variables NAME,NAME"
    )
    return AppError(error.message, details=error.details, code=error.code, hint=f"{error.hint} {hint}".strip())
