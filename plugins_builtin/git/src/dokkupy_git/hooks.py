"""git's say in an app's life: the commit in the environment, the ref that moves with the switch, the doctor."""

from __future__ import annotations

from dokkupy_sdk import Host, hookimpl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from dokkupy_sdk.model import Deployment, Finding, Source
    from dokkupy_sdk.names import AppName, Secret
    from dokkupy_sdk.operation import Tx


@hookimpl
def post_source_receive(host: Host, source: Source) -> None:
    from dokkupy_git.pointers import pointers, warning

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
def release_env(host: Host, app: AppName) -> Iterable[tuple[str, Secret]]:
    from dokkupy_sdk.names import Secret

    from dokkupy_git.incoming import revision_env
    from dokkupy_git.settings import revision_variable

    name = revision_variable(host, app)
    commit = revision_env(host, app)
    return [(name, Secret(commit))] if name and commit else []


@hookimpl
def post_deploy(host: Host, deployment: Deployment, tx: Tx) -> None:
    from dokkupy_git.incoming import settle

    settle(host, deployment, tx)


@hookimpl
def doctor_checks(host: Host) -> Iterable[Finding]:
    from dokkupy_git.doctor import findings

    return findings(host)
