"""What the access log says of requests: how many, how long, how many that no instance answered."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from dokkupy_nginx.server import access_log
from dokkupy_nginx.server.access_log import NginxAccessLog
from dokkupy_sdk.access_log import Traffic
from dokkupy_sdk.names import AppName

APP = AppName("blog")


def line(status: int = 200, more: str = "", *, took: float = 0.01, at: float = 0, agent: str = "curl") -> str:
    return f"{head(status, at, agent)} {took:.3f}{more}\n"


def full(status: int = 200, *, header: str = "0.009") -> str:
    """A line of gRPC, or of an earlier version."""
    return f"{head(status)} {time.time():.3f} 0.010 {header}\n"


def head(status: int, at: float = 0, agent: str = "curl") -> str:
    stamp = time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(at or time.time()))
    return f'10.0.0.1 - - [{stamp}] "GET / HTTP/1.1" {status} 6 "-" "{agent}"'


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "blog-access.log"
    monkeypatch.setattr(NginxAccessLog, "path", lambda self, app: str(path))
    return path


def reader() -> NginxAccessLog:
    return NginxAccessLog(None)  # type: ignore[arg-type]


def test_requests_since_a_mark_are_counted_and_those_that_no_instance_answered_are_lost(log: Path) -> None:
    log.write_text(line(502, " -"))
    mark = reader().mark(APP)
    with log.open("a") as file:
        file.write(line() + line(502, " -") + line(504, " -") + line(502) + line(503) + line(499))
    assert reader().since(APP, mark) == Traffic(6, 2, 0.01)


def test_the_time_of_an_instances_header_tells_it_where_a_line_has_no_mark(log: Path) -> None:
    log.write_text("")
    mark = reader().mark(APP)
    log.write_text(
        full() + full(502, header="-") + full(504, header="0.1, -") + full(502, header="0.02") + line(502, " -")
    )
    with log.open("a") as file:
        file.write(full(499, header="-") + full(200, header="-, 0.004"))
    assert reader().since(APP, mark) == Traffic(7, 3, 0.01)


@pytest.mark.parametrize("zone", ["UTC", "America/St_Johns", "Asia/Kathmandu", "Europe/Berlin"])
def test_the_time_of_a_line_is_read_with_its_zone(zone: str) -> None:
    where = ZoneInfo(zone)
    for moment in (
        datetime(2024, 2, 29, 23, 59, 59, tzinfo=where),
        datetime(2026, 1, 1, tzinfo=where),
        datetime(2026, 3, 1, 12, 30, tzinfo=where),
        datetime(2026, 7, 31, 1, 2, 3, tzinfo=where),
        datetime(2100, 12, 31, 23, 0, tzinfo=where),
    ):
        assert access_log.epoch(moment.strftime("%d/%b/%Y:%H:%M:%S %z").encode()) == moment.timestamp()


def test_a_line_that_nginx_still_writes_waits_for_the_next_count(log: Path) -> None:
    log.write_text("")
    mark = reader().mark(APP)
    log.write_text(line() + line()[:40])
    found = reader().since(APP, mark)
    assert found is not None and found.requests == 1


def test_nothing_is_claimed_of_a_log_that_does_not_tell(log: Path) -> None:
    log.write_text("")
    mark = reader().mark(APP)
    log.write_text('10.0.0.1 - - [30/Nov/2026:00:08:45 +0000] "GET / HTTP/1.1" 200 6 "-" "curl"\n')
    assert reader().since(APP, mark) is None  # a format of the admin's own
    log.unlink()
    log.with_name("other").write_text("")
    log.write_text(line())
    assert reader().since(APP, "1:0") is None  # rotated
    assert reader().since(APP, "garbage") is None


def test_a_log_that_does_not_exist_yet_begins_with_the_first_request(log: Path) -> None:
    mark = reader().mark(APP)
    assert reader().since(APP, mark) == Traffic(0, 0)
    log.write_text(line())
    assert reader().since(APP, mark) == Traffic(1, 0, 0.01)


def test_a_log_longer_than_the_limit_is_not_counted(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access_log, "MOST", 100)
    log.write_text("")
    mark = reader().mark(APP)
    log.write_text(line() * 3)
    assert reader().since(APP, mark) is None


def test_own_requests_do_not_count(log: Path) -> None:
    log.write_text("")
    mark = reader().mark(APP)
    log.write_text(line(agent="dokkupy").replace("10.0.0.1", "127.0.0.1") + line(agent="dokkupy"))
    found = reader().since(APP, mark)
    assert found is not None and found.requests == 1


def test_what_a_client_sends_is_not_taken_for_the_fields_of_nginx(log: Path) -> None:
    log.write_text("")
    mark = reader().mark(APP)
    log.write_text(line(200, agent=r"x\x22 502 1 \x22-\x22 \x22-\x22 1.0 -"))
    assert reader().since(APP, mark) == Traffic(1, 0, 0.01)


def test_recent_requests_are_those_of_the_last_seconds(log: Path) -> None:
    now = time.time()
    log.write_text(
        line(at=now - 100) + "".join(line(at=now - 20, took=number / 100) for number in range(1, 101)) + line(at=now)
    )
    found = reader().recent(APP, 60)
    assert found is not None and (found.requests, found.lost) == (101, 0)
    assert found.p95 == pytest.approx(0.95)
    assert reader().recent(APP, -60) == Traffic(0, 0)
