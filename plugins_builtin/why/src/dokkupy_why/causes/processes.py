"""How processes end: commands that cannot be run, memory, files, the disk, the exit code."""

from __future__ import annotations

import re

from dokkupy_sdk.diagnosis import FACT, GUESS, READ, Cause, Evidence, Rule, read_rules
from dokkupy_sdk.ending import format_exit_code

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

KILLED = 128 + 9

CRLF_FIX = (
    "Give it line ends of Unix: `*.sh text eol=lf` in .gitattributes, then git add --renormalize . and push again.",
)

RULES = (
    Rule(
        r"(?P<name>\S*?):? (?:exec|cannot execute binary file)?:? ?(?i:exec format error)",
        "A program of the image was built for another processor, or is a script without its first line `#!`",
        "Build it for this server: docker build --platform linux/$(uname -m), as `uname -m` says here; begin scripts with #!/bin/sh.",
        sure=FACT,
    ),
    Rule(
        r"(?:/bin/(?:ba)?sh|env)?.*\\r(?:': | ?: |$)|\$'.*\\r''?|(?P<name>[\w./-]+): cannot execute: required file not found",
        "A script of the image has line ends of Windows (CRLF), or its first line names an interpreter that is not there",
        *CRLF_FIX,
    ),
    Rule(
        r"\bset: (?:Illegal option -$|-: invalid option)",
        "A script of the image has line ends of Windows (CRLF)",
        *CRLF_FIX,
    ),
    Rule(
        r"^(?P<name>\S+): (?:line )?\d+: \W*ELF",
        "The program {name} was built for another processor",
        "Build it for this server: docker build --platform linux/$(uname -m), as `uname -m` says here.",
        sure=FACT,
    ),
    Rule(
        r"exec: \"?(?P<name>[^\":]+)\"?: (?:executable file not found|stat .*no such file)"
        r"|exec (?P<name2>\S+) failed: No such file",
        "The command {name}{name2} is not in the image",
        "Correct the command in the Procfile or Dockerfile, or install what it belongs to: a Python or Node package has to be in "
        "the app's dependencies.",
        sure=FACT,
    ),
    Rule(
        r"(?:^|: )(?P<name>[^\s:/]+): (?:command )?not found$",
        "The command {name} is not in the image",
        "Correct the command in the Procfile, or install what it belongs to: a Python or Node package has to be in the app's "
        "dependencies.",
    ),
    Rule(
        r": (?P<name>\.{0,2}/\S+): not found$",
        "The script {name} is not in the image, or its first line names an interpreter that is not there (line ends of Windows?)",
        "Compare the command in the Procfile with the files of the repository.",
        *CRLF_FIX,
    ),
    Rule(
        r"(?:(?:sh|bash): (?:line )?\d+: |exec |env: )[\"‘']?(?P<name>\.{0,2}/?[\w./-]+)[\"’']?: (?i:permission denied)",
        "The script {name} is not executable",
        "Make it so: git update-index --chmod=+x {name}, commit, and push again; or start it with `sh {name}`.",
        sure=FACT,
    ),
    Rule(
        r"EACCES: permission denied, \w+ '(?P<name>[^']+)'"
        r"|PermissionError: \[Errno 13\] Permission denied: '(?P<name2>[^']+)'"
        r"|cannot create (?P<name3>\S+): Permission denied",
        "The program may not write or read {name}{name2}{name3}",
        "Write to /tmp or to a mounted directory: storage:mount {app} ... (its owner: storage:ensure-directory --chown).",
        "Or let the Dockerfile give the path to the program's user: RUN chown USER PATH",
    ),
    Rule(
        r"(?P<what>No space left on device|ENOSPC|database or disk is full)",
        "The disk is full",
        "See what uses it: disk:report {app}; give back what is of no use: cleanup",
        sure=FACT,
    ),
    Rule(
        r"(?P<what>JavaScript heap out of memory|OutOfMemoryError|^MemoryError|[Cc]annot allocate memory"
        r"|Allowed memory size of \d+ bytes exhausted|NoMemoryError)",
        "The program used up the memory that its runtime may take",
        "Give the runtime more: NODE_OPTIONS=--max-old-space-size=MB, JAVA_TOOL_OPTIONS=-Xmx..., PHP's memory_limit "
        "(config:set {app} KEY=VALUE).",
        "See its limit: resource:report {app}; resource:limit {app} --memory SIZE changes it.",
    ),
    Rule(
        r"(?P<what>Too many open files|EMFILE)",
        "The program has too many files or connections open",
        "Close what is not used any more, or allow more: docker-options:add {app} deploy '--ulimit nofile=65535'",
    ),
)


def endings(evidence: Evidence) -> Iterator[Cause]:
    """What the engine says of the end, surest first; the exit code alone is a guess."""
    app, who = evidence.app, evidence.process or "The process"
    limit = f", which is {evidence.memory}" if evidence.memory else ""
    more = (
        f"Give it more: resource:limit {app} --memory SIZE, then ps:restart {app}",
        "Or let it take less: fewer workers or threads.",
    )
    if evidence.oom:
        yield Cause(f"{who} used up its memory{limit}: the kernel killed it", more, sure=FACT)
        return
    if evidence.exit_code == KILLED:
        # The engine may not have noticed why when it was asked, or the kernel killed a child of the first process.
        sure = READ if limit else GUESS
        yield Cause(f"{who} was killed (SIGKILL): most likely it used up its memory{limit}", more, sure=sure)
        return
    if evidence.exit_code is None:
        return
    what = f"{who} ended with {format_exit_code(evidence.exit_code)}"
    if evidence.exit_code == 0:
        fix = "A process of the Procfile has to stay in the foreground: start the server itself, without & or a daemon option."
        sure = GUESS if evidence.lines else READ  # where nothing was printed, nothing else can be the cause
        yield Cause(f"{who} ended by itself, without an error (exit code 0)", (fix,), sure=sure)
    else:
        loop = f", {evidence.restarts} times in a row" if evidence.restarts > 1 else ""
        yield Cause(f"{what}{loop}", (), last_of(evidence), sure=GUESS)


def last_of(evidence: Evidence) -> tuple[str, ...]:
    return tuple(line[:300].rstrip() for line in evidence.lines if line.strip())[-5:]


IS_MISSING = re.compile(r"The command ([^/\s]+) is not in the image")


def of_path(evidence: Evidence, cause: Cause) -> Cause:
    """A command that was not found, with what hides it: the app's own variable PATH replaces that of the image."""
    match = IS_MISSING.fullmatch(cause.title)
    if match is None or "PATH" not in evidence.keys:
        return cause
    is_shared = "PATH" in evidence.shared
    whose = "for all apps" if is_shared else f"of {evidence.app}"
    return Cause(
        f"The command {match[1]} was not found, because the variable PATH {whose} replaces the image's own",
        (
            f"Remove the variable{', as an admin' if is_shared else ''}: "
            f"config:unset {'--global' if is_shared else evidence.app} PATH",
            f"Or give all directories: config:set {evidence.app} PATH=DIRECTORY:/usr/local/bin:/usr/bin:/bin",
        ),
        cause.lines,
        FACT,
    )


def process_causes(evidence: Evidence) -> Iterator[Cause]:
    yield from (of_path(evidence, cause) for cause in read_rules(RULES, evidence))
    yield from endings(evidence)
