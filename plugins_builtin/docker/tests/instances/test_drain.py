"""Connections that an instance still has."""

from __future__ import annotations

import pytest
from dokkupy_docker.instances.drain import established

pytestmark = pytest.mark.unit


def test_established_connections_are_counted_by_port() -> None:
    table = (
        "  sl  local_address rem_address   st\n"
        "   0: 00000000:1388 00000000:0000 0A\n"
        "   1: 0200D00A:1388 0100D00A:C350 01\n"
        "   2: 0200D00A:C351 0100D00A:1388 01\n"
    )
    assert established(table, 5000) == 1
