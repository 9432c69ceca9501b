"""A fake of the role AccessLog."""

from __future__ import annotations

import time
from collections.abc import Iterable

from dokkupy_sdk import Host
from dokkupy_sdk.access_log import AccessLog, Traffic
from dokkupy_sdk.names import AppName
from dokkupy_sdk.testing.fakes import AnsweredRequest, FakeProxy


class FakeAccessLog(AccessLog):
    """Counts the requests that the fake proxy's front answered. `fake_host` has none, because no client reaches its proxy:
    `host.override_role("access_log", "fake", FakeAccessLog(host))`."""

    def __init__(self, host: Host) -> None:
        self.host = host

    def requests(self, app: AppName) -> list[AnsweredRequest]:
        proxy = self.host.proxy(app)
        assert isinstance(proxy, FakeProxy)
        return [one for one in proxy.answered_requests if one.app == app]

    def mark(self, app: AppName) -> str:
        return str(len(self.requests(app)))

    def since(self, app: AppName, mark: str) -> Traffic | None:
        return traffic(self.requests(app)[int(mark) :]) if mark.isdigit() else None

    def recent(self, app: AppName, seconds: float) -> Traffic | None:
        return traffic(one for one in self.requests(app) if one.at >= time.time() - seconds)


def traffic(requests: Iterable[AnsweredRequest]) -> Traffic:
    found = list(requests)
    took = sorted(one.seconds for one in found)
    return Traffic(len(found), sum(one.lost for one in found), took[len(took) * 95 // 100] if took else None)
