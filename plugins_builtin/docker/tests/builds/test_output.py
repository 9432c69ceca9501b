"""What is shown of a build that fails."""

from __future__ import annotations

import pytest
from dokkupy_docker.builds.output import TAIL, Output

pytestmark = pytest.mark.unit

OLD = """\
#12 [app 2/2] RUN ["/bin/sh", "-euc", "one\\ntwo"]
#12 3.884 [ERROR] Source option 5 is no longer supported.
#12 ERROR: executor failed running [/bin/sh -euc set -a
one
two]: exit code: 1
------
 > [app 2/2] RUN ["/bin/sh", "-euc", "one\\ntwo"]:
#12 3.884 [ERROR] Source option 5 is no longer supported.
------
executor failed running [/bin/sh -euc set -a
one
two]: exit code: 1
"""  # 20.10

NEW = """\
#7 0.210 no such package
#7 ERROR: process "/bin/sh -euc one\\ntwo" did not complete successfully: exit code: 137
------
 > [2/2] RUN one:
0.210 no such package
------
Dockerfile:2
--------------------
   2 | >>> RUN one
--------------------
ERROR: failed to solve: process "/bin/sh -euc one" did not complete successfully: exit code: 137
"""  # 26.1


def shown(text: str) -> tuple[list[str], Output]:
    output = Output()
    lines = [line for line in map(output.line, text.splitlines()) if line is not None]
    return [*lines, *output.rest()], output


def test_what_the_step_said_stands_at_the_end_with_its_exit_code() -> None:
    lines, output = shown(OLD)
    assert lines[1:] == ["#12 3.884 [ERROR] Source option 5 is no longer supported.", "#12 ERROR: exit code 1"]
    assert (list(output.tail), output.code) == (lines, 1)
    lines, output = shown(NEW)
    assert (lines, output.code) == (["#7 0.210 no such package", "#7 ERROR: exit code 137"], 137)


def test_other_failures_are_shown_as_they_are() -> None:
    text = """#5 ERROR: failed to calculate checksum of ref x: "/nowhere": not found\n------\n > [2/2] COPY nowhere /:\n------\nfailed"""
    lines, output = shown(text)
    assert (lines, output.code) == (text.splitlines(), None)


def test_nothing_is_lost_when_the_exit_code_does_not_come() -> None:
    text = "#5 ERROR: executor failed running [/bin/sh -c one\ntwo]: runc did not terminate\n"
    lines, output = shown(text + "x\n" * 3 * TAIL)
    assert output.code is None and lines[-1] == "x" and len(output.tail) == TAIL
    assert shown(text)[0] == text.splitlines()
