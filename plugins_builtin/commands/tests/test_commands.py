"""Dokku's commands: their messages, streams and exit statuses."""

from __future__ import annotations

import json

from dokkupy.host import Host
from dokkupy_apps.testing import deploy

from plugins_builtin.commands.tests.conftest import TREE, Run


def test_an_unknown_command_is_named(run: Run) -> None:
    status, _, error = run("apps:creat", "blog")
    assert status == 1
    assert "is not a dokku command" in error


def test_every_error_is_a_json_document_when_asked(run: Run) -> None:
    status, out, _ = run("ps:report", "nope", "--format", "json")
    assert status == 20
    assert json.loads(out)["error"] == "app_not_found"


def test_a_viewer_reads_its_own_app_and_nothing_else(run: Run, host: Host) -> None:
    for name in ("blog", "shop"):
        run("apps:create", name)
    host.store.write(
        "global", "ssh-keys", data={"keys": {"eve": {"key": "", "fingerprint": "", "role": "viewer", "apps": ["blog"]}}}
    )
    assert run("--quiet", "apps:list", who="key:eve")[1] == "blog\n"
    assert run("ps:report", "blog", who="key:eve")[0] == 0
    for words in (
        ("ps:report", "shop"),
        ("config:show", "blog"),
        ("apps:destroy", "blog", "--force"),
        ("ssh-keys:list",),
    ):
        status, _, error = run(*words, who="key:eve")
        assert status == 1 and "Access denied" in error, words


def test_every_command_declares_a_permission_and_has_help(run: Run, host: Host) -> None:
    for entry in host.registry.group("dokkupy.commands").values():
        group = host.registry.load(entry)
        assert group.help
        for command in group.commands.values():
            assert command.help, command.full_name
            status, out, _ = run(*command.full_name.split(" "), "--help")
            assert status == 0 and "Usage" in out, command.full_name


def test_quiet_also_works_after_the_command(run: Run) -> None:
    run("apps:create", "blog")
    assert run("apps:list", "--quiet") == (0, "blog\n", "")
    assert run("apps:list")[1] == "=====> My Apps\nblog\n"


def test_unknown_key_may_do_nothing(run: Run, host: Host) -> None:
    deploy(host, "blog", TREE)
    for words in (["config:show", "blog"], ["logs", "blog"], ["apps:exists", "blog"], ["ps:report", "blog"]):
        assert run(*words, who="key:gone")[0] != 0, words
