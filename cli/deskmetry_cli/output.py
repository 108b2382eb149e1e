"""Output: rows as a table, JSON, JSON lines, CSV or Markdown, to the terminal or into a file."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from deskmetry.errors import UsageError

from .text import guarded, plain

SCHEMA_VERSION = 1


class Format(StrEnum):
    """How rows are written."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    MD = "md"


FormatOption = Annotated[Format, typer.Option("--format", "-f", help="How to write the answer.")]
OutputOption = Annotated[
    Path | None, typer.Option("--output", "-o", help="Write into this file instead.", dir_okay=False)
]


@dataclass(slots=True)
class Table:
    """Rows to be written: `shown` as people read them, `data` as programs do (the same rows; else `shown`).

    right: names of the columns whose values stand at the right. title and notes go around the table, for
    people; whole: what JSON writes instead of the rows, where there is more than rows to say.
    """

    columns: Sequence[str]
    shown: Sequence[Sequence[str]]
    data: Sequence[Mapping[str, Any]]
    right: frozenset[str] = frozenset()
    title: Sequence[str] = ()
    notes: Sequence[str] = ()
    whole: Mapping[str, Any] | None = None
    empty: str = "Nothing to show."


@dataclass(slots=True)
class Writer:
    """Write tables in one format to one place; several tables of one answer come one after the other."""

    format: Format
    output: Path | None = None
    parts: list[str] = field(default_factory=list)
    _wholes: list[Mapping[str, Any]] = field(default_factory=list)

    def add(self, table: Table) -> None:
        """Take one table into the answer."""
        match self.format:
            case Format.JSON:
                self._wholes.append(
                    table.whole or {"schema_version": SCHEMA_VERSION, "rows": list(table.data)}
                )
            case Format.JSONL:
                self.parts.append("".join(_json(row) + "\n" for row in table.data))
            case Format.CSV:
                self.parts.append(_csv(table.data, table.columns))
            case Format.MD:
                self.parts.append(_markdown(table))
            case Format.TABLE:
                self.parts.append(_aligned(table, self.output is None))

    def close(self, *, listed: bool = False) -> None:
        """Write the answer: one JSON object, or a list of them if `listed`."""
        if self.format is Format.JSON:
            answer: object = self._wholes if listed else (self._wholes[0] if self._wholes else {})
            self.parts.append(_json(answer, indent=2) + "\n")
        separator = "" if self.format in (Format.JSON, Format.JSONL, Format.CSV) else "\n"
        text = separator.join(self.parts)
        if self.output is None:
            sys.stdout.write(text)
            sys.stdout.flush()
            return
        try:
            descriptor = os.open(self.output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
                file.write(text)
        except OSError as error:
            raise UsageError(
                f"{self.output} can't be written: {error.strerror}.", "Choose another -o."
            ) from None


def write(table: Table, format: Format, output: Path | None = None) -> None:
    """Write one table."""
    writer = Writer(format, output)
    writer.add(table)
    writer.close()


def _json(value: object, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent, default=str)


def _csv(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> str:
    rows = list(rows)
    names = list(rows[0]) if rows else list(columns)
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(names)
    for row in rows:
        writer.writerow([_cell(row[name]) for name in names])
    return buffer.getvalue()


def _cell(value: Any) -> Any:
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, Mapping | list | tuple):
        return guarded(_json(value))
    return guarded(plain(str(value)))


def _markdown(table: Table) -> str:
    lines = [
        f"**{plain(line)}**  " if number == 0 else f"{plain(line)}  "
        for number, line in enumerate(table.title)
    ]
    if lines:
        lines.append("")
    rule = ["---:" if name in table.right else "---" for name in table.columns]
    body = [[_escaped(cell) for cell in row] for row in table.shown]
    lines += [f"| {' | '.join(row)} |" for row in ([*table.columns], rule, *body)]
    if table.notes:
        lines += ["", *(f"- {plain(note)}" for note in table.notes)]
    return "\n".join(lines) + "\n"


def _escaped(cell: str) -> str:
    text = plain(cell).replace("\\", "\\\\").replace("|", "\\|")
    return text.replace("<", "&lt;").replace("`", "\\`").replace("[", "\\[")


def _aligned(table: Table, to_terminal: bool) -> str:
    from rich.box import Box
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    terminal = to_terminal and sys.stdout.isatty()
    buffer = io.StringIO()
    # Without a terminal nothing is cut: a pipe has no width.
    width = None if terminal else 10_000
    console = Console(
        file=buffer, width=width, force_terminal=terminal, highlight=False, emoji=False, markup=False
    )
    for number, line in enumerate(table.title):
        console.print(Text(plain(line), style="bold" if number == 0 else "dim"), soft_wrap=not terminal)
    if not table.shown:
        console.print(Text(table.empty))
    else:
        rows = RichTable(
            box=Box("    \n    \n ── \n    \n    \n ── \n    \n    \n"), pad_edge=False, show_edge=False
        )
        for name in table.columns:
            right = name in table.right
            rows.add_column(Text(name), justify="right" if right else "left", overflow="fold", no_wrap=right)
        for row in table.shown:
            rows.add_row(*(Text(plain(cell)) for cell in row))
        console.print(rows)
    for note in table.notes:
        console.print(Text(plain(note), style="dim"), soft_wrap=not terminal)
    return "".join(line.rstrip() + "\n" for line in buffer.getvalue().splitlines())
