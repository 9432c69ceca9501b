"""Which images a Dockerfile names. Pure; nothing of it is executed."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterable, Mapping

from dokkupy_dockerfile.expose import INSTRUCTION, directives, expand, instructions, unquoted

FRONTEND = "BUILDKIT_SYNTAX"
"""The build argument that names the frontend's image, in place of `# syntax=`."""
FROM_FLAG = re.compile(r"--from=(\S+)")
MOUNT = re.compile(r"--mount=(\S+)")


def named_images(text: str, arguments: Mapping[str, str]) -> list[str]:
    """The images of FROM, `COPY --from=`, `RUN --mount=from=` and of the frontend, without the file's own stages. Also those
    that only a frontend without heredocs would see."""
    found = [arguments[FRONTEND]] if arguments.get(FRONTEND) else []
    found += frontends(text)
    for heredocs in (True, False):
        found += of_instructions(instructions(text, heredocs=heredocs), arguments)
    return list(dict.fromkeys(found))


def frontends(text: str) -> list[str]:
    """The image of `# syntax=`, which may also be written `// syntax=`, or as JSON."""
    named = [directives(text).get("syntax")]
    with contextlib.suppress(ValueError, AttributeError, RecursionError):
        named.append(json.loads(text).get("syntax"))
    return [name for name in named if isinstance(name, str) and name]


def of_instructions(lines: Iterable[tuple[str, str]], arguments: Mapping[str, str]) -> list[str]:
    scope: dict[str, str] = {}
    stages: set[str] = set()
    found: list[str] = []
    count = 0
    for word, rest in lines:
        if word == "ONBUILD" and (inner := INSTRUCTION.fullmatch(rest)):
            word, rest = inner[1].upper(), inner[2]
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
