"""The part of a scheduler that logs use, with docker's client."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence

from dokkupy_sdk.model import Instance, InstanceStatus


class Scheduler:
    def logs(
        self,
        instance: Instance,
        *,
        tail: int | None = None,
        follow: bool = False,
        timestamps: bool = False,
        since: int = 0,
    ) -> Iterator[tuple[str, bytes]]:
        assert timestamps
        words = ["/usr/bin/docker", "logs", "--timestamps", "--tail", "all" if tail is None else str(tail)]
        words += [*(["--follow"] if follow else []), "--since", str(since), instance.id]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
            assert process.stdout is not None
            for line in process.stdout:
                yield "stdout", line.rstrip(b"\n")

    def status(self, instances: Sequence[Instance]) -> tuple[InstanceStatus, ...]:
        return tuple(InstanceStatus(one, self.state(one)) for one in instances)

    def state(self, instance: Instance) -> str:
        words = ["/usr/bin/docker", "inspect", "--format", "{{.State.Status}}", instance.id]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else "missing"
