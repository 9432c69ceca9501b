"""`plugin:trigger` calls a hook by its name, with arguments that are read by their types."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from dokkupy_apps.apps import create_app
from dokkupy_plugins.trigger import find_trigger, triggered, values_of
from dokkupy_sdk import Host, hookimpl
from dokkupy_sdk.entry import main
from dokkupy_sdk.errors import Conflict, UserError
from dokkupy_sdk.names import AppName, Secret
from dokkupy_sdk.testing import fake_host


class Plugin:
    def __init__(self) -> None:
        self.recovered = 0

    @hookimpl
    def linked_containers(self, host: Host, app: AppName) -> Iterable[tuple[str, str]]:
        return [(f"db-of-{app}", "db")]

    @hookimpl
    def resolve_unavailable(self, host: Host, app: AppName) -> str | None:
        return "crashed" if app == "blog" else None

    @hookimpl
    def setup_changes(self, host: Host, dry_run: bool) -> Iterable[str]:
        return [f"dry run: {dry_run}", str(Secret("hunter2"))]

    @hookimpl
    def on_recover(self, host: Host) -> None:
        self.recovered += 1


@pytest.fixture
def plugin() -> Plugin:
    return Plugin()


@pytest.fixture
def host(tmp_path: Path, plugin: Plugin) -> Host:
    made = fake_host(tmp_path)
    made.hooks.manager.register(plugin, name="tool")
    create_app(made, AppName("blog"))
    return made


def answers(host: Host, name: str, *words: str) -> list[tuple[str, str]]:
    found = find_trigger(host, name)
    return triggered(host, found, values_of(host, found, words))


def test_each_shape_of_a_hook_is_called_and_answers(host: Host, plugin: Plugin) -> None:
    assert ("tool", "('db-of-blog', 'db')") in answers(host, "linked_containers", "blog")
    assert answers(host, "resolve_unavailable", "blog") == [("", "crashed")]
    assert ("tool", "dry run: True") in answers(host, "setup_changes", "true")
    assert answers(host, "on_recover") == []
    assert plugin.recovered == 1


def test_no_secret_is_printed(host: Host) -> None:
    assert ("tool", "***") in answers(host, "setup_changes", "false")


def test_an_unknown_hook_is_named_with_the_nearest(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plugin:trigger", "linked-containrs"], host=host) != 0
    said = capsys.readouterr().err
    assert "is not a hook" in said and "linked_containers" in said


@pytest.mark.parametrize("name", ["post_deploy", "pre_build", "on_process_crashed"])
def test_a_hook_that_is_part_of_an_operation_is_refused(host: Host, name: str) -> None:
    with pytest.raises(Conflict, match="runs only inside an operation"):
        find_trigger(host, name)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("linked_containers", ()),
        ("linked_containers", ("blog", "more")),
        ("linked_containers", ("no such app",)),
        ("setup_changes", ("perhaps",)),
    ],
)
def test_wrong_arguments_are_refused(host: Host, name: str, words: tuple[str, ...]) -> None:
    with pytest.raises(UserError):
        answers(host, name, *words)
