"""The port map: one rule decides what the containers get as PORT, where a check asks and where the proxy goes."""

from __future__ import annotations

import pytest
from dokkupy.model.names import AppName, EnvKey
from dokkupy.model.ports import Port
from dokkupy.model.release import Release
from dokkupy.model.secret import Secret
from dokkupy_sdk.port_map import environment_of, listening, port_notes, port_number, ports_of

WITHOUT = None

#: Own map, detected map, variable PORT -> effective map, PORT of the containers, of which one must listen, which else.
CASES = [
    # nothing is known
    ("", "", WITHOUT, "http:80:5000", 5000, (5000,), ()),
    ("", "", "3000", "http:80:3000", 3000, (3000,), ()),
    # an own map
    ("http:80:8080", "", WITHOUT, "http:80:8080", 8080, (8080,), ()),
    ("http:80:3000", "", "3000", "http:80:3000", 3000, (3000,), ()),
    ("http:80:3000", "", "4000", "http:80:3000", 3000, (3000,), ()),
    ("http:80:3000", "http:8080:8080", WITHOUT, "http:80:3000", 3000, (3000,), ()),
    ("http:80:3000", "http:8080:8080", "8080", "http:80:3000", 3000, (3000,), ()),
    ("http:80:3000 http:9000:9000", "", WITHOUT, "http:80:3000 http:9000:9000", 3000, (3000,), (9000,)),
    ("http:9000:9000 http:80:3000", "", WITHOUT, "http:9000:9000 http:80:3000", 9000, (9000,), (3000,)),
    ("http:9000:9000 http:80:3000", "", "3000", "http:9000:9000 http:80:3000", 3000, (3000,), (9000,)),
    ("http:80:5000 https:443:5000", "", WITHOUT, "http:80:5000 https:443:5000", 5000, (5000,), ()),
    ("udp:53:53 http:80:5001", "", WITHOUT, "udp:53:53 http:80:5001", 5001, (5001,), ()),
    ("udp:53:53", "", WITHOUT, "udp:53:53", 5000, (), ()),
    ("udp:53:53", "", "3000", "udp:53:53", 3000, (), ()),
    ("tcp:25:2525", "", WITHOUT, "tcp:25:2525", 2525, (2525,), ()),
    # one EXPOSE
    ("", "http:3000:3000", WITHOUT, "http:3000:3000", 3000, (3000,), ()),
    ("", "http:3000:3000", "3000", "http:3000:3000", 3000, (3000,), ()),
    ("", "http:3000:3000", "4000", "http:3000:4000", 4000, (4000,), ()),
    ("", "http:80:80", "4000", "http:80:4000", 4000, (4000,), ()),
    ("", "https:443:443", WITHOUT, "https:443:443", 443, (443,), ()),
    ("", "udp:5000:5000", WITHOUT, "http:80:5000 udp:5000:5000", 5000, (5000,), ()),
    ("", "udp:5000:5000", "3000", "http:80:3000 udp:5000:5000", 3000, (3000,), ()),
    # several: of the rows that lead to the domain one must listen, without such a row any
    ("", "http:3000:3000 http:8080:8080", WITHOUT, "http:3000:3000 http:8080:8080", 3000, (3000, 8080), ()),
    ("", "http:3000:3000 http:8080:8080", "8080", "http:3000:3000 http:8080:8080", 8080, (8080,), ()),
    ("", "http:3000:3000 http:8080:8080", "4000", "http:3000:4000 http:8080:8080", 4000, (4000,), ()),
    ("", "http:8080:8080 http:80:80", WITHOUT, "http:8080:8080 http:80:80", 80, (80,), ()),
    ("", "http:80:80 https:443:443", WITHOUT, "http:80:80 https:443:443", 80, (80, 443), ()),
    ("", "udp:53:53 http:8000:8000", WITHOUT, "udp:53:53 http:8000:8000", 8000, (8000,), ()),
    # odd values: a number in other clothes counts, what is no port does not
    ("", "", "3000 ", "http:80:3000", 3000, (3000,), ()),
    ("", "", "03000", "http:80:3000", 3000, (3000,), ()),
    ("http:80:3000", "", " 3000\n", "http:80:3000", 3000, (3000,), ()),
    ("", "", "", "http:80:5000", 5000, (5000,), ()),
    ("", "", "0", "http:80:5000", 5000, (5000,), ()),
    ("", "", "65536", "http:80:5000", 5000, (5000,), ()),
    ("", "http:8080:8080", "tcp://0.0.0.0:3000", "http:8080:8080", 8080, (8080,), ()),
]


@pytest.mark.parametrize(("own", "detected", "variable", "ports", "port", "candidates", "required"), CASES)
def test_the_effective_map_and_where_containers_listen(
    own: str,
    detected: str,
    variable: str | None,
    ports: str,
    port: int,
    candidates: tuple[int, ...],
    required: tuple[int, ...],
) -> None:
    release = of(own, detected, variable)
    assert " ".join(map(str, ports_of(release))) == ports
    assert (listening(release).port, listening(release).candidates, listening(release).required) == (
        port,
        candidates,
        required,
    )
    assert environment_of(release, "web.1")["PORT"] == Secret(str(port))
    # What a check asks is where the proxy goes.
    assert {*candidates, *required} <= {row.container for row in ports_of(release)}


@pytest.mark.parametrize(
    ("own", "variable", "note"),
    [
        ("", None, ""),
        ("", "3000", ""),
        ("http:80:3000", "3000 ", ""),
        ("http:80:3000", "4000", "PORT is 4000, but `ports:set` leads to 3000: its containers get PORT=3000"),
        ("", "tcp://secret", "PORT is not a port from 1 to 65535: its containers get PORT=5000"),
    ],
)
def test_a_variable_that_the_containers_do_not_get_is_named(own: str, variable: str | None, note: str) -> None:
    notes = port_notes(of(own, "", variable))
    assert " ".join(notes).endswith(note) and bool(notes) == bool(note)
    assert "secret" not in " ".join(notes)


@pytest.mark.parametrize("text", ["²", "٣٠٠٠", "-1", "+80", "3_000", "3000.0", "1e3", "9" * 5000, None])
def test_only_digits_are_a_port(text: str | None) -> None:
    assert port_number(text) is None


def of(own: str, detected: str, variable: str | None) -> Release:
    return Release(
        AppName("blog"),
        1,
        "sha256:0",
        "",
        "test",
        env={EnvKey("PORT"): Secret(variable)} if variable is not None else {},
        own_ports=tuple(map(Port.from_text, own.split())),
        detected=tuple(map(Port.from_text, detected.split())),
    )
