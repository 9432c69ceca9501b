"""Writes docs/reference from the code: `python docs/generate.py`; with `--check` it says what is stale and exits 1.

The code is the truth: hooks by their specifications, roles by their abstract classes, commands by their declarations,
settings by their properties, errors by their classes. Only what this repository ships is described, whatever else is
installed.
"""

from __future__ import annotations

import dataclasses
import difflib
import importlib
import inspect
import json
import os
import pkgutil
import re
import sys
import tempfile
import textwrap
from pathlib import Path
from types import GenericAlias, ModuleType, UnionType
from typing import Any

import dokkupy_apps
import dokkupy_sdk
import dokkupy_sdk.testing
from dokkupy import errors, hookspecs
from dokkupy.cli.declare import Command, Group, parameters
from dokkupy.host import Host
from dokkupy.kernel.discovery import EntryPoint
from dokkupy.kernel.registry import Registry
from dokkupy_host.formats.schema import schema
from dokkupy_sdk.examples import examples
from dokkupy_sdk.settings import Property, Settings
from dokkupy_sdk.testing import command_line, contracts, untrusted
from dokkupy_sdk.typer_app import prose

sys.path.insert(0, str(Path(__file__).parent))
import compatibility  # noqa: E402 - beside this file, from wherever it is started
from permissions import page  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
NOTE = "<!-- Written by docs/generate.py; do not edit. -->\n\n"
ROLES = (
    "engine",
    "images",
    "containers",
    "networks",
    "volumes",
    "scheduler",
    "proxy",
)
KIT_ROLES = (
    "dokkupy.kernel.cipher",
    "dokkupy_sdk.builder",
    "dokkupy_sdk.one_offs",
    "dokkupy_sdk.source_store",
    "dokkupy_sdk.states",
    "dokkupy_sdk.access_log",
    "dokkupy_sdk.history",
    "dokkupy_sdk.buildpack",
    "dokkupy_sdk.tls",
    "dokkupy_sdk.backup_subject",
    "dokkupy_services.role",
    "dokkupy_services.backup_role",
    "dokkupy_services.model",
)


def shipped() -> Registry:
    """The entry points of core and the built-in plugins."""
    names = {"dokkupy-core", "dokkupy-sdk", *(f"dokkupy-{path.name}" for path in (ROOT / "plugins_builtin").iterdir())}
    return Registry([entry for entry in Registry().all if entry.distribution in names])


def loaded(registry: Registry, group: str) -> list[tuple[EntryPoint, object]]:
    return [(entry, registry.load(entry)) for entry in registry.group(group).values()]


def doc(target: object) -> str:
    return inspect.getdoc(target) or ""


def paragraph(text: str) -> str:
    """Text of a docstring as Markdown: indented blocks become code."""
    parts = []
    for block in re.split(r"\n\s*\n", text):
        lines = block.splitlines()
        if lines and all(line.startswith("    ") for line in lines):
            parts.append("```\n" + textwrap.dedent(block) + "\n```")
        else:
            parts.append(block)
    return "\n\n".join(parts).replace("\n```\n\n```\n", "\n\n")


# hooks


def hooks() -> str:
    out = [
        "# Hooks",
        "",
        "What a plugin can have a say in. Implement one in a module of the entry point group",
        "`dokkupy.plugins`, with `@hookimpl` of `dokkupy_sdk`; take only the arguments that you need.",
        "",
        "| shape | named | returns | a failing implementation |",
        "|---|---|---|---|",
        "| event | `pre_...`, `post_...` | nothing | ends the operation, which is undone |",
        "| query | `resolve_...` | an answer or None; the first counts | ends the operation |",
        "| contribution | a noun | an iterable of facts, merged | ends the operation; a conflict names both plugins |",
        "| observer | `on_...` | nothing | is a warning |",
        "",
        "Implementations run in the name order of their plugins, so pluggy's `wrapper`, `hookwrapper`, `tryfirst` and",
        "`trylast` are refused: a plugin that uses one is not loaded, and `doctor` names it.",
        "[Recipes](../how-to/extend-dokkupy.md) show how to implement one and how to specify your own.",
        "",
    ]
    out += order_in_a_deploy()
    of_plugins = [
        (entry.plugin, module) for entry, module in loaded(shipped(), "dokkupy.hookspecs") if module is not hookspecs
    ]
    for plugin, module in [("", hookspecs), *of_plugins]:
        members = [member for member in vars(module).values() if hasattr(member, "dokkupy_spec")]
        for member in sorted(members, key=lambda one: one.__code__.co_firstlineno):
            out += described_hook(member, plugin)
    return "\n".join(out)


