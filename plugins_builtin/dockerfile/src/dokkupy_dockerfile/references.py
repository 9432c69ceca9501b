"""Which images a Dockerfile names. Pure; nothing of it is executed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping

from dokkupy_dockerfile.expose import expand, unquoted
from dokkupy_dockerfile.readings import Line, inner, readings

FRONTEND = "BUILDKIT_SYNTAX"
"""The build argument that names the frontend's image, in place of `# syntax=`."""
DIRECTIVE = re.compile(r"(?:#|//)\s*([A-Za-z][A-Za-z0-9]*)\s*=\s*(\S+).*")
FROM_FLAG = re.compile(r"--from=(\S+)")
MOUNT = re.compile(r"--mount=(\S+)")
UNREADABLE = "(unreadable JSON)"
"""Stands for the frontend of a file that begins like JSON, which is no Dockerfile, but cannot be read as JSON."""


def named_images(text: str, arguments: Mapping[str, str], triggers: Iterable[str] = ()) -> list[str]:
    """The images of FROM, `COPY --from=`, `RUN --mount=from=` and of the frontend, without the file's own stages. Also those
    that only a frontend without heredocs would see. triggers: the ONBUILD instructions of the base images."""
    found = frontends(text, arguments)
    for lines in readings(text):
        added = [line for trigger in triggers for line in readings(trigger)[0]]
        found += of_instructions([*lines, *added], arguments)
    return list(dict.fromkeys(found))


def frontends(text: str, arguments: Mapping[str, str]) -> list[str]:
    """The images of the frontend: of the build argument, of each `# syntax=`, which may also be written `// syntax=`, and of
    a file that is JSON. All of them, because versions of BuildKit take the first or the last."""
    found = [arguments[FRONTEND]] if arguments.get(FRONTEND) else []
    text = text.removeprefix("\ufeff").lstrip()
    if text.startswith("{"):
        return found + of_json(text)
    for line in text.split("\n"):
        match = DIRECTIVE.fullmatch(line.strip())
        if match and match[1].lower() == "syntax":
            found.append(match[2])
        elif line.strip() and not line.lstrip().startswith(("#", "//")):
            break
    return found


def of_json(text: str) -> list[str]:
    """The values of the key `syntax`, whose case BuildKit ignores."""
    found: list[object] = []

    def collect(pairs: list[tuple[str, object]]) -> None:
        found.extend(value for key, value in pairs if key.casefold() == "syntax")

    try:
        json.loads(text, object_pairs_hook=collect)
    except (ValueError, RecursionError):
        return [UNREADABLE]
    return [value for value in found if isinstance(value, str) and value]


def of_instructions(lines: Iterable[Line], arguments: Mapping[str, str]) -> list[str]:
    scope: dict[str, str] = {}
    stages: set[str] = set()
    found: list[str] = []
    count = 0
    for line in map(inner, lines):
        word, rest = line.word, line.rest
        if word == "ARG" and not count:
            key, equals, value = rest.partition("=")
            if equals or key in arguments:
                scope[key] = arguments.get(key, expand(unquoted(value), scope))
        elif word == "FROM":
            parts = [unquoted(part) for part in rest.split() if not part.startswith("--")]
            names = [expand(parts[0], scope)] if parts else []
            found += [name for name in names if name.lower() not in stages and name != "scratch"]
            count += 1
            stages.add(parts[2].lower() if len(parts) >= 3 and parts[1].lower() == "as" else str(count - 1))
            stages.add(str(count - 1))
        elif word in ("COPY", "ADD", "RUN"):
            names = [*FROM_FLAG.findall(rest), *(name for mount in MOUNT.findall(rest) for name in of_mount(mount))]
            found += [name for name in map(unquoted, names) if name.lower() not in stages]
    return found


def of_mount(text: str) -> list[str]:
    fields = (field.strip("\"'").partition("=") for field in unquoted(text).split(","))
    return [value for key, _, value in fields if key.lower() == "from" and value]


def with_names(text: str, names: Mapping[str, str]) -> str:
    """The Dockerfile with other names of the images in FROM and `COPY --from=`."""
    for name, other in names.items():
        line = re.compile(rf"(?im)^(\s*FROM\s+(?:--\S+\s+)*|.*--from=){re.escape(name)}(?=\s|$)")
        text = line.sub(lambda found: found[1] + other, text)  # noqa: B023 - used at once
    return text
