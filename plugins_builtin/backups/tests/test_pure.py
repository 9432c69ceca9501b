"""What needs no restic: URLs, names, facts, times, what is kept."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from dokkupy_backups.names import BackupId, DataSubset, HostName, SubjectName, SubjectOrId, TargetName
from dokkupy_backups.record.manifest import Record, from_tags, moment, stamp
from dokkupy_backups.record.plausibility import differences, emptied, implausible
from dokkupy_backups.record.stored import choose
from dokkupy_backups.repository.meter import END, Meter
from dokkupy_backups.run.retention import Keep, protected, removable
from dokkupy_backups.target.location import forbidden, parse_credentials, parse_location, refuse_forbidden
from dokkupy_sdk.cron import Cron
from dokkupy_sdk.errors import NotFound, UserError
from dokkupy_sdk.names import Secret
from dokkupy_sdk.records import decode, encode

pytestmark = pytest.mark.unit

UNTRUSTED = (
    "",
    ";id",
    "$(id)",
    "`id`",
    "a|b",
    "a&b",
    "a\nb",
    "a\rb",
    "a\0b",
    "a b",
    "'",
    '"',
    "\\",
    "*",
    "~",
    "{a,b}",
    "${IFS}",
    "-rf",
    "--privileged",
    ".",
    "..",
    "../x",
    "/",
    "%2e%2e",
    "\uff0f",
    "\u202e",
    "x" * 4096,
    "a/../b",
)


@pytest.mark.parametrize("text", UNTRUSTED)
@pytest.mark.parametrize("kind", [SubjectName, TargetName, BackupId, HostName, SubjectOrId])
def test_malicious_names_are_refused(kind: Any, text: str) -> None:
    with pytest.raises(UserError):
        kind(text)


@pytest.mark.parametrize("text", [one for one in UNTRUSTED if one not in ("", "/")])
def test_malicious_words_in_urls_are_refused(text: str) -> None:
    for form in ("s3:https://{}/bucket", "sftp:{}@host/path", "sftp:user@{}/path", "rest:https://{}/"):
        if text in ("..", ".") and "path" not in form:
            continue
        with pytest.raises(UserError):
            parse_location(form.format(text))
    if (
        text != "*"
        and "~" not in text
        and len(text) < 4096
        and all(one not in text for one in ";$`|& {}%\uff0f\u202e-\\'\"")
    ):
        with pytest.raises(UserError):
            parse_location(f"/srv/{text}" if text not in ("../x", "a/../b") else f"/srv/{text}")


@pytest.mark.parametrize(
    "url",
    [
        "ext::sh -c id",
        "file:///etc",
        "-oProxyCommand=id",
        "sftp:-oProxyCommand=id@host/path",
        "sftp:user@-host/path",
        "s3:https://key:secret@host/bucket",
        "rest:https://user:password@host/",
        "s3:http://backup.example.com/bucket",
        "rest:http://10.0.0.1/",
        "s3:https://169.254.169.254/latest",
        "rest:https://[fe80::1]/",
        "s3:https://0.0.0.0/b",
        "s3:https://2130706433/bucket",
        "s3:https://metadata.google.internal/b",
        "s3:https://[::ffff:169.254.169.254]/b",
        "rest:unix:///var/run/docker.sock",
        "s3:https://host/",
        "s3:https://host",
        "sftp:user@host:99999/path",
        "sftp:host/path",
        "rclone:remote:path",
        "swift:container:/",
        "relative/path",
        "/srv/../etc",
        "/",
        "//srv",
        "s3:https://host/bucket?x=1",
        "s3:https://host/bucket#x",
        "/srv/back\nups",
        "/srv/a:b",
    ],
)
def test_urls_that_are_no_target_are_refused_without_showing_a_password(url: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_location(url)
    assert "password@" not in str(caught.value) and "secret@" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "repository"),
    [
        ("/srv/backups", "/srv/backups"),
        ("/srv/back ups/", "/srv/back ups"),
        ("s3:https://s3.example.com/bucket/a/b", "s3:https://s3.example.com/bucket/a/b"),
        ("s3:http://127.0.0.1:9150/bucket", "s3:http://127.0.0.1:9150/bucket"),
        ("sftp:me@host:2222/srv/backups", "sftp://me@host:2222//srv/backups"),
        ("sftp:me@host:/srv/backups", "sftp://me@host//srv/backups"),
        ("sftp:me@host/~/backups", "sftp://me@host/backups"),
        ("rest:https://host:8000/me/", "rest:https://host:8000/me/"),
    ],
)
def test_urls_are_converted_to_restic_s_form(url: str, repository: str) -> None:
    assert parse_location(url).repository() == repository


def test_the_login_of_a_rest_server_is_quoted_in_restic_s_url() -> None:
    location = parse_location("rest:https://host/")
    assert location.repository("me", Secret("p@ss/w:rd")) == "rest:https://me:p%40ss%2Fw%3Ard@host/"


def test_names_that_resolve_to_metadata_addresses_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: [(2, 1, 6, "", ("169.254.169.254", 0))])
    with pytest.raises(UserError):
        refuse_forbidden(parse_location("s3:https://innocent.example.com/bucket"))
    forbidden("innocent.example.com")


def test_credentials_are_checked_without_being_shown() -> None:
    s3 = parse_location("s3:https://host/bucket")
    with pytest.raises(UserError, match="secret-key"):
        parse_credentials(s3, ["access-key=AK"])
    for words in (["canary"], ["user=canary"], ["access-key=canary\n", "secret-key=x"], ["access-key="]):
        with pytest.raises(UserError) as caught:
            parse_credentials(s3, words)
        assert "canary" not in str(caught.value)
    given, key = parse_credentials(s3, ["access-key=AK", "secret-key=a=b", "key=K"])
    assert given["secret-key"].reveal() == "a=b" and key == Secret("K") and "key" not in given
    with pytest.raises(UserError, match="both"):
        parse_credentials(parse_location("rest:https://host/"), ["user=me"])


def test_facts_may_lie_between_two_looks_and_nowhere_else() -> None:
    before, after = {"rows": "10", "schema": "a", "gone": "1"}, {"rows": "20", "schema": "b", "new": "1"}
    assert differences({"rows": "15", "schema": "a"}, before, after) == []
    assert differences({"rows": "20", "schema": "b", "new": "1"}, before, after) == []
    assert differences({"rows": "9", "schema": "a"}, before, after) == ["rows: 9, was 10, then 20"]
    assert differences({"rows": "15", "schema": "c"}, before, after) == ["schema: c, was a, then b"]
    assert differences({"schema": "a"}, before, after) == ["rows: missing, was 10"]
    assert differences({"rows": "10", "schema": "a", "x": "1"}, before, after) == ["x: 1, was not there"]
    assert len(differences({}, {str(n): "1" for n in range(100)}, {str(n): "1" for n in range(100)})) == 13


def test_sums_over_everything_count_only_when_nothing_changed_meanwhile() -> None:
    assert differences({"content": "c"}, {"content": "a"}, {"content": "b"}) == []
    assert differences({"content": "c"}, {"content": "a"}, {"content": "a"}) == ["content: c, was a"]


def test_what_is_not_plausible_beside_the_last_one() -> None:
    assert emptied({"rows": "0"}, {"rows": "5", "views": "0"}) and not emptied({"rows": "1"}, {"rows": "5"})
    assert not emptied({}, {}) and emptied({}, {"rows": "5"})
    assert implausible(49, {}, 100, {}, 50) and not implausible(50, {}, 100, {}, 50)
    assert implausible(100, {"rows": "0"}, 100, {"rows": "3"}, 50) and not implausible(
        1, {"rows": "0"}, 100, {"rows": "3"}, 0
    )


@pytest.mark.parametrize("sizes", [[0], [10], [END], [END + 1], [1, END, 1], [7] * 20_000, [3 * END, 5]])
def test_meter_knows_both_ends_of_any_stream(sizes: list[int]) -> None:
    pieces = [bytes([number % 251]) * size for number, size in enumerate(sizes)]
    meter, whole = Meter(), b"".join(pieces)
    assert b"".join(meter.through(pieces)) == whole
    assert (meter.size, meter.head, meter.tail) == (len(whole), whole[:END], whole[-END:] if whole else b"")


@pytest.mark.parametrize(
    "text", ["", "x", "* * * *", "* * * * * *", "60 * * * *", "0 0 30 2 *", "* * * * *; id", "-f", "0 0 * * *\n"]
)
def test_bad_cron_expressions_are_refused(text: str) -> None:
    if text.endswith("\n"):
        assert Cron(text) == "0 0 * * *"
        return
    with pytest.raises(UserError):
        Cron(text)


def test_missed_firings_are_one() -> None:
    cron = Cron("@daily")
    since = datetime(2026, 11, 1, 12, tzinfo=UTC)
    assert not cron.is_due(since, since + timedelta(hours=11))
    assert cron.is_due(since, since + timedelta(hours=12)) and cron.is_due(since, since + timedelta(days=9))
    assert not cron.is_due(since + timedelta(days=9), since + timedelta(days=9, hours=1))


def test_interval_is_the_longest_pause_between_two_firings() -> None:
    assert Cron("0 3 * * *").interval(datetime(2026, 1, 1)) == timedelta(days=1)
    assert Cron("0 3 * * 1-5").interval(datetime(2026, 1, 1)) == timedelta(days=3)
    assert Cron("*/15 * * * *").interval(datetime(2026, 1, 1)) == timedelta(minutes=15)


def made(number: int, **facts: Any) -> Record:
    fields: dict[str, Any] = {"why": "schedule", "subject": SubjectName("rows:db"), "host_name": "here", **facts}
    return Record(
        f"{number:064x}",
        f"{number:063x}m",
        fields.pop("subject"),
        "local",
        fields.pop("host_name"),
        "rows-db.rows",
        "0" * 64,
        100,
        f"2026-11-{number:02d}T03:00:00Z",
        **fields,
    )


def test_last_verified_and_newest_are_kept_whatever_the_policy_says() -> None:
    found = [made(9), made(8, verified="x", failed="later"), made(7), made(6, verified="x"), made(5, verified="x")]
    kept = protected(found)
    assert kept == {found[0].id, found[3].id}
    everything = {one.manifest for one in found}
    gone = removable(found, everything, safety_before=datetime(2026, 11, 20, tzinfo=UTC), kept=kept)
    assert [one.started[8:10] for one in gone] == ["08", "07", "05"]


def test_safety_backups_go_by_age_alone() -> None:
    found = [made(9, why="safety"), made(1, why="safety"), made(2)]
    gone = removable(
        found, {one.manifest for one in found}, safety_before=datetime(2026, 11, 5, tzinfo=UTC), kept=protected(found)
    )
    assert gone == [found[1]]


def test_policy_is_said_in_restic_s_words() -> None:
    assert Keep(last=3, weekly=2).words() == ["--keep-last", "3", "--keep-weekly", "2"] and Keep().words() == []


def test_records_survive_table_tags_and_manifest() -> None:
    record = made(
        3, about={"version": "17"}, before={"table public.posts: rows": "1"}, after={"a.b": "2"}, plugins={"p": "1"}
    )
    assert decode(Record, encode(record)) == record
    found = from_tags(record.manifest, "here", dict(tag.split("=", 1) for tag in record.tags() if "=" in tag), "local")
    assert found is not None and not found.whole
    assert found.completed(record.body()) == record
    assert from_tags("x", "here", {"subject": "rows:db"}, "local") is None
    assert (
        from_tags("x", "here", {**dict(t.split("=", 1) for t in record.tags() if "=" in t), "size": "many"}, "local")
        is None
    )
    assert json.loads(record.body())["format"] == 1


def test_choice_of_a_backup_by_time_host_and_proof() -> None:
    name = SubjectName("rows:db")
    found = [made(10, why="safety"), made(9, failed="bad"), made(8), made(7, verified="x"), made(6, host_name="there")]
    assert choose(found, name, None, "here") == found[2]
    assert choose(found, name, datetime(2026, 11, 7, 12, tzinfo=UTC), "here") == found[3]
    assert choose(found, name, None, "there") == found[4]
    assert choose([found[4]], name, None, "new-machine") == found[4]
    with pytest.raises(NotFound):
        choose(found, name, datetime(2026, 11, 1, tzinfo=UTC), "here")
    with pytest.raises(UserError, match="several other hosts"):
        choose([found[4], made(5, host_name="elsewhere")], name, None, "new-machine")


def test_share_of_data_to_read() -> None:
    assert DataSubset("5%") == "5%" and DataSubset("2.5%") == "2.5%"
    for text in ("5", "101%", "-1%", "1/3", "5% --x"):
        with pytest.raises(UserError):
            DataSubset(text)


def test_backups_within_one_second_are_in_their_order() -> None:
    first = datetime(2026, 11, 1, 12, 0, 0, 5_000, tzinfo=UTC)
    stamps = [stamp(first + timedelta(milliseconds=delay)) for delay in (0, 5, 95, 995)]
    assert stamps[0] == "2026-11-01T12:00:00.005Z" and sorted(stamps) == stamps and len({*stamps}) == 4
    assert moment(stamps[0]) == first
