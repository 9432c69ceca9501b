"""One host with 1 app and with APPS (200): three domains and two processes each, of a tiny static program.

`make bench-scale` prints a table: milliseconds of each command with one app and with all, and the ratio, by the clock and by
the processor's time, which a busy machine changes little. APPS=3 ROUNDS=1 shows in some minutes that the script works. Nothing
here asserts a time.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from bed.host import Host

APPS = int(os.environ.get("APPS", "200"))
ROUNDS = int(os.environ.get("ROUNDS", "5"))
SCRIPT = "/root/scale.py"
BARE = "a bare interpreter"
EACH = 20
"""A limit in seconds for a deploy and for the answer after a boot, which only detects hangs, like the 600 of each
step."""


def inside(host: Host, *words: str) -> str:
    ran = host.exec(["python3", SCRIPT, *words], timeout=600 + EACH * APPS)
    return ran.stdout.strip().splitlines()[-1]


def test_one_app_and_many(host: Host) -> None:
    host.exec(["bash", "-ec", "apt-get -q update && apt-get -q install -y --no-install-recommends busybox-static"])
    host.copy_in(Path(__file__).with_name("scale.py").read_bytes(), SCRIPT)
    inside(host, "deploy", "1", "1")
    one = json.loads(inside(host, "measure", str(ROUNDS)))
    held = {1: json.loads(inside(host, "memory"))}
    boots = {1: booted(host, 1)}
    inside(host, "deploy", "2", str(APPS))
    many = json.loads(inside(host, "measure", str(ROUNDS)))
    held[APPS] = json.loads(inside(host, "memory"))
    boots[APPS] = booted(host, APPS)
    by_hand = float(inside(host, "by-hand"))
    show(one, many)
    print(f"  boot until all answer: {boots[1]:.1f} s with one, {boots[APPS]:.1f} s with {APPS}")
    print(f"  the same containers started with the client by hand: {by_hand:.1f} s")
    for count, groups in held.items():
        print(f"  MB at rest with {count}: {', '.join(f'{name} {size:.0f}' for name, size in groups.items())}")


def booted(host: Host, count: int) -> float:
    """The seconds from the machine's start until each app answered through the proxy."""
    host.reboot()
    return float(inside(host, "await", str(count)))


Times = dict[str, tuple[float, float]]
"""Row -> milliseconds of the clock and of the processor."""


def show(one: Times, many: Times) -> None:
    print(f"\nmedians of {ROUNDS}; bare interpreter {one[BARE][0]:.1f} ms, then {many[BARE][0]:.1f} ms")
    print(
        f"  {'':<36}{'clock: 1 app':>13}{f'{APPS} apps':>11}{'ratio':>7}{'processor: 1 app':>18}{f'{APPS} apps':>11}{'ratio':>7}"
    )
    for row, after in many.items():
        line = f"  {row:<36}"
        for at, width in ((0, 10), (1, 15)):
            # relative to the interpreter start in the same half, so that a busier second half does not look like growth
            before = one[row][at]
            ratio = (after[at] / many[BARE][at]) / (before / one[BARE][at]) if before else 0
            line += f"{before:>{width}.0f} ms{after[at]:>8.0f} ms{ratio:>7.2f}"
        print(line)
