"""The codec between records and TOML tables: what is kept, what is refused, and how the refusal names the value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import pytest
from dokkupy.model.names import AppName, ProcessType
from dokkupy.model.ports import Port
from dokkupy.model.record import Malformed, Record, decode, encode, fields_of, path_of
from dokkupy.model.secret import Secret


class Colour(Enum):
    RED = "red"


class Part(Record):
    name: ProcessType
    count: int = 1


@dataclass(frozen=True, slots=True)
class Plain:
    app: AppName
    image: str
    env: Mapping[str, Secret] = field(default_factory=dict)
    commands: Mapping[ProcessType, str | None] = field(default_factory=dict)
    note: str | None = None

    known_by_path = ("app",)


class Whole(Record, file="apps/*/whole"):
    text: str = ""
    number: int = 0
    on: bool = True
    rate: float = 1.0
    secret: Secret | None = None
    app: AppName | None = None
    parts: tuple[Part, ...] = ()
    by_name: Mapping[str, Part] = {}
    nested: Mapping[str, Sequence[str]] = {}
    closed: frozenset[int] = frozenset()
    ports: tuple[Port, ...] = ()
    colour: Colour = Colour.RED
    anything: dict[str, Any] = {}


WHOLE: dict[str, Any] = {
    "text": "a",
    "number": 3,
    "on": False,
    "rate": 2.5,
    "secret": "s",
    "app": "blog",
    "parts": [{"name": "web"}, {"name": "worker", "count": 2}],
    "by_name": {"x": {"name": "web", "count": 1}},
    "nested": {"deploy": ["--init"]},
    "closed": [80, 443],
    "ports": ["http:80:5000"],
    "colour": "red",
    "anything": {"a": [1, {"b": True}]},
}


def test_encoding_a_decoded_table_returns_the_same_table() -> None:
    secret = {"secret": Secret("s")}  # the store encrypts it
    assert encode(decode(Whole, WHOLE)) == {**WHOLE, **secret}


def test_values_have_the_types_of_their_annotations() -> None:
    found = decode(Whole, WHOLE)
    assert found.secret == Secret("s") and type(found.app) is AppName
    assert found.parts == (Part(name=ProcessType("web")), Part(name=ProcessType("worker"), count=2))
    assert found.closed == frozenset({80, 443}) and found.ports == (Port("http", 80, 5000),)
    assert found.colour is Colour.RED and found.nested == {"deploy": ("--init",)}


def test_an_unset_key_has_its_default_and_is_not_written() -> None:
    found = decode(Whole, {"number": 3})
    assert found.on and found.parts == ()
    assert encode(found.replace(text="b")) == {"number": 3, "text": "b"}


def test_none_is_an_absent_key() -> None:
    assert encode(decode(Whole, {"app": "blog"}).replace(app=None)) == {}


def test_keys_that_the_class_does_not_know_are_written_back() -> None:
    assert encode(decode(Whole, {"properties": {"x": "1"}, "number": 3}).replace(number=4)) == {
        "number": 4,
        "properties": {"x": "1"},
    }


def test_a_dataclass_is_a_record_with_fields_from_its_path() -> None:
    table = {"image": "sha256:1", "env": {"A": "b"}, "commands": {"web": False, "worker": "w"}}
    found = decode(Plain, table, {"app": AppName("blog")})
    assert found == Plain(
        AppName("blog"), "sha256:1", {"A": Secret("b")}, {ProcessType("web"): None, ProcessType("worker"): "w"}
    )
    assert encode(found) == {**table, "env": {"A": Secret("b")}}


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"text": 7}, "text is a whole number, but must be text"),
        ({"number": "7"}, "number is text, but must be a whole number"),
        ({"number": True}, "number is true or false, but must be a whole number"),
        ({"on": 1}, "on is a whole number, but must be true or false"),
        ({"rate": "x"}, "rate is text, but must be a number"),
        ({"rate": True}, "rate is true or false, but must be a number"),
        ({"secret": ["hunter2"]}, "secret is a list, but must be text"),
        ({"parts": {}}, "parts is a table, but must be a list"),
        ({"parts": [{"name": "web"}, 1]}, "parts[1] is a whole number, but must be a table"),
        ({"parts": [{"name": "web", "count": "2"}]}, "parts[0].count is text, but must be a whole number"),
        ({"parts": [{}]}, "parts[0] lacks name"),
        ({"by_name": {"x": {"name": 1}}}, "by_name.x.name is a whole number, but must be text"),
        ({"nested": {"deploy": "x"}}, "nested.deploy is text, but must be a list"),
        ({"app": "Not An App"}, "app is not usable: App name 'Not An App' is invalid"),
        ({"ports": ["80"]}, "ports[0] is not usable: not enough values to unpack"),
        ({"colour": "blue"}, "colour is not usable: 'blue' is not a valid Colour"),
    ],
)
def test_the_error_for_a_wrong_type_names_the_key_and_the_expected_type(table: dict[str, Any], message: str) -> None:
    with pytest.raises(Malformed) as caught:
        decode(Whole, table)
    assert str(caught.value).startswith(message) and "hunter2" not in str(caught.value)


def test_a_whole_number_is_a_number() -> None:
    assert decode(Whole, {"rate": 2}).rate == 2.0


def test_a_record_is_frozen_and_constructed_by_keywords() -> None:
    part = Part(name=ProcessType("web"))
    with pytest.raises(AttributeError):
        part.count = 2  # type: ignore[misc]
    with pytest.raises(TypeError, match="has no field size"):
        part.replace(size=1)
    with pytest.raises(TypeError, match="lacks name"):
        Part()  # type: ignore[call-arg]
    assert part == part.replace(count=1) and part != part.replace(count=2)
    assert repr(part) == "Part(name='web', count=1)"


def test_a_place_without_an_app_is_the_hosts() -> None:
    assert path_of(Whole, ("blog",)) == ("apps", "blog", "whole")
    assert path_of(Whole, (None,)) == ("global", "whole")
    with pytest.raises(ValueError, match="has no file"):
        path_of(Whole, ("blog", "x"))
    with pytest.raises(ValueError, match="has no file"):
        path_of(Part, ())


class Unknown(Record):
    x: Missing  # type: ignore[name-defined]  # noqa: F821


class Either(Record):
    x: int | str = 1


@pytest.mark.parametrize("kind", [Unknown, Either])
def test_a_type_that_no_file_can_hold_is_refused_when_it_is_first_used(kind: type) -> None:
    with pytest.raises(TypeError, match=kind.__name__):
        fields_of(kind)


def test_instances_are_members_of_sets_and_keys() -> None:
    from dokkupy.model.names import AppName, ProcessType
    from dokkupy.model.release import Instance

    def made(id: str) -> Instance:
        return Instance(
            app=AppName("blog"),
            process=ProcessType("web"),
            index=1,
            id=id,
            name="blog.web.1",
            address="10.0.0.2",
            port=5000,
            release=1,
            deployment="x",
        )

    assert len({made("a"), made("a"), made("b")}) == 2
    assert "app" not in encode(made("a"))
