"""git's hooks: the commit in the environment, the record of what serves, `doctor`."""

from __future__ import annotations

from dokkupy_sdk import Host, hookimpl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from dokkupy_sdk.disk import DiskUse
    from dokkupy_sdk.model import Build, Deployment, Finding, Source
    from dokkupy_sdk.names import AppName, Secret
    from dokkupy_sdk.operation import Transaction


@hookimpl
def post_source_receive(host: Host, source: Source) -> None:
    from dokkupy_git.checkout.lfs_pointers import pointers, warning

    line = warning(pointers(source.directory))
    if line:
        host.out.warn(line)


@hookimpl
def build_env(host: Host, source: Source) -> Iterable[tuple[str, Secret]]:
    from dokkupy_sdk.names import Secret

    from dokkupy_git.settings import revision_variable

    name = revision_variable(host, source.app)
    return [(name, Secret(source.revision))] if name and source.revision else []


@hookimpl
def post_build(host: Host, build: Build, tx: Transaction) -> None:
    """Store the commit in the app's variables, as Dokku does: `config:get APP GIT_REV`."""
    from dokkupy_git.deploy import keep_revision

    keep_revision(tx, build.source)


@hookimpl
def post_deploy(deployment: Deployment, tx: Transaction) -> None:
    """A rollback and a rebuild change what serves, too. After a deploy of a commit this finds it recorded."""
    from dokkupy_git.deploy import record_serving

    record_serving(tx, deployment)


@hookimpl(optionalhook=True)  # of dokkupy-disk, which may not be installed
def disk_usage(host: Host, app: AppName | None) -> Iterable[DiskUse]:
    from dokkupy_sdk.disk import DiskUse, used_bytes

    from dokkupy_git.repository.bare import repository_path

    for name in host.store.apps() if app is None else [app]:
        yield DiskUse("repositories", used_bytes(repository_path(host, name)), app=name)


@hookimpl
def doctor_checks(host: Host) -> Iterable[Finding]:
    from dokkupy_git.doctor import findings

    return findings(host)
