"""The records: how full the disks were, and what used them in the last measurement."""

from __future__ import annotations

from dokkupy_sdk.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

HOUR, DAY = 3600, 86400
KEPT = 14 * 24
"""Number of samples of each disk: one an hour, for two weeks."""


class Sample(Record):
    """at: epoch seconds. used: bytes."""

    at: int
    used: int


class SamplesFile(Record, file="global/disk-samples"):
    """samples: directory -> how full its disk was, the oldest first. collected_at: when the timer last freed space because
    of the watermark."""

    samples: Mapping[str, tuple[Sample, ...]] = {}
    collected_at: int = 0


class UseRow(Record):
    """As `dokkupy_sdk.disk.DiskUse`."""

    kind: str
    bytes: int
    app: str = ""
    shared: int = 0


class UsageFile(Record, file="global/disk-usage"):
    """The plugins' last reports. at: epoch seconds, 0 for never."""

    at: int = 0
    rows: tuple[UseRow, ...] = ()


def growth(samples: tuple[Sample, ...]) -> float | None:
    """Growth in bytes a day; None until a day is recorded. Pure."""
    if len(samples) < 2 or samples[-1].at - samples[0].at < DAY:
        return None
    first, last = samples[0], samples[-1]
    return (last.used - first.used) * DAY / (last.at - first.at)
