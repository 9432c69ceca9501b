"""An error says what to do: those that are not about the user's own input have a hint.

A UserError or AppError often names the right form in its message (`is not a size such as 512m`), so they are not checked.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.readers import ROOT, modules, nodes

KINDS = {"HostError", "StateError", "PluginError", "NotFound", "Conflict", "Busy", "Denied"}

WITHOUT = {
    "core/src/dokkupy/cli/main.py": "the author of a plugin must correct a group that is none",
    "core/src/dokkupy/kernel/failpoints.py": "only tests make a step fail",
    "core/src/dokkupy/kernel/hooks.py": "the error of pluggy names what the author of the plugin must correct",
    "core/src/dokkupy/kernel/transaction.py": "only a damaged journal names another file",
    "plugin_sdk/src/dokkupy_sdk/execute.py": "the last lines of any program",
    "plugins_builtin/apps/src/dokkupy_apps/processes/redeploy.py": "Dokku's message for an app without a release",
    "plugins_builtin/apps/src/dokkupy_apps/releases/records.py": "Dokku's message for an app without a release",
    "plugins_builtin/apps/src/dokkupy_apps/apps.py": "Dokku's message, whose second line is the command",
    "plugins_builtin/commands/src/dokkupy_commands/cli/apps.py": "Dokku's message: there is no lock, so nothing is to be done",
    "plugins_builtin/cron/src/dokkupy_cron/tasks/task.py": "Dokku's message, which names the command",
    "plugins_builtin/docker/src/dokkupy_docker/engine_api/errors.py": "the engine's own message",
    "plugins_builtin/docker/src/dokkupy_docker/roles/registries.py": "the registry's own message",
    "plugins_builtin/services/src/dokkupy_services/lifecycle/service.py": "Dokku's message for a name that is taken",
    "plugins_builtin/services/src/dokkupy_services/records.py": "the line adds a service that was meant, if one is like it",
    "plugins_builtin/services/src/dokkupy_services/links/variables.py": "Dokku's message: it is promoted already",
}
"""Files with one such error or more -> the reason."""


def raised() -> Iterator[tuple[Path, ast.Call]]:
    """(file, call) for each error of these kinds, except in the fakes for tests."""
    for file in modules():
        if {"testing", "scaffold"} & set(file.parts) or "examples" in file.parts:
            continue
        for node in nodes(file):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in KINDS and node.args:
                yield file, node


def test_errors_have_a_hint() -> None:
    calls = list(raised())
    assert len(calls) > 250
    without = {
        str(file.relative_to(ROOT)): ast.unparse(call)
        for file, call in calls
        if not any(keyword.arg in ("hint", None) for keyword in call.keywords)
    }
    assert {file: call for file, call in without.items() if file not in WITHOUT} == {}
    assert set(WITHOUT) - set(without) == set(), "remove these files from the table"


def test_a_hint_is_a_text() -> None:
    empty = [
        f"{file.relative_to(ROOT)}:{call.lineno}"
        for file, call in raised()
        for keyword in call.keywords
        if keyword.arg == "hint" and isinstance(keyword.value, ast.Constant) and not keyword.value.value
    ]
    assert empty == []


def test_the_reason_of_a_failed_read_or_write_is_for_people() -> None:
    """`No such file or directory`, not `[Errno 2] No such file or directory: '/x'`: `error.strerror`, or `reason_of` of the SDK."""
    found = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for file in modules()
        if not {"testing", "scaffold"} & set(file.parts)
        for handler in nodes(file)
        if isinstance(handler, ast.ExceptHandler)
        and handler.name
        and "OSError" in ast.unparse(handler.type or ast.Name(""))
        for node in ast.walk(handler)
        if isinstance(node, ast.FormattedValue) and isinstance(node.value, ast.Name) and node.value.id == handler.name
    ]
    assert found == []
