"""Hooks, commands and settings are complete, documented and used."""

from __future__ import annotations

import ast
import functools
from operator import attrgetter
from pathlib import Path

from dokkupy import hookspecs
from dokkupy.cli.declare import PERMISSIONS, Command, Group, parameters
from dokkupy.kernel.registry import Registry
from dokkupy_sdk.names import PluginName
from dokkupy_sdk.registry import conflicts
from dokkupy_sdk.settings import Settings

from tests.architecture.each import for_each
from tests.architecture.readers import nodes

ROOT = Path(__file__).resolve().parents[2]
REGISTRY = Registry()
GROUPS: list[Group] = [REGISTRY.load(entry) for entry in REGISTRY.group("dokkupy.commands").values()]
COMMANDS = [command for group in GROUPS for command in group.commands.values()]
SETTINGS: list[Settings] = [REGISTRY.load(entry) for entry in REGISTRY.group("dokkupy.settings").values()]
SPECIFICATIONS = [hookspecs, *(REGISTRY.load(entry) for entry in REGISTRY.group("dokkupy.hookspecs").values())]
HOOKS = {
    name: member
    for module in SPECIFICATIONS
    for name, member in vars(module).items()
    if hasattr(member, "dokkupy_spec")
}
SHAPES = {"pre_": "emit", "post_": "emit", "resolve_": "ask", "on_": "notify"}
RETURNS = {"emit": "None", "notify": "None", "ask": " | None", "gather": "Iterable["}
WITHOUT_A_USER_HERE = {
    "resolve_dns_challenge",  # each implementation is for a DNS provider; the tests of letsencrypt have one
}


def is_named(arguments: list[ast.expr]) -> bool:
    return bool(arguments) and isinstance(arguments[0], ast.Name | ast.Attribute)


@functools.cache
def calls() -> dict[str, set[str]]:
    """hook -> the methods with which core and the plugins call it. Plugins import the hooks of core from the SDK."""
    found: dict[str, set[str]] = {}
    for place in ("core/src", "plugin_sdk/src", "plugins_builtin"):
        for file in (ROOT / place).rglob("*.py"):
            for node in nodes(file):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and is_named(node.args[:1]):
                    name = ast.unparse(node.args[0]).removeprefix("hookspecs.")
                    if name in HOOKS:
                        found.setdefault(name, set()).add(GOES_ON.get(node.func.attr, node.func.attr))
    return found


GOES_ON = {"emit_to_all": "emit", "gather_what_can": "gather"}
"""Variants of these calls that continue after a failing plugin. They are for removals and for the doctor."""


@for_each(HOOKS)
def test_hook_is_documented_and_called_by_the_method_of_its_shape(name: str) -> None:
    function = HOOKS[name]
    assert function.__doc__ and len(function.__doc__.strip()) > 20
    assert all(
        argument in function.__annotations__
        for argument in function.__code__.co_varnames[: function.__code__.co_argcount]
    )
    expected = next((how for prefix, how in SHAPES.items() if name.startswith(prefix)), "gather")
    returns = function.__annotations__["return"]
    assert returns.startswith(RETURNS[expected]) or (expected == "ask" and returns.endswith(RETURNS["ask"])), returns
    found = calls().get(name, set())
    if name == "post_app_destroy":
        assert found <= {"emit", "notify"} and found
        return
    assert found == {expected}, f"{name} is called by {found}"


@functools.cache
def implemented() -> set[str]:
    """The hooks that built-in plugins or examples implement."""
    found = set()
    for pattern in (
        "plugin_sdk/src/**/hooks.py",
        "plugins_builtin/*/src/*/hooks.py",
        "examples/plugins/*/src/*/hooks.py",
    ):
        for file in ROOT.glob(pattern):
            for node in nodes(file):
                if isinstance(node, ast.FunctionDef) and any("hookimpl" in ast.unparse(d) for d in node.decorator_list):
                    found.add(node.name)
    return found


@for_each(HOOKS)
def test_a_hook_has_a_user(name: str) -> None:
    assert (name in implemented()) != (name in WITHOUT_A_USER_HERE)


@for_each(COMMANDS, attrgetter("full_name"))
def test_command_has_help_and_a_permission(command: Command) -> None:
    assert command.help and not command.help.endswith(".")
    assert command.help[0].isupper()
    assert command.permission in PERMISSIONS
    for item in parameters(command.function):
        assert item.kind in ("argument", "option", "rest", "scope", "unknown-flags")
        for flag in item.flags:
            assert flag.startswith("-")


#: Commands that change something but have no --dry-run, because they run what the user gives or are called by
#: machines.
WITHOUT_PLAN = {
    "config:show",
    "config:get",
    "config:keys",
    "config:export",
    "config:bundle",
    "secrets:key",  # they only read, but they read secrets
    "run",
    "enter",
    "storage:exec",
    "tick",
    "ps:retire",
    "logs:drain",
    "run:retire",
    "checks:run",
    "git-hook",
    "git-receive-pack",
    "git:unlock",
    "plugin:install-dependencies",
    "plugin:new",
    "webhook:test",
    "completion:words",
    *(
        f"{kind}:{verb}"
        for kind in REGISTRY.group("dokkupy.datastore")
        for verb in ("connect", "enter", "export", "tunnel")
    ),
}


def test_every_command_that_changes_something_has_a_dry_run() -> None:
    writing = {c.full_name for c in COMMANDS if c.permission.endswith((":write", ":admin")) and not c.mutating}
    assert writing <= WITHOUT_PLAN, sorted(writing - WITHOUT_PLAN)


def test_nothing_is_claimed_twice() -> None:
    assert conflicts(REGISTRY) == []


@for_each(SETTINGS, attrgetter("namespace"))
def test_a_setting_is_explained_and_its_default_is_valid(settings: Settings) -> None:
    PluginName(settings.namespace)
    for prop in settings.properties.values():
        assert prop.help and prop.scope in ("app", "global", "both")
        if prop.default and "{app}" not in prop.default:
            assert prop.parse(prop.default) == prop.default, prop.name
