"""One certificate for all names of an app, several when they are too many, or one for each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from dokkupy_certs.certificates import slots
from dokkupy_letsencrypt import cli
from dokkupy_letsencrypt.certbot import lineage
from dokkupy_letsencrypt.certbot.program import Certbot
from dokkupy_letsencrypt.order import leftovers, manage, parts
from dokkupy_letsencrypt.order.parts import SLOT, Part, divide
from dokkupy_letsencrypt.order.state import PartStatus
from dokkupy_letsencrypt.validation import reach
from dokkupy_sdk.errors import HostError
from dokkupy_sdk.names import Domain

from plugins_builtin.letsencrypt.tests.conftest import BLOG, Bench


def names(*texts: str) -> list[Domain]:
    return [Domain(text) for text in texts]


def many(number: int) -> list[Domain]:
    return [Domain(f"n{one}.example.com") for one in range(number)]


def sizes(found: list[Part]) -> dict[str, int]:
    return {part.slot: len(part.names) for part in found}


def test_shared_is_one_as_long_as_it_takes_them() -> None:
    assert divide(names("b.com", "a.com", "b.com"), each=False, before={}) == [
        Part("letsencrypt", (*names("b.com", "a.com"),))
    ]
    assert divide([], each=False, before={"letsencrypt": ["a.com"]}) == []
    assert sizes(divide(many(100), each=False, before={})) == {"letsencrypt": 100}


def test_too_many_are_split_and_stay_where_they_are() -> None:
    found = divide(many(250), each=False, before={})
    assert sizes(found) == {"letsencrypt": 100, "letsencrypt#2": 100, "letsencrypt#3": 50}
    before = {part.slot: part.names for part in found}
    assert divide(list(reversed(many(250))), each=False, before=before)[1].names == tuple(reversed(found[1].names))
    # One goes, one comes: one certificate has to be asked for, and no other.
    fewer = [*many(250)[:5], *many(250)[6:], Domain("new.example.com")]
    again = divide(fewer, each=False, before=before)
    assert [set(part.names) == set(before[part.slot]) for part in again] == [False, True, True]
    assert Domain("new.example.com") in again[0].names
    assert sizes(divide(many(250)[100:200], each=False, before=before)) == {"letsencrypt#2": 100}


def test_each_name_has_its_own() -> None:
    found = divide(names("a.com", "*.a.com"), each=True, before={"letsencrypt": ["a.com"]})
    assert [(part.slot, part.names) for part in found] == [
        ("letsencrypt/a.com", ("a.com",)),
        ("letsencrypt/*.a.com", ("*.a.com",)),
    ]
    assert [part.lineage(BLOG) for part in found] == ["blog@a.com", "blog@_.a.com"]
    longest = Part(f"letsencrypt/{'.'.join(['a' * 60] * 4)}", ())
    assert len(longest.lineage(BLOG)) < 100 and "/" not in longest.lineage(BLOG)


def test_app_with_more_names_than_a_certificate_takes_gets_several(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "MOST_NAMES", 3)
    bench.add(*many(4))
    manage.enable(bench.host, BLOG)
    kept = slots(bench.host, BLOG)
    assert sorted((slot.name, len(slot.current.names)) for slot in kept) == [("letsencrypt", 3), ("letsencrypt#2", 2)]
    assert all(bench.served(name) for name in ("blog.example.com", *many(4)))
    assert manage.renew_due(bench.host) == [] and cli.extra(bench.host, BLOG)["count"] == "2"
    # A name more: the one that has room is got again, and not the other.
    untouched = bench.served("blog.example.com")
    bench.add("one-more.example.com")
    assert manage.renew_due(bench.host) == ["blog: renewed"]
    assert bench.served("blog.example.com") == untouched and bench.served("one-more.example.com")


def test_each_is_issued_renewed_and_taken_away_by_itself(bench: Bench) -> None:
    bench.set("certificates", "each")
    bench.add("www.example.com", "shop.example.org")
    three = ("blog.example.com", "www.example.com", "shop.example.org")
    assert cli.enable(bench.host, BLOG).data["issued"] is True
    first = {name: bench.served(name) for name in three}
    assert len(set(first.values())) == 3 and all(first.values())
    assert all(slot.current.names == (slot.name.removeprefix("letsencrypt/"),) for slot in slots(bench.host, BLOG))
    assert cli.enable(bench.host, BLOG).data["issued"] is False and manage.renew_due(bench.host) == []

    assert [(row["app"], row["count"]) for row in cli.list_apps(bench.host).data] == [("blog", 3)]
    # A name comes, and costs one.
    bench.add("new.example.com")
    manage.renew_due(bench.host)
    assert {name: bench.served(name) for name in three} == first and bench.served("new.example.com")
    # A name goes, and costs none; nor does what certbot has of it stay.
    bench.remove("www.example.com")
    config = Certbot(bench.host).config
    assert "blog@www.example.com" in lineage.names(config)
    assert manage.renew_due(bench.host) == []
    assert {slot.name for slot in slots(bench.host, BLOG)} == {
        f"letsencrypt/{name}" for name in ("blog.example.com", "shop.example.org", "new.example.com")
    }
    leftovers.sweep(bench.host)
    assert "blog@www.example.com" not in lineage.names(config) and "blog@new.example.com" in lineage.names(config)

    # Each is renewed when it is due itself: the seconds are spread.
    dues = {one.part.slot: one.due for one in manage.status(bench.host, BLOG).parts if one.due}
    assert len(set(dues.values())) == 3
    earliest = min(dues.values())
    before = {slot.name: slot.current.id for slot in slots(bench.host, BLOG)}
    assert manage.renew_due(bench.host, clock=lambda: earliest) == ["blog: renewed"]
    after = {slot.name: slot.current.id for slot in slots(bench.host, BLOG)}
    assert [slot for slot in before if before[slot] != after[slot]] == [slot for slot in dues if dues[slot] == earliest]


def test_name_that_fails_keeps_no_other_from_its_own(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.set("certificates", "each")
    bench.add("bad.example.com", "www.example.com")
    plain = reach.ask
    monkeypatch.setattr(reach, "ask", lambda name, path: (404, b"") if name.startswith("bad") else plain(name, path))
    with pytest.raises(HostError, match="none of its names points to this host") as caught:
        cli.enable(bench.host, BLOG)
    assert "bad.example.com" in caught.value.details[0]
    assert bench.served() and bench.served("www.example.com") and bench.served("bad.example.com") == ""
    facts = cli.extra(bench.host, BLOG)
    assert facts["autorenew"] == "true" and facts["failures"] == "1" and "bad.example.com" in facts["last-error"]
    # It waits for its turn, and the others do not wait with it.
    assert manage.renew_due(bench.host) == []
    monkeypatch.setattr(reach, "ask", plain)
    next_try = manage.status(bench.host, BLOG).next_try
    assert next_try and manage.renew_due(bench.host, clock=lambda: next_try) == ["blog: renewed"]
    assert bench.served("bad.example.com") and cli.extra(bench.host, BLOG)["failures"] == "0"


@pytest.mark.parametrize("limit", [None, timedelta(days=7)])
def test_time_that_was_recorded_while_the_clock_was_a_year_ahead_delays_no_renewal(limit: timedelta | None) -> None:
    now = datetime(2026, 11, 25, tzinfo=UTC)

    def waits(since: datetime) -> bool:
        until = None if limit is None else since + limit
        one = PartStatus(Part(SLOT, ()), None, None, "", 1, "failed", since + timedelta(hours=1), until)
        return one.waiting(now)

    assert waits(now) and not waits(now + timedelta(days=365))


def test_change_of_mind_leaves_every_name_served_all_the_time(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.add("bad.example.com")
    manage.enable(bench.host, BLOG)
    shared = bench.served()
    bench.set("certificates", "each")
    plain = reach.ask
    monkeypatch.setattr(reach, "ask", lambda name, path: (404, b"") if name.startswith("bad") else plain(name, path))
    manage.renew_due(bench.host)
    # The name whose own could not be got has what it had.
    assert bench.served("bad.example.com") == shared != bench.served()
    monkeypatch.setattr(reach, "ask", plain)
    manage.enable(bench.host, BLOG)
    assert "letsencrypt" not in {slot.name for slot in slots(bench.host, BLOG)}
    assert len({bench.served(), bench.served("bad.example.com"), shared}) == 3
    bench.set("certificates", "")
    manage.renew_due(bench.host)
    assert [slot.name for slot in slots(bench.host, BLOG)] == ["letsencrypt"]
    assert bench.served() == bench.served("bad.example.com") != ""


def test_each_is_revoked_and_disabled_whole(bench: Bench) -> None:
    bench.set("certificates", "each")
    bench.add("www.example.com")
    manage.enable(bench.host, BLOG)
    cli.revoke(bench.host, BLOG)
    assert bench.served() == bench.served("www.example.com") == "" and slots(bench.host, BLOG) == []
    assert lineage.names(Certbot(bench.host).config) == set() and manage.renew_due(bench.host) == []
