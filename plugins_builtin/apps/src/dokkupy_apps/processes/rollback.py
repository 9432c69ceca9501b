"""Roll an app back: deploy an older release, with its code and configuration, as a new one."""

from __future__ import annotations

from collections.abc import Mapping

from dokkupy_sdk import Host
from dokkupy_sdk.errors import NotFound
from dokkupy_sdk.model import Deployment, Release
from dokkupy_sdk.names import AppName, EnvKey, Secret
from dokkupy_sdk.operation import operation
from dokkupy_sdk.values import replace

from dokkupy_apps.deploy import observed
from dokkupy_apps.desired.config import get_env, merged_env, set_env
from dokkupy_apps.desired.formation import require_web_kept, wanted_formation
from dokkupy_apps.processes.lost_images import with_image
from dokkupy_apps.releases.from_state import require_mounts
from dokkupy_apps.releases.records import (
    current,
    next_release,
    numbers,
    own_ports,
    read_release,
    require_deployed,
    write_release,
)
from dokkupy_apps.rollout.converge import converge


def rollback(host: Host, app: AppName, number: int | None = None, *, keep_config: bool = False) -> Deployment:
    """Deploy an older release, with its code and configuration, as a new one.

    number: None for the one before the serving one. keep_config: keep the app's current variables. Without it, a
    warning names the variables that return or change, because a secret that was unset or rotated would be back in use.
    """
    require_target(host, app, number)  # a mistyped number is no failed deploy

    def deploy() -> Deployment:
        with operation(host, "releases:rollback", f"app:{app}") as tx:
            before = require_target(host, app, number)
            target = with_image(tx, before)
            require_mounts(host, app, target.options)
            release = next_release(
                host,
                target,
                f"Rollback to v{before.number}",
                formation=wanted_formation(host, app, target),
                own_ports=own_ports(host, app),
            )
            require_web_kept(host, release, current(host, app)[1])
            if keep_config:
                set_env(tx, app, of_the_commit(target))
                release = replace(release, config=kept(get_env(host, app), target), env=kept_env(host, app, target))
            else:
                if not host.dry_run:
                    warn_of_returning(host, target, get_env(host, app))
                set_env(tx, app, target.config, replace=True)
            write_release(tx, release)
            host.out.section(f"Rolling {app} back to v{before.number}")
            return converge(tx, release, release.formation, kind="rollback", replaces=lambda name: True)

    return observed(host, app, deploy, kind="rollback")


def require_target(host: Host, app: AppName, number: int | None) -> Release:
    """The release of this number, by default the one before the serving one. Raises NotFound."""
    serving = require_deployed(host, app)
    earlier = [n for n in sorted(numbers(host, app)) if n < serving.number] if number is None else [number]
    if not earlier:
        raise NotFound(
            f"App {app} has no release before v{serving.number}",
            hint=f"List the releases that are kept: releases:list {app}",
        )
    return read_release(host, app, earlier[-1])


def kept_env(host: Host, app: AppName, target: Release) -> dict[EnvKey, Secret]:
    """The environment of a release, with the app's own variables as they are now."""
    rest = {key: value for key, value in target.env.items() if key not in target.config}
    return dict(sorted({**rest, **kept(merged_env(host, app), target)}.items()))


def kept(now: Mapping[EnvKey, Secret], target: Release) -> dict[EnvKey, Secret]:
    return {**now, **of_the_commit(target)}


def of_the_commit(target: Release) -> dict[EnvKey, Secret]:
    """The variables that hold the release's commit, such as GIT_REV: they belong to the code, not to the configuration."""
    return {key: value for key, value in target.config.items() if target.revision and value.reveal() == target.revision}


def warn_of_returning(host: Host, target: Release, now: Mapping[EnvKey, Secret]) -> None:
    commit = of_the_commit(target)
    returns = sorted(key for key in target.config if key not in now and key not in commit)
    differs = sorted(
        key for key, value in target.config.items() if key in now and now[key] != value and key not in commit
    )
    goes = sorted(key for key in now if key not in target.config)
    changes = [
        f"{what} {', '.join(keys)}"
        for what, keys in (("set again", returns), ("back to an older value", differs), ("unset", goes))
        if keys
    ]
    if changes:
        host.out.warn(f"The rollback changes variables: {'; '.join(changes)}")
        host.out.warn("To keep them as they are now, use --keep-config")
