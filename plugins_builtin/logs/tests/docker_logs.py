"""What logs ask of an engine, by docker's client."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from types import SimpleNamespace


class Engine:
    @property
    def containers(self) -> Engine:
        return self

    @property
    def sessions(self) -> Engine:
        return self

    def logs(
        self, ref: str, *, tail: int | None = None, follow: bool = False, timestamps: bool = False, since: int = 0
    ) -> Iterator[tuple[str, bytes]]:
        assert timestamps
        words = ["/usr/bin/docker", "logs", "--timestamps", "--tail", "all" if tail is None else str(tail)]
        words += [*(["--follow"] if follow else []), "--since", str(since), ref]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
            assert process.stdout is not None
            for line in process.stdout:
                yield "stdout", line.rstrip(b"\n")

    def find(self, ref: str) -> object:
        words = ["/usr/bin/docker", "inspect", "--format", "{{.State.Status}}", ref]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        return SimpleNamespace(state=done.stdout.strip()) if done.returncode == 0 else None
