"""Dry runs (`--dry-run`): an operation runs to its end without changing anything.

Its writes stay in memory, where later reads find them. Its steps are listed instead of executed, and so are the plugins
whose events and observers would be called. Queries and contributions are called, because they change nothing. A dry run
takes no lock and writes no journal.
"""

from __future__ import annotations

from typing import TypeVar

from dokkupy.kernel.events import Events
from dokkupy.kernel.hooks import Hooks
from dokkupy.kernel.registry import Registry
from dokkupy.kernel.session import Session
from dokkupy.kernel.store import Store, Table
from dokkupy.kernel.transaction import Transaction
from dokkupy.model.record import path_of
from dokkupy.model.secret import Secret

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from dokkupy.errors import DokkupyError
    from dokkupy.kernel.transaction import Call
    from dokkupy.model.names import AppName

__all__ = ["dry"]

H = TypeVar("H", bound=Session)
T = TypeVar("T")


class Detail(str):
    """A line of the plan that only `--verbose` shows."""

    __slots__ = ()


class FileChange(str):
    """The line of the plan that stands for a change of a state file.

    path: its parts. before, after: its table, flattened; empty for a file that is not there.
    """

    path: tuple[str, ...]
    before: Table
    after: Table


class OverlayStore(Store):
    """Reads the files, and keeps writes in memory. None stands for a deleted file."""

    def __init__(self, root: str, cipher: Callable[[], Any]) -> None:
        super().__init__(root, cipher)
        self.written: dict[tuple[str, ...], Table | None] = {}

    def read(self, *parts: str) -> Table:
        if parts in self.written:
            return dict(self.written[parts] or {})
        return super().read(*parts)

    def write(self, *parts: str, data: Table) -> None:
        self.path(*parts)  # rejects bad path components
        self.written[parts] = data

    def delete(self, *parts: str) -> None:
        self.written[parts] = None

    def names(self, *parts: str) -> list[str]:
        depth = len(parts)
        found = set(super().names(*parts))
        for place, data in self.written.items():
            if place[:depth] == parts and len(place) > depth:
                if data is not None:
                    found.add(place[depth])
                elif len(place) == depth + 1:
                    found.discard(place[depth])
        return sorted(found)

    def has_app(self, app: AppName) -> bool:
        place = ("apps", app, "app")
        return self.written[place] is not None if place in self.written else super().has_app(app)


class DryRunHooks(Hooks):
    """Lists the plugins whose hooks would be called, instead of calling them."""

    def __init__(self, registry: Registry, *, warn: Callable[[str], None], plan: list[str]) -> None:
        super().__init__(registry, warn=warn)
        self.plan = plan

    def emit(self, spec: Callable[..., object], *args: Any, **kwargs: Any) -> None:
        for implementation in self._implementations(spec):
            self.plan.append(Detail(f"ask the plugin {implementation.plugin_name} ({spec.__name__})"))

    def emit_to_all(self, spec: Callable[..., object], *args: Any, **kwargs: Any) -> list[DokkupyError]:
        self.emit(spec)
        return []

    def notify(self, spec: Callable[..., object], *args: Any, **kwargs: Any) -> None:
        pass


class SilentEvents(Events):
    """Records nothing, because nothing happens."""

    def record(self, event: str, **facts: str) -> None:
        pass


class DryRunTransaction(Transaction[H]):
    """Lists its steps instead of executing them. A step returns its `planned` value."""

    def __init__(self, host: H, verb: str, subject: str) -> None:
        self.host = host
        self.id = "dry-run"
        self.verb = verb
        self.subject = subject
        self.committed = False
        self._after: list[Call] = []

    def step(
        self,
        name: str,
        do: Callable[[], T],
        *,
        undo: Call | None = None,
        planned: T | None = None,
        is_detail: bool = False,
    ) -> T:
        self.host.plan.append(Detail(name) if is_detail else name)
        return planned  # type: ignore[return-value]

    def register_undo(self, name: str, undo: Call) -> None:
        pass

    def describe_plan(self, *lines: str) -> None:
        self.host.plan.extend(lines)

    def _change(self, kind: type, keys: tuple[str | None, ...], data: Table | None) -> None:
        path = path_of(kind, keys)
        self.host.plan.extend(change(kind, path, self.host.store.read(*path), data))
        self.host.store.change(path, data)

    def commit(self, after: tuple[Call, ...] = ()) -> None:
        self.committed = True


def change(kind: type, path: tuple[str, ...], before: Table, after: Table | None) -> list[str]:
    """The line for a state file that is written, or deleted if `after` is None. It names the changed keys, not their
    values, which could be secrets. A file that stays the same has no line."""
    old, new = flat(before), flat(after or {})
    names = [name for name in sorted({*old, *new}) if not same(old.get(name), new.get(name))]
    text = f"write {'/'.join(path)}: {', '.join(names)}"
    if after is None:
        text = f"delete {'/'.join(path)}"
    elif not old:
        text = f"write {'/'.join(path)}"
    elif not names:
        return []
    derived = getattr(kind, "derived", "").split()
    if "*" in derived:
        return [Detail(text)]
    line = FileChange(text)
    line.path = path
    line.before, line.after = ({key: one[key] for key in one if key not in derived} for one in (old, new))
    return [line if set(names) - set(derived) or not names else Detail(text)]


def same(old: Any, new: Any) -> bool:
    """Whether two values are equal. Secrets are compared in their encrypted form, or else decrypted."""
    return (Secret(old) == new) if isinstance(new, Secret) and isinstance(old, str) else old == new


def flat(table: Table, prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            found.update(flat(value, f"{prefix}{key}."))
        else:
            found[prefix + key] = value
    return found


def dry(host: H) -> H:
    """The host for a dry run: it lists in `plan` what it would do, and does nothing."""
    plan: list[str] = []
    parts = {
        "registry": host.registry,
        "hooks": DryRunHooks(host.registry, warn=host.out.warn, plan=plan),
        "events": SilentEvents(host.root),
        "transaction": DryRunTransaction,
    }
    return host.for_invocation(dry_run=True, plan=plan, store=OverlayStore(host.root, host.store._cipher), _parts=parts)
