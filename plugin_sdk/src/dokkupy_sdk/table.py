"""Tables for people. On a terminal rich draws them and fits them to its width; elsewhere they are plain aligned lines."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


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
    """The lines, the heading first. styles: the text of a cell -> a style of rich, such as "green". terminal, width: of
    standard output, if they are not given (tests)."""
    if not rows:
        return []
    if terminal is None:
        terminal = sys.stdout.isatty()
    if not terminal:
        return plain(columns, rows)
    import shutil

    return drawn(columns, rows, styles, width or shutil.get_terminal_size().columns)


def colorful() -> bool:
    """Whether standard output is a terminal whose reader did not refuse colours (https://no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def widths(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(len(column.head), *(len(row[at]) for row in rows)) for at, column in enumerate(columns)]


def plain(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> list[str]:
    sizes = widths(columns, rows)

    def line(cells: Sequence[str]) -> str:
        parts = zip(cells, sizes, columns, strict=True)
        return "  ".join(cell.rjust(size) if one.right else cell.ljust(size) for cell, size, one in parts).rstrip()

    return [line([column.head for column in columns]), *map(line, rows)]


def fitting(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int) -> list[int]:
    """The indexes of the columns that fit into the width, as far as others are optional."""
    sizes = widths(columns, rows)
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

    kept, sizes = fitting(columns, rows, width), widths(columns, rows)
    has_wrapping = any(columns[at].wraps for at in kept)
    shown = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
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
    console = Console(
        force_terminal=True, width=width, no_color="NO_COLOR" in os.environ, color_system="standard", highlight=False
    )
    with console.capture() as captured:
        console.print(shown)
    return [line.rstrip() for line in captured.get().splitlines()]
