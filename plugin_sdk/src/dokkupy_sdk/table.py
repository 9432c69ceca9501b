"""Tables for people. On a terminal rich draws them and fits them to its width; elsewhere they are plain aligned lines."""

from __future__ import annotations

import sys

from dokkupy.cli.output import colorful, harmless

from dokkupy_sdk.cli import on_terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any, Literal

    from dokkupy.cli.declare import CommandResult

WRAPPED = 24
"""Characters, or a longer word, that fit into a column whose text wraps; optional columns are dropped for them."""


class Column:
    """head: its heading. right: whether its cells stand at the right, as numbers do. optional: a narrow terminal drops the
    columns with the highest number first; 0 stays. wraps: whether a text that is too long goes on in the next line of a
    terminal; otherwise it is cut."""

    __slots__ = ("head", "optional", "right", "wraps")

    def __init__(self, head: str, *, right: bool = False, optional: int = 0, wraps: bool = False) -> None:
        self.head = head
        self.right = right
        self.optional = optional
        self.wraps = wraps


def table(
    columns: Sequence[Column],
    rows: Sequence[Sequence[str]],
    *,
    styles: Mapping[str, str] = {},
    terminal: bool | None = None,
    width: int = 0,
) -> list[str]:
    """The lines, the heading first. styles: the text of a cell -> its style (`dokkupy_sdk.styles`). terminal, width: of
    standard output, if they are not given (tests)."""
    if not rows:
        return []
    rows = [[clean(cell) for cell in row] for row in rows]
    if terminal is None:
        terminal = sys.stdout.isatty()
    if not terminal:
        return plain(columns, rows, styles if colorful(sys.stdout) else {})
    import shutil

    return drawn(columns, rows, styles, width or shutil.get_terminal_size().columns)


def listing(
    data: Any,
    columns: Sequence[Column],
    rows: Sequence[Sequence[str]],
    *,
    elsewhere: Sequence[str] | None = None,
    empty: str = "",
    header: str = "",
    styles: Mapping[str, str] = {},
    status: int = 0,
) -> CommandResult:
    """A command's answer that is a table. elsewhere: the lines without a terminal, where Dokku has the command in a form
    of its own; the first one is its heading, or empty. empty: the sentence that a terminal shows if there are no rows. header: see CommandResult;
    without rows there is none."""
    from dokkupy.cli.declare import CommandResult

    terminal = sys.stdout.isatty()
    if terminal and not rows:
        return CommandResult(data, [empty] if empty else [], status=status)
    lines = [harmless(line) for line in elsewhere] if elsewhere is not None and not terminal else None
    if lines is None:
        lines = table(columns, rows, styles=styles, terminal=terminal)
    return CommandResult(
        data,
        lines[1:],
        header=header if rows or elsewhere is not None else "",
        columns=[line for line in lines[:1] if line],
        status=status,
    )


def fields(rows: Sequence[tuple[str, object]]) -> list[str]:
    """Lines `label: value` below a title, the values in one column."""
    size = max((len(label) for label, _ in rows), default=0) + 1
    return [field(label, value, size) for label, value in rows]


def field(label: str, value: object, width: int = 30) -> str:
    """A line `label: value` below a title. width: of the label with its colon; Dokku's reports have 30."""
    return f"       {label + ':' if label else '':<{width}} {value}".rstrip()


EMPTY = ("", "-", None)


def report(rows: Iterable[tuple[str, object]], width: int = 30, *, whole: bool = False) -> list[str]:
    """The lines of a report below its title, the values in one column, which a longer label than usual moves. A terminal gets
    those with a value, unless it asks for the whole; programs get Dokku's width."""
    hides = not whole and on_terminal()
    shown = [("" if value is None else value, label) for label, value in rows if not (hides and value in EMPTY)]
    if on_terminal():
        width = max([width, *(len(label) + 1 for _, label in shown)])
    return [field(label, value, width) for value, label in shown] or (["       Nothing is set"] if hides else [])


def clean(cell: str) -> str:
    """One line without control characters, because the text may be an app's."""
    return cell if cell.isprintable() else "".join(one if one.isprintable() else " " for one in harmless(cell))


def widths(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> list[int]:
    return [max([len(column.head), *(len(row[at]) for row in rows)]) for at, column in enumerate(columns)]


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows in columns without a heading, two blanks between them."""
    return plain([Column("") for _ in rows[0]], rows)[1:] if rows else []


def plain(columns: Sequence[Column], rows: Sequence[Sequence[str]], styles: Mapping[str, str] = {}) -> list[str]:
    sizes = widths(columns, rows)

    def line(cells: Sequence[str]) -> str:
        parts = zip(cells, sizes, columns, strict=True)
        padded = ((cell, cell.rjust(size) if one.right else cell.ljust(size)) for cell, size, one in parts)
        return "  ".join(
            text.replace(cell, drawn_cell(cell, styles)) if styles else text for cell, text in padded
        ).rstrip()

    return [line([column.head for column in columns]), *map(line, rows)]


def drawn_cell(cell: str, styles: Mapping[str, str]) -> str:
    from dokkupy_sdk.styles import styled

    return styled(cell, styles.get(cell, ""))


def longest_word(cells: Iterable[str]) -> int:
    return max((len(word) for cell in cells for word in cell.split()), default=0)


def fitting(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int) -> list[int]:
    """The indexes of the columns that fit into the width, as far as others are optional."""
    sizes = [
        max(len(one.head), min(size, max(WRAPPED, longest_word(row[at] for row in rows)))) if one.wraps else size
        for at, (one, size) in enumerate(zip(columns, widths(columns, rows), strict=True))
    ]
    kept = list(range(len(columns)))
    while sum(sizes[at] + 2 for at in kept) - 2 > width:
        last = max(kept, key=lambda at: columns[at].optional)
        if not columns[last].optional:
            break
        kept.remove(last)
    return kept


def drawn(columns: Sequence[Column], rows: Sequence[Sequence[str]], styles: Mapping[str, str], width: int) -> list[str]:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from dokkupy_sdk.styles import FAINT

    kept, sizes = fitting(columns, rows, width), widths(columns, rows)
    has_wrapping = any(columns[at].wraps for at in kept)
    shown = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style=FAINT)
    for at in kept:
        justify = "right" if columns[at].right else "left"
        shown.add_column(
            columns[at].head,
            justify=justify,  # type: ignore[arg-type]
            no_wrap=not columns[at].wraps,
            overflow="fold" if columns[at].wraps else "ellipsis",
            min_width=sizes[at] if has_wrapping and not columns[at].wraps else None,
        )
    for row in rows:
        shown.add_row(*(Text(row[at], style=styles.get(row[at], "")) for at in kept))
    colors: Literal["standard"] | None = "standard" if colorful(sys.stdout) else None
    console = Console(force_terminal=True, width=width, color_system=colors, highlight=False)
    with console.capture() as captured:
        console.print(shown)
    return [line.rstrip() for line in captured.get().splitlines()]
