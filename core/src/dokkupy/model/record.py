"""Records: typed state. Each state file has a class, and one codec converts between its objects and TOML tables.

Annotations are the keys of a table. Supported types are str, int, bool, float, Secret, types that are parsed from text
(subclasses of str, and classes with `from_text`), enums, records, dataclasses, `X | None`, and tuples, lists, frozensets
and mappings of these. A key that the table lacks has its default. A key that the class does not know, because it belongs
to another version or another record of the same file, is kept and written back. TOML has no null: None is an absent key,
and false inside a list or mapping.

Every command loads this module. It therefore uses neither `dataclasses` nor `typing`, and compiles a class at its first
use.
"""

from __future__ import annotations

import sys

from dokkupy.errors import UserError
from dokkupy.model.secret import Sealed, Secret

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any, Self, TypeVar, dataclass_transform

    R = TypeVar("R")
    Codec = tuple[Callable[[Any], Any], Callable[[Any], Any]]
    """(read a value from TOML, write it)."""
else:

    def dataclass_transform(**_):
        return lambda cls: cls


class Malformed(ValueError):
    """A value does not have the type that its record declares."""

    def __init__(self, reason: str, where: str = "") -> None:
        super().__init__(f"{where or 'it'} {reason}")
        self.reason = reason
        self.where = where

    def below(self, key: str | int) -> Malformed:
        """The same error, with the path from the table or list that holds the value."""
        step = f"[{key}]" if isinstance(key, int) else key
        between = "." if self.where and not self.where.startswith("[") else ""
        return Malformed(self.reason, f"{step}{between}{self.where}")


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Record:
    """A frozen value with a field for each annotation, constructed by keywords. file: its path in the state, with `*` for
    each of its keys (`apps/*/ps`); empty for a part of another record. derived: its fields that nobody sets, with blanks
    between them, or `*` for all: a dry run does not show them in its diff."""

    file = ""
    derived = ""

    def __init_subclass__(cls, *, file: str = "") -> None:
        cls.file = file or cls.file

    def __init__(self, **values: Any) -> None:
        known = fields_of(type(self))
        for key in values.keys() - known.keys():
            raise TypeError(f"{type(self).__name__} has no field {key}")
        for key, (_, is_required) in known.items():
            if is_required and key not in values:
                raise TypeError(f"{type(self).__name__} lacks {key}")
        self.__dict__.update(values)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and all(
            getattr(self, key) == getattr(other, key) for key in fields_of(type(self))
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        values = ", ".join(f"{key}={getattr(self, key)!r}" for key in fields_of(type(self)))
        return f"{type(self).__name__}({values})"

    def replace(self, **changes: Any) -> Self:
        made = type(self)(
            **{key: self.__dict__[key] for key in fields_of(type(self)) if key in self.__dict__} | changes
        )
        made.__dict__[REST] = self.__dict__.get(REST, {})
        return made


REST = " rest"
"""The attribute in which an object keeps the unknown keys of its file."""


def path_of(kind: type, keys: tuple[str | None, ...]) -> tuple[str, ...]:
    """The path parts of a record in the store, with its keys for `*`. Without an app (None) it is the host's:
    `apps/*/config` becomes `global/config`."""
    left = list(keys)
    parts = [left.pop(0) if part == "*" else part for part in str(getattr(kind, "file", "")).split("/")]
    if left or not parts[-1]:
        raise ValueError(f"{kind.__name__} has no file for {keys}")
    return tuple(str(part) for part in (["global", *parts[2:]] if parts[1:2] == [None] else parts))


def decode(kind: type[R], table: Mapping[str, Any], given: Mapping[str, Any] | None = None) -> R:
    """The record of a table. given: fields that come from its path instead of the table. Raises Malformed."""
    values = dict(given or {})
    known = fields_of(kind)
    for key, ((read, _), is_required) in known.items():
        if key in values:
            continue
        if key in table:
            try:
                values[key] = read(table[key])
            except Malformed as error:
                raise error.below(key) from None
        elif is_required:
            raise Malformed(f"lacks {key}")
    made = kind(**values)
    if isinstance(made, Record):
        made.__dict__[REST] = {key: value for key, value in table.items() if key not in known}
    return made


def encode(record: object) -> dict[str, Any]:
    """The table of a record. A `Record` writes only the keys that were passed to it, so that unset keys stay unset."""
    known = fields_of(type(record))
    names = [key for key in known if key in record.__dict__] if isinstance(record, Record) else known
    apart = getattr(record, "known_by_path", ())
    table = {
        key: known[key][0][1](value)
        for key in names
        if key not in apart and (value := getattr(record, key)) is not None
    }
    return table | record.__dict__.get(REST, {}) if isinstance(record, Record) else table


def fields_of(kind: type) -> dict[str, tuple[Codec, bool]]:
    """Field -> (codec, whether it is required)."""
    found: dict[str, tuple[Codec, bool]] | None = kind.__dict__.get("_fields")
    if found is None:
        found = {}
        for owner in reversed(kind.__mro__):
            for key, text in getattr(owner, "__annotations__", {}).items():
                if not text.startswith("ClassVar"):
                    found[key] = (compiled(text, owner), is_required(kind, key))
        type.__setattr__(kind, "_fields", found)
    return found


def is_required(kind: type, key: str) -> bool:
    required = kind.__dict__.get("_required")  # of `dokkupy.model.values`, which this does not load
    if required is not None:
        return key in required
    declared = getattr(kind, "__dataclass_fields__", None)
    if declared is None:
        return not hasattr(kind, key)
    missing = sys.modules["dataclasses"].MISSING
    return declared[key].default is missing and declared[key].default_factory is missing


# types


def compiled(text: str, owner: type) -> Codec:
    """The codec of an annotation, whose names are looked up in its owner's module."""
    tokens = iter([*text.replace("[", " [ ").replace("]", " ] ").replace(",", " , ").replace("|", " | ").split(), ""])
    codec, token = union(tokens, owner)
    if token:
        raise TypeError(f"{owner.__name__}: a record cannot have the annotation {text!r}")
    return codec


def union(tokens: Iterator[str], owner: type) -> tuple[Codec, str]:
    """(the codec of what the next tokens name, the token after it)."""
    found: list[Codec | None] = []
    token = "|"
    while token == "|":
        name, token = next(tokens), next(tokens)
        members: list[Codec] = []
        if token == "[":
            while token in "[,":
                member, token = union(tokens, owner)
                members.append(member)
            token = next(tokens)
        found.append(None if name == "None" else codec_of(name, members, owner))
    kinds = [one for one in found if one is not None]
    if len(kinds) != 1:
        raise TypeError(f"{owner.__name__}: the only union that a record can have is X | None")
    return (optional(kinds[0]) if None in found else kinds[0]), token


def codec_of(name: str, members: list[Codec], owner: type) -> Codec:
    if name in SCALARS:
        return SCALARS[name]
    if name in COLLECTIONS:
        return many(COLLECTIONS[name], members[0])
    if name in ("Mapping", "dict"):
        return mapping(*members)
    kind = getattr(sys.modules[owner.__module__], name, None)
    if not isinstance(kind, type):
        raise TypeError(f"{owner.__name__}: the type {name} is not known where its module runs")
    if kind is Secret:
        # The store, which does not know records, encrypts it when it writes the table.
        return secret_of, unchanged
    if hasattr(kind, "from_text"):
        return from_text(kind.from_text), str
    if issubclass(kind, str):
        return from_text(kind), str
    if hasattr(kind, "__members__"):
        return from_text(kind), lambda value: value.value
    return lambda value: decode(kind, table_of(value)), encode


def described(value: object) -> str:
    for kind, name in TITLES:
        if isinstance(value, kind):
            return name
    return f"of the type {type(value).__name__}"


TITLES = (
    (str, "text"),
    (bool, "true or false"),
    (int, "a whole number"),
    (float, "a number"),
    (list, "a list"),
    (dict, "a table"),
)


def require(kind: type, expected: str) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise Malformed(f"is {described(value)}, but must be {expected}")
        return value

    return read


a_text, table_of, list_of = require(str, "text"), require(dict, "a table"), require(list, "a list")


def text_of(value: Any) -> str:
    """A text. It is decrypted if another version of its plugin declared it a secret."""
    return value.open() if isinstance(value, Sealed) else str(a_text(value))


def secret_of(value: Any) -> Secret:
    return value if isinstance(value, Secret) else Secret(a_text(value))


def number_of(value: Any) -> float:
    return float(value if isinstance(value, float) else require(int, "a number")(value))


def unchanged(value: Any) -> Any:
    return value


SCALARS: dict[str, Codec] = {
    "str": (text_of, str),
    "int": (require(int, "a whole number"), int),
    "bool": (require(bool, "true or false"), bool),
    "float": (number_of, float),
    "Any": (unchanged, unchanged),
    "...": (unchanged, unchanged),
}
COLLECTIONS: dict[str, Callable[[Any], Any]] = {"tuple": tuple, "Sequence": tuple, "list": list, "frozenset": frozenset}


def from_text(parse: Callable[[str], Any]) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        try:
            return parse(text_of(value))
        except UserError as error:
            raise Malformed(f"is not usable: {error.message}") from None
        except ValueError as error:
            raise error if isinstance(error, Malformed) else Malformed(f"is not usable: {error}") from None

    return read


def optional(codec: Codec) -> Codec:
    read, write = codec
    return (
        lambda value: None if value is False else read(value),
        lambda value: False if value is None else write(value),
    )


def many(collection: Callable[[Any], Any], codec: Codec) -> Codec:
    read, write = codec

    def read_all(value: Any) -> Any:
        found = []
        for index, one in enumerate(list_of(value)):
            try:
                found.append(read(one))
            except Malformed as error:
                raise error.below(index) from None
        return collection(found)

    def write_all(values: Any) -> Any:
        return [write(one) for one in (sorted(values) if collection is frozenset else values)]

    return read_all, write_all


def mapping(keys: Codec, values: Codec) -> Codec:
    def read_all(value: Any) -> Any:
        found = {}
        for key, one in table_of(value).items():
            try:
                found[keys[0](key)] = values[0](one)
            except Malformed as error:
                raise error.below(key) from None
        return found

    return read_all, lambda table: {keys[1](key): values[1](one) for key, one in table.items()}
