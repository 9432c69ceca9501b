"""The hook of `ps`, which this plugin calls. It has one of the four shapes of core's own."""

from __future__ import annotations

from dokkupy_sdk import hookspec

TYPE_CHECKING = False  # every command that calls a hook loads this module
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dokkupy_sdk import Host
    from dokkupy_sdk.figures import Gauge
    from dokkupy_sdk.names import AppName


@hookspec
def app_figures(host: Host, apps: Sequence[AppName]) -> Iterable[Gauge]:  # type: ignore[empty-body]
    """What `ps` can show of these deployed apps beside their state. Return at once: the gauges are read later, on threads beside
    each other, for a second and a half at most. Changes nothing."""
