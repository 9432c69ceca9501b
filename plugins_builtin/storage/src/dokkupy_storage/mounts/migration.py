"""Docker options that mount (`docker-options:add APP deploy "-v /a:/b"`) become mounts of this plugin."""

from __future__ import annotations

import shlex

from dokkupy_sdk import Host
from dokkupy_sdk.errors import DokkupyError
from dokkupy_sdk.names import AppName
from dokkupy_sdk.operation import operation

from dokkupy_storage.hookspecs import mounting_options, post_mounts_migrate
from dokkupy_storage.mounts.mounting import EVERY, checked
from dokkupy_storage.names import Mountable
from dokkupy_storage.records import PHASES, Mount, MountsFile, mounts_of

FLAGS = ("-v", "--volume")


def mountable(text: str) -> Mountable | None:
    """The mount of a docker option, if it does nothing else and `storage:mount` can express it."""
    try:
        words = shlex.split(text)
    except ValueError:
        return None
    if len(words) == 1 and words[0].partition("=")[0] in FLAGS:
        words = [*words[0].partition("=")[::2]]
    if len(words) != 2 or words[0] not in FLAGS or ":" not in words[1] or not Mountable.fits(words[1]):
        return None
    return Mountable(words[1])


def migrate(host: Host, app: AppName) -> list[Mount]:
    """Returns the new mounts. An option that cannot become one stays, with a warning."""
    host.store.require_app(app)
    with operation(host, "storage:migrate", f"app:{app}", also=(EVERY,)) as tx:
        mounts, made = [*mounts_of(host, app)], []
        gone: list[tuple[str, str, str]] = []
        for (process, text), phases in found_in(host, app).items():
            given = mountable(text)
            if given is None:
                continue
            wish = Mount(
                source=given.source, target=given.target, options=given.options, phases=phases, process_type=process
            )
            try:
                one = checked(host, app, wish, mounts, None)
            except DokkupyError as error:
                host.out.warn(f"The docker option {text} of {app} was not turned into a mount: {error.message}")
                continue
            mounts.append(one)
            made.append(one)
            gone += [(process, phase, text) for phase in phases]
        if made:
            host.hooks.emit(post_mounts_migrate, host=host, app=app, options=gone, tx=tx)
            tx.save(host.store.load(MountsFile, app).replace(mounts=tuple(mounts)), app)
    return made


def found_in(host: Host, app: AppName) -> dict[tuple[str, str], tuple[str, ...]]:
    """(process type or empty, option) -> the phases that have it."""
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for _, (process, phase, text) in host.hooks.gather(mounting_options, host=host, app=app):
        if phase in PHASES:
            found[process, text] = (*found.get((process, text), ()), phase)
    return found
