"""Figures about apps, which plugins contribute to `ps` by the hook `app_figures` of dokkupy-commands."""

from __future__ import annotations

from dokkupy_sdk.values import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dokkupy_sdk.names import AppName


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of an app. name: its key in JSON; it ends with its unit: `_percent`, `_bytes`, `_per_minute`, `_seconds`, or
    `_at` for a time in ISO 8601. Another name is a number or a text as it is."""

    app: AppName
    name: str
    value: float | str


@dataclass(frozen=True, slots=True)
class Gauge:
    """How to read some figures. read: called on a thread of its own beside those of other gauges; what it has not returned
    after `SECONDS` is left out. heads: name of a figure -> the heading of its column."""

    read: Callable[[], Iterable[Figure]]
    heads: tuple[tuple[str, str], ...]


SECONDS = 1.5


def readings(gauges: Iterable[Gauge], seconds: float = SECONDS) -> dict[str, dict[str, float | str]]:
    """App -> name -> value of what all gauges read in time. One that fails or takes longer has no figures."""
    import threading
    import time

    found: dict[str, dict[str, float | str]] = {}

    def read(gauge: Gauge) -> None:
        try:
            figures = list(gauge.read())
        except Exception:  # a figure is a courtesy, and the state of the apps is not
            return
        for one in figures:
            found.setdefault(one.app, {})[one.name] = one.value

    threads = [threading.Thread(target=read, args=(gauge,), daemon=True) for gauge in gauges]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return {app: dict(row) for app, row in list(found.items())}


def shown(name: str, value: float | str | None, now: float) -> str:
    """A figure for people, by the unit in its name."""
    if value is None:
        return ""
    if isinstance(value, str):
        if not name.endswith("_at"):
            return value
        from datetime import datetime

        from dokkupy_sdk.lines import age

        return age(now - datetime.fromisoformat(value).timestamp())
    if name.endswith("_percent"):
        return f"{value:.1f}"
    if name.endswith("_bytes"):
        from dokkupy_sdk.sizes import in_units

        return in_units(value).replace("iB", "")
    if name.endswith("_seconds"):
        return f"{value * 1000:.0f} ms" if value < 10 else f"{value:.0f} s"
    return f"{value:.0f}"
