"""Data that moves to another service."""

from __future__ import annotations

import pytest
from dokkupy_sdk import Host
from dokkupy_sdk.errors import HostError
from dokkupy_services.data import moving
from dokkupy_services.lifecycle.service import ServiceOptions
from dokkupy_services.testing.fakes import FakeDatastore

from plugins_builtin.services.tests.on_fakes import DB, differences, fake, new, picture


@pytest.fixture
def host(empty_host: Host) -> Host:
    return empty_host


def test_data_that_differs_after_a_move_is_refused(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    new(host)
    seen = iter(({"rows": "2"}, {"rows": "1"}))
    monkeypatch.setattr(FakeDatastore, "invariants", lambda self, inside: next(seen))
    before = picture(host)
    with pytest.raises(HostError, match="differs after the move") as caught:
        moving.upgrade(host, fake(host), DB, ServiceOptions(image_version="2"))
    assert caught.value.details == ("rows: 2 before, 1 after",)
    assert differences(before, picture(host)) == []
