"""Each command line in a Markdown file of this repository parses: its command, flags, arguments and properties exist.

Nothing runs here. tests/e2e/test_pages.py types the README, the tutorials and the how-tos on machines; this test also reads the
READMEs of plugins, examples and the client, the changelog, and the commands within a sentence.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from dokkupy.cli.declare import Command, find_namespace, parameters
from dokkupy.cli.main import resolve, split_globals, take_late_globals
from dokkupy.cli.parse import WantsHelp, parse
from dokkupy.errors import UserError
from dokkupy.host import Host
from dokkupy_client import arguments
from dokkupy_client.cli import LOCAL
from dokkupy_client.elsewhere import HEROKU, REMOVED
from dokkupy_client.faults import Fault
from dokkupy_client.listing import Listing
from dokkupy_host.completion.listing import listing

from tests.architecture.each import for_each
from tests.docs.markdown import ROOT, blocks, commands

HOST = Host(os.devnull)
LEFT_OUT = {".venv", ".git", ".cache", "build", "dist", "node_modules"}
#: docs/generate.py writes the reference from the examples that tests/architecture/test_examples.py parses.
PAGES = [
    page
    for page in sorted(ROOT.rglob("*.md"))
    if not LEFT_OUT & set(page.relative_to(ROOT).parts) and ROOT / "docs/reference" not in page.parents
]
#: Commands that no host has: those of the plugins that the pages write, and names that the pages say to replace.
ELSEWHERE = {*HEROKU, *REMOVED, "greeter", "ssh-entry", "apps:creat", "COMMAND", "..."}
OF_THE_CLIENT = set(re.findall(r"^    ([a-z]+)", LOCAL, re.MULTILINE))
BETWEEN_COMMANDS = {"|", "||", "&&", ";", "&"}
SSH_FLAGS_WITH_VALUE = ("-i", "-p", "-L", "-o")


@dataclass(frozen=True)
class Typed:
    """The words after a program's name. whole: a command within a sentence may lack its last arguments."""

    words: list[str]
    whole: bool
    by_client: bool = False


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def lines_of(page: Path) -> Iterator[tuple[str, bool]]:
    """The lines of blocks, which are whole, and the code within sentences."""
    for block in blocks(page):
        if block.language == "console":
            yield from ((command.line.partition("\n")[0], True) for command in commands(block))
        elif block.language in ("", "sh", "bash", "yaml"):
            yield from ((line.strip(" -"), True) for line in block.text.splitlines())
    prose = re.sub(r"^ *```.*?^ *```$", "", page.read_text(), flags=re.M | re.S)
    indented = [line.strip() for line in prose.splitlines() if line.startswith("    ")]
    yield from ((re.split(r"\s{3,}", line)[0], True) for line in indented)  # what it is about follows after spaces
    yield from ((code, False) for code in re.findall(r"`([^`\n]+)`", prose))


def typed(line: str, *, whole: bool) -> Iterator[Typed]:
    """Each command of ours in a line for a shell."""
    named = re.match(r"([a-z][a-z-]*):([a-z:|-]+)(?= |$)(.*)", line)
    if not whole and named and find_namespace(HOST.registry, named[1]):  # `checks:enable|disable APP` names two
        yield from (Typed([f"{named[1]}:{verb}", *shlex.split(named[3])], whole) for verb in named[2].split("|"))
    for words in simple_commands(line):
        while words and (words[0] == "sudo" or re.fullmatch(r"[A-Z_]+=.*", words[0])):
            words = words[1:]
        if words[:1] == ["dokkupy"]:
            yield Typed(words[1:], whole)
        elif words[:1] == ["dokku"]:
            yield Typed(words[1:], whole, by_client=True)
        elif words[:1] == ["ssh"]:
            yield Typed(over_ssh(words[1:]), whole)


def simple_commands(line: str) -> Iterator[list[str]]:
    """The words of each command, without redirections and comments."""
    if not re.match(r"(sudo |ssh |echo |tar |[A-Z_]+=|dokku)", line):
        return
    lexer = shlex.shlex(line.partition(" <<")[0], posix=True, punctuation_chars="|&;<>")
    lexer.whitespace_split = True
    words: list[str] = []
    for word in lexer:
        if word in BETWEEN_COMMANDS:
            yield words
            words = []
        elif set(word) <= {"<", ">"}:
            next(lexer, None)
        else:
            words.append(word)
    yield words


