"""Kill a command at a failpoint, and return the state after `recover`, on a host of fakes.

The fakes are in memory, but a real engine continues after a command is killed. Therefore the command runs in a fork. At
the failpoint, the fork continues as the next process: it closes the files of the state, which releases the locks as a
kill does, recovers, and reads the state. The killed command does not continue.
"""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import re
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from dokkupy.cli.main import main
from dokkupy.host import Host
from dokkupy.kernel import failpoints

Look = dict[str, str]

NOT_COMPARED = re.compile(r"(journal|locks|logs|audit)/.*|apps/[^/]*/tls/.*|.*\.previous")
"""Files that are not compared: those that record events, including rolled back ones, and files of certificates, which
the timer removes if no record names them. Open journals are compared."""

MASKS = (
    (re.compile(r"(-----BEGIN [A-Z ]+-----).*?-----END", re.DOTALL), r"\1 RANDOM -----END"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)?"), "TIME"),
    (re.compile(r"\b1[789]\d{8}(\.\d+)?\b"), "TIME"),
    (re.compile(r"\{SSHA\}[0-9A-Za-z+/]+=*"), "HASH"),
    (re.compile(r"\b[0-9A-Za-z+]{24,}={0,2}|\b0[0-9a-z]{16}\b|\b[0-9a-f]{6,}\b"), "RANDOM"),
)
"""Values that differ between two runs of one command."""


def masked(text: str) -> str:
    for pattern, word in MASKS:
        text = pattern.sub(word, text)
    return text


def look(host: Host) -> Look:
    """The state's files, the engine and the proxy, without random values."""
    root = Path(host.root)
    seen = {
        masked(str(path.relative_to(root))): masked(path.read_text(errors="replace"))
        for path in sorted(root.rglob("*"))
        if path.is_file() and not NOT_COMPARED.fullmatch(str(path.relative_to(root)))
    }
    seen["open journals"] = " ".join(sorted(os.listdir(root / "journal" / "open")))
    engine: Any = host.engine()
    for name in ("made", "tags", "nets", "vols", "pushed"):
        seen[f"engine: {name}"] = masked("\n".join(sorted(getattr(engine, name))))
    proxy: Any = host.proxy()
    seen |= {f"proxy: {app}": masked(str(route)) for app, route in proxy.routes.items()}
    return seen


def in_fork(do: Callable[[Callable[[Any], None]], None]) -> Any:
    """Run a function in a fork of this process, and return the value that it passes to its argument."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:

        def answer(value: Any) -> None:
            with os.fdopen(writer, "wb") as file:
                pickle.dump(value, file)
            os._exit(0)

        try:
            do(answer)
        except BaseException as error:
            answer(error if isinstance(error, AssertionError) else AssertionError(f"{type(error).__name__}: {error}"))
        finally:
            os._exit(1)
    os.close(writer)
    with os.fdopen(reader, "rb") as file:
        content = file.read()
    os.waitpid(child, 0)
    value = pickle.loads(content)
    if isinstance(value, AssertionError):
        raise value
    return value


def typed(host: Host, words: Sequence[str], stdin: bytes = b"") -> None:
    """Run a command that succeeds."""
    sys.stdin = io.TextIOWrapper(io.BytesIO(stdin))
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(list(words), host=host)
    assert status == 0, f"{' '.join(words)}: {err.getvalue()}{out.getvalue()}"


def whole(host: Host, words: Sequence[str], stdin: bytes, log: Path) -> tuple[list[str], Look]:
    """The failpoints of a command, and the state after it."""

    def run(answer: Callable[[Any], None]) -> None:
        failpoints._passed = 0
        os.environ["DOKKUPY_FAILPOINT_LOG"] = str(log)
        typed(host, words, stdin)
        names = log.read_text().splitlines() if log.exists() else []
        typed(host, ["recover"])
        answer(([line.partition("\t")[2] for line in names], look(host)))

    log.unlink(missing_ok=True)
    found: tuple[list[str], Look] = in_fork(run)
    return found


def recovered(host: Host, words: Sequence[str], stdin: bytes, number: int) -> Look:
    """The state after a command was killed at this failpoint and `recover` ran."""
    kill = os.kill

    def run(answer: Callable[[Any], None]) -> None:
        def dies(pid: int, sent: int) -> None:
            if sent != signal.SIGKILL:
                return kill(pid, sent)
            del os.environ["DOKKUPY_FAILPOINT"]
            for name in os.listdir("/proc/self/fd"):
                with contextlib.suppress(OSError):
                    if os.readlink(f"/proc/self/fd/{name}").startswith(host.root):
                        os.close(int(name))
            typed(host, ["recover"])
            answer(look(host))
            return None

        os.kill = dies
        failpoints._passed = 0
        os.environ["DOKKUPY_FAILPOINT"] = f"kill@{number}"
        typed(host, words, stdin)
        raise AssertionError(f"{' '.join(words)} has no boundary {number}")

    found: Look = in_fork(run)
    return found


def difference(seen: Look, other: Look) -> str:
    keys = sorted({*seen, *other})
    return "; ".join(
        f"{key}: {seen.get(key)!r} != {other.get(key)!r}" for key in keys if seen.get(key) != other.get(key)
    )
