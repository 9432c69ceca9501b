from __future__ import annotations

import pytest
from dokkupy_host.status import memory, summed
from dokkupy_sdk.model import Finding

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(("free", "level"), [(2_000_000, "ok"), (100_000, "warning")])
def test_memory_that_runs_out_is_a_warning(free: int, level: str) -> None:
    found = memory(f"MemTotal:       4000000 kB\nMemFree:          50000 kB\nMemAvailable:    {free} kB\n")
    assert found.level == level and "3.8 GiB used" in found.message


def test_what_is_wrong_stands_for_the_rest() -> None:
    well, ill = Finding("a", "ok", "well"), Finding("b", "error", "ill", "fix it")
    assert summed("apps", [well, ill]) == [Finding("apps", "error", "ill", "fix it")]
    assert summed("apps", [well, well]) == [well]
