"""The hook that `ps` calls. It has one of the four shapes of core's hooks."""

from __future__ import annotations

from dokkupy_sdk import hookspec

TYPE_CHECKING = False  # this module imports nothing heavy, because every command that calls a hook loads it
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dokkupy_sdk import Host
    from dokkupy_sdk.figures import Gauge
    from dokkupy_sdk.names import AppName


@hookspec
def app_figures(host: Host, apps: Sequence[AppName]) -> Iterable[Gauge]:  # type: ignore[empty-body]
    """Figures that `ps` shows of these deployed apps beside their state. Return at once: the gauges are read later, on
    parallel threads, for at most a second and a half. Must not change anything."""
