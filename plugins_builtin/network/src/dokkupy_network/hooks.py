"""What the plugin does around a deploy and on the host. The modules that do the work are imported when they are needed."""

from __future__ import annotations

from dokkupy_sdk import Host, hookimpl
from dokkupy_sdk.names import AppName

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from dokkupy_sdk.model import Deployment, Finding
    from dokkupy_sdk.operation import Transaction


@hookimpl
def container_options(host: Host, app: AppName, phase: str, process: str) -> Iterable[str]:
    """One-off processes join all of the app's networks at once, because no checks have to pass first. A network that the
    engine lost is created only for one that starts: for instances by `pre_deploy`, because reports, backups and the doctor
    ask for their options too."""
    if phase == "build":
        return ()
    from dokkupy_network.attach import aliases, before_start, every, require_present

    names = before_start(host, app) if phase == "deploy" else every(host, app)
    if not names:
        return ()
    if phase == "run" and not host.dry_run:
        require_present(host, app, names)
    words = [word for name in names for word in ("--network", name)]
    if phase == "deploy":  # APP.TYPE is the scheduler's own
        words += [word for alias in aliases(host, app, process)[1:] for word in ("--network-alias", alias)]
    return words


@hookimpl
def pre_deploy(host: Host, deployment: Deployment, tx: Transaction) -> None:
    """Create missing networks first, because the engine may have lost one since the release was made."""
    from dokkupy_network.attach import every, require_known, require_present

    app = deployment.app
    names = every(host, app)
    if names:
        require_known(host, app, names)
        tx.step("have the networks", lambda: require_present(host, app, names))


@hookimpl
def post_deploy(host: Host, deployment: Deployment, tx: Transaction) -> None:
    """There is no undo, because the instances are removed when a later step fails."""
    from dokkupy_network.attach import join, when_serving

    names = when_serving(host, deployment.app)
    if names:
        tx.step("join the networks", lambda: join(host, deployment.app, deployment.fresh, names))


@hookimpl
def on_recover(host: Host) -> None:
    from dokkupy_network.stored import known, make, present

    names = known(host)
    there = present(host) if names else {}
    for name in names:
        if name not in there:
            make(host, name=name)


@hookimpl
def doctor_checks(host: Host) -> Iterable[Finding]:
    from dokkupy_network.doctor import findings

    return findings(host)


@hookimpl
def teardown_changes(host: Host, dry_run: bool) -> Iterable[str]:
    from dokkupy_network.doctor import unused

    found = unused(host)
    if not dry_run:
        for name in found:
            host.networks().remove(name)
    return [f"network {name}" for name in found]
