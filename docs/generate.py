"""Writes docs/reference from the code: `python docs/generate.py`; with `--check` it says what is stale and exits 1.

The code is the truth: hooks by their specifications, roles by their abstract classes, commands by their declarations,
settings by their properties, errors by their classes. Only what this repository ships is described, whatever else is
installed.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
import re
import sys
from pathlib import Path
from typing import Any

from dokkupy import errors, hookspecs
from dokkupy.cli.declare import Command, Group, parameters
from dokkupy.kernel.discovery import EntryPoint
from dokkupy.kernel.registry import Registry
from dokkupy.kernel.settings import Property, Settings
from dokkupy.model import checks

ROOT = Path(__file__).resolve().parent.parent
NOTE = "<!-- Written by docs/generate.py; do not edit. -->\n\n"
ROLES = (
    "engine",
    "images",
    "containers",
    "networks",
    "volumes",
    "scheduler",
    "builder",
    "source",
    "proxy",
    "tls",
    "backup",
)
KIT_ROLES = ("dokkupy_services.role", "dokkupy_services.backup_role")


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
            parts.append("```\n" + inspect.cleandoc(block) + "\n```")
        else:
            parts.append(block)
    return "\n\n".join(parts)


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
    ]
    for plugin, module in [("", hookspecs), *((e.plugin, m) for e, m in loaded(shipped(), "dokkupy.hookspecs"))]:
        members = [member for member in vars(module).values() if hasattr(member, "dokkupy_spec")]
        for member in sorted(members, key=lambda one: one.__code__.co_firstlineno):
            out += described_hook(member, plugin)
    return "\n".join(out)


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
    return f"def {name}{inspect.signature(function)}".replace("'", "")  # type: ignore[arg-type]


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
            if inspect.isclass(member) and inspect.isabstract(member) and member.__module__ == module.__name__:
                out += [f"## {member.__name__}", "", paragraph(doc(member)), ""]
                for method in vars(member).values():
                    if inspect.isfunction(method) and not method.__name__.startswith("_"):
                        out += ["```python", signature(method), "```", "", paragraph(doc(method)), ""]
    return "\n".join(out)


# commands


def commands(registry: Registry) -> str:
    from dokkupy.cli.help import usage

    out = [
        "# Commands",
        "",
        "Every command takes `--format json` (unless it passes a container's output through) and",
        "`--help`; those that change something take `--dry-run`. Permissions: see",
        "[Restrict SSH keys](../how-to/restrict-ssh-keys.md).",
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
        traits.append("no `--format`")
    out = [
        f"### {command.full_name}",
        "",
        f"    {usage}",
        "",
        paragraph(doc(command.function)),
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
        "output, where `error` is the code; the exit status is the error's own.",
        "",
        "| error | code | exit status | what it says |",
        "|---|---|---|---|",
    ]
    for name, member in {**vars(errors), **vars(checks)}.items():
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


def pages() -> dict[str, str]:
    registry = shipped()
    made = {
        "hooks": hooks(),
        "roles": roles(),
        "commands": commands(registry),
        "settings": settings(registry),
        "errors": fault_classes(),
    }
    return {f"docs/reference/{name}.md": NOTE + text.rstrip("\n") + "\n" for name, text in made.items()}


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
