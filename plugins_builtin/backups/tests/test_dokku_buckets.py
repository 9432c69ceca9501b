"""Dokku's words for the same thing: a bucket of a service is a target, its schedule a schedule."""

from __future__ import annotations

import pytest
from dokkupy_backups.dokku_buckets import BucketBackups
from dokkupy_backups.hooks import post_service_rename, pre_service_destroy
from dokkupy_backups.names import SubjectName
from dokkupy_backups.record.stored import records
from dokkupy_backups.schedule.stored import read_schedule
from dokkupy_sdk.errors import NotFound, UserError
from dokkupy_sdk.names import Secret
from dokkupy_sdk.operation import operation

from plugins_builtin.backups.tests.conftest import World
from plugins_builtin.backups.tests.servers import ACCESS, S3, SECRET

SUBJECT = "rows:db"


def endpoint(server: S3) -> str:
    return f"http://127.0.0.1:{server.port}"


def test_a_bucket_is_backed_up_into_and_scheduled(world: World, s3: S3) -> None:
    words = BucketBackups(world.host)
    with pytest.raises(NotFound, match="No credentials are stored for the buckets"):
        words.backup(SUBJECT, "first")
    words.authenticate(SUBJECT, ACCESS, Secret(SECRET), "", endpoint(s3))
    identifier = words.backup(SUBJECT, "first")
    assert [one.id for one in records(world.host)] == [identifier]
    words.schedule(SUBJECT, "0 3 * * *", "first")
    found = read_schedule(world.host, SubjectName(SUBJECT))
    assert found and found.target == records(world.host)[0].target and found.keep.daily
    assert words.scheduled(SUBJECT).startswith("0 3 * * * dokkupy backups:create rows:db --target s3-first-")
    words.unschedule(SUBJECT)
    with pytest.raises(NotFound):
        words.scheduled(SUBJECT)
    words.forget(SUBJECT)
    with pytest.raises(NotFound):
        words.forget(SUBJECT)


@pytest.mark.parametrize("bucket", ["", "A", "-x", "a b", "a/../b", "a;b", "x" * 200])
def test_what_is_no_bucket_is_refused(world: World, bucket: str) -> None:
    words = BucketBackups(world.host)
    words.authenticate(SUBJECT, "key", Secret("secret-word"), "", "https://s3.example.com")
    with pytest.raises(UserError):
        words.backup(SUBJECT, bucket)


@pytest.mark.parametrize(
    "place", ["ftp://x", "https://x/../y", "--endpoint", "https://169.254.169.254", "https://u:p@x"]
)
def test_what_is_no_store_is_refused(world: World, place: str) -> None:
    with pytest.raises(UserError):
        BucketBackups(world.host).authenticate(SUBJECT, "key", Secret("secret-word"), "", place)
        BucketBackups(world.host).backup(SUBJECT, "bucket")


def test_a_service_that_is_renamed_takes_its_schedule_along_and_destroyed_its_key(world: World, s3: S3) -> None:
    words = BucketBackups(world.host)
    words.authenticate(SUBJECT, ACCESS, Secret(SECRET), "", endpoint(s3))
    words.schedule(SUBJECT, "0 3 * * *", "second")
    with operation(world.host, "rename", "service:rows:db") as tx:
        post_service_rename(world.host, SUBJECT, "rows:new", tx)
    assert read_schedule(world.host, SubjectName(SUBJECT)) is None
    assert words.scheduled("rows:new").startswith("0 3 * * *")
    world.host = world.host.for_invocation(force=True)
    with operation(world.host, "destroy", "service:rows:new") as tx:
        pre_service_destroy(world.host, "rows:new", tx)
    with pytest.raises(NotFound):
        words.scheduled("rows:new")
    with pytest.raises(NotFound):
        words.forget("rows:new")
