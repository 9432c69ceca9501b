"""Renders an app's untrusted template in its own process. Jinja's sandbox gives it no access to Python, and limits restrict
memory, time and disk.

Run as `python -I -m dokkupy_nginx.template.sandbox`, with JSON (template, variables) on standard input and the text on
standard output.
"""

from __future__ import annotations

import json
import resource
import sys

CPU_SECONDS = 2
MEMORY = 512 * 1024 * 1024
OUTPUT = 128 * 1024


def limit() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32))


def render(template: str, variables: dict[str, object]) -> str:
    """Raises jinja2.TemplateError, also for an undefined variable, because a misspelt name must not vanish."""
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True)
    pieces: list[str] = []
    size = 0
    for piece in environment.from_string(template).generate(variables):
        size += len(piece)
        if size > OUTPUT:
            raise ValueError(f"it renders to more than {OUTPUT // 1024} KiB")
        pieces.append(piece)
    return "".join(pieces)


def main() -> int:
    limit()
    request = json.load(sys.stdin)
    try:
        text = render(request["template"], request["variables"])
    except MemoryError:
        json.dump({"error": "rendering needs too much memory"}, sys.stdout)
    except Exception as error:  # whatever the template raised
        line = getattr(error, "lineno", None) or line_in_template(error)
        json.dump({"error": f"{type(error).__name__}: {error}"[:500], "line": line}, sys.stdout)
    else:
        json.dump({"text": text}, sys.stdout)
    return 0


def line_in_template(error: BaseException) -> int:
    """The line of the template at which rendering failed, from the frames named <template> in jinja2's traceback."""
    found = 0
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            found = trace.tb_lineno
        trace = trace.tb_next
    return found


if __name__ == "__main__":
    sys.exit(main())
