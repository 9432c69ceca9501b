"""Values of options."""

from __future__ import annotations

import pytest
from dokkupy_docker.options.values import size

pytestmark = pytest.mark.unit

SIZES = {
    "512": 512,
    "1b": 1,
    "1k": 1 << 10,
    "1KB": 1 << 10,
    "1KiB": 1 << 10,
    "512m": 512 << 20,
    "512MB": 512 << 20,
    "0.5g": 512 << 20,
    "2 GB": 2 << 30,
    "1t": 1 << 40,
}


@pytest.mark.parametrize("text", SIZES)
def test_a_size_is_read_as_docker_reads_it(text: str) -> None:
    assert size(text) == SIZES[text]
