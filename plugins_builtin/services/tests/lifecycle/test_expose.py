"""The ports of the host at which a service is exposed."""

from __future__ import annotations

import pytest
from dokkupy_sdk.errors import UserError
from dokkupy_services.lifecycle import expose


@pytest.mark.parametrize(
    "text", ["0", "70000", "a", "1.2.3.4", "1.2.3.400:80", "::1:80", "80:80", "-1", "127.0.0.1:80;x"]
)
def test_invalid_port_or_address_to_expose_is_refused(text: str) -> None:
    with pytest.raises(UserError):
        expose.parse(text)


def test_expose_without_an_address_listens_on_loopback() -> None:
    assert expose.parse("5432") == ("127.0.0.1", 5432)
    assert expose.parse("0.0.0.0:5432") == ("0.0.0.0", 5432)
    assert expose.parse("[::1]:5432") == ("::1", 5432)
