"""Packed: the records of a page as the rows they become, which cost little to hand to another process."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import overload

from ..records import Record
from .table import Row, table_of


class Packed(Sequence[Record]):
    """Records as rows, each kind in its order; whoever looks at them gets records, made anew.

    A record made anew becomes the same row again: its instants have no more than milliseconds, and its
    version is the one that orders it.
    """

    def __init__(self, rows: Mapping[type[Record], Sequence[Row]]) -> None:
        self.rows = rows

    @classmethod
    def of(cls, records: Iterable[Record], latest: int) -> Packed:
        """Pack records; those that are packed already stay so. latest: see `Table.row`."""
        if isinstance(records, Packed):
            return records
        kinds: dict[type[Record], list[Record]] = defaultdict(list)
        for record in records:
            kinds[type(record)].append(record)
        return cls({kind: table_of(kind).rows(members, latest) for kind, members in kinds.items()})

    def __len__(self) -> int:
        return sum(map(len, self.rows.values()))

    def __iter__(self) -> Iterator[Record]:
        return chain.from_iterable(table_of(kind).records(rows) for kind, rows in self.rows.items())

    @overload
    def __getitem__(self, index: int) -> Record: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Record]: ...

    def __getitem__(self, index: int | slice) -> Record | Sequence[Record]:
        return list(self)[index]
