"""The legacy file CHECKS, turned into health checks of web (reference, section 3.4)."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping

from dokkupy_app_json.reader import HealthCheck
from dokkupy_sdk.errors import AppError
from dokkupy_sdk.names import Secret, shown

ASSIGNMENT = re.compile(r"(WAIT|TIMEOUT|ATTEMPTS)=(\d{1,5})")
VARIABLE = re.compile(r"""\{\{\s*var\s+["']([A-Za-z_][A-Za-z0-9_]*)["']\s*\}\}""")
TARGET = re.compile(r"(?:(https?):)?(?://([A-Za-z0-9.:-]+))?(/[\x21-\x7e]*)")
DEFAULTS = {"WAIT": 5, "TIMEOUT": 30, "ATTEMPTS": 5}


def places(app_json: str) -> tuple[str, ...]:
    """Where the file may be: beside app.json, as in Dokku, or in the root of the source."""
    return tuple(dict.fromkeys((posixpath.join(posixpath.dirname(app_json), "CHECKS"), "CHECKS")))


def parse_checks_file(text: str, env: Mapping[str, Secret]) -> tuple[HealthCheck, ...]:
    """The checks of the file. Raises AppError naming the line. A variable that is not set is empty, as in Dokku."""
    values = dict(DEFAULTS)
    targets: list[tuple[int, re.Match[str], str]] = []
    for number, raw in enumerate(text.splitlines(), start=1):
        line = VARIABLE.sub(lambda found: env.get(found[1], Secret("")).reveal(), raw).strip()
        if not line or line.startswith("#"):
            continue
        assignment = re.match(r"([A-Z_]+)=", line)
        if assignment:
            found = ASSIGNMENT.fullmatch(line)
            if found:
                values[found[1]] = int(found[2])
            continue
        word, _, content = line.partition(" ")
        target = TARGET.fullmatch(word)
        if target is None:
            # The raw line: the expanded one may hold a secret.
            raise AppError(
                f"CHECKS: line {number} is not a check: {shown(raw.strip())}",
                code="bad_checks_file",
                hint="Each line is a path and, after a space, the text that must be on the page: /health OK",
            )
        targets.append((number, target, content.strip()))
    return tuple(
        HealthCheck(
            name=f"check-{number}",
            path=target[3],
            content=content,
            scheme=target[1] or "http",
            headers=(("Host", target[2]),) if target[2] else (),
            wait=values["WAIT"],
            timeout=max(1, values["TIMEOUT"]),
            attempts=max(1, values["ATTEMPTS"]),
        )
        for number, target, content in targets
    )
