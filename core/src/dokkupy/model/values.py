"""Frozen values: the part of `dataclasses` that dokkupy uses, at a twentieth of its cost.

The standard library writes and compiles six methods for each class, 0.5 ms; a command that changes something loads 65 such
classes. These methods are the same functions for all classes. For everything else (`dataclasses.fields`, `asdict`,
`replace`, subclasses by the standard decorator) a class is a dataclass: its `__dataclass_fields__` are made when somebody
asks for them. slots is accepted, and without effect.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from dataclasses import dataclass, field, replace
    from typing import Any

    Fields = dict[str, tuple[Any, Callable[[], Any] | None, bool, str]]
    """Field -> (default, factory, whether it counts in comparisons, annotation)."""

__all__ = ["dataclass", "field", "replace"]

REQUIRED = object()


class FieldDefault:
    """What `field` says of a field."""

    __slots__ = ("compare", "default", "factory")

    def __init__(self, default: Any, factory: Callable[[], Any] | None, compare: bool) -> None:
        self.default = default
        self.factory = factory
        self.compare = compare


class FromStandard:
    """An attribute that a real dataclass with the same fields has. It is made at its first use."""

    def __init__(self, name: str, kind: Any, frozen: bool) -> None:
        self.name, self.kind, self.frozen = name, kind, frozen

    def __get__(self, _instance: object, _owner: type) -> Any:
        import dataclasses

        rows: list[tuple[str, Any, Any]] = []
        for name, (default, factory, compare, annotation) in self.kind._values.items():
            given: dict[str, Any] = {"compare": compare}
            if factory is not None:
                given["default_factory"] = factory
            elif default is not REQUIRED:
                given["default"] = default
            rows.append((name, annotation, dataclasses.field(**given)))
        made = dataclasses.make_dataclass(self.kind.__name__, rows, frozen=self.frozen)
        for attribute in ("__dataclass_fields__", "__dataclass_params__"):
            setattr(self.kind, attribute, getattr(made, attribute))
        return getattr(made, self.name)


if not TYPE_CHECKING:

    def field(*, default=REQUIRED, default_factory=None, compare=True):
        return FieldDefault(default, default_factory, compare)

    def dataclass(cls=None, /, *, frozen=False, slots=False, order=False):
        if cls is None:
            return lambda cls: prepared(cls, frozen, order)
        return prepared(cls, frozen, order)

    def replace(value, /, **changes):
        kind = type(value)
        if "_values" not in kind.__dict__:
            import dataclasses

            return dataclasses.replace(value, **changes)
        return kind(**{name: getattr(value, name) for name in kind._values} | changes)


def prepared(kind: Any, frozen: bool, order: bool) -> Any:
    """The class with the methods of a dataclass."""
    found: Fields = {}
    for base in reversed(kind.__mro__[1:]):
        found.update(base.__dict__.get("_values", ()))
    for name, annotation in kind.__dict__.get("__annotations__", {}).items():
        if str(annotation).startswith("ClassVar"):
            continue
        default = kind.__dict__.get(name, REQUIRED)
        if isinstance(default, FieldDefault):
            found[name] = (default.default, default.factory, default.compare, annotation)
            if default.default is REQUIRED:
                delattr(kind, name)
            else:
                setattr(kind, name, default.default)
        else:
            found[name] = (default, None, True, annotation)
    kind._values = found
    kind._required = frozenset(
        name for name, (default, factory, _, _) in found.items() if default is REQUIRED and factory is None
    )
    setattr(kind, "__match_args__", tuple(found))  # noqa: B010, which mypy knows only as an attribute of instances
    kind.__init__ = initializer(kind, found)
    methods: dict[str, Any] = {"__repr__": shown, "__eq__": is_equal, "__hash__": hashed if frozen else None}
    if order:
        methods |= {"__lt__": is_less}
    if frozen:
        methods |= {"__setattr__": refuse, "__delattr__": refuse}
    for name, method in methods.items():
        if name not in kind.__dict__ or kind.__dict__[name] is None:  # a class with `__eq__` has no `__hash__`
            setattr(kind, name, method)
    for name in ("__dataclass_fields__", "__dataclass_params__"):
        setattr(kind, name, FromStandard(name, kind, frozen))
    return kind


def initializer(kind: type, fields: Fields) -> Callable[..., None]:
    names, count = tuple(fields), len(fields)
    after = getattr(kind, "__post_init__", None)

    def __init__(self: Any, *arguments: Any, **given: Any) -> None:
        values = self.__dict__
        if arguments:
            if len(arguments) > count:
                raise TypeError(f"{kind.__name__}() takes {count} arguments, and {len(arguments)} were given")
            values.update(zip(names, arguments))
        for name in given:
            if name in values or name not in fields:
                raise TypeError(f"{kind.__name__}() got {'twice' if name in fields else 'unexpectedly'}: {name}")
        values.update(given)
        if len(values) != count:
            for name in names:
                if name not in values:
                    default, factory, _, _ = fields[name]
                    if default is REQUIRED and factory is None:
                        raise TypeError(f"{kind.__name__}() lacks the argument {name!r}")
                    values[name] = factory() if factory is not None else default
        if after is not None:
            self.__post_init__()

    return __init__


def key_of(value: Any) -> tuple[Any, ...]:
    return tuple([getattr(value, name) for name, row in type(value)._values.items() if row[2]])


def is_equal(self: Any, other: Any) -> Any:
    return key_of(self) == key_of(other) if type(other) is type(self) else NotImplemented


def is_less(self: Any, other: Any) -> Any:
    return key_of(self) < key_of(other) if type(other) is type(self) else NotImplemented


def hashed(self: Any) -> int:
    return hash(key_of(self))


def shown(self: Any) -> str:
    return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in type(self)._values)})"


def refuse(self: Any, name: str, *_: object) -> None:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"{name} of a {type(self).__name__} does not change")
