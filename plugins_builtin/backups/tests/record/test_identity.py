"""A backup belongs to whom what was backed up belongs, not to whoever has its name later."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from dokkupy_apps.apps import create_app, destroy_app
from dokkupy_backups.names import SubjectName
from dokkupy_backups.record.manifest import Record, from_tags
from dokkupy_backups.record.stored import BackupFile
from dokkupy_sdk import Host
from dokkupy_sdk.entry import main
from dokkupy_sdk.names import AppName
from dokkupy_sdk.testing import fake_host

pytestmark = pytest.mark.unit
BLOG = SubjectName("app:blog")
WORDS = (
    ("backups:info", "{id}"),
    ("backups:verify", "{id}"),
    ("backups:verify", "app:blog"),
    ("backups:restore", "app:blog", "--at", "{id}", "--force"),
    ("backups:restore", "app:blog", "--force"),
)


@pytest.fixture
def host(tmp_path: Path) -> Host:
    host = fake_host(tmp_path, plugins=("backups",))
    create_app(host, AppName("blog"))
    give_to_dev(host)
    return host


def give_to_dev(host: Host) -> None:
    """A key loses an app that is destroyed, where dokkupy-ssh is installed; this is its next one."""
    host.store.write("global", "ssh-keys", data={"keys": {"dev": {"role": "deployer", "apps": ["blog"]}}})


def backed_up(host: Host, number: int) -> Record:
    started = f"2026-11-{number:02d}T03:00:00.000Z"
    record = Record(
        f"{number:064x}"[::-1], "", BLOG, "gone", "here", "f", "0" * 64, 9, started, identity=BLOG.identity(host)
    )
    host.store.save(BackupFile(backup=record), record.id)
    return record


def listed(host: Host, capfd: pytest.CaptureFixture[str], who: str) -> list[str]:
    capfd.readouterr()
    assert main(["backups:list", "--format", "json"], host=host, who=who) == 0
    return [row["id"] for row in json.loads(capfd.readouterr().out)]


def test_later_app_of_the_same_name_has_none_of_the_earlier_one_s_backups(
    host: Host, capfd: pytest.CaptureFixture[str]
) -> None:
    earlier = backed_up(host, 1)
    assert listed(host, capfd, "key:dev") == [earlier.id]
    destroy_app(host, AppName("blog"))
    create_app(host, AppName("blog"))
    give_to_dev(host)
    assert listed(host, capfd, "key:dev") == []
    for words in WORDS:
        assert main([word.format(id=earlier.short) for word in words], host=host, who="key:dev") != 0
        assert earlier.started not in "".join(capfd.readouterr())
    later = backed_up(host, 2)
    assert listed(host, capfd, "key:dev") == [later.id]
    assert listed(host, capfd, "root") == [later.id, earlier.id]


def test_what_something_is_goes_with_the_backup_into_the_repository(host: Host) -> None:
    record = backed_up(host, 1)
    assert record.identity
    tags = dict(tag.partition("=")[::2] for tag in record.tags())
    found = from_tags("m", "here", tags, "gone")
    assert found is not None and found.identity == record.identity
    assert json.loads(record.body())["identity"] == record.identity
