"""Table: CSV, JSON Lines and SQLite files, mapped by settings onto the common schema."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, time
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar, Literal, Self, cast

from pydantic import Field, PrivateAttr, model_validator

from deskmetry.connector import Capabilities, Connector, Cursor, Inventory, Page, Rejected, Whole, stream
from deskmetry.records import RECORDS, Agent, Record
from deskmetry.records.base import to_json
from deskmetry.records.kinds import Provenance

from .errors import BadMapping, BadRow, NotATable
from .files import Layout, State, content_of, find_files, opened, state_of
from .mapping import Reading, TableMapping, instant_of, merged
from .progress import Newest, Progress
from .row import Row, Source
from .scales import off_scale
from .settings import Column, TableSettings, Words, check_formats, check_zone

PAGE_ROWS = 1000
_LISTED = tuple(kind for kind in RECORDS if kind is not Agent)  # once an agent, always an agent
_HINT = (
    "Nothing was deleted here. If the rows were really taken out of the file, set max_removed = 1 for one "
    'sync; if the file never holds all rows, set removed = "keep".'
)


class _Settled:
    """What a table can give: what its settings fill."""

    def __get__(self, table: Table | None, owner: type[Table]) -> Capabilities:
        if table is None:
            return Capabilities(
                deletes=True, tags=True, ratings=True, wait_times=True, schedules=True, sla=True, nps=True,
                survey_offers=True,
            )  # fmt: skip
        filled = {one.into for one in table.filled()}
        return Capabilities(
            status_history=Provenance.REPORTED if "ticket_events" in filled else Provenance.OBSERVED,
            deletes=table.removed == "delete",
            tags="ticket_tags" in filled or any("tags" in one.columns for one in table.filled()),
            ratings="survey_answers" in filled,
            nps="survey_answers" in filled,
            survey_offers="survey_offers" in filled,
            wait_times="sessions" in filled,
            schedules="schedules" in filled,
            sla="sla_targets" in filled,
            tickets=not filled.isdisjoint({"tickets", "sessions"}),
        )


class Table(Connector):
    """Orders, costs, calls, surveys and whatever else stands in CSV, JSON Lines or SQLite files."""

    name: ClassVar[str] = "table"
    trial: ClassVar[str | None] = "deskmetry_connectors.table.trial:trial"
    account_may_change = True
    capabilities: ClassVar[Capabilities] = cast("Capabilities", _Settled())

    page_rows: ClassVar[int] = PAGE_ROWS
    """Rows a page; the trial reads a few at a time."""

    path: Path | list[Path] = Field(
        description="File to read, by its ending CSV (.csv, .tsv, .txt), JSON Lines (.jsonl, .ndjson) or "
        "SQLite (.db, .sqlite); several, or a name with * (orders-*.csv), are read as one. Relative ones "
        "start at the configuration's folder"
    )
    into: str | None = Field(
        None, description="Table of the common schema that the file fills, as orders or survey_answers"
    )
    columns: dict[str, Column] = Field(
        default_factory=dict, description="Column of the file for each column of that table"
    )
    only: Words = Field(default_factory=dict, description="Rows that are taken, by values of columns")
    skip: Words = Field(default_factory=dict, description="Rows that are left out, by values of columns")
    repeats: Literal["refuse", "first", "last"] = Field(
        "refuse", description="What a row with an id that was there already is: a fault, or which one counts"
    )
    tables: list[TableSettings] = Field(
        default_factory=list,
        description="Instead of `into` and `columns`: several tables that the file fills",
    )
    timezone: str | None = Field(None, description="Zone of local times in the file, as Europe/Berlin")
    dates: str | list[str] = Field(
        "iso", description='How dates are written: iso, day-first, month-first, epoch, or as "%d.%m.%Y %H:%M"'
    )
    decimal: Literal[".", ","] = Field(".", description="Sign before the fraction of a number")
    empty: list[str] = Field(
        default_factory=list, description='Texts that mean nothing, besides blank cells: "-", "N/A"'
    )
    encoding: str | None = Field(None, description="Encoding of a CSV file, where it isn't UTF-8 or UTF-16")
    delimiter: str | None = Field(
        None,
        min_length=1,
        max_length=1,
        description="Sign between the columns of a CSV file; found by itself",
    )
    names: list[str] = Field(
        default_factory=list, description="Names of the columns of a CSV file that has no header"
    )
    skip_lines: int = Field(0, ge=0, description="Lines before the header of a CSV file")
    query: str | None = Field(None, description="SELECT that is read from a SQLite file")
    table: str | None = Field(None, description="Table of a SQLite file, instead of `query`")
    removed: Literal["delete", "keep"] = Field(
        "delete",
        description="What a row is that isn't in the file any more: deleted, or kept (exports of a period)",
    )
    max_removed: float = Field(
        0.1, ge=0, le=1, description="Share of a table's rows that may be gone at once; more is refused"
    )

    _mappings: list[TableMapping] = PrivateAttr(default_factory=list)
    _seen: sqlite3.Connection | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _compile(self) -> Self:
        if (self.into is None) == (not self.tables):
            raise ValueError("give either `into` with `columns`, or `tables`")
        check_formats(self.dates)
        if self.encoding is not None:
            try:
                "".encode(self.encoding)
            except LookupError:
                raise ValueError(f"there is no encoding {self.encoding!r}") from None
        formats = (self.dates,) if isinstance(self.dates, str) else tuple(self.dates)
        reading = Reading(
            formats, check_zone(self.timezone), self.decimal, frozenset(text.strip() for text in self.empty)
        )
        filled = self.filled()
        direct = frozenset(one.into for one in filled)
        self._mappings = [TableMapping(one, reading, direct) for one in filled]
        return self

    def filled(self) -> list[TableSettings]:
        """Return the tables that the file fills."""
        if self.into is None:
            return self.tables
        return [
            TableSettings(
                into=self.into, columns=self.columns, only=self.only, skip=self.skip, repeats=self.repeats
            )
        ]

    @stream(*RECORDS, idle_requests=0, sorted=False, listed=_LISTED)
    def rows(self, since: Cursor | None) -> Iterator[Page]:
        """Read all rows, if the files or the settings changed since they were read."""
        began = self.now()
        known = Progress.load(since.token if since else None)
        files = find_files(self.context.folder, self._paths())
        state, mapping = state_of(files), self._fingerprint()
        until = Newest(began, known.newest).complete_until(state.written)
        same = known.mapping == mapping
        if same and known.stat == state.stat and not known.cut and not known.young:
            yield Page((), complete_until=until)
            return
        content = content_of(files)
        if same and known.content == content and (state.young or not known.cut):
            token = replace(known, stat=state.stat, young=state.young).token()
            yield Page((), Cursor(token), complete_until=until)
            return
        yield from self._read(files, state, Progress(state.stat, content, mapping), began)

    def row(self, item: Row | Mapping[str, Any]) -> list[Record]:
        """Return the records that the settings make of one row, of every table that the file fills."""
        row = item if isinstance(item, Row) else Row.of(item)
        if row.fault:
            raise BadRow(row.fault)
        found: list[Record] = []
        beside: dict[tuple[str, str], Record] = {}
        for mapping in self._mappings:
            records = mapping.records(row)
            if records and not self._is_before_start(records[0]) and self._counts(records[0], mapping, row):
                found.append(records[0])
                for record in records[1:]:
                    key = record.table, record.id
                    beside[key] = merged(beside[key], record) if key in beside else record
        return [*found, *beside.values()]

    def inventory(self, stream: str) -> Inventory:  # noqa: ARG002 - there is but one
        """Return that reading all files again costs little."""
        partial = "rows that are gone from the file are kept" if self.removed == "keep" else ""
        return Inventory(self._kinds(), local=True, partial=partial)

    def account(self) -> str:
        """Return which file fills which tables."""
        paths = ", ".join(path.as_posix() for path in self._paths())
        return f"{paths} into {', '.join(dict.fromkeys(one.into for one in self.filled()))}"

    def check(self) -> str:
        """Map the first rows of every file; raise if it doesn't fit the settings, or most can't be used."""
        files = find_files(self.context.folder, self._paths())
        young = state_of(files).young
        with self._remembering():
            told = [self._tried(path, young=young) for path in files[:3]]
        more = f"; {len(files) - 3} more files" if len(files) > 3 else ""
        return "; ".join(told) + more

    def _tried(self, path: Path, *, young: bool) -> str:
        with opened(path, self._layout(), young=young) as source:
            self._check_header(path, source)
            rows = list(islice(source.rows(), self.page_rows))
            page = self._page(rows, Newest(self.now()))
            absent = [name for one in self._mappings for name in one.absent(source.header)]
            columns = ", ".join(source.header[:12]) + (", …" if len(source.header) > 12 else "")
            told = f"{path.name} ({source.describe()}; columns {columns}): {_counted(page)}"
        bad = page.rejected
        if bad and not page.records:
            raise NotATable(path, f"no row fits; {bad[0].key}: {bad[0].reason}", "Correct the settings.")
        if words := page.unusable(f"rows of {path.name}", len(rows)):
            told += f", {words}"
        if words := off_scale(path, page.records):
            told += f", {words}"
        if absent:
            told += f", no {', '.join(map(repr, absent))} in the first ones"
        return told

    def _read(self, files: list[Path], state: State, progress: Progress, began: datetime) -> Iterator[Page]:
        for path in files:
            with opened(path, self._layout(), young=state.young) as source:
                self._check_header(path, source)
        newest, cut, good = Newest(began), False, False
        bad: list[Rejected] = []  # the first of each page
        with self._remembering():
            for path in files:
                with opened(path, self._layout(), young=state.young) as source:
                    rows = source.rows()
                    while batch := list(islice(rows, self.page_rows)):
                        page = self._page(batch, newest)
                        good = good or bool(page.records)
                        bad += page.rejected[:1]
                        yield page
                    cut = cut or source.unfinished
        if state_of(files).stat != state.stat:  # written while it was read: what was read may be of both
            progress, cut = replace(progress, content=""), True
        if bad and not good:
            raise NotATable(
                files[0],
                f"no row fits; {bad[0].key}: {bad[0].reason}",
                "Correct the settings, then sync again.",
            )
        known = replace(progress, cut=cut, young=state.young, newest=newest.found)
        whole = (
            None if cut or bad or self.removed == "keep" else Whole(self._kinds(), self.max_removed, _HINT)
        )
        until = newest.complete_until(state.written)
        yield Page((), Cursor(known.token()), complete_until=until, whole=whole)

    def _page(self, batch: Sequence[Row], newest: Newest) -> Page:
        page = self.page(batch, self.row)
        kept: dict[tuple[str, str], Record] = {}
        for record in page.records:
            key = record.table, record.id
            known = kept.get(key)
            if known is None or (known.version or 0) <= (record.version or 0):
                kept[key] = record  # customers come again with each of their rows
            for value in record.__dict__.values():
                if type(value) is datetime:
                    newest.note(value)
        rejected = [replace(one, raw=one.raw.raw(), key=one.raw.place) for one in page.rejected]
        return replace(page, records=list(kept.values()), rejected=rejected)

    def _check_header(self, path: Path, source: Source) -> None:
        faults = [
            fault for one in self._mappings for fault in one.faults(source.header, certain=source.certain)
        ]
        if faults:
            raise BadMapping(path, list(dict.fromkeys(faults)), source.header)

    def _counts(self, record: Record, mapping: TableMapping, row: Row) -> bool:
        """Say whether a record counts: its id may have been there already. BadRow if that is a fault."""
        if self._seen is None:
            return True
        known = self._seen.execute(
            "INSERT OR IGNORE INTO seen VALUES (?, ?, ?)", (record.table, record.id, row.place)
        )
        if known.rowcount or mapping.settings.repeats == "last":
            return True
        if mapping.settings.repeats == "first":
            return False
        place = self._seen.execute(
            "SELECT place FROM seen WHERE kind = ? AND id = ?", (record.table, record.id)
        ).fetchone()[0]
        raise BadRow(
            f"the id {record.id!r} of {record.table} is that of {place} already; another `id`, or `repeats`, "
            "says what is meant"
        )

    @contextmanager
    def _remembering(self) -> Iterator[None]:
        """Remember inside which ids came, on disk, since they may be too many for memory."""
        with closing(sqlite3.connect("", isolation_level=None, check_same_thread=False)) as seen:
            seen.execute("PRAGMA journal_mode = OFF")
            seen.execute("PRAGMA synchronous = OFF")
            seen.execute(
                "CREATE TABLE seen (kind TEXT, id TEXT, place TEXT, PRIMARY KEY (kind, id)) WITHOUT ROWID"
            )
            self._seen = seen
            try:
                yield
            finally:
                self._seen = None

    def _is_before_start(self, record: Record) -> bool:
        at = instant_of(record)
        return self.start is not None and at is not None and at < datetime.combine(self.start, time(), UTC)

    def _kinds(self) -> tuple[type[Record], ...]:
        kinds = dict.fromkeys(one.record for one in self.filled())
        return tuple(kind for kind in kinds if kind in _LISTED)

    def _paths(self) -> list[Path]:
        return self.path if isinstance(self.path, list) else [self.path]

    def _layout(self) -> Layout:
        return Layout(
            self.encoding, self.delimiter, tuple(self.names), self.skip_lines, self.query, self.table
        )

    def _fingerprint(self) -> str:
        """Return a digest of the settings: other ones make other rows of the same file."""
        settings = self.model_dump(mode="json", exclude={"path", "max_removed"})
        return hashlib.sha256(to_json(settings).encode()).hexdigest()[:32]


def _counted(page: Page) -> str:
    counts: dict[str, int] = {}
    for record in page.records:
        counts[record.table] = counts.get(record.table, 0) + 1
    made = ", ".join(f"{count:,} {table}" for table, count in counts.items())
    return f"the first rows make {made}" if made else "no rows yet"