STAGES = {
    "post_source_receive": "the source arrives (git push, git:sync, an archive)",
    "pre_build": "the image is built",
    "release_tasks": "the release is recorded; its tasks run in one-off containers",
    "pre_deploy": "instances start and are checked",
    "pre_switch": "the proxy switches to them; a request for each name follows",
    "post_deploy": "the release serves",
    "on_deploy_finished": "the old instances finish their requests and stop",
}
"""What a deploy does from a hook on, until the next one of these."""


def order_in_a_deploy() -> list[str]:
    """The hooks in the order in which a deploy calls them first, as recorded from one."""
    out = [
        "## Order in a deploy",
        "",
        "Recorded from a deploy. A contribution may be asked for again later.",
        "",
        "```",
    ]
    for name in hooks_of_a_deploy():
        if name in STAGES:
            out += [*([""] if len(out) > 6 else []), STAGES[name], "    |"]
        out.append(f"    +-- {name:<22}{shape(name)}")
    return [*out, "```", ""]


def hooks_of_a_deploy() -> list[str]:
    """Deploys on a host of fakes with a plugin that implements every hook of core's."""
    from dokkupy_apps.testing import deploy
    from dokkupy_sdk import hookimpl
    from dokkupy_sdk.testing import fake_host

    called: list[str] = []

    def implementation(name: str) -> Any:
        def record() -> list[str] | None:
            called.append(name)
            return [] if shape(name) == "contribution" else None

        record.__name__ = name
        return hookimpl(record)

    specified = [name for name, member in vars(hookspecs).items() if hasattr(member, "dokkupy_spec")]
    plugin = type("Recorder", (), {name: staticmethod(implementation(name)) for name in specified})
    entry = EntryPoint("dokkupy.plugins", "recorder", "recorder:Recorder", "dokkupy-recorder", "1", "")
    with tempfile.TemporaryDirectory() as directory:
        host = fake_host(Path(directory) / "state")
        host.hooks.register(plugin, entry)
        deploy(host, "blog", {"Procfile": "web: serve\nrelease: migrate\n", "Dockerfile": "FROM scratch\n"})
    return list(dict.fromkeys(called))


def described_hook(member: Any, plugin: str) -> list[str]:
    origin = f", of the plugin {plugin}: implement it with `@hookimpl(optionalhook=True)`" if plugin else ""
    return [
        f"## {member.__name__}",
        "",
        f"*{shape(member.__name__)}{origin}*",
        "",
        "```python",
        signature(member),
        "```",
        "",
        paragraph(doc(member)),
        "",
    ]


def shape(name: str) -> str:
    if name.startswith(("pre_", "post_")):
        return "event"
    return "query" if name.startswith("resolve_") else "observer" if name.startswith("on_") else "contribution"


def signature(function: object) -> str:
    name = getattr(function, "__name__", "")
    text = f"def {name}{inspect.signature(function)}"  # type: ignore[arg-type]
    return re.sub(r"(: |-> )(['\"])(.*?)\2(?=[,) ]|$)", r"\1\3", text)


# roles


def roles() -> str:
    out = [
        "# Roles",
        "",
        "Who does what. A role is an abstract class of `dokkupy_sdk.roles`; an adapter is a subclass in",
        "the entry point group `dokkupy.<role>`, made with the host as its only argument. The contract classes of",
        "`dokkupy_sdk.testing.contracts` hold an adapter to what is said here.",
        "",
    ]
    for name in (*(f"dokkupy.roles.{name}" for name in ROLES), *KIT_ROLES):
        module = importlib.import_module(name)
        for member in vars(module).values():
            is_value = dataclasses.is_dataclass(member) or getattr(member, "_is_protocol", False)
            if is_value and getattr(member, "__module__", "") == module.__name__:
                out += described_name(member.__name__, member)  # type: ignore[union-attr]
            if inspect.isclass(member) and inspect.isabstract(member) and member.__module__ == module.__name__:
                out += [f"## {member.__name__}", "", paragraph(doc(member)), ""]
                for method in vars(member).values():
                    if inspect.isfunction(method) and not method.__name__.startswith("_"):
                        out += ["```python", signature(method), "```", "", paragraph(doc(method)), ""]
    return "\n".join(out)


