"""What programs say when they end: modules, variables, files and mistakes in the source, in the words of each language."""

from __future__ import annotations

import re

from dokkupy_sdk.diagnosis import Cause, Evidence, Rule, last_match, read_rules, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

PUSH = "commit it, and push again."
SOURCE = f"Correct the source, {PUSH}"

MODULES = (
    Rule(
        r"ModuleNotFoundError: No module named '(?P<name>[^']+)'",
        "The Python module {name} is not installed in the image",
        f"Add its package to requirements.txt (or pyproject.toml), {PUSH}",
        "If it is a file of the app itself, correct its name in the command (Procfile or Dockerfile), or add it to git.",
    ),
    Rule(
        r"Cannot find (?:module|package) '(?P<name>\.{1,2}/[^']+|/[^']+)'",
        "The file {name} is not in the image",
        f"If git does not track it, add it, {PUSH}",
        "The server tells upper and lower case apart: compare the name with that of the file.",
    ),
    Rule(
        r"Cannot find (?:module|package) '(?P<name>[^./'][^']*)'",
        "The Node module {name} is not installed in the image",
        "Add it to the dependencies of package.json (devDependencies are not installed): npm install {name}",
        "Commit package.json and the lock file, and push again.",
    ),
    Rule(
        r"cannot load such file -- (?P<name>[^\s/(]+) \(LoadError\)",
        "The Ruby gem with {name} is not installed in the image",
        "Add it to the Gemfile: bundle add {name}",
        "Commit Gemfile and Gemfile.lock, and push again.",
    ),
    Rule(
        r"Failed opening required '(?P<name>vendor/[^']+)'",
        "The PHP packages are not installed: {name} is missing",
        "Run `composer install --no-dev` in the build, and let git track composer.json and composer.lock.",
    ),
    Rule(
        r"Uncaught Error: Class \"(?P<name>[^\"]+)\" not found",
        "The PHP class {name} is not installed in the image",
        f"Add its package or extension (`ext-...`) to composer.json, {PUSH}",
    ),
    Rule(
        r"no required module provides package (?P<name>[^\s;]+)",
        "The Go package {name} is not in go.mod",
        "Add it: go get {name}",
        "Commit go.mod and go.sum, and push again.",
    ),
    Rule(
        r"(?:ClassNotFoundException|NoClassDefFoundError|load main class)[: ]+(?P<name>[\w.$/]+)",
        "The Java class {name} is not in the image",
        f"Add its library to the build's dependencies, or correct the class path or the main class's name, {PUSH}",
    ),
)

FILES = (
    Rule(
        r"can't open file '(?P<name>[^']+)'"
        r"|cannot open (?P<name2>\S+): No such file"
        r"|No such file or directory -- (?P<name3>\S+) \(LoadError\)"
        r"|Could not open input file: (?P<name4>\S+)"
        r"|Unable to access jarfile (?P<name5>\S+)",
        "The file {name}{name2}{name3}{name4}{name5} is not in the image",
        "Compare the command in the Procfile or Dockerfile with the files of the repository: the server tells upper and lower "
        "case apart.",
        f"If git does not track the file, add it, {PUSH}",
    ),
)

MISTAKES = (
    Rule(
        r"^\s*(?P<what>SyntaxError|IndentationError|TabError): (?!Cannot use import statement|Unexpected token '?export)(?P<why>.+)",
        "A mistake in the source: {why}",
        SOURCE,
    ),
    Rule(r"PHP Parse error:\s+(?P<why>.+)", "A mistake in the source: {why}", SOURCE),
    Rule(r"^(?P<where>\S+\.rb|-e):\d+: syntax error, (?P<why>.+)", "A mistake in the source: {why}", SOURCE),
    Rule(
        r"^\S+\.go:\d+:\d+: (?!no required module|missing go\.sum)(?P<why>.+)",
        "The Go compiler refuses the source: {why}",
        SOURCE,
    ),
    Rule(r"^error\[E\d+\]: (?P<why>.+)", "The Rust compiler refuses the source: {why}", SOURCE),
    Rule(r"^\S+\.java:\d+: error: (?P<why>.+)", "The Java compiler refuses the source: {why}", SOURCE),
)

VARIABLE = r"(?P<name>[A-Z][A-Z0-9_]{2,})"
VARIABLES = tuple(
    map(
        re.compile,
        (
            rf"^KeyError: '{VARIABLE}'$",
            rf"key not found: \"{VARIABLE}\" \(KeyError\)",
            rf"(?i:environment variables?|env vars?)\W+(?i:is |not |set|named |called )*[\"'`]?{VARIABLE}\b",
            rf"\b{VARIABLE}[\"'`]? (?i:environment variable|env var)",
            rf": {VARIABLE}: (?:unbound variable|parameter not set)",
        ),
    )
)
"""How a variable is called that is not there; `missing_variable` makes the sentence."""

UNNAMED = (
    Rule(
        r"`Result::unwrap\(\)` on an `Err` value: NotPresent",
        "A variable of the environment that the program reads is not set",
        "Look at the source line that the output names, and set the variable: config:set {app} KEY=VALUE",
    ),
    Rule(
        r"input: 'undefined'",
        "An address that the program reads is undefined: the variable that it comes from is not set",
        "Compare the names in the source with `config:keys {app}`, and set it: config:set {app} KEY=VALUE",
    ),
)


def missing_variable(evidence: Evidence) -> Iterator[Cause]:
    """A variable that the program asks for and the app does not have."""
    for pattern in VARIABLES:
        found = last_match(pattern, evidence.text)
        if found is None:
            continue
        index, match = found
        name = match["name"]
        if name in evidence.keys:
            continue
        yield Cause(
            f"The variable {name} is not set",
            (f"config:set {evidence.app} {name}=VALUE",),
            shown(evidence.text, index),
        )
        return


def language_causes(evidence: Evidence) -> Iterator[Cause]:
    yield from missing_variable(evidence)
    yield from read_rules((*MODULES, *FILES, *MISTAKES, *UNNAMED), evidence)
