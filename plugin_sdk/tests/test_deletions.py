"""Nothing is deleted at once when the clock jumped."""

from __future__ import annotations

from pathlib import Path

import pytest
from dokkupy_sdk import Host
from dokkupy_sdk.deletions import DAY, may_delete
from dokkupy_sdk.testing import fake_host

pytestmark = pytest.mark.unit
HOUR = 3600


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return fake_host(tmp_path)


def test_job_deletes_nothing_for_a_day_after_the_clock_jumped_ahead(host: Host) -> None:
    def may(now: float) -> bool:
        return may_delete(host, "trash", now=now)

    assert may(1000 * DAY) and may(1000 * DAY + HOUR)
    ahead = 1365 * DAY
    assert not may(ahead) and not may(ahead + HOUR) and not may(ahead + DAY - 1)
    assert may(ahead + DAY)


def test_clock_that_is_set_back_holds_no_deletion(host: Host) -> None:
    def may(now: float) -> bool:
        return may_delete(host, "trash", now=now)

    assert may(1000 * DAY) and not may(1365 * DAY)
    assert may(1000 * DAY + HOUR)
