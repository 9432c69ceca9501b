"""Show how one command spends its time on the machine under test: each step, hook, engine call, program, fsync and
import, with milliseconds since the command began.

Run it there with dokkupy's own interpreter: `/opt/dokkupy/venv/bin/python -I timeline.py [--least MS] ps:restart APP`.
The last table has the sums of each kind. A time includes nested entries, and threads run in parallel.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import defaultdict

BEGAN = time.perf_counter()
ROWS: list[tuple[float, float, int, str, str, str]] = []
LOCAL = threading.local()


def timed(function, kind, name_of):  # type: ignore[no-untyped-def]
    """Wrap a function so that each call adds a row."""

    def wrapper(*args, **kwargs):  # type: ignore[no-untyped-def]
        LOCAL.depth = getattr(LOCAL, "depth", 0) + 1
        start = time.perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            LOCAL.depth -= 1
            thread = threading.current_thread()
            where = "" if thread is threading.main_thread() else thread.name
            row = (start - BEGAN, time.perf_counter() - start, LOCAL.depth, kind, str(name_of(*args, **kwargs)), where)
            ROWS.append(row)

    return wrapper


def wrap(owner, name, kind, name_of):  # type: ignore[no-untyped-def]
    setattr(owner, name, timed(getattr(owner, name), kind, name_of))


def wrap_imports() -> None:
    """Time the import of each module, without the modules that it imports."""
    from importlib import _bootstrap_external as external

    def inner(loader, module):  # type: ignore[no-untyped-def]
        return f"{module.__name__}"

    for loader in (external.SourceFileLoader, external.ExtensionFileLoader):
        wrap(loader, "exec_module", "import", inner)


def wrap_all() -> None:
    import select
    import subprocess

    from dokkupy.kernel import transaction
    from dokkupy.kernel.hooks import Hooks
    from dokkupy_docker.engine_api import api
    from dokkupy_docker.scheduler import DockerLocal

    wrap(transaction.Transaction, "step", "step", lambda self, name, *_, **__: name)
    wrap(transaction, "run_after", "step", lambda *_: "after the commit")
    for shape in ("emit", "gather", "ask", "notify"):
        wrap(Hooks, shape, "hook", lambda self, spec, **_: spec.__name__)
    wrap(Hooks, "_call", "hook of", lambda self, one, hook, *_, **__: f"{hook} {one.plugin_name}")
    wrap(api, "exchange", "engine", lambda method, path, *_, **__: f"{method} {path[6:90]}")
    wrap(api, "stream", "engine", lambda path, **_: f"stream {path[:60]}")
    for name in ("fsync", "fdatasync"):
        wrap(os, name, "fsync", lambda fd: os.readlink(f"/proc/self/fd/{fd}")[-70:])
    wrap(subprocess, "run", "program", lambda argv, **_: " ".join(w for w in argv if "=" not in w)[-110:])
    wrap(subprocess.Popen, "__init__", "fork", lambda self, argv, *_, **__: " ".join(argv)[:40])
    wrap(time, "sleep", "sleep", lambda seconds: f"{seconds:.3f}")
    wrap(DockerLocal, "require_alive", "look", lambda *_: "scheduler.require_alive")
    del select


def main(words: list[str]) -> int:
    least = 1.0
    if words[:1] == ["--least"]:
        least, words = float(words[1]), words[2:]
    wrap_imports()
    wrap_all()
    global BEGAN
    ROWS.clear()
    BEGAN = time.perf_counter()
    from dokkupy.cli.main import main as command

    status = command(words)
    total = time.perf_counter() - BEGAN
    for start, seconds, depth, kind, name, where in sorted(ROWS):
        if seconds * 1000 >= least and kind != "import":
            print(f"{start * 1000:8.1f} {seconds * 1000:7.1f}  {'  ' * depth}{kind}: {name} {where}", file=sys.stderr)
    kinds: dict[str, list[float]] = defaultdict(list)
    for _, seconds, _, kind, _, _ in ROWS:
        kinds[kind].append(seconds)
    for kind, found in sorted(kinds.items()):
        print(f"  {kind:<9} {len(found):4} x, {sum(found) * 1000:7.1f} ms", file=sys.stderr)
    print(f"  in all {total * 1000:.1f} ms", file=sys.stderr)
    return status


if __name__ == "__main__":
    os.environ.setdefault("DOKKUPY_ROOT", "/var/lib/dokkupy")
    sys.exit(main(sys.argv[1:]))
