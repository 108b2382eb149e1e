"""Values: rows that are broken, strange or from the future, each of which may cost only itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from ...sync import Outcome
from ..bench import Bench, Scene, reason
from ..dump import Dump, changed, differences, listed, missing
from ..rule import Broken, Grade, NotApplicable, rule
from .answers import lists

if TYPE_CHECKING:
    from ..faults import Fault, Play, Visit
    from ..values import Reply

_WHOLE = ("first_read_is_whole",)
_ALONE = (*_WHOLE, "a_bad_record_costs_only_itself")
_FIELDS = 18  # fields of one list that change their type; a stream bears twenty bad records
_PAGE = "Map item by item with `self.page(items, mapper)`: what can't be mapped is set aside alone."


def _strange(bench: Bench, scene: Scene, *faults: Fault, times: int | None = 1) -> list[Play]:
    """Have each list hold something strange, and sync; return what was played."""
    player = scene.play()
    paths = lists(bench, scene.trial.items)
    plays = [player.play(fault, path=path, times=times) for path in paths for fault in faults]
    report = scene.sync()
    if not any(one.played for one in plays):
        raise NotApplicable("its answers hold no rows that could be changed")
    if report.sources[0].outcome is not Outcome.OK:
        names = listed(type(fault).__name__ for fault in faults)
        raise Broken(f"One strange row ({names}) ended the sync: {reason(report.sources[0])}", _PAGE)
    return plays


@rule(Grade.SILVER, "One bad record costs only itself", after=_WHOLE, http=True)
def a_bad_record_costs_only_itself(bench: Bench) -> None:
    """A text in the place of a record, one without id, one without dates: each may stand in any export."""
    from ..faults import BadRecord

    expected = bench.undisturbed.dump
    for fault in (BadRecord("a text"), BadRecord("null id"), BadRecord("no date")):
        with bench.scene() as scene:
            _strange(bench, scene, fault)
            found = scene.dump()
        if told := [*missing(expected, found), *changed(expected, found)]:
            raise Broken(f"One bad record ({fault.how}) cost others: {listed(told)}", _PAGE)
        if fault.how != "no date" and not found.quarantine:
            raise Broken(f"A bad record ({fault.how}) was dropped in silence", _PAGE)


@rule(Grade.GOLD, "A row dated 2999 doesn't blind later runs", after=_WHOLE, http=True)
def a_future_row_blinds_nothing(bench: Bench) -> None:
    """It is stored, and the next run still asks from where the source's own clock stood."""
    from ..faults import FarFuture

    with bench.scene() as scene:
        _strange(bench, scene, FarFuture())
        scene.play().clear()
        scene.world.grow()
        report = scene.sync()
        fresh = scene.synced("fresh")
        lacking = missing(fresh, scene.dump())
        if report.sources[0].outcome is not Outcome.OK or lacking:
            raise Broken(
                "After a row dated 2999, the next run doesn't bring what is new: "
                f"{'; '.join(lacking) or reason(report.sources[0])}",
                "Take the watermark by `self.page(…, watermark=…)`, which leaves future instants out.",
            )


@rule(Grade.GOLD, "Newest first is read as well as oldest first", after=_WHOLE, http=True)
def order_within_a_page_is_not_trusted(bench: Bench) -> None:
    """An order that was asked for is a wish; the cursor is the newest instant, not the last row's."""
    from ..faults import NewestFirst

    with bench.scene() as scene:
        _strange(bench, scene, NewestFirst(), times=None)
        if told := differences(bench.undisturbed.dump, scene.dump()):
            raise Broken(f"Pages turned round changed what was read: {told}", _PAGE)
        scene.world.grow()
        found = scene.synced()
        scene.play().clear()
        if lacking := missing(scene.synced("fresh"), found):
            raise Broken(f"With pages turned round, the next run lost something: {'; '.join(lacking)}", _PAGE)


@rule(Grade.GOLD, "A field that the vendor adds harms nothing", after=_WHOLE, http=True)
def a_new_field_harms_nothing(bench: Bench) -> None:
    """Vendors add fields without notice."""
    from ..faults import NewField

    with bench.scene() as scene:
        _strange(bench, scene, NewField(), times=None)
        expected, found = bench.undisturbed.dump, scene.dump()
        if told := [*missing(expected, found), *_blanked(expected, found)]:
            raise Broken(
                f"A new field cost something: {listed(told)}", "Take the fields that you know, and no notice."
            )


@dataclass(frozen=True, slots=True)
class _OtherTypes:
    """In each row another field holds an object or a list where there was something else."""

    lasting: ClassVar[bool] = True

    def play(self, visit: Visit) -> Reply | None:
        """Wrap one field of each row, the next one each time, until each was wrapped once."""
        honest = visit.honest()
        body = honest.json
        done: set[str] = visit.memory.setdefault("done", set())
        rows = visit.rows(body) if honest.status == 200 else []
        hit = False
        for row in rows:
            name = _next_field(row, done) if len(done) < _FIELDS else None
            if name is not None:
                done.add(name)
                row[name] = [{"raw": row[name]}] if isinstance(row[name], Mapping) else {"raw": row[name]}
                hit = True
        return replace(honest, body=json.dumps(body).encode()) if hit else None


def _next_field(row: object, done: set[str]) -> str | None:
    if not isinstance(row, Mapping):
        return None
    return next((name for name, value in row.items() if name not in done and value is not None), None)


@rule(
    Grade.PLATINUM, "A value of another type is set aside, never blanked in silence", after=_ALONE, http=True
)
def changed_types_are_seen(bench: Bench) -> None:
    """A NULL in the place of a value is a wrong number that nobody sees."""
    with bench.scene() as scene:
        _strange(bench, scene, _OtherTypes(), times=None)
        expected, found = bench.undisturbed.dump, scene.dump()
    if told := _blanked(expected, found):
        raise Broken(
            f"Values of a changed type became nothing: {listed(told)}",
            "Read a field as what it must be, and let the error pass: `self.page` sets the record aside.",
        )
    if (lacking := missing(expected, found)) and not found.quarantine:
        raise Broken(
            f"Records with a value of a changed type were dropped in silence: {listed(lacking)}", _PAGE
        )


def _blanked(expected: Dump, found: Dump) -> list[str]:
    """Return the values that were there and aren't, in rows that are."""
    return [
        f"{table} {key}: {name}"
        for table, rows in expected.tables.items()
        for key, row in rows.items()
        if (now := found.tables[table].get(key)) is not None
        for name, value in row.items()
        if value is not None and now[name] is None
    ]


@rule(Grade.PLATINUM, "Hostile values cost at most their own record", after=_ALONE, http=True)
def hostile_values_are_borne(bench: Bench) -> None:
    """NUL, half a character, 2 to the 63rd and five million characters all come from real accounts."""
    from ..faults import HugeInteger, HugeText, LoneSurrogate, NulText

    for faults in ((NulText(),), (LoneSurrogate(),), (HugeInteger(),), (HugeText(),)):
        with bench.scene() as scene:
            _strange(bench, scene, *faults)
            found = scene.dump()
            if (lacking := missing(bench.undisturbed.dump, found)) and not found.quarantine:
                raise Broken(
                    f"{type(faults[0]).__name__} cost records in silence: {listed(lacking)}",
                    _PAGE,
                )


RULES = (
    a_bad_record_costs_only_itself, a_future_row_blinds_nothing, order_within_a_page_is_not_trusted,
    a_new_field_harms_nothing, changed_types_are_seen, hostile_values_are_borne,
)  # fmt: skip
