"""Verify: the rows of each stream compared with what the source says now, writing nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time

from ..connector import Connector, Cursor, Inventory, StreamInfo, Tally
from ..errors import CursorRefused, DeskmetryError, StreamSkipped
from ..privacy import Filter
from ..records import RawRecord, Record, from_milliseconds
from ..settings.model import Privacy
from .cleanser import Cleanser
from .holdings import Holdings, Likeness
from .listener import Listened, Listener, Silence
from .reader import connector_fault
from .verified import Extent, Finding, Gone, Mend, Verdict, Verified

_FETCHED = 100  # ids asked for at once
_NAMED = 3  # ids that a finding names
_LONG = 30  # digits; a longer id is no number that anybody counts with


def verify(
    connection: sqlite3.Connection,
    name: str,
    connector: Connector,
    extent: Extent,
    listener: Listener | None = None,
) -> Verified:
    """Compare one source with the database, that is only read; a failing source is data."""
    told = Listened(listener or Silence())
    report = Verified(name, connector.name, tombstones=connector.capabilities.deletes)
    context = replace(
        connector.context,
        source=name,
        folder=extent.folder,
        max_wait=extent.max_wait,
        waiting=lambda until, reason: told.waiting(name, until, reason),
    )
    connector.attach(context)
    try:
        row = connection.execute(
            "SELECT id, complete_until_at FROM sources WHERE name = ?", (name,)
        ).fetchone()
        if row is None:
            report.findings.append(
                Finding("", "", "everything", Verdict.UNKNOWN, f"never synced; `deskmetry sync {name}`")
            )
            return report
        until = None if row[1] is None else from_milliseconds(row[1])
        private = Filter.open(connection, row[0], extent.privacy.get(name, Privacy()), stores=False)
        _Comparison(connector, Holdings(connection, row[0], until), extent, report, told, private).go()
    except DeskmetryError as error:
        report.error = error
    except sqlite3.Error:
        raise
    except Exception as error:  # a connector is somebody else's code
        report.error = connector_fault(connector.name, "failed while it was compared", error)
    finally:
        connector.close()
    if report.error is not None:
        report.error = Cleanser(connector).error(report.error)
    return report


class _Looks:
    """How the rows of one kind that a source gave compare, by likeness; the last copy of a row counts."""

    def __init__(self) -> None:
        self.ids: dict[Likeness, set[str]] = {likeness: set() for likeness in Likeness}

    def add(self, found: Mapping[str, Likeness]) -> None:
        """Take in what was found about some rows."""
        for key, likeness in found.items():
            for other in Likeness:
                self.ids[other].discard(key)
            self.ids[likeness].add(key)

    @property
    def all(self) -> set[str]:
        """Return every id that came."""
        return set().union(*self.ids.values())


class _Comparison:
    """The comparison of one source, stream by stream."""

    def __init__(
        self,
        connector: Connector,
        here: Holdings,
        extent: Extent,
        report: Verified,
        told: Listener,
        private: Filter,
    ) -> None:
        self._private = private  # what was held back when it was stored differs in nothing else
        self._told_to = told
        self._connector = connector
        self._here = here
        self._extent = extent
        self._report = report
        self._listed: dict[type[Record], set[str]] = {}
        self._whole: set[tuple[str, type[Record]]] = set()  # what was listed to its end, nothing set aside
        self._partial: dict[type[Record], str] = {}

    def go(self) -> None:
        """Compare every stream that is asked for."""
        streams = self._connector.streams()
        for name, info in streams.items():
            if self._extent.streams and name not in self._extent.streams:
                continue
            inventory = self._connector.inventory(name)
            if self._extent.full_read or (inventory is not None and inventory.local):
                self._read(info, inventory)
            elif inventory is None:
                said = "the source can't be asked for it; --full-read reads all of it again and compares"
                self._found(name, "", "everything", Verdict.UNKNOWN, said)
            else:
                self._ask(name, inventory)
        self._gone(streams)

    # --- by what the source says about itself ----------------------------------------------------------

    def _ask(self, stream: str, inventory: Inventory) -> None:
        kind = "+".join(kind.table for kind in inventory.records)
        if inventory.count is not None:
            self._count(stream, kind, inventory, inventory.count())
        if inventory.ids is not None:
            self._ids(stream, kind, inventory, {str(key) for key in inventory.ids()})
        if inventory.fetch is not None and self._extent.sample:
            self._contents(stream, inventory)
        if inventory.unknown:
            self._found(stream, kind, "the rest", Verdict.UNKNOWN, inventory.unknown)

    def _count(self, stream: str, kind: str, inventory: Inventory, tally: Tally) -> None:
        if not tally.parts or not inventory.by:
            ids = {key for record in inventory.records for key in self._here.ids(record)}
            self._counted(stream, kind, inventory, tally, "count", len(ids), tally.total)
            return
        held = self._here.parts(inventory.records[0], inventory.by)
        for part in tally.parts:
            what = f"count in {part}"
            self._counted(stream, kind, inventory, tally, what, held.get(part, 0), tally.parts[part])
        for part in sorted(held.keys() - tally.parts.keys()):
            said = f"{part} isn't there or isn't read any more"
            self._found(stream, kind, f"count in {part}", Verdict.UNKNOWN, said, held[part])

    def _counted(
        self, stream: str, kind: str, inventory: Inventory, tally: Tally, what: str, here: int, there: int
    ) -> None:
        said, verdict = "", Verdict.AGREES
        if here < there:
            verdict = Verdict.UNKNOWN if tally.approximate else Verdict.DIFFERS
            said = f"{there - here:,} fewer here{f'; {tally.approximate}' if tally.approximate else ''}"
        elif here > there:
            why = inventory.partial or tally.approximate
            verdict = Verdict.UNKNOWN if why else Verdict.DIFFERS
            said = f"{here - there:,} more here{f'; {why}' if why else ''}"
        mend = Mend.SYNC if here < there else Mend.DELETES if here > there else Mend.NOTHING
        self._found(stream, kind, what, verdict, said, here, there, mend)

    def _ids(self, stream: str, kind: str, inventory: Inventory, there: set[str]) -> None:
        here = {key for record in inventory.records for key in self._here.ids(record)}
        missing = there - here
        later: set[str] = set()
        if missing and inventory.fetch is not None:
            looks = self._fetched(inventory, sorted(missing)[: _FETCHED * 10])
            later = {key for key, likeness in looks.items() if likeness is not Likeness.MISSING}
        missing -= later
        said = f"{len(missing):,} aren't here: {_named(missing)}" if missing else _range(there)
        verdict = Verdict.DIFFERS if missing else Verdict.AGREES
        self._found(stream, kind, "ids", verdict, said, len(here), len(there), Mend.SYNC)
        if len(inventory.records) == 1:
            self._list(stream, inventory.records[0], there, inventory.partial, whole=True)

    def _contents(self, stream: str, inventory: Inventory) -> None:
        for kind in inventory.records[:1]:
            asked = self._here.sample(kind, self._extent.sample)
            looks = self._fetched(inventory, asked)
            different = {key for key, look in looks.items() if look is Likeness.DIFFERENT}
            absent = set(asked) - looks.keys()
            words = [f"{len(different):,} differ: {_named(different)}"] if different else []
            if absent:
                why = inventory.partial or "deleted there since the last sync, or not told to us"
                words.append(f"{len(absent):,} aren't given: {_named(absent)} ({why})")
            fault = different or (absent and not inventory.partial)
            verdict = Verdict.DIFFERS if fault else Verdict.AGREES
            mend, said = Mend.SYNC if different else Mend.DELETES, "; ".join(words)
            what = "sampled contents"
            self._found(stream, kind.table, what, verdict, said, len(asked), len(looks), mend)

    def _fetched(self, inventory: Inventory, ids: Sequence[str]) -> dict[str, Likeness]:
        looks: dict[str, Likeness] = {}
        if inventory.fetch is None:
            return looks
        for begin in range(0, len(ids), _FETCHED):
            chunk = ids[begin : begin + _FETCHED]
            for page in self._private.applied(list(inventory.fetch(chunk))):
                records = [r for r in page.records if type(r) in inventory.records and r.id in chunk]
                looks |= self._here.compare(records, inventory.columns)
        return looks

    # --- by reading all of it again --------------------------------------------------------------------

    def _read(self, info: StreamInfo, inventory: Inventory | None) -> None:
        """Compare every record of a stream; rows that several streams bring are told with each of them."""
        looks = {kind: _Looks() for kind in info.records if kind is not RawRecord}
        bad = 0
        try:
            for read in self._connector.read(info.name, self._start()):
                (page,) = self._private.applied([read])
                bad += len(page.rejected)
                self._told_to.page(self._report.source, info.name, len(page.records))
                for kind, seen in looks.items():
                    members = [record for record in page.records if type(record) is kind]
                    seen.add(self._here.compare(members))
        except (StreamSkipped, CursorRefused) as error:
            self._found(info.name, "", "everything", Verdict.UNKNOWN, f"not read: {error.message}")
            return
        # A stream may bring any kind there is: those that neither side has aren't worth a line each.
        has = [kind for kind, seen in looks.items() if seen.all or self._here.ids(kind, tombstones=True)]
        for kind, seen in looks.items():
            if kind in (has or list(looks)[:1]):
                self._told(info, kind, seen)
            counted = inventory is not None and kind in inventory.records
            partial = inventory.partial if inventory is not None and counted else ""
            self._list(info.name, kind, seen.all, partial, whole=not bad)
        if bad:
            said = f"{bad:,} can't be used; `deskmetry quarantine list` shows those that a sync set aside"
            self._found(info.name, "", "bad records", Verdict.UNKNOWN, said, there=bad)

    def _start(self) -> Cursor | None:
        start = self._connector.start
        return Cursor(None, datetime.combine(start, time(), UTC)) if start else None

    def _told(self, info: StreamInfo, kind: type[Record], looks: _Looks) -> None:
        missing, different = looks.ids[Likeness.MISSING], looks.ids[Likeness.DIFFERENT]
        there, later = looks.all, looks.ids[Likeness.LATER]
        words = [f"{len(missing):,} aren't here: {_named(missing)}"] if missing else []
        if different:
            words.append(f"{len(different):,} differ: {_named(different)}")
        if later:
            words.append(f"{len(later):,} came or changed since the last sync")
        words = words or [_range(there)]
        verdict = Verdict.DIFFERS if missing or different else Verdict.AGREES
        here = len(there & self._here.ids(kind, tombstones=True))
        said = "; ".join(words)
        self._found(info.name, kind.table, "all contents", verdict, said, here, len(there), Mend.SYNC)

    # --- what isn't there any more ---------------------------------------------------------------------

    def _list(self, stream: str, kind: type[Record], ids: set[str], partial: str, *, whole: bool) -> None:
        self._listed.setdefault(kind, set()).update(ids)
        if whole:
            self._whole.add((stream, kind))
        if partial:
            self._partial[kind] = partial

    def _gone(self, streams: Mapping[str, StreamInfo]) -> None:
        """Note the rows that no stream listed, of the kinds that were listed whole."""
        start = self._start()
        since = None if start is None else start.watermark
        for kind, listed in self._listed.items():
            bringing = [name for name, info in streams.items() if kind in info.records]
            if not all((name, kind) in self._whole for name in bringing):
                continue
            here = self._here.ids(kind, since)
            gone = here - listed
            if not gone:
                continue
            partial = self._partial.get(kind, "")
            said = f"{len(gone):,} are here and not listed there: {_named(gone)}"
            if partial:
                self._found(bringing[0], kind.table, "deleted", Verdict.AGREES, f"{said}; {partial}")
                continue
            counts = len(here), len(listed)
            self._found(bringing[0], kind.table, "deleted", Verdict.DIFFERS, said, *counts, Mend.DELETES)
            self._report.gone.append(Gone(kind, gone, len(here)))

    def _found(
        self, stream: str, kind: str, compared: str, verdict: Verdict, said: str = "",
        here: int | None = None, there: int | None = None, mend: Mend = Mend.NOTHING,
    ) -> None:  # fmt: skip
        needed = mend if verdict is Verdict.DIFFERS else Mend.NOTHING
        self._report.findings.append(Finding(stream, kind, compared, verdict, said, here, there, needed))


def _named(ids: Iterable[str]) -> str:
    ordered = sorted(ids, key=_order)
    return ", ".join(ordered[:_NAMED]) + (", …" if len(ordered) > _NAMED else "")


def _range(ids: Iterable[str]) -> str:
    """Return the lowest and the highest id of both sides, that are the same; texts have no such order."""
    numbers = [int(key) for key in ids if key.isdecimal() and len(key) < _LONG]
    return f"ids {min(numbers)} to {max(numbers)}" if len(numbers) > 1 else ""


def _order(key: str) -> tuple[int, str]:
    return (int(key), key) if key.isdecimal() and len(key) < _LONG else (0, key)
