"""Show how a command or a push spends its time on the machine under test: each process, step, hook, engine call, program, fsync,
sleep and import, with milliseconds since it began.

Run it there with dokkupy's own interpreter, `/opt/dokkupy/venv/bin/python -I timeline.py [--least MS] COMMAND...`: a dokkupy
command (`dokkupy ps:restart APP`), or any other that calls dokkupy (`git push`). While it runs, each process of this
interpreter records itself, so that nothing is imported that a usual run would not import. The last table has the sums of
each kind, with the processor time of the processes. A time includes nested entries, and threads run in parallel.
"""

from __future__ import annotations

import json
import os
import sys
import time

ENTERED = time.monotonic()
RECORDS = "/tmp/dokkupy-timeline"
NAME = "dokkupy_timeline"
FSYNCS = ("fsync", "fdatasync")


class Recorder:
    """The rows of this process: (start, seconds, depth, kind, name, thread), by the machine's monotonic clock."""

    def __init__(self) -> None:
        import _thread

        self.rows: list[tuple[float, float, int, str, str, str]] = []
        self.depths = _thread._local()
        self.main = _thread.get_ident()
        self.ident = _thread.get_ident
        self.pid = os.getpid()

    def timed(self, function, kind, name_of):  # type: ignore[no-untyped-def]
        """Wrap a function so that each call adds a row."""

        def wrapper(*args, **kwargs):  # type: ignore[no-untyped-def]
            depth = self.depths.depth = getattr(self.depths, "depth", 0) + 1
            start = time.monotonic()
            try:
                return function(*args, **kwargs)
            finally:
                self.depths.depth -= 1
                where = "" if self.ident() == self.main else f"(thread {self.ident() % 997})"
                self.rows.append((start, time.monotonic() - start, depth, kind, str(name_of(*args, **kwargs)), where))

        return wrapper

    def wrap(self, owner, name, kind, name_of):  # type: ignore[no-untyped-def]
        setattr(owner, name, self.timed(getattr(owner, name), kind, name_of))

    def write(self) -> None:
        """Write the rows to a file of their own, once for each program that the process runs."""
        if os.getpid() != self.pid or not self.rows:
            return
        user, system, *_ = os.times()
        ended = time.monotonic()
        words = " ".join(sys.orig_argv)[:120]
        self.rows.append((ENTERED, ended - ENTERED, 0, "process", words, f"{user + system:.3f} s of processor"))
        rows, self.rows = self.rows, []
        with open(os.path.join(RECORDS, f"{os.getpid()}-{ended:.6f}"), "w") as file:
            json.dump(rows, file)

    def watch(self) -> None:
        """Record what belongs to no module of dokkupy, and each module of it once it is imported."""
        import atexit
        from importlib import _bootstrap_external as external

        for name in FSYNCS:
            self.wrap(os, name, "fsync", lambda fd: os.readlink(f"/proc/self/fd/{fd}")[-70:])
        self.wrap(time, "sleep", "sleep", lambda seconds: f"{seconds:.3f}")
        for name in ("execv", "execve", "_exit"):
            setattr(os, name, self.last(getattr(os, name)))
        atexit.register(self.write)

        def traced(execute):  # type: ignore[no-untyped-def]
            execute = self.timed(execute, "import", lambda loader, module: module.__name__)

            def exec_module(loader, module):  # type: ignore[no-untyped-def]
                execute(loader, module)
                if module.__name__ in POINTS:
                    POINTS[module.__name__](self, module)

            return exec_module

        for loader in (external.SourceFileLoader, external.ExtensionFileLoader):
            loader.exec_module = traced(loader.exec_module)

    def last(self, function):  # type: ignore[no-untyped-def]
        def wrapper(*args):  # type: ignore[no-untyped-def]
            self.write()
            return function(*args)

        return wrapper


def transaction(to: Recorder, module) -> None:  # type: ignore[no-untyped-def]
    to.wrap(module.Transaction, "step", "step", lambda self, name, *_, **__: name)
    to.wrap(module, "run_after", "step", lambda *_: "after the commit")


def hooks(to: Recorder, module) -> None:  # type: ignore[no-untyped-def]
    for shape in ("emit", "gather", "ask", "notify"):
        to.wrap(module.Hooks, shape, "hook", lambda self, spec, **_: spec.__name__)
    to.wrap(module.Hooks, "_call", "hook of", lambda self, one, hook, *_, **__: f"{hook} {one.plugin_name}")


