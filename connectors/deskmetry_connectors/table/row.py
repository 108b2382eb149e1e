"""Row: one line of a file with its cells, and what tells it from others."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from .values import Cell


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a file; `fault` is why it can't be used whatever the mapping, if so. Lines count from 1."""

    file: str
    line: int
    cells: Mapping[str, Cell] = field(default_factory=dict)
    fault: str = ""

    @property
    def place(self) -> str:
        """Where it stands, for people."""
        return f"{self.file}, line {self.line}"

    def raw(self) -> dict[str, Any]:
        """Return it as a JSON value, for the quarantine."""
        cells = json.loads(json.dumps(dict(self.cells), default=str))
        return {"file": self.file, "line": self.line, "cells": cells, "fault": self.fault}

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Row:
        """Return the row that `raw` wrote; LookupError or TypeError if it isn't one."""
        return cls(str(raw["file"]), int(raw["line"]), raw["cells"], str(raw["fault"]))

    def get(self, name: str) -> Cell:
        """Return a cell; a dotted name looks into objects. None where there is no such."""
        if name in self.cells:
            return self.cells[name]
        found: Any = self.cells
        for part in name.split("."):
            if not isinstance(found, Mapping) or part not in found:
                return None
            found = found[part]
        return found


class Source(Protocol):
    """A file that is open for reading.

    header: the names of its columns, as far as they can be known before all is read. certain: the header
    names all columns there can be. unfinished: a half written end was left for later; known after `rows`.
    """

    header: list[str]
    certain: bool
    unfinished: bool

    def rows(self) -> Iterator[Row]:
        """Yield the rows from the first on, once."""

    def describe(self) -> str:
        """Return how it is read, for people: delimiter, encoding."""

    def close(self) -> None:
        """Close what is open."""
