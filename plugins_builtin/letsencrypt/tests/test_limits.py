"""Rate limits: the authority says when it may be asked again, and is not asked before."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from dokkupy_letsencrypt import cli
from dokkupy_letsencrypt.acme_errors import RateLimited, fault, retry_after
from dokkupy_letsencrypt.order import manage

from plugins_builtin.letsencrypt.tests.conftest import BLOG, Bench
from plugins_builtin.letsencrypt.tests.front import SAID, Front, rate_limited

NOW = datetime(2026, 11, 25, 8, tzinfo=UTC)
ORDER = "order-plz"
"""Pebble's address for new orders."""


def soon(**parts: int) -> datetime:
    return (datetime.now(UTC) + timedelta(**parts)).replace(microsecond=0)


def at(moment: datetime) -> Callable[[], datetime]:
    return lambda: moment


def test_limit_that_the_authority_names_is_heeded_by_hand_and_by_itself(bench: Bench, front: Front) -> None:
    manage.enable(bench.host, BLOG)
    first, until = bench.served(), soon(hours=30)
    due = manage.status(bench.host, BLOG).due
    assert due is not None
    front.rules[ORDER] = lambda: rate_limited(SAID.format(f"{until:%Y-%m-%d %H:%M:%S} UTC"), {"Retry-After": "108000"})
    with pytest.raises(RateLimited, match=f"limit is reached until {until:%Y-%m-%d %H:%M:%S} UTC") as caught:
        cli.renew(bench.host, BLOG)
    assert "too many certificates (5)" in " ".join(caught.value.details) and caught.value.code == "rate_limited"
    asked = front.count(ORDER)
    assert asked >= 2  # Pebble refuses a nonce now and then

    # By hand: until when, and nobody is asked.
    before = len(front.asked)
    for again in (lambda: cli.renew(bench.host, BLOG), lambda: manage.enable(bench.host, BLOG, force=True)):
        with pytest.raises(RateLimited, match=f"accepts no requests until {until:%Y-%m-%d %H:%M:%S} UTC") as caught:
            again()
        assert "--force" in caught.value.hint
    bench.add("www.example.com")
    with pytest.raises(RateLimited):
        cli.enable(bench.host, BLOG)
    # By itself: not a second before, whatever the reason.
    assert manage.renew_due(bench.host, clock=at(until - timedelta(seconds=1))) == []
    assert len(front.asked) == before
    facts = cli.extra(bench.host, BLOG)
    assert facts["next-try"] == facts["limited-until"] == until.isoformat() and facts["failures"] == "1"
    assert bench.served() == first

    # Whoever insists is let through.
    with pytest.raises(RateLimited):
        cli.enable(bench.host, BLOG, force=True)
    assert front.count(ORDER) > asked
    del front.rules[ORDER]
    assert manage.renew_due(bench.host, clock=at(until)) == ["blog: renewed"]
    assert bench.served() != first and cli.extra(bench.host, BLOG)["limited-until"] == ""


def test_another_authority_knows_nothing_of_the_limit(bench: Bench, front: Front) -> None:
    until = soon(hours=30)
    front.rules[ORDER] = lambda: rate_limited(SAID.format(f"{until:%Y-%m-%d %H:%M:%S} UTC"))
    with pytest.raises(RateLimited):
        manage.enable(bench.host, BLOG)
    bench.set("server", bench.authority.directory)
    assert cli.enable(bench.host, BLOG).data["issued"] is True and bench.served()


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_header_counts_where_the_words_say_nothing(bench: Bench, front: Front, form: str) -> None:
    until = soon(hours=5)
    value = "18000" if form == "seconds" else format_datetime(until, usegmt=True)
    front.rules[ORDER] = lambda: rate_limited("Service busy; retry later.", {"Retry-After": value}, 503)
    with pytest.raises(RateLimited) as caught:
        manage.enable(bench.host, BLOG)
    assert caught.value.until and until <= caught.value.until <= soon(hours=5, seconds=1)
    assert manage.status(bench.host, BLOG).limited_until == caught.value.until.replace(microsecond=0)


def test_limit_without_a_time_waits_as_any_failure(bench: Bench, front: Front) -> None:
    front.rules[ORDER] = lambda: rate_limited("too many requests")
    with pytest.raises(RateLimited) as caught:
        manage.enable(bench.host, BLOG)
    found = manage.status(bench.host, BLOG)
    assert caught.value.until is None and found.limited_until is None and found.next_try and found.failures == 1


@pytest.mark.parametrize(
    ("said", "log", "expected"),
    [
        (SAID.format("2026-11-25 12:00:00 UTC"), "", NOW.replace(hour=12)),
        (
            "retry after 2026-11-25T12:00:00Z; retry after 2026-11-26T01:02:03Z",
            "",
            datetime(2026, 11, 26, 1, 2, 3, tzinfo=UTC),
        ),
        ("retry after 2026-99-99 12:00:00 UTC", "", None),
        ("", "HTTP 429\nServer: x\nRetry-After: 60\n\n{}", NOW + timedelta(minutes=1)),
        ("", "HTTP 429\nRetry-After: 60\n\nHTTP 503\nretry-after: 120\n\n", NOW + timedelta(minutes=2)),
        ("", "HTTP 429\nRetry-After: 99999999999999999999\n\n", NOW + timedelta(days=366)),
        ("", "HTTP 429\nRetry-After: soon\n\n", None),
        ("", "HTTP 200\nRetry-After: 3\n\n", None),
        ("", "", None),
    ],
)
def test_time_is_read_from_words_or_headers(said: str, log: str, expected: datetime | None) -> None:
    assert retry_after(said, log, NOW) == expected


@pytest.mark.parametrize(
    "said",
    [
        'too many failed authorizations (5) for "example.com" in the last 1h0m0s, retry after 2026-11-25 12:00:00 UTC',
        "too many new orders (300) from this account in the last 3h0m0s, retry after 2026-11-25 12:00:00 UTC",
        'too many certificates (50) already issued for "example.com" in the last 168h0m0s, retry after 2026-11-25 12:00:00 UTC',
        "too many new registrations (10) from this IP address in the last 3h0m0s, retry after 2026-11-25 12:00:00 UTC",
    ],
)
def test_every_limit_of_let_s_encrypt_is_one(said: str) -> None:
    found = fault(BLOG, f"An unexpected error occurred:\nError creating new order :: {said}: see https://x", now=NOW)
    assert isinstance(found, RateLimited) and found.until == NOW.replace(hour=12)