def engine(to: Recorder, module) -> None:  # type: ignore[no-untyped-def]
    to.wrap(module, "exchange", "engine", lambda method, path, *_, **__: f"{method} {path[6:90]}")
    to.wrap(module, "stream", "engine", lambda path, **_: f"stream {path[:60]}")


def programs(to: Recorder, module) -> None:  # type: ignore[no-untyped-def]
    to.wrap(module, "run", "program", lambda argv, **_: " ".join(w for w in argv if "=" not in w)[-110:])
    to.wrap(module.Popen, "__init__", "fork", lambda self, argv, *_, **__: " ".join(argv)[:40])
    to.wrap(module.Popen, "wait", "program", lambda self, *_, **__: "wait for " + " ".join(self.args)[:80])


def executed(to: Recorder, module) -> None:  # type: ignore[no-untyped-def]
    to.wrap(module, "execute", "program", lambda argv, **_: " ".join(w for w in argv if "=" not in w)[-110:])


def scheduler(to: Recorder, module) -> None:  # type: ignore[no-untyped-def]
    to.wrap(module.DockerLocal, "require_alive", "look", lambda *_: "scheduler.require_alive")


def proxy(to: Recorder, module) -> None:  # type: ignore[no-untyped-def]
    for name in ("apply", "validate_ahead", "unserved"):
        to.wrap(module.NginxProxy, name, "proxy", lambda *_, name=name, **__: name)


def nginx(to: Recorder, module) -> None:  # type: ignore[no-untyped-def]
    for name in ("test", "reload", "await_generation"):
        to.wrap(module.Nginx, name, "nginx", lambda *_, name=name, **__: name)


POINTS = {
    "dokkupy.kernel.transaction": transaction,
    "dokkupy.kernel.hooks": hooks,
    "dokkupy_docker.engine_api.api": engine,
    "dokkupy_docker.scheduler": scheduler,
    "dokkupy_sdk.execute": executed,
    "dokkupy_nginx.proxy": proxy,
    "dokkupy_nginx.server.process": nginx,
    "subprocess": programs,
}
"""Module -> what is recorded of it."""


def main(words: list[str]) -> int:
    import shutil
    import subprocess
    import sysconfig
    from collections import defaultdict

    least = 1.0
    if words[:1] == ["--least"]:
        least, words = float(words[1]), words[2:]
    packages = sysconfig.get_paths()["purelib"]
    module, start = (os.path.join(packages, f"{NAME}.{end}") for end in ("py", "pth"))
    os.umask(0)
    shutil.rmtree(RECORDS, ignore_errors=True)
    os.mkdir(RECORDS, 0o1777)
    written = os.stat(packages)
    shutil.copy(__file__, module)
    subprocess.run([sys.executable, "-m", "compileall", "-q", module], check=True)
    try:
        with open(start, "w") as file:
            file.write(f"import {NAME}\n")
        began = time.monotonic()
        done = subprocess.run(words)
        total = time.monotonic() - began
        time.sleep(1)  # a process that the command leaves behind, such as ps:retire
    finally:
        os.unlink(start)
        os.unlink(module)
        # The launcher's index is valid for this time. Meanwhile all ran without it, so imports took longer.
        os.utime(packages, ns=(written.st_atime_ns, written.st_mtime_ns))
    rows = []
    for name in os.listdir(RECORDS):
        with open(os.path.join(RECORDS, name)) as file:
            rows += [(*row, int(name.partition("-")[0])) for row in json.load(file)]
    kinds: dict[str, list[float]] = defaultdict(list)
    for at, seconds, depth, kind, name, where, pid in sorted(rows):
        if at < began + total:
            kinds[kind].append(seconds)
        if seconds * 1000 >= least and kind != "import":
            print(f"{(at - began) * 1000:8.1f} {seconds * 1000:7.1f} {pid:7} {'  ' * depth}{kind}: {name} {where}")
    for kind, found in sorted(kinds.items()):
        print(f"  {kind:<9} {len(found):4} x, {sum(found) * 1000:7.1f} ms")
    print(f"  in all {total * 1000:.1f} ms")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
elif os.path.isdir(RECORDS):
    Recorder().watch()
