"""Layout: rows fitted to the width of a terminal, so that no number and no date is ever broken."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from .text import plain

if TYPE_CHECKING:
    from rich.console import Console

_GAP = 2
_ROOM = 20  # cells that a text needs to be worth reading when it is wrapped
_CUT_ROOM = 12  # the same where it is cut
_WORD = 32  # the longest word that isn't broken


@dataclass(frozen=True, slots=True)
class Column:
    """A column: solid ones are never broken, cut ones end in `…` where room is short, others are wrapped."""

    name: str
    right: bool = False
    solid: bool = False
    cut: bool = False


class Page:
    """Lines of text for people, on a terminal of `width` cells, or with no width and nothing cut."""

    def __init__(self, width: int | None = None) -> None:
        self.width = width
        self._buffer = io.StringIO()

    @cached_property
    def _console(self) -> Console:
        from rich.console import Console  # needed only where something is styled or has to be broken

        return Console(
            file=self._buffer,
            width=self.width or 80,
            force_terminal=self.width is not None,
            highlight=False,
            emoji=False,
            markup=False,
        )

    def line(self, text: str, style: str = "") -> None:
        """Add a line; a terminal gets it wrapped between words."""
        text = plain(text)
        if self.width is None or (not style and _length(text) <= self.width):
            self._buffer.write(text + "\n")
            return
        from rich.text import Text

        self._console.print(Text(text, style=style))

    def rows(self, columns: Sequence[Column], rows: Sequence[Sequence[str]], spare: Sequence[str]) -> None:
        """Add a table. Where it is too wide, columns named in `spare` are left out, first ones first.

        Where that isn't enough, every row is written as lines of `column value`.
        """
        cells = [[plain(cell) for cell in row] for row in rows]
        natural = [
            max((_length(text) for text in (column.name, *(row[index] for row in cells))), default=0)
            for index, column in enumerate(columns)
        ]
        kept = list(range(len(columns)))
        if self.width is not None:
            least = [_least(column, natural[index], cells, index) for index, column in enumerate(columns)]
            for name in spare:
                if _total(least, kept) > self.width:
                    kept = [index for index in kept if columns[index].name != name]
            if _total(least, kept) > self.width:
                self._blocks(columns, cells)
                return
            natural = _shrunk(natural, least, kept, self.width)
        self._table([columns[index] for index in kept], [natural[i] for i in kept], kept, cells)
        if len(kept) < len(columns):
            hidden = ", ".join(column.name for index, column in enumerate(columns) if index not in kept)
            self.line(f"No room for: {hidden} (a wider terminal or another --format shows it).", "dim")

    def text(self) -> str:
        """Return everything that was added."""
        return "".join(line.rstrip() + "\n" for line in self._buffer.getvalue().splitlines())

    def _table(
        self, columns: Sequence[Column], widths: Sequence[int], kept: Sequence[int], cells: list[list[str]]
    ) -> None:
        if all(
            _length(row[index]) <= width for row in cells for index, width in zip(kept, widths, strict=True)
        ):
            self._aligned(columns, widths, [[row[index] for index in kept] for row in cells])
            return
        from rich.box import Box
        from rich.table import Table
        from rich.text import Text

        rule = Box("    \n    \n ── \n    \n    \n ── \n    \n    \n")
        table = Table(box=rule, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
        for column, width in zip(columns, widths, strict=True):
            table.add_column(
                Text(column.name),
                width=width,
                justify="right" if column.right else "left",
                overflow="ellipsis" if column.cut else "fold",
                no_wrap=column.right or column.solid or column.cut,
            )
        for row in cells:
            table.add_row(*(Text(row[index]) for index in kept))
        if self.width is None:
            self._console.width = sum(widths) + 4 * len(widths) + 1
        self._console.print(table)

    def _aligned(self, columns: Sequence[Column], widths: Sequence[int], cells: Sequence[list[str]]) -> None:
        """Write rows whose cells all fit, as the table below would look."""
        between = " " * _GAP
        for row in ([column.name for column in columns], None, *cells):
            if row is None:
                self._buffer.write("─" * (sum(widths) + _GAP * (len(widths) - 1)) + "\n")
                continue
            parts = (
                " " * (width - _length(cell)) + cell if column.right else cell + " " * (width - _length(cell))
                for column, width, cell in zip(columns, widths, row, strict=True)
            )
            self._buffer.write(between.join(parts) + "\n")

    def _blocks(self, columns: Sequence[Column], cells: list[list[str]]) -> None:
        wide = max(_length(column.name) for column in columns)
        for number, row in enumerate(cells):
            if number:
                self.line("")
            for column, cell in zip(columns, row, strict=True):
                if cell:
                    self.line(f"{column.name}{' ' * (wide - _length(column.name))}  {cell}")


def _least(column: Column, natural: int, cells: Sequence[Sequence[str]], index: int) -> int:
    """Return the least width at which a column can still be read."""
    if column.right or column.solid:
        return natural
    if column.cut:
        return min(natural, _CUT_ROOM)
    words = (_length(word) for row in cells for word in row[index].split())
    return min(natural, max(_ROOM, _length(column.name), min(max(words, default=0), _WORD)))


def _total(widths: Sequence[int], kept: Sequence[int]) -> int:
    return sum(widths[index] for index in kept) + _GAP * (len(kept) - 1)


def _shrunk(natural: Sequence[int], least: Sequence[int], kept: Sequence[int], width: int) -> list[int]:
    """Take from the widest column, cell by cell, until all fit."""
    widths = [min(size, max(width, low)) for size, low in zip(natural, least, strict=True)]
    while _total(widths, kept) > width:
        widest = max((index for index in kept if widths[index] > least[index]), key=widths.__getitem__)
        widths[widest] -= 1
    return widths


def _length(text: str) -> int:
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)
