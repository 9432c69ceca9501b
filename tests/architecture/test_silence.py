"""Nothing is accepted without effect in silence: every option, property, key of app.json, construct of a Procfile and
option of a hook is used, refused, or has a line of output.

There is no list of exceptions: an option or property without effect declares the reason by `inert`, and its line is
tested.
"""

from __future__ import annotations

import ast
import dataclasses
from functools import cache
from operator import attrgetter
from pathlib import Path
from typing import Any

import pluggy
import pytest
from dokkupy import hookspecs
from dokkupy.cli.declare import Command, CommandResult, Group, Parameter, Scope, parameters, usage
from dokkupy.cli.main import handle_of, invoke
from dokkupy.cli.parse import parse
from dokkupy.errors import AppError, UserError
from dokkupy.host import Host
from dokkupy.kernel.hooks import REFUSED
from dokkupy.kernel.registry import Registry
from dokkupy.model.names import AppName
from dokkupy_app_json import reader as appjson
from dokkupy_app_json.notices import notices
from dokkupy_apps.builds.procfile import parse_procfile
from dokkupy_sdk.settings import Applies, Property, Settings
from dokkupy_sdk.testing import RecordingConsole, fake_host

from tests.architecture.each import for_each
from tests.architecture.readers import (
    ROOT,
    Function,
    attributes_of,
    attributes_read,
    by_name,
    class_of,
    importers,
    is_read,
    keys_read,
    node_of,
    nodes,
    release_settings_read,
)

REGISTRY = Registry()
GROUPS: list[Group] = [REGISTRY.load(entry) for entry in REGISTRY.group("dokkupy.commands").values()]
COMMANDS = [command for group in GROUPS for command in group.commands.values()]
ENTRIES = REGISTRY.group("dokkupy.settings")
SETTINGS: list[Settings] = [REGISTRY.load(entry) for entry in ENTRIES.values()]
PROPERTIES = [(settings, prop) for settings in SETTINGS for prop in settings.properties.values()]


# options


@cache
def read_in(package: Path) -> frozenset[object]:
    """The attributes that a package reads, and its texts."""
    found = [one for path in package.rglob("*.py") for one in nodes(path)]
    attributes = {one.attr for one in found if isinstance(one, ast.Attribute) and isinstance(one.ctx, ast.Load)}
    return frozenset(attributes | {one.value for one in found if isinstance(one, ast.Constant)})


def field_is_read(file: Path, node: Function, item: Parameter) -> bool:
    """Whether the command uses the `Options`, and its plugin uses the field, by attribute or by name."""
    assert item.part_of
    package = file.parents[len(file.relative_to(ROOT).parts) - 5]  # plugins_builtin/NAME/src/PACKAGE
    found = read_in(package)
    return is_read(file, node, item.part_of[0]) and (item.name in found or item.name.replace("_", "-") in found)


@for_each(COMMANDS, attrgetter("full_name"))
def test_every_parameter_of_a_command_is_used_or_declared_without_effect(command: Command) -> None:
    file, node = node_of(command.function)
    unread = [
        item.name
        for item in parameters(command.function)
        if not item.inert and not (field_is_read(file, node, item) if item.part_of else is_read(file, node, item.name))
    ]
    assert unread == [], f"{command.full_name} takes {unread} and does nothing with it"


INERT = [(command, item) for command in COMMANDS for item in parameters(command.function) if item.inert]


