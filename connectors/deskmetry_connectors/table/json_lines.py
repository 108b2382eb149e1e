"""JsonLines: a file with one JSON object on each line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

from .errors import NotATable
from .row import Row

_SAMPLE = 200  # lines by which the names of the columns are known
MAX_LINE = 16 * 1024 * 1024
"""Bytes of a line that is read; a longer one is set aside."""


class JsonLines:
    """A JSON Lines file; numbers are kept as they are written."""

    certain = False

    def __init__(self, path: Path, *, young: bool) -> None:
        self.unfinished = False
        self._path = path
        self._young = young
        self._file = path.open("rb")
        names: dict[str, None] = {}
        for row in islice(self._all(), _SAMPLE):
            names.update({} if row.fault else dict.fromkeys(row.cells))
        if not names:
            self._file.close()
            raise NotATable(
                path, "none of its first lines holds a JSON object",
                "Write one object a line (`jq -c '.[]' file.json` makes that of a list).",
            )  # fmt: skip
        self.header = list(names)

    def rows(self) -> Iterator[Row]:
        """Yield the rows, bad ones with their fault; a half written last line is left for later."""
        self._file.seek(0)
        return self._all()

    def describe(self) -> str:
        """Return what it is."""
        return "one JSON object a line"

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _all(self) -> Iterator[Row]:
        number = 0
        while line := self._file.readline(MAX_LINE):
            number += 1
            whole = line.endswith(b"\n")
            if not whole and len(line) >= MAX_LINE:
                while (rest := self._file.readline(MAX_LINE)) and not rest.endswith(b"\n"):
                    continue
                yield Row(self._path.name, number, {}, f"line {number} is longer than {MAX_LINE:,} bytes")
            elif line.strip():
                row = self._row(line, number)
                if row.fault and not whole and self._young:
                    self.unfinished = True
                    return
                yield row

    def _row(self, line: bytes, number: int) -> Row:
        try:
            found = json.loads(line.decode("utf-8-sig"), parse_float=Decimal, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            shown = line[:200].decode("utf-8", "replace").strip()
            return Row(self._path.name, number, {"line": shown}, f"not a JSON object ({error})")
        if not isinstance(found, dict):
            return Row(self._path.name, number, {"line": str(found)[:200]}, "not a JSON object")
        return Row(self._path.name, number, found)


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
