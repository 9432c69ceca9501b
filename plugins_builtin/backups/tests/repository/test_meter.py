"""Both ends of a stream are remembered."""

from __future__ import annotations

import pytest
from dokkupy_backups.repository.meter import END, Meter

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("sizes", [[0], [10], [END], [END + 1], [1, END, 1], [7] * 20_000, [3 * END, 5]])
def test_meter_knows_both_ends_of_any_stream(sizes: list[int]) -> None:
    pieces = [bytes([number % 251]) * size for number, size in enumerate(sizes)]
    meter, whole = Meter(), b"".join(pieces)
    assert b"".join(meter.through(pieces)) == whole
    assert (meter.size, meter.head, meter.tail) == (len(whole), whole[:END], whole[-END:] if whole else b"")
