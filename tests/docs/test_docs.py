"""The documentation is complete: the reference matches the code, links are valid, and all named commands exist."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

from dokkupy.kernel.registry import Registry

from tests.architecture.each import for_each
from tests.docs.markdown import ROOT, blocks, commands

PAGES = [
    *sorted((ROOT / "docs").rglob("*.md")),
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "plugins_builtin").glob("*/README.md")),
    *sorted((ROOT / "examples").glob("*/*/README.md")),
]
#: Those that tests/e2e/test_pages.py types.
TYPED_PAGES = [ROOT / "README.md", *(ROOT / "docs/tutorial").glob("*.md"), *(ROOT / "docs/how-to").glob("*.md")]
REGISTRY = Registry()
TYPED = re.compile(r"(?:^|\s)(?:dokkupy|dokku(?:@[\w.-]+)?) ([a-z][a-z-]*(?::[a-z][a-z-]*)*)")


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_types_of_hooks_and_roles_are_in_the_reference() -> None:
    """The reference must describe each type in a signature, such as `tx: Transaction`."""
    pages = {name: (ROOT / f"docs/reference/{name}.md").read_text() for name in ("hooks", "roles", "sdk", "errors")}
    signatures = re.findall(r"```python\n(def .*?)\n```", pages["hooks"] + pages["roles"], re.DOTALL)
    used = {name for text in signatures for name in re.findall(r"\b[A-Z][A-Za-z]+\b", text)}
    known = set(re.findall(r"^#{2,3} (\w+)$", pages["roles"] + pages["sdk"], re.MULTILINE))
    known |= set(re.findall(r"^\| `(\w+)` \|", pages["errors"], re.MULTILINE))  # a row for each
    standard = {
        "Any",
        "Callable",
        "Collection",
        "IO",
        "Iterable",
        "Iterator",
        "Mapping",
        "NoReturn",
        "None",
        "Path",
        "Sequence",
        "True",
        "False",
    }
    assert used - known - standard == set()


def test_reference_matches_the_code() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "docs/generate.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"run: python docs/generate.py\n{done.stdout}{done.stderr}"


@for_each(PAGES, name)
def test_links_are_valid(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text()):
        if not target.startswith(("http://", "https://")):
            assert (page.parent / target).exists(), f"{name(page)}: {target}"


@for_each(PAGES, name)
def test_commands_that_are_shown_exist(page: Path) -> None:
    text = page.read_text()
    shown = [command.line for block in blocks(page) if block.language == "console" for command in commands(block)]
    shown += [line.strip() for line in text.splitlines() if line.startswith("    ")]
    shown += re.findall(r"`(dokkupy [^`]+)`", text)
    for line in shown:
        for word in TYPED.findall(line):
            namespace, _, verb = word.partition(":")
            entry = REGISTRY.find("dokkupy.commands", namespace)
            if namespace in ("ssh", "main", "greeter", "tool") or entry is None and not verb:
                continue  # the name of a host, an example plugin of the text, or prose
            assert entry is not None, f"{name(page)}: {word}"
            group = REGISTRY.load(entry)
            assert verb in group.commands or (not verb and (group.bare is not None or namespace == "help")), word


@for_each(TYPED_PAGES, name)
def test_what_is_typed_stands_after_a_prompt_that_the_page_explains(page: Path) -> None:
    shown = [command for block in blocks(page) if block.language == "console" for command in commands(block)]
    if any(command.machine == "server" for command in shown):
        before, _, after = page.read_text().partition("ype what follows `#` as root on the server")
        assert after and not before.endswith(":\n\n"), "it tears a sentence from what the sentence announces"
    others = [
        line for block in blocks(page) if block.language in ("", "sh", "bash") for line in block.text.splitlines()
    ]
    others += [
        line[4:] for line in page.read_text().splitlines() if line.startswith("    ") and page.name != "README.md"
    ]
    assert [line for line in others if line.startswith(("dokkupy ", "dokku ", "ssh ", "git push"))] == []


def test_each_finding_of_doctor_is_in_the_page_of_troubles() -> None:
    rows = re.findall(r"^\| (`[^|]+) \|", (ROOT / "docs/how-to/troubleshooting.md").read_text(), re.MULTILINE)
    explained = {text for row in rows for text in re.findall(r"`([^`]+)`", row)}
    found = {check for path in sorted(ROOT.glob("plugins_builtin/*/src/**/*.py")) for check in checks_of(path)}
    assert len(found) > 30
    assert {check for check in found if check.partition(" ")[0] + " ..." not in explained} - explained == set()


def test_messages_in_the_page_of_troubles_are_those_of_the_code() -> None:
    before, _, _ = (ROOT / "docs/how-to/troubleshooting.md").read_text().partition("## What doctor reports")
    shown = re.findall(r"^\| `([^`]+)` \|", before, re.MULTILINE)
    assert len(shown) > 10
    folders = [ROOT / "core/src", ROOT / "plugin_sdk/src", *ROOT.glob("plugins_builtin/*/src")]
    sources = "\n".join(path.read_text() for folder in folders for path in folder.rglob("*.py"))
    parts = [part for text in shown for part in re.split(r" \.\.\. |: | code \d+|failed (?=its)", text) if part]
    assert [part for part in parts if part not in sources] == []


def checks_of(path: Path) -> set[str]:
    """The first argument of each `Finding(...)`, written out or by a constant of the module."""
    module = ast.parse(path.read_text())
    constants = {
        one.targets[0].id: one.value.value
        for one in module.body
        if isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Name) and isinstance(one.value, ast.Constant)
    }
    calls = [one for one in ast.walk(module) if isinstance(one, ast.Call) and ast.unparse(one.func) == "Finding"]
    names = [one.args[0] for one in calls if one.args]
    found = [one.value if isinstance(one, ast.Constant) else constants.get(ast.unparse(one)) for one in names]
    return {name for name in found if isinstance(name, str)}


def test_every_page_can_be_reached_from_the_map() -> None:
    seen, todo = set(), [ROOT / "docs/README.md"]
    while todo:
        page = todo.pop()
        if page in seen or page.suffix != ".md":
            continue
        seen.add(page)
        todo += [(page.parent / target).resolve() for target in re.findall(r"\]\(([^)#\s:]+)[^)]*\)", page.read_text())]
    assert {name(page) for page in (ROOT / "docs").rglob("*.md")} <= {name(page) for page in seen}
