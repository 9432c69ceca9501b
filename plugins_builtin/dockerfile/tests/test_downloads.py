"""Where ADD downloads from, and that it reaches neither the host nor other apps."""

from __future__ import annotations

import pytest
from dokkupy_dockerfile.downloads import downloads

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
        ("ADD git@git.example.com:a/b.git /x", ["git.example.com"]),
        ("ADD git://10.0.0.1/a /x", ["10.0.0.1"]),
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
