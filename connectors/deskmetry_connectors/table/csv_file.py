"""CsvFile: a text file with a value in each column, read line by line."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from .errors import NotATable
from .row import Row

DELIMITERS = (";", ",", "\t", "|")
_NAMES = {";": "semicolon", ",": "comma", "\t": "tab", "|": "bar"}
MAX_LINE = 16 * 1024 * 1024
"""Characters of a line that are read at once; what is longer doesn't fit the header, and is set aside."""
_SAMPLE = 65_536  # bytes by which the encoding is judged
_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_QUOTED = re.compile(r'"[^"]*"')
_SEPARATOR_LINE = re.compile(r"sep=(.)\s*")
_SURROGATE = re.compile("[\udc80-\udcff]")


class CsvFile:
    """A CSV file; delimiter and encoding are sniffed where the settings don't say them."""

    certain = True

    def __init__(
        self,
        path: Path,
        *,
        encoding: str | None,
        delimiter: str | None,
        names: Sequence[str],
        skip_lines: int,
        young: bool,
    ) -> None:
        self.unfinished = False
        self._path = path
        self._young = young
        self._cut = False  # the last line has no end, and was held back
        self._read = 0  # lines
        self._encoding = encoding or _encoding(path)
        self._file = path.open("rb")
        try:
            self._text = io.TextIOWrapper(
                self._file, encoding=self._encoding, errors="surrogateescape", newline=""
            )
            lines = self._lines()
            first = self._first(lines, skip_lines)
            marked = _SEPARATOR_LINE.fullmatch(first)
            if marked is not None:  # Excel's way to name the delimiter
                first = next(lines, "")
            self._delimiter = delimiter or (marked[1] if marked else _sniff(first))
            # Strict, so that a quote that is never closed isn't taken for a cell with half the file in it.
            self._reader = csv.reader(_chain(first, lines), delimiter=self._delimiter, strict=True)
            self.header = list(names) or self._header()
        except BaseException:
            self._file.close()
            raise

    def rows(self) -> Iterator[Row]:
        """Yield the rows, bad ones with their fault; a half written last line is left for later."""
        while True:
            before = self._read
            try:
                cells = next(self._reader)
            except StopIteration:
                break
            except csv.Error as error:
                if self._cut or (self._young and "unexpected end" in str(error)):
                    self.unfinished = True
                    break
                till = f" to {self._read}" if self._read > before + 1 else ""
                yield Row(self._path.name, before + 1, {}, f"line {before + 1}{till}: {error}")
                continue
            if any(cell.strip() for cell in cells):
                yield self._row(cells, before + 1)
        self.unfinished = self.unfinished or self._cut

    def describe(self) -> str:
        """Return delimiter and encoding."""
        return f"{_NAMES.get(self._delimiter, repr(self._delimiter))} between columns, {self._encoding}"

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _row(self, cells: list[str], line: int) -> Row:
        fault = ""
        if len(cells) != len(self.header):
            fault = f"{len(cells)} cells where the header has {len(self.header)}"
        elif any(_SURROGATE.search(cell) for cell in cells):
            fault = f'not {self._encoding} text; the setting `encoding` names another, as "cp1252"'
        given = cells[: len(self.header)]
        return Row(self._path.name, line, dict(zip(self.header, given, strict=False)), fault)

    def _first(self, lines: Iterator[str], skip: int) -> str:
        for _ in range(skip):
            next(lines, "")
        first = next((line for line in lines if line.strip()), "")
        if not first:
            raise NotATable(self._path, "it is empty", "Nothing was changed; sync again once it is written.")
        return first

    def _header(self) -> list[str]:
        try:
            names = [name.strip() for name in next(self._reader)]
        except (StopIteration, csv.Error) as error:
            raise NotATable(
                self._path, f"its first line is no header ({error})", "Name the columns with `names`."
            ) from None
        twice = {name for name in names if name and names.count(name) > 1}
        if twice:
            told = ", ".join(map(repr, sorted(twice)))
            raise NotATable(
                self._path, f"its header has {told} more than once", "Name all columns with `names`."
            )
        return names

    def _lines(self) -> Iterator[str]:
        while line := self._text.readline(MAX_LINE):
            if self._young and not line.endswith(("\n", "\r")):
                self._cut = True
                return
            self._read += 1
            yield line


def _chain(first: str, lines: Iterator[str]) -> Iterator[str]:
    yield first
    yield from lines


def _sniff(header: str) -> str:
    """Return the delimiter that the first line has most of, outside quotes; a comma if it has none."""
    bare = _QUOTED.sub("", header)
    return max((*DELIMITERS, ","), key=lambda mark: (bare.count(mark), mark == ","))


def _encoding(path: Path) -> str:
    """Return the encoding by the file's mark, else UTF-8; NotATable if its beginning isn't that."""
    with path.open("rb") as file:
        sample = file.read(_SAMPLE)
    for mark, name in _MARKS.items():
        if sample.startswith(mark):
            return name
    if b"\0" in sample:
        raise NotATable(
            path, "it holds no text (a spreadsheet?)",
            "Save it as CSV (UTF-8), or name a database with the ending .db or .sqlite.",
        )  # fmt: skip
    try:
        sample.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(sample) - 4:  # else a character was cut by the sample's end
            line = sample[: error.start].count(b"\n") + 1
            raise NotATable(
                path, f"line {line} isn't UTF-8 text",
                'Set `encoding`, as "cp1252" for what Excel writes in western Europe.',
            ) from None  # fmt: skip
    return "utf-8"
