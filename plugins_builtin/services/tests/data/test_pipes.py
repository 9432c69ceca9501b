"""Restores from streams."""

from __future__ import annotations

from typing import Any

import pytest
from dokkupy_sdk import Host
from dokkupy_sdk.errors import HostError
from dokkupy_services.data import pipes
from dokkupy_services.lifecycle.container import Exec
from dokkupy_services.testing.fakes import FakeDatastore

from plugins_builtin.services.tests.on_fakes import new


@pytest.mark.parametrize("pieces", [[], [b""], [b"", b""]])
def test_an_empty_dump_is_refused_before_the_content_is_touched(
    host: Host, pieces: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Checking(FakeDatastore):
        def check_dump(self, head: bytes, tail: bytes, size: int) -> str:
            return "" if size else "it is empty"

    started: list[Any] = []
    service = new(host)
    monkeypatch.setattr(pipes, "program", lambda *words, **streams: started.append(words))
    with pytest.raises(HostError, match="it is empty"):
        pipes.restore(Checking(host), Exec(host, service, service.container), pieces)
    assert started == []
