"""What EXPOSE lines mean, without a build."""

from __future__ import annotations

import pytest
from dokkupy_dockerfile.expose import exposed_ports

pytestmark = pytest.mark.unit


def shown(text: str, **arguments: str) -> str | None:
    ports = exposed_ports(text, arguments)
    return None if ports is None else " ".join(map(str, ports))


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("EXPOSE 3000/tcp", "http:3000:3000"),
        ("EXPOSE 443", "https:443:443"),
        ("EXPOSE 53/udp", "udp:53:53"),
        ("EXPOSE 80 443\nexpose 80/TCP", "http:80:80 https:443:443"),
        ("EXPOSE 7000-7002", "http:7000:7000 http:7001:7001 http:7002:7002"),
        ("EXPOSE \\\n  8080 \\\n# remark\n  8081", "http:8080:8080 http:8081:8081"),
        ("ARG PORT=8080\nEXPOSE $PORT", "http:8080:8080"),
        ("ENV PORT 9000\nEXPOSE ${PORT}/tcp", "http:9000:9000"),
        ('ENV A=1 PORT="9001"\nEXPOSE ${PORT}', "http:9001:9001"),
        ("EXPOSE ${PORT:-5005}", "http:5005:5005"),
        ("EXPOSE 0 70000 abc 1/sctp 1-60000", ""),
        ("# EXPOSE 1\nRUN echo EXPOSE 2", ""),
        ("RUN <<EOF\nEXPOSE 3\nEOF\nEXPOSE 4", "http:4:4"),
        ("CMD true", ""),
    ],
)
def test_port_map_of_a_single_stage(lines: str, expected: str) -> None:
    assert shown(f"FROM scratch\n{lines}\n") == expected


def test_build_argument_beats_the_default() -> None:
    assert shown("FROM a\nARG PORT=1\nEXPOSE $PORT", PORT="2") == "http:2:2"


def test_only_the_final_stage_counts() -> None:
    assert shown("FROM a AS build\nEXPOSE 1\nFROM b\nEXPOSE 2") == "http:2:2"


def test_stage_that_another_starts_from_hands_its_ports_on() -> None:
    assert shown("FROM a AS base\nEXPOSE 1\nFROM base\nEXPOSE 2") == "http:2:2 http:1:1"


def test_target_stage_is_the_last_that_is_read() -> None:
    ports = exposed_ports("FROM a AS web\nEXPOSE 1\nFROM b\nEXPOSE 2", target="web")
    assert ports is not None
    assert [str(port) for port in ports] == ["http:1:1"]


def test_variable_that_only_the_build_knows_leaves_the_answer_open() -> None:
    assert shown("FROM a\nEXPOSE $FROM_THE_BASE_IMAGE") is None


def test_other_escape_character_is_understood() -> None:
    assert shown("# escape=`\nFROM a\nEXPOSE 1 `\n 2") == "http:1:1 http:2:2"


def test_endless_nonsense_ends() -> None:
    assert shown("FROM a\nEXPOSE " + "9" * 100_000) == ""
    assert shown("EXPOSE 1\n\x00\x01 FROM") == ""
