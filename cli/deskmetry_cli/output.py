"""Output: rows as a table, JSON, JSON lines, CSV or Markdown, to the terminal or into a file."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from deskmetry.errors import UsageError

from .text import CONTROL, guarded, plain

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
    """Rows to be written: `shown` as people read them, `data` as programs do (the same rows).

    right: names of the columns whose values stand at the right. On a narrow terminal, `solid` columns are
    never wrapped, `cut` ones end in `…`, and those in `spare` are left out, the first one first. title, notes
    and details (lines kept as they are) go around it, for people; whole: what JSON writes instead of the
    rows, where there is more than rows to say.
    """

    columns: Sequence[str]
    shown: Sequence[Sequence[str]]
    data: Sequence[Mapping[str, Any]]
    right: frozenset[str] = frozenset()
    solid: frozenset[str] = frozenset()
    cut: frozenset[str] = frozenset()
    spare: Sequence[str] = ()
    title: Sequence[str] = ()
    notes: Sequence[str] = ()
    details: Sequence[str] = ()
    whole: Mapping[str, Any] | None = None
    empty: str = "Nothing to show."


@dataclass(slots=True)
class Writer:
    """Write tables in one format to one place; several tables of one answer come one after the other."""

    format: Format
    output: Path | None = None
    _tables: list[Table] = field(default_factory=list)

    def __post_init__(self) -> None:
        # `-o volume.csv` means CSV; a format that was asked for stays.
        ending = "" if self.output is None else self.output.suffix.lstrip(".").lower()
        if self.format is Format.TABLE and ending in set(Format):
            self.format = Format(ending)

    def add(self, table: Table) -> None:
        """Take one table into the answer."""
        self._tables.append(table)

    def close(self, *, listed: bool = False) -> None:
        """Write the answer: as JSON one object, or a list of them if `listed`."""
        text = self._text(listed)
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

    def _text(self, listed: bool) -> str:
        match self.format:
            case Format.JSON:
                wholes = [_whole(table) for table in self._tables]
                return _json(wholes if listed else wholes[0], indent=2) + "\n"
            case Format.JSONL:
                return "".join(_json(row) + "\n" for table in self._tables for row in table.data)
            case Format.CSV:
                return _csv(self._tables)
            case Format.MD:
                return "\n".join(_markdown(table) for table in self._tables)
            case Format.TABLE:
                width = _width() if self.output is None else None
                return "\n".join(_aligned(table, width) for table in self._tables)


def write(table: Table, format: Format, output: Path | None = None) -> None:
    """Write one table."""
    writer = Writer(format, output)
    writer.add(table)
    writer.close()


def _whole(table: Table) -> Mapping[str, Any]:
    return table.whole or {"schema_version": SCHEMA_VERSION, "rows": list(table.data)}


def _json(value: object, indent: int | None = None) -> str:
    text = json.dumps(value, ensure_ascii=False, indent=indent, default=str)
    # What a terminal takes amiss stands escaped; the line breaks of the indentation are ours.
    return CONTROL.sub(lambda found: found[0] if found[0] == "\n" else f"\\u{ord(found[0]):04x}", text)


def _csv(tables: Sequence[Table]) -> str:
    """Return all rows under one header; tables of one answer may differ in a column."""
    rows = [row for table in tables for row in table.data]
    names = list(dict.fromkeys(name for row in rows for name in row))
    names = names or list(dict.fromkeys(name for table in tables for name in table.columns))
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([_cell(name) for name in names])
    for row in rows:
        writer.writerow([_cell(row.get(name)) for name in names])
    return buffer.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, Mapping | list | tuple):
        return guarded(_json(value))
    return guarded(plain(str(value)))


def _markdown(table: Table) -> str:
    title = [_escaped(line) for line in table.title]
    lines = [f"**{title[0]}**  ", *(f"{line}  " for line in title[1:]), ""] if title else []
    head, *body = ([_escaped(cell) for cell in row] for row in ([*table.columns], *table.shown))
    rule = ["---:" if name in table.right else "---" for name in table.columns]
    lines += [f"| {' | '.join(row)} |" for row in (head, rule, *body)]
    if not table.shown:
        lines += ["", _escaped(table.empty)]
    if table.notes:
        lines += ["", *(f"- {_escaped(note)}" for note in table.notes)]
    if table.details:
        details = "\n".join(plain(line).replace("```", "' ' '") for line in table.details)
        lines += ["", "```text", details.strip("\n"), "```"]
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return re.sub(r"([\\|`*\[\]])", r"\\\1", plain(text)).replace("&", "&amp;").replace("<", "&lt;")


def _width() -> int | None:
    """Return the cells in a line of the terminal; None where stdout is none: nothing is cut in a pipe."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def _aligned(table: Table, width: int | None) -> str:
    from .layout import Column, Page

    page = Page(width)
    for number, line in enumerate(table.title):
        page.line(line, "bold" if number == 0 else "dim")
    if table.shown:
        columns = [
            Column(plain(name), name in table.right, name in table.solid, name in table.cut)
            for name in table.columns
        ]
        page.rows(columns, table.shown, table.spare)
    else:
        page.line(table.empty)
    for note in (*table.notes, *table.details):
        page.line(note, "dim")
    return page.text()
