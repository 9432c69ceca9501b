"""Changes under constant load: no request fails or is truncated."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from apps import Repository
from bed.engine import SOON
from bed.host import Host
from dokkupy_sdk.testing.effort import amount

LOAD = Path(__file__).parent / "load.py"
SLOW = """\
        elif path == "/slow":
            import time
            time.sleep(5)
            self.answer(200, "slow\\n")
        elif path == "/health":
"""


@contextmanager
def constant_load(host: Host, hostname: str, authority: str = "") -> Iterator[dict[str, Any]]:
    """Load the host during the block; with an authority's file over TLS. Afterwards, the dictionary contains the
    report."""
    report: dict[str, Any] = {}
    argv = [sys.executable, str(LOAD), host.ip, hostname, *([authority] if authority else [])]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as load:
        try:
            # The load begins before the first change and ends a while after the last.
            time.sleep(2)
            yield report
            time.sleep(7)
        finally:
            load.terminate()
            report.update(json.loads(load.communicate(timeout=SOON)[0]))


def test_no_request_is_lost_in_deploys_rollbacks_scalings_and_changes(
    host: Host, app: str, repository: Repository
) -> None:
    hostname = f"{app}.example.com"
    repository.replace("web.py", '        elif path == "/health":\n', SLOW)
    repository.commit("answers slowly when asked to")
    repository.scalable()
    host.exec(["dokkupy", "apps:create", app])
    host.exec(["dokkupy", "domains:set", app, hostname])
    host.git_push(repository.path, app)

    with constant_load(host, hostname) as report:
        for number in range(amount(20, 6)):
            repository.greet(f"deploy {number}")
            host.git_push(repository.path, app)
        for _ in range(amount(10, 3)):
            host.exec(["dokkupy", "releases:rollback", app])
        for _ in range(amount(10, 3)):
            host.exec(["dokkupy", "ps:scale", app, "web=3"])
            host.exec(["dokkupy", "ps:scale", app, "web=1"])
        for number in range(amount(5, 2)):
            host.exec(["dokkupy", "config:set", app, f"NUMBER={number}"])
            host.exec(["dokkupy", "domains:add", app, f"also-{number}.example.com"])
        host.exec(["dokkupy", "ps:restart", app])

    print(f"\n{json.dumps(report, indent=2)}")
    assert report.get("failed", 0) == 0, report["failures"]
    assert report["kept alive"] > 100 and report["again"] > 100 and report["slow"] > 0
