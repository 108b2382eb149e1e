"""Reading: what the first read of a source must bring, by its values."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain

from ...records import Record
from ...sync import Outcome
from ..bench import Bench, Reading, reason
from ..dump import listed
from ..rule import Broken, Grade, rule

_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)  # before it no helpdesk kept anything
_AHEAD = timedelta(
    days=366
)  # due dates and holidays lie in the future, milliseconds taken for seconds farther


@rule(Grade.BRONZE, "A healthy source is read to its end, and every record of it can be used", after=())
def reads(bench: Bench) -> None:
    """Most other rules can't be judged before this."""
    reading = bench.reading
    for name, pages in reading.pages.items():
        for page in pages:
            if page.rejected:
                raise Broken(
                    f"{len(page.rejected)} good records were set aside in stream {name!r}: "
                    f"{page.rejected[0].reason}",
                    "Map every record that the API gives.",
                )
    if next(reading.records(), None) is None:
        raise Broken("Nothing was read", "Yield pages of records: `yield self.page(items, mapper)`.")


@rule(Grade.BRONZE, "Every record is of a kind that its stream declares")
def kinds_are_declared(bench: Bench) -> None:
    """What a stream may write is known before it runs."""
    declared = {name: info.records for name, info in bench.connector.streams().items()}
    for name, record in bench.reading.records():
        if type(record) not in declared[name]:
            kind = type(record).__name__
            raise Broken(
                f"Stream {name!r} gave a {kind}, which it doesn't declare",
                f"Write @stream({', '.join(one.__name__ for one in declared[name])}, {kind}).",
            )


@rule(Grade.BRONZE, "Every record has an id of its own, over all pages")
def keys_are_unique(bench: Bench) -> None:
    """Two things with one id overwrite each other, and nobody sees that one is missing."""
    for name, pages in bench.reading.pages.items():
        known: dict[tuple[str, str], Record] = {}
        for record in chain.from_iterable(page.records for page in pages):
            if not record.id:
                raise Broken(f"Stream {name!r} gave a record without an id", "Give the vendor's own id.")
            before = known.setdefault((record.table, record.id), record)
            if _created(before) != _created(record) or _conflict(before, record):
                raise Broken(
                    f"Stream {name!r} gave different {record.table} with the one id {record.id!r}",
                    "Take the id that the vendor gives each of them; where it is unique only together with "
                    "another one, join the two.",
                )


def _created(record: Record) -> object:
    """Return the instant that doesn't change in the life of a thing."""
    names = ("created_at", "sent_at", "at", "offered_at")
    return next((value for name in names if (value := getattr(record, name, None)) is not None), None)


def _conflict(one: Record, other: Record) -> bool:
    """Tell whether two copies of the same version contradict each other."""
    return one.version == other.version and one != other


@rule(Grade.BRONZE, "Every instant has a zone and lies where instants of a helpdesk can lie")
def instants_are_plausible(bench: Bench) -> None:
    """Milliseconds taken for seconds, and a zone that is guessed, make durations that nobody can explain."""
    latest = datetime.now(UTC) + _AHEAD
    for name, record in bench.reading.records():
        for field, value in _instants(record):
            where = f"{field} of {record.table} {record.id} in stream {name!r}"
            if value.tzinfo is None:
                raise Broken(
                    f"The instant {where} has no zone", "Give aware datetimes; `from_epoch` makes them."
                )
            if not _EARLIEST <= value <= latest:
                raise Broken(
                    f"The instant {where} is {value.isoformat()}",
                    "Check its unit: `from_epoch(seconds=…)` or `from_epoch(milliseconds=…)`.",
                )


def _instants(record: Record) -> Iterator[tuple[str, datetime]]:
    for field in type(record).model_fields:
        value = getattr(record, field, None)
        if isinstance(value, datetime):
            yield field, value


@rule(
    Grade.BRONZE,
    "What is read can be stored by a sync",
    after=("reads", "keys_are_unique", "kinds_are_declared", "instants_are_plausible", "two_reads_agree"),
)
def stores(bench: Bench) -> None:
    """The engine looks at every page: it must move, and hold records of the common schema."""
    report = bench.undisturbed.report
    if report.outcome is not Outcome.OK:
        raise Broken(f"A sync ended as {report.outcome}: {reason(report)}", "It must read to the end here.")


@rule(Grade.BRONZE, "The first read brings everything there is", after=("stores",))
def first_read_is_whole(bench: Bench) -> None:
    """The rows in the database are compared with what the world knows that it holds."""
    found = bench.undisturbed.dump
    for table, ids in bench.undisturbed.truth.items():
        if lacking := ids - found.ids(table):
            raise Broken(
                f"{len(lacking)} of {len(ids)} {table} are missing after the first read: "
                f"{listed(sorted(lacking))}",
                "Read on until the API says that nothing follows; a short page isn't the last one.",
            )
        if extra := found.ids(table) - ids:
            raise Broken(
                f"{table} holds what isn't there: {listed(sorted(extra))}", "Use the vendor's own ids."
            )


@rule(Grade.BRONZE, "Two reads of a source at rest give the same records", after=("reads", "keys_are_unique"))
def two_reads_agree(bench: Bench) -> None:
    """Ids that are made up, counted or drawn anew double everything with the next run."""
    with bench.scene() as scene:
        one, other = (_by_key(scene.read()) for _ in range(2))
    if lacking := sorted(one.keys() ^ other.keys()):
        raise Broken(
            f"Two reads disagree on what there is: {listed(f'{table} {key}' for table, key in lacking)}",
            "An id must come from the source and stay what it is.",
        )
    for key, record in one.items():
        if record != other[key]:
            names = [n for n in type(record).model_fields if getattr(record, n) != getattr(other[key], n)]
            raise Broken(
                f"Two reads of the same source disagree on {key[0]} {key[1]}: {listed(names)}",
                "Map what the source says, not what this process knows (its clock, a counter).",
            )


def _by_key(reading: Reading) -> dict[tuple[str, str], Record]:
    return {(record.table, record.id): record for _, record in reading.records()}


@rule(Grade.GOLD, "The first read costs no more requests than are declared", after=("first_read_is_whole",))
def reads_within_budget(bench: Bench) -> None:
    """One more request for each record makes hours of minutes, and eats the limit of everybody else."""
    infos = bench.connector.streams()
    with bench.scene() as scene:
        budget, sign_in = scene.trial.budget, scene.trial.sign_in
    for stream in bench.undisturbed.report.streams:
        allowed = budget.get(stream.stream, stream.pages + infos[stream.stream].idle_requests) + sign_in
        if stream.requests > allowed:
            raise Broken(
                f"Stream {stream.stream!r} cost {stream.requests} requests for {stream.pages} pages, "
                f"and {allowed} are allowed",
                "Ask for lists rather than for each record, or declare it in the trial's `budget`.",
            )


RULES = (
    reads, kinds_are_declared, keys_are_unique, instants_are_plausible, two_reads_agree, stores,
    first_read_is_whole, reads_within_budget,
)  # fmt: skip