# the SDK

ELSEWHERE = ("errors", "roles")
"""Modules of the SDK that have a page of their own."""


def sdk() -> str:
    """Every module that a plugin imports, with its public names."""
    return modules_of(
        dokkupy_sdk,
        "The SDK",
        "What a plugin imports, module by module. Roles and errors have pages of their own: [roles](roles.md),",
        "[errors](errors.md). What deploys, scales and routes apps is the [kit of apps](apps.md).",
    )


def apps() -> str:
    return modules_of(
        dokkupy_apps,
        "The kit of apps",
        "The life cycle of apps, module by module, for plugins that declare `dokkupy-apps`: what deploys, scales and routes an",
        "app, and the commands of properties.",
    )


def testing() -> str:
    """What tests of plugins use, and what each contract promises: a test's name is a sentence."""
    out = ["# Tests of plugins", "", paragraph(doc(dokkupy_sdk.testing)), ""]
    for module in (dokkupy_sdk.testing, command_line, untrusted):
        out += [f"## {module.__name__}", ""]
        for name in sorted(public_names(module), key=str.lower):
            out += described_name(name, getattr(module, name))
    out += ["## dokkupy_sdk.testing.contracts", "", paragraph(doc(contracts)), ""]
    for name in sorted(contracts.__all__):
        out += described_contract(getattr(contracts, name))
    return "\n".join(out)


def described_contract(one: type) -> list[str]:
    """Its text, what its bases say of fixtures, and its promises in their order."""
    texts = dict.fromkeys(inspect.cleandoc(vars(base).get("__doc__") or "") for base in one.__mro__[:-1])
    tests = {name: None for base in reversed(one.__mro__) for name in vars(base) if name.startswith("test_")}
    promises = [f"- {name.removeprefix('test_').replace('_', ' ')}" for name in tests]
    return [
        f"### {one.__name__}",
        "",
        *(line for text in texts if text for line in (paragraph(text), "")),
        *promises,
        "",
    ]


def modules_of(package: ModuleType, title: str, *text: str) -> str:
    """Every module of a package with its public names."""
    name = package.__name__
    out = [f"# {title}", "", *text, ""]
    names = [info.name for info in pkgutil.iter_modules(package.__path__) if not info.ispkg]
    modules = [importlib.import_module(f"{name}.{one}") for one in names if one not in ELSEWHERE]
    described: dict[int, str] = {}
    for module in (package, *modules):
        out += [f"## {module.__name__}", "", paragraph(doc(module)), ""]
        for public in sorted(public_names(module), key=str.lower):
            one = getattr(module, public)
            if inspect.isclass(one) and id(one) in described:
                out += [f"### {public}", "", f"See `{described[id(one)]}`.", ""]
                continue
            described[id(one)] = f"{module.__name__}.{public}"
            out += described_name(public, one)
    return "\n".join(out)


def public_names(module: Any) -> list[str]:
    own = [name for name, one in vars(module).items() if getattr(one, "__module__", None) == module.__name__]
    return [name for name in getattr(module, "__all__", own) if not name.startswith("_")]


def described_name(name: str, one: object) -> list[str]:
    out = [f"### {name}", ""]
    if isinstance(one, GenericAlias):
        return [*out, f"`{qualified_names(str(one))}`", ""]
    if inspect.isclass(one):
        return out + described_class(one)
    if inspect.isroutine(one):
        return [*out, "```python", plain(signature(one)), "```", "", *([paragraph(doc(one)), ""] if doc(one) else [])]
    if isinstance(one, UnionType):
        return [*out, "One of " + ", ".join(f"`{member.__name__}`" for member in one.__args__) + ".", ""]
    if name in MARKERS:
        return [*out, MARKERS[name], ""]
    value = plain(repr(one))
    return [*out, f"`{name} = {value}`" if len(value) < 100 else f"A {type(one).__name__}.", ""]


MARKERS = {
    "hookimpl": "Marks a function as the implementation of the [hook](hooks.md) of its name. "
    "`optionalhook=True`: of a plugin that may not be installed.",
    "hookspec": "Marks a function as the specification of a hook that your plugin calls, in the module that its entry point "
    "in `dokkupy.hookspecs` names. See [extend dokkupy](../how-to/extend-dokkupy.md).",
}


