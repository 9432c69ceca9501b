"""A how-to that types a command also names the one that undoes it, because a reader who tries something wants it undone."""

from __future__ import annotations

import re
from pathlib import Path

from dokkupy.cli.declare import find_namespace
from dokkupy.errors import UserError

from tests.architecture.each import for_each
from tests.docs.markdown import ROOT, blocks, commands
from tests.docs.test_command_lines import HOST

UNDOES = {
    "add": "remove",
    "add-allowed-ip": "remove-allowed-ip",
    "add-user": "remove-user",
    "create": "destroy",
    "disable": "enable",
    "enable": "disable",
    "expose": "unexpose",
    "install": "uninstall",
    "link": "unlink",
    "lock": "unlock",
    "login": "logout",
    "mount": "unmount",
    "schedule": "unschedule",
    "target-add": "target-remove",
}
NAMED = re.compile(r"(?<![\w:/.`-])([a-z][a-z0-9-]*):([a-z-]+)")


def missing(page: Path) -> list[str]:
    text = page.read_text()
    typed = {
        (match[1], match[2])
        for block in blocks(page)
        if block.language == "console"
        for command in commands(block)
        for match in NAMED.finditer(command.line)
    }
    return sorted(
        f"{namespace}:{undo}"
        for namespace, verb in typed
        if (undo := UNDOES.get(verb)) and exists(namespace, undo) and not named(text, namespace, undo)
    )


def named(text: str, namespace: str, verb: str) -> bool:
    """`postgres:unlink`, or `unlink` alone after another command of the namespace."""
    return re.search(rf"(?:{namespace}:|`|\||`:){verb}\b", text) is not None


def exists(namespace: str, verb: str) -> bool:
    try:
        group = find_namespace(HOST.registry, namespace)
    except UserError:
        return False
    return group is not None and verb in HOST.registry.load(group).commands


@for_each(sorted((ROOT / "docs/how-to").glob("*.md")), lambda page: page.name)
def test_a_page_names_the_way_back(page: Path) -> None:
    assert missing(page) == []
