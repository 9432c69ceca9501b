"""The formatted output of a build, from real output of the client."""

from __future__ import annotations

import pytest
from dokkupy_docker.builds.output import TAIL, Output
from dokkupy_sdk.lines import timed

pytestmark = pytest.mark.unit

DIGEST = "fd1594eed536654b531c0b23a5bb04496a9c448942d0f30f04d78068147d527b"
BUILD = f"""\
#1 [internal] load build definition from Dockerfile
#1 sha256:{DIGEST}
#1 transferring dockerfile: 243B done
#1 DONE 0.0s

#3 [internal] load metadata for docker.io/library/python:3.13-slim
#3 DONE 0.4s

#6 [internal] load build context
#6 transferring context: 1.91kB 0.0s done
#6 DONE 0.3s

#4 [base 1/2] FROM docker.io/library/python:3.13-slim@sha256:{DIGEST}
#4 resolve docker.io/library/python:3.13-slim@sha256:{DIGEST} done
#4 sha256:{DIGEST} 3.15MB / 29.78MB 0.3s
#4 extracting sha256:{DIGEST} 1.2s done
#4 DONE 3.4s

#5 [base 2/2] WORKDIR /app
#5 CACHED

#8 [stage-1 2/3] RUN echo hello;   sleep 0.3
#8 0.819 hello
#9 [stage-1 3/3] RUN set -e
#9 1.132 two
#8 1.133   world
#8 DONE 1.3s

#9 DONE 1.4s

#10 [app 3/4] RUN --mount=type=cache,id=x,target=/y ["/bin/sh", "-euc", "trap 'x' EXIT\\nset -a; . /run/secrets/x\\nnpm ci", "npm ci"]
#10 DONE 12.0s

#11 exporting to image
#11 exporting layers 0.1s done
#11 writing image sha256:{DIGEST} done
#11 DONE 0.2s
"""
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
#7 [2/2] RUN {command}
#7 0.210 no such package
#7 ERROR: process "/bin/sh -euc one\\ntwo" did not complete successfully: exit code: 137
------
 > [2/2] RUN one:
0.210 no such package
------
Dockerfile:2
--------------------
   1 |     FROM x
   2 | >>> RUN one
   3 |     CMD y
--------------------
ERROR: failed to solve: process "/bin/sh -euc one" did not complete successfully: exit code: 137
"""  # 26.1


def shown(text: str) -> tuple[list[str], Output]:
    output = Output()
    lines = [line for typed in text.splitlines() for line in output.line(typed)]
    return [*lines, *output.rest()], output


def test_copies_of_a_generated_dockerfile_name_what_is_copied_and_from_where() -> None:
    lines, _ = shown(
        """#5 [app 1/3] COPY [requirements.txt, setup.py, ./]\n#5 CACHED\n"""
        """#6 [stage-2 2/3] COPY --chown=32767:32767 --from=deps [/app/.venv, /app/.venv]\n#6 CACHED\n"""
        """#7 [stage-2 3/3] COPY --from=assets /out /srv\n#7 CACHED\n"""
    )
    assert [line.rpartition(" cached")[0].rstrip() for line in lines] == [
        "app 1/3 COPY requirements.txt setup.py ./",
        "2/3 COPY /app/.venv from deps",
        "3/3 COPY --from=assets /out /srv",
    ]


def test_each_step_has_a_line_with_its_time_and_what_it_printed_below() -> None:
    lines, _ = shown(BUILD)
    assert [" ".join(line.split()) if not line.startswith(" ") else line for line in lines] == [
        "base 1/2 FROM python:3.13-slim 3.4 s",
        "base 2/2 WORKDIR /app cached",
        "2/3 RUN echo hello; sleep 0.3",
        "    hello",
        "3/3 RUN set -e",
        "    two",
        "2/3 RUN echo hello; sleep 0.3",
        "      world",
        timed("    done", "1.3 s"),
        "3/3 RUN set -e 1.4 s",
        "app 3/4 npm ci 12.0 s",
    ]
    assert all(len(line) <= 72 for line in lines)


def test_a_long_step_is_shown_by_its_beginning() -> None:
    (line,), _ = shown(f"#5 [1/1] RUN {'x' * 500}\n#5 DONE 0.0s\n")
    assert len(line) < 80 and "xxx ..." in line


def test_the_classic_builder_s_lines_are_shown_as_they_are() -> None:
    text = "Step 1/2 : FROM x\n ---> 1234\nStep 2/2 : RUN y\n ---> Running in abcd"
    assert shown(text)[0] == text.splitlines()


def test_output_of_the_failed_step_is_at_the_end_with_its_exit_code() -> None:
    lines, output = shown(OLD)
    assert lines[1:] == ["    [ERROR] Source option 5 is no longer supported.", "    exit code 1"]
    assert (list(output.tail), output.code) == (lines, 1)


def test_the_dockerfile_s_line_that_failed_is_shown() -> None:
    lines, output = shown(NEW.format(command="one"))
    assert lines == [
        "2/2 RUN one",
        "    no such package",
        "    exit code 137",
        "Dockerfile:2",
        "   1 |     FROM x",
        "   2 | >>> RUN one",
        "   3 |     CMD y",
    ]
    assert output.code == 137


def test_lines_of_a_generated_dockerfile_are_not_shown() -> None:
    lines, _ = shown(NEW.format(command='["/bin/sh", "-euc", "trap x\\nnpm ci", "npm ci"]'))
    assert lines == ["2/2 npm ci", "    no such package", "    exit code 137"]


def test_other_failures_are_shown_once() -> None:
    text = (
        """#5 [2/2] COPY nowhere /\n#5 ERROR: "/nowhere": not found\n------\n > [2/2] COPY nowhere /:\n------\nfailed"""
    )
    lines, output = shown(text)
    assert (lines, output.code) == (["2/2 COPY nowhere /", 'ERROR: "/nowhere": not found', "failed"], None)
    assert shown("#2 [internal] load metadata for x\n#2 ERROR: x: not found")[0] == ["ERROR: x: not found"]


def test_no_line_is_lost_if_the_exit_code_is_missing() -> None:
    text = "#5 ERROR: executor failed running [/bin/sh -c one\ntwo]: runc did not terminate\n"
    lines, output = shown(text + "x\n" * 3 * TAIL)
    assert output.code is None and lines[-1] == "x" and len(output.tail) == TAIL
    assert shown(text)[0] == text.splitlines()