def described_class(one: type) -> list[str]:
    """Fields of dataclasses, then methods. A subclass of `str` is text that was validated."""
    parents = ", ".join(parent.__name__ for parent in one.__bases__ if parent is not object)
    out = ["```python", f"class {one.__name__}" + (f"({parents})" if parents else ""), "```", ""]
    text = doc(one)
    if text and not text.startswith(f"{one.__name__}("):  # what dataclasses write themselves
        out += [paragraph(text), ""]
    if dataclasses.is_dataclass(one):
        out += ["| field | type | default |", "|---|---|---|"]
        for field in dataclasses.fields(one):
            kind = str(field.type).replace("|", "\\|")
            out.append(f"| `{field.name}` | `{kind}` | {default_of(field)} |")
        out.append("")
    for name, method in sorted(members_of(one).items()):
        function = method.__func__ if isinstance(method, (classmethod, staticmethod)) else method
        if name.startswith("_"):
            continue
        if inspect.isfunction(function):
            out += [
                "```python",
                plain(signature(function)),
                "```",
                "",
                *([paragraph(doc(function)), ""] if doc(function) else []),
            ]
        elif isinstance(function, property) and doc(function):
            out += [f"`{name}`: {paragraph(doc(function))}", ""]
    return out


def members_of(one: type) -> dict[str, Any]:
    """What a class has of its own, and of parents that are in no module of the SDK."""
    own: dict[str, Any] = {}
    for parent in reversed(one.__mro__):
        if parent is one or (parent.__module__.startswith("dokkupy.") and parent.__name__ == "Session"):
            own |= vars(parent)
    return own


def default_of(field: dataclasses.Field[Any]) -> str:
    if field.default_factory is not dataclasses.MISSING:
        return f"`{getattr(field.default_factory, '__name__', 'made')}()`"
    return "" if field.default is dataclasses.MISSING else f"`{plain(repr(field.default))}`".replace("|", "\\|")


def qualified_names(text: str) -> str:
    """A type without the modules that its parts are from."""
    return re.sub(r"\b(?:[a-z_]+\.)+(?=[A-Za-z])", "", text)


def plain(text: str) -> str:
    """Without addresses in memory, which differ each time: `<function f at 0x7f>` is `f`."""
    text = re.sub(r" (?:object )?at 0x[0-9a-f]+", "", text).replace(".<lambda>", "")
    return re.sub(r"<(?:function |class )?'?([\w.]+)'?>", r"\1", text)


# commands


def commands(registry: Registry) -> str:
    from dokkupy.cli.declare import usage

    out = [
        "# Commands",
        "",
        "Every command takes `--help`, and unless it passes a container's output through, `--json` and",
        "`--format json|yaml|csv|table`: see [Output for programs](../how-to/output.md). Those that change something take",
        "`--dry-run`, and with it `--verbose`. Permissions: see [Restrict SSH keys](../how-to/restrict-ssh-keys.md).",
        "",
    ]
    for entry, group in loaded(registry, "dokkupy.commands"):
        assert isinstance(group, Group)
        shown = [command for _, command in sorted(group.commands.items()) if not command.hidden]
        if not shown:
            continue
        out += [f"## {group.namespace}", "", f"{group.help}. From `{entry.distribution}`.", ""]
        for command in shown:
            out += described(command, usage(command))
    return "\n".join(out)


def described(command: Command, usage: str) -> list[str]:
    traits = [f"permission `{command.permission}`"]
    if command.root:
        traits.append("as root")
    if command.mutating:
        traits.append("`--dry-run`")
    if not command.formats:
        traits.append("no `--json`")
    out = [
        f"### {command.full_name}",
        "",
        f"    {usage}",
        "",
        paragraph(prose(command)),
        "",
        *(f"    dokku {line}" for line in examples(Host(os.devnull), command)),
        "",
        f"*{', '.join(traits)}*",
        "",
    ]
    options = [item for item in parameters(command.function) if item.kind == "option" and item.flags]
    for item in options:
        out.append(f"- `{', '.join(item.flags)}`" + (f": {item.help}" if item.help else ""))
    return [*out, ""] if options else out


# settings


