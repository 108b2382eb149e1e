"""Packed: the records of a page as their bare fields, which cost little to hand to another process."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import overload

from ..records import Record
from .table import Values, table_of


class Packed(Sequence[Record]):
    """Records as their fields, each kind in its order; whoever looks at them gets records, made anew."""

    def __init__(self, values: Mapping[type[Record], Sequence[Values]]) -> None:
        self.values = values

    @classmethod
    def of(cls, records: Iterable[Record]) -> Packed:
        """Pack records; those that are packed already stay so."""
        if isinstance(records, Packed):
            return records
        kinds: dict[type[Record], list[Record]] = defaultdict(list)
        for record in records:
            kinds[type(record)].append(record)
        return cls({kind: table_of(kind).values(members) for kind, members in kinds.items()})

    def __len__(self) -> int:
        return sum(map(len, self.values.values()))

    def __iter__(self) -> Iterator[Record]:
        return chain.from_iterable(table_of(kind).records(values) for kind, values in self.values.items())

    @overload
    def __getitem__(self, index: int) -> Record: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Record]: ...

    def __getitem__(self, index: int | slice) -> Record | Sequence[Record]:
        return list(self)[index]
