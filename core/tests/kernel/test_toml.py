"""The store's reader of TOML against `tomllib`: the same answer, or the same error."""

from __future__ import annotations

import random
import tomllib

import pytest
import tomli_w
from dokkupy.kernel.toml import Reader, Unusual, loads

TEXTS = (
    "",
    "web",
    "a b",
    'say "hi"',
    "C:\\x",
    "two\nlines\r\n",
    "tab\there",
    "bücher",
    "\x01",
    "\u200b",
    "#5",
    "'",
    "a]",
    "x" * 120,
)
KEYS = ("a", "b", "A_1", "c-d", "d.e", "ü", "with space", 'q"')
EDITS = " \n[]{}\"=.,#\\a1-'\t\0ü"


def value(dice: random.Random, depth: int) -> object:
    kind = dice.randrange(10 if depth else 6)
    if kind < 2:
        return dice.choice(TEXTS)
    if kind == 2:
        return dice.choice((True, False))
    if kind == 3:
        return dice.choice((0, 7, -3, 10**17, 10**30))
    if kind == 4:
        return dice.choice((1.5, -0.25, 1764421653.123, 1e300, 2.0))
    if kind == 5:
        return [dice.choice(TEXTS) for _ in range(dice.randrange(3))]
    if kind < 8:
        return table(dice, depth - 1)
    return [value(dice, depth - 1) if kind == 8 else table(dice, depth - 1) for _ in range(dice.randrange(3))]


def table(dice: random.Random, depth: int) -> dict[str, object]:
    return {dice.choice(KEYS): value(dice, depth) for _ in range(dice.randrange(5))}


def outcome(read: object, text: str) -> object:
    try:
        return repr(read(text))  # type: ignore[operator]  # repr: 1 and 1.0 and True differ
    except ValueError as error:
        return f"{type(error).__name__}: {error}"


@pytest.mark.parametrize("seed", range(40))
def test_it_answers_as_tomllib_whatever_it_is_given(seed: int) -> None:
    dice = random.Random(seed)
    for _ in range(25):
        text = tomli_w.dumps({"schema": 1, **table(dice, 3)})
        assert outcome(loads, text) == outcome(tomllib.loads, text)
        for _ in range(4):
            at = dice.randrange(len(text) + 1)
            edited = text[:at] + dice.choice((dice.choice(EDITS), "")) + text[at + dice.randrange(3) :]
            assert outcome(loads, edited) == outcome(tomllib.loads, edited), edited


@pytest.mark.parametrize(
    "text",
    [
        "a = 1\na = 2\n",
        "[a]\n[a]\n",
        "[a.b]\n[a]\nc = 1\n",
        "a = {}\n[a.b]\n",
        "a = [{ b = 1 }]\n[[a]]\n",
        "a = []\n[[a]]\n",
        "[[a]]\n[a]\n",
        "[a]\n[[a]]\n",
        "[[a]]\n[[a.b]]\n[[a]]\n[a.c]\nx = 1\n",
        "a = { b = 1 }\na.c = 2\n",
        "[a]\nb = { c = 1 }\n[a.b.d]\n",
        "a = 01\n",
        "a = 1.\n",
        "a = 1_000\n",
        "a = 2026-01-01\n",
        "a = truest\n",
        'a = """x"""\n',
        "a = 'x'\n",
        'a = "\\u0041\\/"\n',
        "a=1",
        "a = 1 # why\n",
        "a = [1 2]\n",
        "a = { b = 1, }\n",
        'a = "open',
        "",
        "\n\n",
        "a = 1\r\n",
    ],
)
def test_it_answers_as_tomllib_at_the_edges(text: str) -> None:
    assert outcome(loads, text) == outcome(tomllib.loads, text)


def test_files_of_the_store_are_read_without_tomllib() -> None:
    rows = [{"id": "x" * 90, "labels": {"a.b": "c"}}, {"id": "y", "limits": [{"cpu": 1.5}, {}]}]
    data = {"schema": 1, "on": True, "since": 1764421653.25, "env": {"KEY": 'a "b"\n\\'}, "instances": rows, "none": []}
    try:
        assert Reader(tomli_w.dumps(data)).document() == data
    except Unusual:  # pragma: no cover - the failure this test is for
        pytest.fail("the store writes what its reader leaves to tomllib")