def over_ssh(words: list[str]) -> list[str]:
    """What the host receives. It splits the arguments again: the login shell of root, or the entry of dokku."""
    while words and words[0].startswith("-"):
        words = words[2:] if words[0] in SSH_FLAGS_WITH_VALUE else words[1:]
    user = words[0].partition("@")[0] if words else ""
    received = shlex.split(" ".join(words[1:]))
    if user in ("dokku", "dokkupy"):
        return received
    return received[1:] if user == "root" and received[:1] in (["dokku"], ["dokkupy"]) else []


@cache
def host_listing() -> Listing:
    return Listing(listing(HOST))


def sent_by_client(words: list[str]) -> list[str]:
    """What the client sends from a repository of the app blog that has one service. Empty for a command of its own."""
    own = arguments.split(words)
    words = own.words
    if not words or words[0].partition(":")[0] in OF_THE_CLIENT:
        return []
    if words[0].endswith((":connect", ":enter")) and not words[1:]:
        words = [*words, "db"]
    app = own.app or ("blog" if host_listing().takes_app(words) else "")
    return [*own.flags, *(["--app", app] if app else []), *words]


def problem(line: Typed) -> str:
    """Why the host refuses the line; empty if it does not."""
    try:
        flags, words = split_globals(sent_by_client(line.words) if line.by_client else line.words)
        if not words or {words[0], words[0].partition(":")[0]} & ELSEWHERE:
            return ""
        command, rest = resolve(HOST, words[0], words[1:])
        if not line.whole and (not rest or any(is_placeholder(word) for word in rest) or flag_alone(rest)):
            return ""
        parse(command, take_late_globals(flags, command, [value(word) for word in rest]), flags.app)
        return unknown_property(command, rest)
    except WantsHelp:
        return ""
    except (UserError, Fault) as error:
        is_short = str(error).startswith(("Missing argument", "Please specify an app", "Required flag"))
        return "" if is_short and not line.whole else f"{error} {error.hint}"


def is_placeholder(word: str) -> bool:
    return re.search(r"\.\.\.|[<\[|]|\b[A-Z]{2,}\b", word) is not None


def flag_alone(rest: list[str]) -> bool:
    """`plugin:new --kind` in a sentence is about the flag."""
    return len(rest) == 1 and rest[0].startswith("-")


def value(word: str) -> str:
    """A word in which the shell has put a variable's value."""
    return re.sub(r"\$\w+", "1", word)


def unknown_property(command: Command, rest: list[str]) -> str:
    entry = HOST.registry.find("dokkupy.settings", command.group.namespace)
    declared = [item for item in parameters(command.function) if item.kind in ("argument", "scope")]
    at = next((number for number, item in enumerate(declared) if item.metavar == "property"), None)
    places = [word for word in rest if not word.startswith("-") or word in ("--global", "--all")]
    if entry is None or at is None or len(places) <= at or not command.name.startswith("set"):
        return ""
    settings = HOST.registry.load(entry)
    known = {*settings.listed, *settings.properties}
    return "" if places[at] in known or "task." in places[at] else f"there is no property {places[at]}"


@for_each(PAGES, name)
def test_command_lines_of_a_page_parse(page: Path) -> None:
    found = []
    for line, whole in lines_of(page):
        found += [f"{line}: {why}" for one in typed(line, whole=whole) if (why := problem(one))]
    assert found == [], "\n".join(found)


@for_each([*HEROKU.values(), *REMOVED.values()])
def test_what_the_client_proposes_for_the_commands_of_others_exists(proposed: str) -> None:
    """Such as `postgres:create NAME, then: dokku postgres:link NAME`."""
    for line in re.split(r", then: dokku ", proposed):
        words = sent_by_client(shlex.split(line.partition(" < ")[0]))
        assert not words or resolve(HOST, split_globals(words)[1][0], [])


def test_the_lines_are_found() -> None:
    """Otherwise the test above checks nothing."""
    page = ROOT / "plugins_builtin/client/README.md"
    found = [one for line, whole in lines_of(page) for one in typed(line, whole=whole)]
    assert Typed(["config:set", "GREETING=two words"], whole=True, by_client=True) in found
    (line,) = typed("ssh dokku@your-server backups:schedule postgres:db \"'30 3 * * *'\" # nightly", whole=True)
    assert line.words == ["backups:schedule", "postgres:db", "30 3 * * *"] and not problem(line)
    for wrong in ("ps:scale blog web=1 --now", "checks:set blog no-such 1", "ps:scael blog", "config:get blog 1/2"):
        (line,) = typed(f"dokkupy {wrong}", whole=True)
        assert problem(line), wrong
