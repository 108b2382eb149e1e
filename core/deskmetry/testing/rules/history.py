"""History: what later runs must bring, compared with a full read into a fresh database."""

from __future__ import annotations

from collections.abc import Callable

from ...connector import Capabilities
from ..bench import Bench, Scene, require_ok, streams
from ..dump import Dump, differences, listed, missing
from ..rule import Broken, Grade, NotApplicable, rule

_HOUR = 3600.0  # seconds
_WHOLE = ("first_read_is_whole", "two_reads_agree", "watermarks_are_the_sources")


def _first(scene: Scene) -> Dump:
    """Read for the first time, when the newest thing is an hour old: no margin before now hides anything."""
    scene.world.advance(_HOUR)
    return scene.synced()


def _fresh(scene: Scene) -> Dump:
    return scene.synced(f"fresh-{len(scene.contexts)}")


def _agree(scene: Scene, what: str, mend: str) -> None:
    """Sync what happened since, and compare with a full read into a fresh database."""
    found = scene.synced()
    if told := differences(_fresh(scene), found):
        raise Broken(f"{what}, a run from the cursor disagrees with a full read: {told}", mend)


@rule(Grade.SILVER, "What is new since the last run arrives, ties at one instant too", after=_WHOLE)
def new_things_arrive(bench: Bench) -> None:
    """Many things share a second; a page border may lie between them."""
    with bench.scene() as scene:
        _first(scene)
        scene.world.grow()
        _agree(
            scene,
            "After new things appeared",
            "Ask for what changed at or after the watermark (>=); reading again is harmless.",
        )


@rule(Grade.SILVER, "A second edit within the same second arrives", after=(*_WHOLE, "new_things_arrive"))
def same_second_edits_arrive(bench: Bench) -> None:
    """A watermark is inclusive: the second that was read last may not be over."""
    with bench.scene() as scene:
        _first(scene)
        scene.world.edit()
        _agree(
            scene,
            "After a second edit within the same second",
            "Ask with >= rather than >, and leave out nothing because its instant was read before. Where the "
            "edited record was set aside, the edit changed a word that isn't free text: name one in `edits`.",
        )


@rule(
    Grade.GOLD,
    "What appears late, within the declared overlap, arrives",
    after=(*_WHOLE, "new_things_arrive"),
)
def late_things_arrive(bench: Bench) -> None:
    """Search indexes lag, and clocks of several servers differ."""
    with bench.scene() as scene:
        _first(scene)
        if not scene.world.late():
            raise NotApplicable("nothing can appear late in this source")
        _agree(
            scene,
            "After something appeared late",
            "Declare an `overlap` in @stream, and pass `since.watermark` on as it comes.",
        )


@rule(Grade.GOLD, "Deletes arrive as tombstones, or are declared as unknown", after=_WHOLE)
def deletes_arrive(bench: Bench) -> None:
    """What is deleted there must not count here for ever, and nothing else may go with it."""
    with bench.scene() as scene:
        before = _first(scene)
        if not scene.world.delete():
            raise NotApplicable("the source can't show deletes")
        found, fresh = scene.synced(), _fresh(scene)
        _nothing_lost(before, found, scene)
        if lacking := missing(fresh, found):
            raise Broken(f"After a delete, rows are missing: {'; '.join(lacking)}", "Keep all other records.")
        capabilities: Capabilities = bench.connector.capabilities
        gone = scene.world.gone().get("tickets", frozenset())
        alive = [
            key for key in gone if (row := found.tables["tickets"].get(key)) and row["deleted_at"] is None
        ]
        if capabilities.deletes and alive:
            raise Broken(
                f"Deleted tickets still count: {listed(sorted(alive))}",
                "Read the vendor's tombstones into `deleted_at`, or declare `Capabilities(deletes=False)`.",
            )


@rule(
    Grade.GOLD,
    "A history of several runs agrees with one full read",
    after=(*_WHOLE, "new_things_arrive", "same_second_edits_arrive", "stopped_runs_go_on"),
)
def history_agrees(bench: Bench) -> None:
    """New things, edits, late ones and new ones again, with a run after each and one after several."""
    with bench.scene() as scene:
        steps: list[Callable[[], object]] = [scene.world.grow, scene.world.edit, scene.world.grow]
        _first(scene)
        for step in steps:
            step()
            scene.world.advance(_HOUR)
            scene.synced()
        scene.world.edit()
        scene.world.grow()
        _agree(scene, "After several runs", "Every run must go on exactly where the last one stopped.")
        _truth(scene)


