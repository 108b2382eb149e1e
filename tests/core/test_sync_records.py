"""Promises 6, 11, 12 and 20: what becomes of records, good, bad, old, hostile and unchanged."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest

from deskmetry.connector import Capabilities, Cursor, Page, Rejected
from deskmetry.errors import ExitCode, TooManyBadRecords
from deskmetry.records import Ticket
from deskmetry.records.kinds import Provenance, TicketStatus
from deskmetry.sync import Outcome, Silence
from helpers_sync import (
    Desk,
    Inbox,
    Rows,
    Shop,
    at,
    contents,
    desk,
    ids,
    page,
    raises,
    rows,
    run,
    ticket,
    watch,
)

# --- 6: an older copy never overwrites a newer one ----------------------------------------------------


def test_promise_06_an_older_copy_never_overwrites_a_newer_one(tmp_path: Path) -> None:
    copies = [ticket(1, n, subject=f"copy {n}") for n in range(8)]
    for seed in range(6):
        folder = tmp_path / str(seed)
        folder.mkdir()
        random.Random(seed).shuffle(copies)
        run(folder, desk(*(page(one) for one in copies[:5])))
        run(folder, desk(*(page(one) for one in copies[5:])))
        assert rows(folder, "SELECT subject FROM tickets") == [("copy 7",)], copies


def test_promise_06_the_version_of_the_vendor_goes_before_the_date(tmp_path: Path) -> None:
    run(tmp_path, desk(page(ticket(1, 1, version=20, subject="new"))))
    run(tmp_path, desk(page(ticket(1, 9, version=10, subject="old"))))
    assert rows(tmp_path, "SELECT subject FROM tickets") == [("new",)]


# --- 11: bad records go to quarantine, the rest goes on -----------------------------------------------


class Picky(Desk):
    """A desk that maps JSON rows."""

    name: ClassVar[str] = "picky"

    def of(self, *batches: list[Any]) -> Picky:
        def script(since: Cursor | None) -> Iterator[Page]:
            for number, batch in enumerate(batches):
                yield self.page(batch, self.ticket, token=number)

        self.says(script)
        return self

    def ticket(self, row: Any) -> Ticket:
        known = {"id": row["id"], "status": TicketStatus(row.get("status", "open")), "created_at": at(0)}
        return Ticket(**(known | {key: row[key] for key in row.keys() - known.keys()}))


def test_promise_11_a_bad_record_is_quarantined_and_the_rest_goes_on(tmp_path: Path) -> None:
    bad = {"id": 2, "status": "half-open"}
    report = run(tmp_path, Picky().of([{"id": 1}, bad, {"id": 3}], [{"id": 4}]))
    assert report.exit_code is ExitCode.OK
    assert ids(tmp_path) == {"1", "3", "4"}
    ((stream, key, reason, raw, number),) = rows(
        tmp_path, "SELECT stream, key, reason, raw, run FROM quarantine"
    )
    assert (stream, key, number) == ("tickets", "2", 1)
    assert "half-open" in reason
    assert raw == '{"id": 2, "status": "half-open"}'
    assert report.sources[0].streams[0].quarantined == 1
    assert rows(tmp_path, "SELECT quarantined FROM sync_runs") == [(1,)]


def test_promise_11_a_bad_record_is_kept_once_however_often_it_comes(tmp_path: Path) -> None:
    for _ in range(3):
        run(
            tmp_path, Picky().of([{"id": 1}, {"id": 2, "status": "half-open"}, {"status": "open"}]), full=True
        )
    assert rows(tmp_path, "SELECT key, run FROM quarantine ORDER BY key") == [(None, 1), ("2", 1)]


def test_promise_11_over_the_threshold_the_stream_fails_and_keeps_what_it_found(tmp_path: Path) -> None:
    bad: list[Any] = [{"id": n, "status": "?"} for n in range(30)]
    report = run(tmp_path, Picky().of([{"id": n} for n in range(100, 150)], bad, [{"id": 999}]))
    error = report.sources[0].error
    assert isinstance(error, TooManyBadRecords)
    assert "30 of 80" in str(error)
    assert len(ids(tmp_path)) == 50
    assert rows(tmp_path, "SELECT count(*) FROM quarantine") == [(30,)]
    assert rows(tmp_path, "SELECT complete_until_at FROM sources") == [(None,)]


def test_promise_11_a_small_share_of_bad_records_is_put_up_with(tmp_path: Path) -> None:
    batch: list[Any] = [{"id": n} for n in range(400)] + [{"id": -n, "status": "?"} for n in range(1, 40)]
    assert run(tmp_path, Picky().of(batch)).exit_code is ExitCode.OK


# --- 12: hostile values -------------------------------------------------------------------------------


def _deep(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {"end": 1}
    for _ in range(levels):
        value = {"in": value}
    return value


HOSTILE: dict[str, dict[str, Any]] = {
    "nul": {"subject": "a\x00b", "custom_fields": {"a\x00": "b\x00"}},
    "surrogate": {"subject": "a\ud800b", "custom_fields": {"\udfff": ["\ud800"]}},
    "surrogate in the id": {"id": "\ud800", "status": "\ud800"},
    "big integer": {"version": 2**63},
    "big integer in json": {"custom_fields": {"n": 2**70, "m": -(2**70)}},
    "nan": {"custom_fields": {"a": math.nan, "b": [math.inf, -math.inf]}},
    "nan as integer": {"version": math.nan},
    "huge text": {"subject": "x" * 3_000_000, "custom_fields": {"x": "y" * 3_000_000}},
    "deep": {"custom_fields": _deep(60)},
    "too deep": {"custom_fields": _deep(400)},
    "far too deep": {"custom_fields": _deep(20_000)},
    "wrong types": {"subject": {"a": 1}, "tags": "x", "spam": "perhaps"},
    "instants": {"updated_at": "0001-01-01T00:00:00+00:00"},
    "year 9999": {"updated_at": "9999-12-31T23:59:59.999999Z"},
    "naive": {"updated_at": datetime(2026, 1, 1)},  # noqa: DTZ001 - a naive one is the point
    "not a row": {},
    "control characters": {"subject": "\x1b[2J\u202e", "id": "\x1b]0;x\x07"},
}


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE.keys())
def test_promise_12_no_hostile_value_gets_in_the_way_of_the_others(
    tmp_path: Path, hostile: dict[str, Any]
) -> None:
    row = {"id": "odd"} | hostile if hostile else ["not", "a", "row", "\ud800"]
    one = Picky().of([{"id": "before"}, row, {"id": "after"}])
    for _ in range(2):
        report = run(tmp_path, one, full=True)
        assert report.exit_code is ExitCode.OK, report.sources[0].error
        assert {"before", "after"} <= ids(tmp_path)
        stored = rows(tmp_path, "SELECT count(*) FROM tickets")[0][0]
        assert stored + rows(tmp_path, "SELECT count(*) FROM quarantine")[0][0] == 3, (
            "it is in one of the two"
        )
    assert report.sources[0].written.changed == 0
    assert rows(tmp_path, "PRAGMA integrity_check") == [("ok",)]


def test_promise_12_each_hostile_value_is_kept_by_its_rule(tmp_path: Path) -> None:
    custom = {"nul": "a\x00b", "lone": "\ud800", "big": 2**63, "low": -(2**63) - 1, "fits": 2**63 - 1}
    custom |= {"nan": math.nan, "inf": [math.inf], "deep": _deep(50)}
    good = {"id": 1, "subject": "a\x00b\udfffc", "custom_fields": custom, "type": "x" * 1_000_001}
    bad: list[dict[str, Any]] = [{"id": 2, "version": 2**63}, {"id": 3, "custom_fields": _deep(80)}]
    run(tmp_path, Picky().of([good, *bad]))
    ((subject, cut, stored),) = rows(tmp_path, "SELECT subject, type, custom_fields FROM tickets")
    assert (subject, len(cut)) == ("a\ufffdb\ufffdc", 1_000_000)
    assert json.loads(stored) == {
        "nul": "a\ufffdb",
        "lone": "\ufffd",
        "big": str(2**63),
        "low": str(-(2**63) - 1),
        "fits": 2**63 - 1,
        "nan": None,
        "inf": [None],
        "deep": _deep(50),
    }
    assert rows(tmp_path, "SELECT key FROM quarantine ORDER BY key") == [("2",), ("3",)]


def test_promise_12_reasons_and_keys_may_be_hostile_too(tmp_path: Path) -> None:
    rejected = [Rejected({"a": "\ud800"}, "bad \ud800\x00" + "x" * 1_000_000, "key \ud800\x00")]
    run(tmp_path, desk(Page([ticket(1)], None, rejected)))
    ((reason, key),) = rows(tmp_path, "SELECT reason, key FROM quarantine")
    assert reason.startswith("bad \ufffd\ufffdx")
    assert len(reason) == 2000
    assert key == "key \ufffd\ufffd"


def test_promise_12_a_failure_told_in_hostile_words_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "deskmetry")
    script = raises(ValueError("\ud800\x00"))

    report = run(tmp_path, Desk().says(script), desk(page(ticket(1)), desk="other"))
    assert [source.outcome for source in report.sources] == [Outcome.FAILED, Outcome.OK]
    assert "\ufffd\ufffd" in rows(tmp_path, "SELECT reason FROM sync_runs WHERE outcome = 'failed'")[0][0]
    assert "ValueError: \ufffd\ufffd" in caplog.text
    assert caplog.text.encode()


def _spoilt(**fields: Any) -> Ticket:
    one = ticket(7)
    for name, value in fields.items():
        object.__setattr__(one, name, value) if name not in Ticket.model_fields else one.__dict__.update(
            {name: value}
        )
    return one


@pytest.mark.parametrize(
    "record",
    [
        _spoilt(custom_fields={"when": at(0)}),
        _spoilt(custom_fields={"what": {1, 2}}),
        _spoilt(custom_fields={"n": 10**5000}),
        _spoilt(status="open"),
        _spoilt(created_at=None),
        _spoilt(version=2**64),
        _spoilt(subject="\ud800"),
        _spoilt(subject=object()),
        _spoilt(created_at=datetime(2026, 1, 1)),  # noqa: DTZ001 - a naive one is the point
    ],
)
def test_promise_12_records_that_were_spoilt_after_they_were_checked_fail_only_their_source(
    tmp_path: Path, record: Ticket
) -> None:
    first = desk(page(ticket(1), token=1), desk="spoilt")
    other = desk(page(ticket(3)), desk="other")
    run(tmp_path, first, other)
    report = run(tmp_path, desk(page(ticket(2), token=2), page(record, token=3), desk="spoilt"), other)
    assert [source.outcome for source in report.sources] == [Outcome.FAILED, Outcome.OK]
    assert report.exit_code is ExitCode.PARTIAL
    assert "can't be stored" in str(report.sources[0].error)
    assert ids(tmp_path) == {"1", "3"}, "pages gathered together stay or go together"
    assert rows(tmp_path, "SELECT token FROM sync_state WHERE source_id = 1") == [("1",)]
    logged = rows(tmp_path, "SELECT outcome, rows_new FROM sync_runs WHERE run = 2 ORDER BY source_id")
    assert logged == [("failed", 0), ("ok", 0)]


# --- 20: nothing new changes nothing ------------------------------------------------------------------


class Observed(Desk):
    """A desk whose history of statuses is what we see of it."""

    name: ClassVar[str] = "observed"
    capabilities: ClassVar[Capabilities] = Capabilities(status_history=Provenance.OBSERVED)


def _company() -> list[Desk]:
    server = Rows(
        [ticket(n, n, status=TicketStatus.SOLVED if n % 2 else TicketStatus.OPEN) for n in range(10)]
    )
    return [Shop(desk="shop"), Inbox(desk="inbox"), Observed(desk="observed").says(server)]


@pytest.mark.parametrize("full", [False, True], ids=["idle", "full"])
def test_promise_20_nothing_new_changes_no_record_and_marks_nothing(tmp_path: Path, full: bool) -> None:
    run(tmp_path, *_company())
    before = contents(tmp_path / "desk.db")
    watch(tmp_path)
    marked: list[int] = []

    class Looks(Silence):
        def stage(self, name: str) -> None:
            marked.append(rows(tmp_path, "SELECT count(*) FROM dirty")[0][0])

    report = run(tmp_path, *_company(), full=full, listener=Looks())
    assert report.exit_code is ExitCode.OK
    assert marked == [0, 0]
    assert rows(tmp_path, "SELECT * FROM touched") == []
    assert sum(source.written.new + source.written.changed for source in report.sources) == 0
    assert (sum(source.written.same for source in report.sources) > 100) == full
    after = contents(tmp_path / "desk.db")
    after.pop("touched")
    for untimed in ("sources", "sync_state", "facts_state"):  # how far an always growing source is known
        before.pop(untimed)
        after.pop(untimed)
    assert after == before


def test_promise_20_a_fresh_database_agrees_with_one_grown_step_by_step(tmp_path: Path) -> None:
    grown, fresh = tmp_path / "grown", tmp_path / "fresh"
    grown.mkdir()
    fresh.mkdir()
    server = Rows()
    for step in range(5):
        server.put(*(ticket(n, n + step * 20, subject=f"step {step}") for n in range(step, step + 6)))
        run(grown, Desk().says(server))
    run(fresh, Desk().says(server))
    for table in ("tickets", "ticket_events", "quarantine"):
        assert contents(grown / "desk.db")[table] == contents(fresh / "desk.db")[table]
