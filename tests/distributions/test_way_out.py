"""Commands that remove something work even if an earlier operation on the same app can be neither finished nor rolled
back."""

from __future__ import annotations

from pathlib import Path

import pytest
from dokkupy.cli.main import main
from dokkupy.host import Host
from dokkupy.kernel.discovery import entry_points
from dokkupy.kernel.journal import Journal, new_id
from dokkupy_apps.testing import deploy
from dokkupy_sdk.testing import fake_host

PLUGINS = tuple(sorted({entry.plugin for entry in entry_points()}))

WAYS_OUT = (
    "config:unset --no-restart blog A",
    "config:clear --no-restart blog",
    "domains:remove blog www.example.com",
    "domains:clear blog",
    "domains:disable blog",
    "ports:clear blog",
    "proxy:disable blog",
    "checks:enable blog",
    "docker-options:remove blog deploy --init",
    "docker-options:clear blog",
    "resource:limit-clear blog",
    "resource:reserve-clear blog",
    "buildpacks:clear blog",
    "letsencrypt:disable blog",
    "apps:unlock blog",
    "services:unlink --no-restart big blog",
    "nginx:set blog hsts",
    "builder:set blog selected",
    "scheduler:set blog selected",
    "proxy:set blog type",
    "apps:destroy --force blog",
)
OF_THE_HOST = (
    "config:unset --global A",
    "config:clear --global",
    "domains:clear-global",
    "ssh-keys:remove me",
    "plugin:disable resource",
    "backups:set upload-limit",
    "nginx:set --global hsts",
)


@pytest.fixture
def host(tmp_path: Path) -> Host:
    made = fake_host(tmp_path / "state", plugins=PLUGINS, real=("source",))
    made.hooks.manager.unregister(name="checks")  # this test cannot wait, because fake instances never answer
    deploy(made, "blog", {"Procfile": "web: serve"})
    for words in (
        "config:set --no-restart blog A=1",
        "domains:add blog www.example.com",
        "docker-options:add blog deploy --init",
        "checks:disable blog web",
        "services:adopt big postgres://u:p@db.example.com/x",
        "services:link --no-restart big blog",
        "apps:lock blog",
    ):
        assert main(words.split(), host=made) == 0, words
    return made


def leave_unfinished(host: Host, subject: str) -> None:
    """Leave an unfinished operation whose step cannot be undone, because its plugin was removed."""
    journal = Journal(host.root, new_id())
    journal.begin({"id": journal.id, "verb": "gone:set", "subject": subject, "also": (), "pid": 0, "who": ""})
    journal.write({"type": "step", "name": "x", "undo": {"call": "dokkupy_gone.work:undo", "arguments": {}}})


@pytest.mark.parametrize("words", WAYS_OUT)
def test_removal_from_an_app_works_despite_an_unfinished_operation(
    host: Host, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    leave_unfinished(host, "app:blog")
    assert main(["ports:add", "blog", "http:81:5000"], host=host) == 1, "what changes the app waits"
    capsys.readouterr()
    assert main(words.split(), host=host) == 0, capsys.readouterr().err
    assert "Internal error" not in capsys.readouterr().err


@pytest.mark.parametrize("words", OF_THE_HOST)
def test_removal_from_the_host_works_despite_an_unfinished_operation(
    host: Host, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    leave_unfinished(host, "host")
    status, said = main(words.split(), host=host), capsys.readouterr().err
    assert "Internal error" not in said and "could not be undone" not in said
    assert status == (1 if words.startswith("ssh-keys") else 0), said  # there is no such key