@rule(Grade.PLATINUM, "Reading everything again into the same database changes no row", after=_WHOLE)
def full_read_again_changes_nothing(bench: Bench) -> None:
    """`sync --full` is the way out when something is in doubt; it must be harmless."""
    with bench.scene() as scene:
        before = _first(scene)
        written = require_ok(scene.sync(full=True)).written
        if written.new or written.changed:
            told = differences(before, scene.dump())
            raise Broken(
                f"A full read again made {written.new} rows new and changed {written.changed}: {told}",
                "Map only what the source says.",
            )


@rule(Grade.GOLD, "A source that has lost everything isn't taken for deletes", after=_WHOLE)
def a_wiped_source_deletes_nothing(bench: Bench) -> None:
    """An empty answer is mostly a lost permission or a migration there."""
    with bench.scene() as scene:
        before = _first(scene)
        if not scene.world.wipe():
            raise NotApplicable("it can't be shown that a source lost everything")
        scene.sync()
        found = scene.dump()
        told = [*missing(before, found), *_buried(before, found)]
        if told:
            raise Broken(
                f"After the source lost everything, so did we: {'; '.join(told)}",
                "Read deletes from the vendor's tombstones only; never conclude them from an empty list.",
            )


def _nothing_lost(before: Dump, found: Dump, scene: Scene) -> None:
    gone = {key for ids in scene.world.gone().values() for key in ids}
    if lacking := missing(before, found):
        raise Broken(f"After a delete, rows vanished: {'; '.join(lacking)}", "Rows are never taken away.")
    dead = [key for key in _buried(before, found) if key.rpartition(" ")[2] not in gone]
    if dead:
        raise Broken(
            f"After one delete, others count as deleted: {listed(dead)}", "Bury only what the source says."
        )


def _buried(before: Dump, found: Dump) -> list[str]:
    """Return what counts as deleted now and didn't before."""
    return [
        f"{table} {key}"
        for table, rows in before.tables.items()
        for key, row in rows.items()
        if row.get("deleted_at", 0) is None
        and found.tables[table].get(key, {"deleted_at": None})["deleted_at"] is not None
    ]


def _truth(scene: Scene) -> None:
    found = scene.dump()
    for table, ids in scene.world.truth().items():
        if lacking := ids - found.ids(table):
            raise Broken(
                f"After several runs {len(lacking)} {table} are missing: {listed(sorted(lacking))}",
                "Every run must go on exactly where the last one stopped.",
            )


@rule(Grade.SILVER, "A run that finds nothing new costs the declared requests", after=_WHOLE)
def idle_costs_what_is_declared(bench: Bench) -> None:
    """A sync every few minutes lives from it: `idle_requests` in @stream is a promise."""
    infos = bench.connector.streams()
    with bench.scene() as scene:
        _first(scene)
        before = scene.world.requests()
        report = scene.sync()
        require_ok(report)
        declared = {name: info.idle_requests for name, info in infos.items()} | dict(scene.trial.idle)
        allowed = sum(declared.values()) + scene.trial.sign_in
        spent = scene.world.requests() - before
        if spent > allowed:
            costs = [
                f"{name} {stream.requests} instead of {declared[name]}"
                for name, stream in streams(report).items()
                if stream.requests > declared[name]
            ]
            raise Broken(
                f"A run with nothing new cost {spent} requests, declared are {allowed}: {listed(costs)}",
                "Ask only for what changed since the cursor, or declare what it costs with `idle_requests`.",
            )


@rule(Grade.SILVER, "A run that finds nothing new changes no row", after=_WHOLE)
def idle_changes_nothing(bench: Bench) -> None:
    """What changes with every run hides what really changed."""
    with bench.scene() as scene:
        before = _first(scene)
        report = scene.sync()
        written = require_ok(report).written
        if written.new or written.changed:
            raise Broken(
                f"A run that found nothing new made {written.new} rows new and changed {written.changed}: "
                f"{differences(before, scene.dump())}",
                "Map only what the source says.",
            )


EARLY = (new_things_arrive, same_second_edits_arrive, idle_costs_what_is_declared, idle_changes_nothing)
LATE = (
    late_things_arrive, deletes_arrive, history_agrees, full_read_again_changes_nothing,
    a_wiped_source_deletes_nothing,
)  # fmt: skip
