"""Pages for names that no route serves yet. nginx finds a page by its file name, so that none requires a reload."""

from __future__ import annotations

import os

from dokkupy_sdk.files import make_directory, write_atomic
from dokkupy_sdk.names import AppName, Domain

from dokkupy_nginx.layout import Layout
from dokkupy_nginx.render.error_pages import UNAVAILABLE, page

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def announce(layout: Layout, app: AppName, names: Sequence[Domain], reason: str) -> None:
    """See the role. The app's list is written first, and is a superset until all is done, so that no page is orphaned."""
    record = os.path.join(layout.waiting_records, app)
    before = set(listed(record))
    after = {str(name) for name in names if name != "_" and not name.startswith("*")}
    if not os.path.isdir(layout.waiting) or not before | after:
        return
    text = page(502, *UNAVAILABLE.get(reason, UNAVAILABLE[""])).encode()
    if before | after != before:
        make_directory(layout.waiting_records, 0o750)
        layout.hand_over(layout.waiting_records)
        write_list(layout, record, before | after)
    for name in after:
        path = os.path.join(layout.waiting, name)
        write_atomic(path, text)
        os.chmod(path, 0o644)  # nginx's workers read it
        layout.hand_over(path)
    for name in before - after:
        unlink(os.path.join(layout.waiting, name))
    if after:
        write_list(layout, record, after)
    else:
        unlink(record)


def listed(record: str) -> list[str]:
    try:
        with open(record, encoding="utf-8") as file:
            return file.read().split()
    except FileNotFoundError:
        return []


def write_list(layout: Layout, record: str, names: set[str]) -> None:
    write_atomic(record, "".join(f"{name}\n" for name in sorted(names)).encode())
    layout.hand_over(record)


def unlink(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
