"""Where ADD downloads from, and that it reaches neither the host nor other apps."""

from __future__ import annotations

import pytest
from dokkupy_dockerfile.downloads import NO_RELAY, downloads, relayed, unguarded

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("lines", "hosts"),
    [
        ("ADD https://example.com/x.tar /x", ["example.com"]),
        ("add --chown=1:1 --checksum=sha256:00 http://user:pw@127.0.0.1:8080/x /x", ["127.0.0.1"]),
        ('ADD ["http://[::1]:80/x", "HTTP://10.0.0.1", "/x/"]', ["[::1]", "10.0.0.1"]),
        ("ADD http://169.254.169.254?a /x", ["169.254.169.254"]),
        ("ADD http://a@b@127.0.0.1/x /x", ["127.0.0.1"]),
        ('ADD ht"tp://10."0.0.1/x /x', ["10.0.0.1"]),
        ("ADD --chown=1\thttp://10.0.0.1/x /x", ["10.0.0.1"]),
        ('ADD ["http://10.0.0.1/x", "/x"] more', ["10.0.0.1"]),
        ("RUN true \\\v\nADD http://10.0.0.1/x /x", ["10.0.0.1"]),
        ("RUN true \\\r\r\nADD http://10.0.0.1/x /x", ["10.0.0.1"]),
        ("RUN true \\\n\x1c#\nADD http://10.0.0.1/x /x", ["10.0.0.1"]),
        ("RUN true \\\n\x1c\nADD http://10.0.0.1/x /x", ["10.0.0.1"]),
        ("ADD \\\\\nhttp://10.0.0.1/x /x", ["10.0.0.1"]),
        ("ONBU\u0130LD ADD http://10.0.0.1/x /x", ["10.0.0.1"]),
        ("ARG U=http://10.0.0.1/x\nADD ${U} /x", ["10.0.0.1"]),
        ("ENV H=10.0.0.1\nADD http://$H/x /x", ["10.0.0.1"]),
        ("ARG GIVEN\nADD $GIVEN /x", ["10.0.0.9"]),
        ("ONBUILD ADD http://10.0.0.1/x /x", ["10.0.0.1"]),
        ("ADD https://example.com/tini-$TARGETARCH /x", ["example.com"]),
        ("ADD $BASE_IMAGE_SETS_IT /x", [""]),
        ("ARG UNSET\nADD ${UNSET}tp://x/ /x", [""]),
        ("ARG A=h\nADD ${A#x}ttp://x/ /x", [""]),
        ("ADD http://$HOST/x /x", [""]),
        ("ADD http://example.com$X/x /x", [""]),
        ("ENV D=$X\nADD $D /x", [""]),
    ],
)
def test_each_host_of_a_download_is_found(lines: str, hosts: list[str]) -> None:
    assert [one.host for one in downloads(f"FROM a\n{lines}\n", {"GIVEN": "http://10.0.0.9/"})] == hosts


@pytest.mark.parametrize(
    "lines",
    [
        "ADD . /x",
        "ADD app-$VERSION.jar /x",
        "ARG JAR=target/*.jar\nADD ${JAR} $HOME/app.jar",
        "ARG TARGETARCH\nADD $TARGETARCH/tool /x",
        "ARG DIR=\nADD ${DIR:-src}/x /x",
        "COPY $X /x",
        "RUN curl http://10.0.0.1/",
    ],
)
def test_files_of_the_source_are_no_download(lines: str) -> None:
    assert downloads(f"FROM a\n{lines}\n", {}) == []


def test_a_stage_has_the_variables_of_the_stage_below_it() -> None:
    text = "ARG V=http://10.0.0.1/\nFROM a AS one\nENV U=http://10.0.0.2/\nFROM one\nARG V\nADD $U $V /x/\n"
    assert [one.host for one in downloads(text, {})] == ["10.0.0.2", "10.0.0.1"]


def test_each_onbuild_trigger_is_read_by_itself_and_without_the_variables_of_the_file() -> None:
    triggers = ["RUN true \\", "ADD http://10.0.0.1/x /x", "ADD $U /x"]
    hosts = [one.host for one in downloads("FROM a\nENV U=/file\nRUN cat <<END\n", {}, triggers)]
    assert hosts == ["10.0.0.1", ""]


@pytest.mark.parametrize("top", ["#escape=`x", "# Escape = `", "\n# escape=`", "# a=b\n# escape=`"])
def test_a_line_is_read_with_each_escape_character_that_a_frontend_may_take(top: str) -> None:
    for escape in "`\\":
        text = f"{top}\nFROM a\nRUN true {escape}\nADD http://10.0.0.1/x /x\n"
        assert [one.host for one in downloads(text, {})] == ["10.0.0.1"]


@pytest.mark.parametrize(
    "source",
    [
        "git@git.example.com:a/b.git",
        "git://example.com/a",
        "ssh://git@example.com/a",
        "https://example.com/a.git#main:sub",
        "https://example.com/a.GIT?ref=x",
        "me@example.com:a",
    ],
)
def test_repository_is_distinguished_from_a_file_on_the_web(source: str) -> None:
    assert [one.kind for one in downloads(f"FROM a\nADD {source} /x\n", {})] == ["repository"]
    assert unguarded(f"FROM a\nADD {source} /x\n", NO_RELAY) == source or source.startswith("https")


RELAY = "http://127.1.2.3:4000/"


@pytest.mark.parametrize(
    ("lines", "changed"),
    [
        ("ADD https://example.com/x.tar /x", f"ADD {RELAY}https://example.com/x.tar /x"),
        ("add --link  http://a/b\t./c  /x/", f"ADD --link  {RELAY}http://a/b\t./c  /x/"),
        ("ARG V=1\nADD http://a/$V \\\n  # why\n  /x\nRUN y", f"ARG V=1\nADD {RELAY}http://a/$V   /x\n\n\nRUN y"),
        ('ADD ["http://a/b c", "x y", "/d"]', f'ADD ["{RELAY}http://a/b c", "x y", "/d"]'),
        ("ARG U=https://a/\nADD ${U} $W/f /x", f"ARG U=https://a/\nADD {RELAY}${{U}} ./$W/f /x"),
        ("ARG JAR=target/*.jar\nADD ${JAR} app.jar", "ARG JAR=target/*.jar\nADD ./${JAR} app.jar"),
        ("ADD <<END /x\nADD http://a/b /c\nEND", None),
        ("ADD . /x\nADD *.jar a-b_c /y/\nCOPY $X /x\nRUN curl http://a/", None),
    ],
)
def test_what_is_on_the_web_comes_through_the_relay_and_all_else_stays(lines: str, changed: str | None) -> None:
    assert relayed(f"FROM a\n{lines}\n", {}, RELAY) == f"FROM a\n{changed or lines}\n"


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (f"ADD {RELAY}http://a/b ./$X . /x", ""),
        ("ADD http://a/b /x", "http://a/b"),
        ("ADD $X /x", "$X"),
        ("RUN cat <<X\nADD http://a/b /c\nX", "http://a/b"),
        ('ADD h"ttp://a/b" /x', 'h"ttp://a/b"'),
    ],
)
def test_a_source_that_some_frontend_would_fetch_past_the_relay_is_found(line: str, found: str) -> None:
    assert unguarded(f"FROM a\n{line}\n", RELAY) == found
