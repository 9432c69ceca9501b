"""Whether clients reach an app through its proxy: how long the answer may take."""

from __future__ import annotations

import pytest
from dokkupy_sdk import reach
from dokkupy_sdk.model import Port, Route, Upstream
from dokkupy_sdk.names import AppName, Domain


@pytest.mark.parametrize(
    ("upstreams", "limit"),
    [({5000: (Upstream("127.0.0.1", 1),)}, reach.LIMIT), ({}, reach.LIMIT_OF_THE_PROXY)],
    ids=["an instance", "no instance"],
)
def test_only_an_instance_may_be_too_slow_to_wait_for(
    monkeypatch: pytest.MonkeyPatch, upstreams: dict[int, tuple[Upstream, ...]], limit: float
) -> None:
    """A proxy that has no instance to ask answers at once, if it gets a processor."""
    asked: list[float] = []

    def status(address: str, port: int, *, name: str, tls: bool, limit: float) -> int:
        asked.append(limit)
        return 503

    monkeypatch.setattr(reach, "status", status)
    route = Route(AppName("blog"), (Domain("blog.example.com"),), (Port("http", 80, 5000),), upstreams)
    assert reach.unserved(route, "127.0.0.1") == ()
    assert asked == [limit]
