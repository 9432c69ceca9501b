"""The open connections of an instance."""

from __future__ import annotations

import pytest
from dokkupy_docker.instances.drain import established

pytestmark = pytest.mark.unit


def test_connections_to_any_port_that_an_instance_listens_on_are_counted() -> None:
    table = (
        "  sl  local_address rem_address   st\n"
        "   0: 00000000:1388 00000000:0000 0A\n"
        "   1: 0200D00A:1388 0100D00A:C350 01\n"
        "   2: 0200D00A:C351 0100D00A:1388 01\n"
    )
    beside = "  sl  local_address rem_address   st\n   0: 00000000:0019 00000000:0000 0A\n"
    assert established([table, ""]) == 1
    assert established([table, beside]) == 1
    assert established([table, beside + "   1: 0200D00A:0019 0100D00A:C350 01\n"]) == 2
