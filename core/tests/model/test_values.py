"""The value classes behave as the standard library's dataclasses do."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from dokkupy.model import values
from dokkupy.model.record import decode, encode

KINDS = (dataclasses, values)


def classes(home: Any) -> tuple[Any, Any]:
    @home.dataclass(frozen=True, slots=True)
    class Base:
        kind: ClassVar[str] = "base"
        name: str
        size: int = 3

    @home.dataclass(frozen=True, slots=True)
    class Further(Base):
        tags: dict[str, str] = home.field(default_factory=dict)
        check: Callable[[str], bool] | None = home.field(default=None, compare=False)

        def __post_init__(self) -> None:
            if self.size < 0:
                raise ValueError("negative")

    return Base, Further


def outcome(do: Callable[[], Any]) -> object:
    try:
        return repr(do())
    except Exception as error:
        return type(error)


@pytest.mark.parametrize(
    "do",
    [
        lambda base, further: base("a"),
        lambda base, further: base("a", 4),
        lambda base, further: base(size=1, name="x"),
        lambda base, further: base(),
        lambda base, further: base("a", name="b"),
        lambda base, further: base("a", 1, 2),
        lambda base, further: base("a", other=1),
        lambda base, further: further("a", tags={"x": "y"}),
        lambda base, further: further("a", -1),
        lambda base, further: further("a").tags is further("a").tags,
        lambda base, further: base("a") == base("a", 3),
        lambda base, further: base("a") == further("a"),
        lambda base, further: base("a") != base("b"),
        lambda base, further: base("a") < base("b"),
        lambda base, further: further("a", check=len) == further("a", check=repr),
        lambda base, further: hash(base("a")) == hash(base("a", 3)),
        lambda base, further: hash(further("a")),
        lambda base, further: len({base("a"), base("a"), base("b")}),
        lambda base, further: setattr(base("a"), "name", "b"),
        lambda base, further: delattr(base("a"), "name"),
        lambda base, further: base.kind + base.__match_args__[1],
        lambda base, further: dataclasses.replace(further("a"), size=7),
        lambda base, further: dataclasses.replace(further("a"), size=-7),
        lambda base, further: dataclasses.asdict(further("a", tags={"x": "y"})),
        lambda base, further: [(one.name, one.type, one.compare) for one in dataclasses.fields(further)],
        lambda base, further: dataclasses.is_dataclass(further) and dataclasses.is_dataclass(base("a")),
        lambda base, further: copy.deepcopy(further("a", tags={"x": "y"})),
        lambda base, further: dataclasses.dataclass(frozen=True)(type("Third", (base,), {"__annotations__": {}}))("a"),
    ],
)
def test_it_does_what_a_dataclass_does(do: Callable[[Any, Any], Any]) -> None:
    standard, ours = (outcome(lambda home=home: do(*classes(home))) for home in KINDS)  # type: ignore[misc]
    assert ours == standard


def test_replace_takes_both_kinds() -> None:
    for home in KINDS:
        base, _ = classes(home)
        assert values.replace(base("a"), size=5) == base("a", 5)


@values.dataclass(frozen=True, slots=True)
class Row:
    name: str
    size: int = 1


def test_it_is_read_and_written_as_a_record() -> None:
    assert decode(Row, {"name": "a"}) == Row("a")
    assert encode(Row("a", 2)) == {"name": "a", "size": 2}
    with pytest.raises(ValueError, match="lacks name"):
        decode(Row, {})


def test_it_is_pickled_whole() -> None:
    assert pickle.loads(pickle.dumps(Row("a"))) == Row("a")


def test_one_that_is_not_frozen_changes_and_has_no_hash() -> None:
    @values.dataclass(slots=True)
    class Open:
        seen: list[str] = values.field(default_factory=list)

    one = Open()
    one.seen = ["x"]
    assert one == Open(["x"])
    with pytest.raises(TypeError):
        hash(one)


def test_order_is_by_the_fields() -> None:
    @values.dataclass(frozen=True, order=True)
    class Ordered:
        name: str
        size: int

    assert sorted([Ordered("b", 1), Ordered("a", 2), Ordered("a", 1)])[0] == Ordered("a", 1)