@pytest.mark.parametrize(
    ("command", "item"), INERT, ids=lambda one: getattr(one, "full_name", getattr(one, "name", ""))
)
def test_an_option_without_effect_prints_its_line(
    command: Command, item: Parameter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not REGISTRY.handles(handle_of(command, item)), "a plugin acts on it: `inert` is out of date"
    host = fake_host(tmp_path)
    words = [word for one in parameters(command.function) if one.required for word in plausible(one)]
    if item.kind == "argument":
        before = [one for one in parameters(command.function) if one.kind == "argument"]
        shown, words = (
            f"<{item.metavar}>",
            ["blog" for _ in before[: [one.name for one in before].index(item.name) + 1]],
        )
    else:
        shown, words = item.flags[0], [*words, item.flags[0], *([] if item.is_bool else ["2"])]
    call = parse(command, words)
    monkeypatch.setattr(command, "function", lambda *_, **__: CommandResult())
    invoke(host, call)
    assert isinstance(host.out, RecordingConsole)
    assert host.out.lines == [("warn", f"{shown} has no effect: {item.inert}")]


@pytest.mark.parametrize(("name", "shown"), [("version", "hunter2"), ("git:auth", "the last argument")])
def test_an_argument_too_many_prints_its_line_unless_it_may_be_a_secret(
    name: str, shown: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = fake_host(tmp_path)
    command = next(one for one in COMMANDS if one.full_name == name)
    taken = [word for one in parameters(command.function) if one.kind == "argument" for word in plausible(one)]
    call = parse(command, [*taken, "hunter2"])
    monkeypatch.setattr(command, "function", lambda *_, **__: CommandResult())
    invoke(host, call)
    assert isinstance(host.out, RecordingConsole)
    assert host.out.lines == [("warn", f"Ignored: {shown} (usage: {usage(command)})")]


def plausible(item: Parameter) -> list[str]:
    if item.kind in ("argument", "scope", "rest"):
        return ["blog"]
    return [item.flags[0], "1"] if item.kind == "option" and not item.is_bool else []


def test_apparent_use_of_a_parameter_does_not_count() -> None:
    """`is_read` does not count code that only looks like a use."""
    import ast

    def read(body: str) -> bool:
        tree = ast.parse(f"def f(host, x):\n    {body}\n")
        function = tree.body[0]
        assert isinstance(function, ast.FunctionDef)
        return is_read(ROOT / "plugins_builtin/commands/src/dokkupy_commands/cli/ports.py", function, "x")

    assert not any(map(read, ("pass", "del x", "x", "_ = x", '"""x"""', "y = 'x'", "x = 1")))
    assert all(map(read, ("return x", "if x:\n        return 1", "print(x)", "y = {x: 1}", "return described(x)")))
    from dokkupy_commands.cli.ports import described

    assert node_of(described)[1].name == "described"


SCOPES = {"--global": "is_global", "--all": "is_all"}


def lacking() -> list[tuple[Command, str]]:
    """Each command that takes an app, with a scope that it does not have."""
    return [
        (command, flag)
        for command in COMMANDS
        for flag, attribute in SCOPES.items()
        for item in parameters(command.function)
        if item.kind == "scope"
        and item.required
        and attribute not in attributes_of(*node_of(command.function), item.name)
    ]


@for_each(lacking, lambda one: f"{one[0].full_name} {one[1]}")
def test_a_scope_that_a_command_does_not_have_is_refused(one: tuple[Command, str], tmp_path: Path) -> None:
    """`nginx:set --all` is not `--global`."""
    command, flag = one
    call = parse(
        command, [flag, *(word for one in parameters(command.function) if one.required for word in others(one))]
    )
    with pytest.raises(UserError):
        command.function(fake_host(tmp_path / command.full_name / flag), *call.arguments, **call.keywords)


def test_usage_names_the_scopes_of_a_command() -> None:
    """`ps:restart APP|--all`: without it, the help would name `--global`, which the command refuses."""
    scopes = [
        (command.full_name, item.metavar, attributes_of(*node_of(command.function), item.name))
        for command in COMMANDS
        for item in parameters(command.function)
        if item.kind == "scope" and not command.name.startswith("set")  # these read --all to refuse it by its name
    ]
    of_all = {name for name, _, read in scopes if "is_all" in read and "is_global" not in read}
    assert len(of_all) > 10
    assert of_all - {name for name, metavar, _ in scopes if metavar == "APP|--all"} == set()


def others(item: Parameter) -> list[str]:
    return [] if item.kind == "scope" else plausible(item)


# properties


@for_each(PROPERTIES, lambda one: f"{one[0].namespace} {one[1].name}")
def test_every_property_is_used_or_declared_without_effect(one: tuple[Settings, Property]) -> None:
    """A property is read by the package that declares it, or by any package from a release."""
    import re

    settings, prop = one
    package = ENTRIES[settings.namespace].module.partition(".")[0]
    home = next(file for name, file in by_name().items() if name.partition(".")[0] == package)
    home = next(folder for folder in home.parents if folder.name == "src").parent
    by_package = any(re.fullmatch(pattern, prop.name) for pattern in keys_read(home))
    by_release = (settings.namespace, prop.name) in release_settings_read()
    assert isinstance(prop.applies, Applies)
    if prop.inert:
        assert not (by_package or by_release), (
            f"{settings.namespace} {prop.name} is read, but is declared without effect"
        )
    else:
        assert by_package or by_release, f"nobody reads {settings.namespace} {prop.name}"


@pytest.mark.parametrize(
    ("settings", "prop"),
    [pair for pair in PROPERTIES if pair[1].inert],
    ids=lambda one: getattr(one, "namespace", getattr(one, "name", "")),
)
def test_a_property_without_effect_prints_its_line(settings: Settings, prop: Property, tmp_path: Path) -> None:
    values = {"vector-sink": "console://?x=y", "vector-cron-sink": "console://?x=y"}
    values |= {"bind-all-interfaces": "true", "static-web-listener": "127.0.0.1:5000"}
    host = Host(str(tmp_path), out=RecordingConsole())
    host.store.write("apps", "blog", "app", data={"created_at": "now"})
    setter = REGISTRY.load(REGISTRY.group("dokkupy.commands")[settings.namespace]).commands["set"].function
    scope = Scope(is_global=True) if prop.scope == "global" else Scope(AppName("blog"))
    setter(host, scope, prop.name, [values.get(prop.name, "value")])
    assert isinstance(host.out, RecordingConsole)
    lines = [text for kind, text in host.out.lines if kind == "warn"]
    assert lines == [f"{settings.namespace} {prop.name} has no effect: {prop.inert}"]


@for_each(SETTINGS, attrgetter("namespace"))
def test_property_kept_by_a_release_declares_the_command_with_which_it_takes_effect(settings: Settings) -> None:
    for prop in settings.properties.values():
        assert not prop.in_release or prop.applies.moment, f"{settings.namespace} {prop.name}: `applies` is at once"
        if prop.applies.command:
            command = prop.applies.command.partition(" ")[0]
            assert any(one.full_name == command for one in COMMANDS), f"there is no command {command}"


# app.json

SHOWN = {
    appjson.CronEntry: '{"cron": [{"command": "a", "schedule": "@daily"}]}',
    appjson.Autoscaling: '{"formation": {"web": {"autoscaling": {"min_quantity": 1}}}}',
    appjson.Trigger: '{"formation": {"web": {"autoscaling": {"triggers": [{"name": "a"}]}}}}',
}
"""Parts of app.json without effect, each with an input for which the line must be printed."""

MODELS = [one for one in vars(appjson).values() if dataclasses.is_dataclass(one) and one.__module__ == appjson.__name__]


@cache
def read_of_app_json() -> set[str]:
    """The attributes of app.json that code reads."""
    return attributes_read(*importers(appjson.__name__), class_of(appjson.__name__, "AppJson"))


@for_each(MODELS, lambda model: model.__name__)
def test_every_part_of_app_json_has_an_effect_or_is_named(model: Any) -> None:
    if model in SHOWN:
        assert len(notices("app.json", appjson.parse_app_json(SHOWN[model]), lambda name: False)) == 1
        return
    unread = [field.name for field in dataclasses.fields(model) if field.name not in read_of_app_json()]
    assert unread == [], f"nobody reads {unread} of {model.__name__}"


def test_a_key_that_the_reader_of_app_json_does_not_ask_for_is_named() -> None:
    """This holds for any key at any level, because a key is known only if the reader reads it."""
    text = """{"zz": 1, "scripts": {"zz": 1, "dokku": {"zz": 1}}, "env": {"A": {"zz": 1}},
               "formation": {"web": {"zz": 1, "service": {"zz": 1}, "autoscaling": {"zz": 1, "triggers": [{"zz": 1}]}}},
               "healthchecks": {"web": [{"path": "/", "zz": 1, "onFailure": {"zz": 1}, "httpHeaders": [{"name": "a", "zz": 1}]}]},
               "cron": [{"command": "a", "schedule": "@daily", "zz": 1}], "buildpacks": [{"url": "u", "zz": 1}]}"""
    found = [path for path, _ in appjson.parse_app_json(text).unread]
    assert len(found) == text.count('"zz"'), found


# datastores


@pytest.mark.parametrize("kind", list(REGISTRY.group("dokkupy.datastore")))
def test_password_of_a_service_has_an_effect_or_a_warning(kind: str, tmp_path: Path) -> None:
    from dokkupy_sdk.model import Image
    from dokkupy_services.lifecycle.service import ServiceOptions, draft
    from dokkupy_services.names import ServiceName

    datastore = REGISTRY.load(REGISTRY.group("dokkupy.datastore")[kind])(fake_host(tmp_path))
    service = draft(
        datastore, ServiceName("db"), "image:1", Image("sha256:0"), ServiceOptions(password="correct-horse")
    )
    assert ("correct-horse" in datastore.url(service, "host", 1)) == datastore.authenticates


# Procfile


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("web: serve", {"web": "serve"}),
        ("web: serve\n\n# note\nworker: work # note", {"web": "serve", "worker": "work"}),
        ("web:serve", {"web": "serve"}),
        ("release: migrate", {"release": "migrate"}),
        ("any-type_1: x", {"any-type_1": "x"}),
        ("web: a # b\n// c", {"web": "a"}),
        ("web: echo 'a # b'", {"web": "echo 'a # b'"}),
    ],
)
def test_construct_of_a_procfile_has_an_effect(text: str, expected: dict[str, str]) -> None:
    assert parse_procfile(text) == expected


@pytest.mark.parametrize(
    "text", ["web: a\nweb: b", "web:", "web", "web: a\n   b", "a b: c", ": a", "web: a\nworker:  # no"]
)
def test_a_construct_that_a_procfile_does_not_have_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(AppError, match="line [12]"):
        parse_procfile(text)


# hooks

WORKS = {"optionalhook", "specname"}
"""Options of pluggy's `hookimpl` that work; core/tests/kernel/test_hooks.py tests each."""


def test_every_option_of_a_hook_implementation_works_or_is_refused() -> None:
    assert set(pluggy.HookimplOpts.__annotations__) == WORKS | set(REFUSED)


HOOKS = [member for member in vars(hookspecs).values() if hasattr(member, "dokkupy_spec")]


@for_each(HOOKS, lambda hook: hook.__name__)
def test_options_of_a_specification_match_how_the_hook_is_called(hook: Any) -> None:
    options = hook.dokkupy_spec
    assert set(options) == {"firstresult", "historic", "warn_on_impl", "warn_on_impl_args"}
    assert options["firstresult"] == hook.__name__.startswith("resolve_")
    assert not options["historic"], "a plugin that is loaded later would be called for what is past: nobody does that"
