"""Free subnets and addresses."""

from __future__ import annotations

import pytest
from dokkupy_docker.network import free_addresses, free_subnet
from dokkupy_sdk.errors import HostError

pytestmark = pytest.mark.unit


def test_a_subnet_is_free_of_all_others() -> None:
    assert free_subnet([]) == "10.208.0.0/24"
    assert free_subnet(["10.208.0.0/24", "172.17.0.0/16", "fd00::/64", ""]) == "10.208.1.0/24"
    with pytest.raises(HostError):
        free_subnet(["10.208.0.0/12"])


def test_addresses_leave_the_gateway_and_the_taken_out() -> None:
    assert free_addresses("10.208.0.0/24", ["10.208.0.3"], 2) == ["10.208.0.2", "10.208.0.4"]
    with pytest.raises(HostError, match="free addresses"):
        free_addresses("10.208.0.0/30", [], 2)
