"""Which images a Dockerfile names. Pure; nothing of it is executed."""

from __future__ import annotations

import re
from collections.abc import Mapping

from dokkupy_dockerfile.expose import DIRECTIVE, INSTRUCTION, expand, instructions, unquoted

FROM_FLAG = re.compile(r"--from=(\S+)")
MOUNT = re.compile(r"--mount=(\S+)")


def named_images(text: str, arguments: Mapping[str, str]) -> list[str]:
    """The images of FROM, `COPY --from=`, `RUN --mount=from=` and `# syntax=`, without the file's own stages."""
    scope: dict[str, str] = {}
    stages: set[str] = set()
    found: list[str] = []
    count = 0
    first = DIRECTIVE.fullmatch(text.split("\n", 1)[0].strip())
    if first and first[1].lower() == "syntax":
        found.append(first[2])
    for word, rest in instructions(text):
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
    return list(dict.fromkeys(found))


def of_mount(text: str) -> list[str]:
    fields = (field.strip("\"'").partition("=") for field in unquoted(text).split(","))
    return [value for key, _, value in fields if key.lower() == "from" and value]


def with_names(text: str, names: Mapping[str, str]) -> str:
    """The Dockerfile with other names of the images in FROM and `COPY --from=`."""
    for name, other in names.items():
        line = re.compile(rf"(?im)^(\s*FROM\s+(?:--\S+\s+)*|.*--from=){re.escape(name)}(?=\s|$)")
        text = line.sub(lambda found: found[1] + other, text)  # noqa: B023 - used at once
    return text