def settings(registry: Registry) -> str:
    out = [
        "# Settings",
        "",
        "Set with `<namespace>:set <app>|--global <property> [value]`, shown by `<namespace>:report`.",
        "Scope: where it can be set. What is marked *release* is kept with every release, so that a rollback restores it.",
        "In force: with which command a change is, of an app that is deployed; `set` prints it, and the report shows the",
        "value as `pending` until then.",
        "",
    ]
    for entry, found in loaded(registry, "dokkupy.settings"):
        assert isinstance(found, Settings)
        if not found.properties:
            continue
        out += [
            f"## {found.namespace}",
            "",
            f"From `{entry.distribution}`.",
            "",
            "| property | default | scope | in force | |",
            "|---|---|---|---|---|",
        ]
        for prop in found.properties.values():
            effect = f"no effect: {prop.inert}" if prop.inert else in_force(prop)
            marks = (
                prop.help
                + (f"; set by `{prop.set_by}`" if prop.set_by else "")
                + (" *release*" if prop.is_kept else "")
                + (" *secret*" if prop.secret else "")
            )
            default = f"`{prop.default}`" if prop.default else ""
            out.append(f"| `{prop.name}` | {default} | {prop.scope} | {effect} | {marks.replace('|', chr(92) + '|')} |")
        out.append("")
    return "\n".join(out)


def in_force(prop: Property) -> str:
    command = prop.applies.command.replace("{app}", "APP")
    return f"`{command}`" if command else prop.applies.moment or "at once"


# errors


def fault_classes() -> str:
    out = [
        "# Errors",
        "",
        "With `--format json` an error is `{error, message, hint, details, exit_code, plugin}` on standard",
        "output, where `error` is the code; the exit status is the error's own. With `--json` the same fields are in `error`,",
        "and the code is its `code`: see [Output for programs](../how-to/output.md).",
        "",
        "| error | code | exit status | what it says |",
        "|---|---|---|---|",
    ]
    for name, member in {**vars(errors), **vars(dokkupy_sdk.errors)}.items():
        if inspect.isclass(member) and issubclass(member, errors.DokkupyError):
            first = doc(member).partition("\n")[0]
            out.append(f"| `{name}` | `{member.code}` | {member.exit_code} | {first} |")
    return "\n".join(
        [
            *out,
            "",
            "```",
            inspect.cleandoc(errors.__doc__ or "").partition("\n\n")[2].partition("\n\nEach")[0],
            "```",
            "",
        ]
    )


def permissions(registry: Registry) -> str:
    with tempfile.TemporaryDirectory() as root:
        return page(registry, Path(root))


def pages() -> dict[str, str]:
    registry = shipped()
    made = {
        "hooks": hooks(),
        "roles": roles(),
        "sdk": sdk(),
        "apps": apps(),
        "testing": testing(),
        "commands": commands(registry),
        "settings": settings(registry),
        "errors": fault_classes(),
        "permissions": permissions(registry),
        "dokku-compatibility": compatibility.page(registry),
    }
    found = {f"docs/reference/{name}.md": NOTE + text.rstrip("\n") + "\n" for name, text in made.items()}
    return {**found, "docs/reference/output-schema.json": a_line_each(schema(registry))}


def a_line_each(schema: dict[str, Any]) -> str:
    """The schema as JSON with one line for each command and each definition, so that a change shows as one line."""
    parts = []
    for name, value in schema.items():
        inner = value.items() if isinstance(value, dict) else enumerate(value) if name == "allOf" else ()
        lines = [(f"{json.dumps(key)}: " if isinstance(value, dict) else "") + json.dumps(one) for key, one in inner]
        ends = "{}" if isinstance(value, dict) else "[]"
        shown = f"{ends[0]}\n    " + ",\n    ".join(lines) + f"\n  {ends[1]}" if lines else json.dumps(value)
        parts.append(f"  {json.dumps(name)}: {shown}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def main(check: bool) -> int:
    stale = False
    for name, text in pages().items():
        path = ROOT / name
        before = path.read_text() if path.exists() else ""
        if text == before:
            continue
        stale = True
        if check:
            lines = difflib.unified_diff(before.splitlines(), text.splitlines(), name, "generated", lineterm="")
            print("\n".join(list(lines)[:60]))
        else:
            path.write_text(text)
            print(f"wrote {name}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
