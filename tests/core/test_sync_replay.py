"""Promise 11: what is in quarantine is tried again with the connector of today, and nothing newer is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import Field, PrivateAttr

from deskmetry.connector import Cursor, Mapper, Page, Rejected, stream
from deskmetry.records import Record, Ticket
from deskmetry.records.kinds import TicketStatus
from deskmetry.sync import Options, sync
from deskmetry.sync.replay import Fate, Replayed, replay
from helpers_sync import Desk, Inbox, at, desk, rows, run


class Acme(Desk):
    """A stranger's connector, whose mapper is a method; `words` are the statuses that it understands."""

    name: ClassVar[str] = "acme"
    words: dict[str, str] = Field(default_factory=lambda: {"open": "open", "done": "solved"})
    _rows: list[Any] = PrivateAttr(default_factory=list)

    def of(self, *items: Any) -> Acme:
        self._rows = list(items)
        return self

    @stream(Ticket)
    def tickets(self, since: Cursor | None) -> Iterator[Page]:
        yield self.page(self._rows, self.ticket)

    def ticket(self, row: Any) -> Ticket:
        status = TicketStatus(self.words[row["state"]])
        version = row.get("version")
        return Ticket(
            id=row["id"], status=status, created_at=at(0), version=version, subject=row.get("subject")
        )


class Apart(Acme):
    """A connector whose mapper is a function of its own, which it knows by name."""

    name: ClassVar[str] = "apart"

    @stream(Ticket)
    def tickets(self, since: Cursor | None) -> Iterator[Page]:
        yield self.page(self._rows, apart)

    def mapper(self, stream: str, name: str) -> Mapper | None:
        return {("tickets", "test_sync_replay.apart"): apart}.get((stream, name)) or super().mapper(
            stream, name
        )


def apart(row: Any) -> Ticket:
    return Ticket(id=row["id"], status=TicketStatus(row["state"]), created_at=at(0))


KNOWING = {"open": "open", "done": "solved", "parked": "on_hold"}


def again(folder: Path, connector: Desk, *ids: int) -> list[Replayed]:
    return replay(folder / "desk.db", {"s1": connector}, ids=ids, folder=folder)


def test_promise_11_a_mended_connector_maps_what_was_set_aside(tmp_path: Path) -> None:
    run(tmp_path, Acme().of({"id": 1, "state": "open"}, {"id": 2, "state": "parked"}))
    assert rows(tmp_path, "SELECT mapper FROM quarantine") == [("ticket",)]
    (one,) = again(tmp_path, Acme(words=KNOWING))
    assert (one.fate, one.key, one.stream) == (Fate.STORED, "2", "tickets")
    assert one.written is not None
    assert one.written.new == 1
    assert rows(tmp_path, "SELECT id, status FROM tickets ORDER BY id") == [("1", "open"), ("2", "on_hold")]
    assert rows(tmp_path, "SELECT * FROM quarantine") == []
    assert rows(tmp_path, "SELECT count(*) FROM ticket_facts") == [(2,)], "facts are up to date"
    assert rows(tmp_path, "SELECT * FROM dirty") == []


def test_what_still_fails_stays_with_the_reason_of_today(tmp_path: Path) -> None:
    run(tmp_path, Acme().of({"id": 2, "state": "parked"}, {"id": 3, "state": "lost"}))
    found = again(tmp_path, Acme(words=KNOWING))
    assert [one.fate for one in found] == [Fate.STORED, Fate.STILL_BAD]
    assert found[1].reason == "the field 'lost' is missing"
    assert rows(tmp_path, "SELECT key, reason FROM quarantine") == [("3", "the field 'lost' is missing")]


def test_only_the_records_that_are_asked_for_are_tried(tmp_path: Path) -> None:
    run(tmp_path, Acme().of({"id": 2, "state": "parked"}, {"id": 3, "state": "parked"}))
    ((_, wanted),) = rows(tmp_path, "SELECT key, id FROM quarantine WHERE key = '3'")
    assert [one.key for one in again(tmp_path, Acme(words=KNOWING), wanted)] == ["3"]
    assert rows(tmp_path, "SELECT key FROM quarantine") == [("2",)]


@pytest.mark.parametrize("newer", [{"version": 9}, {}], ids=["by its version", "of no known order"])
def test_promise_11_a_replayed_record_never_overwrites_a_newer_copy(
    tmp_path: Path, newer: dict[str, int]
) -> None:
    bad = {"id": 2, "state": "parked", "subject": "old"} | ({"version": 5} if newer else {})
    run(tmp_path, Acme().of(bad))
    run(tmp_path, Acme().of({"id": 2, "state": "open", "subject": "new", **newer}))
    (one,) = again(tmp_path, Acme(words=KNOWING))
    assert one.fate is Fate.NOTHING_NEW
    assert rows(tmp_path, "SELECT subject, status FROM tickets") == [("new", "open")]
    assert rows(tmp_path, "SELECT * FROM quarantine") == []


def test_a_replayed_record_that_is_newer_wins(tmp_path: Path) -> None:
    run(tmp_path, Acme().of({"id": 2, "state": "open", "version": 4}))
    run(tmp_path, Acme().of({"id": 2, "state": "parked", "version": 5}))
    (one,) = again(tmp_path, Acme(words=KNOWING))
    assert one.fate is Fate.STORED
    assert rows(tmp_path, "SELECT status FROM tickets") == [("on_hold",)]


def test_of_several_bad_copies_of_a_record_the_newest_is_stored(tmp_path: Path) -> None:
    run(tmp_path, Acme().of({"id": 2, "state": "parked", "subject": "first"}))
    run(tmp_path, Acme().of({"id": 2, "state": "parked", "subject": "second"}))
    found = again(tmp_path, Acme(words=KNOWING))
    assert [one.fate for one in found] == [Fate.NOTHING_NEW, Fate.STORED]
    assert rows(tmp_path, "SELECT subject FROM tickets") == [("second",)]


def test_a_mapper_that_is_no_method_is_known_by_its_name(tmp_path: Path) -> None:
    run(tmp_path, Apart().of({"id": 1}))
    assert rows(tmp_path, "SELECT mapper FROM quarantine") == [("test_sync_replay.apart",)]
    (one,) = again(tmp_path, Apart())
    assert (one.fate, one.reason) == (Fate.STILL_BAD, "the field 'state' is missing")


class Paged(Desk):
    """A desk whose mapper needs to know the page, and one record that was cut or isn't JSON."""

    name: ClassVar[str] = "paged"

    @stream(Ticket)
    def tickets(self, since: Cursor | None) -> Iterator[Page]:
        def within(row: Any) -> Ticket:
            raise KeyError("state")

        bad = self.page([{"id": 1}], within).rejected
        odd = [
            Rejected(b"From x", "no mail", "mail", "ticket"),
            Rejected("x" * 300_000, "long", "long", "ticket"),
        ]
        yield Page((), Cursor(1), [*bad, *odd])

    def ticket(self, row: Any) -> Ticket:
        raise AssertionError("it isn't called for what can't be replayed")


def test_what_cannot_be_replayed_says_why_and_what_brings_it(tmp_path: Path) -> None:
    run(tmp_path, Paged())
    found = again(tmp_path, Paged())
    assert {one.fate for one in found} == {Fate.NOT_REPLAYABLE}
    reasons = {one.key: one.reason for one in found}
    assert "together with the page" in reasons["1"]
    assert "no JSON" in reasons["mail"]
    assert "first 200,000 characters" in reasons["long"]
    assert all("`deskmetry sync --full s1`" in reason for reason in reasons.values())
    assert rows(tmp_path, "SELECT count(*) FROM quarantine") == [(3,)]


@pytest.mark.parametrize("name", ["tickets", "check", "model_dump", "page", "nonsense", "__init__", "words"])
def test_only_methods_of_the_connectors_own_are_mappers(name: str) -> None:
    assert Acme().mapper("tickets", name) is None


class Hostile(Acme):
    """A connector that fails in its own ways."""

    name: ClassVar[str] = "hostile"
    how: str = "raise"

    def ticket(self, row: Any) -> Any:
        if self.words == KNOWING and self.how == "raise":
            raise RuntimeError("broken")
        if self.words == KNOWING and self.how == "other":
            return OtherRecord(id=row["id"])
        if self.words == KNOWING:
            one = super().ticket(row)
            one.__dict__["version"] = 2**70
            return one
        return super().ticket(row)


class OtherRecord(Record):
    """A record of no table."""

    table = "nowhere"


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("raise", "the connector failed"),
        ("other", "isn't in the common schema"),
        ("spoilt", "can't be stored"),
    ],
)
def test_a_connector_that_misbehaves_costs_only_the_record(tmp_path: Path, how: str, reason: str) -> None:
    run(tmp_path, Hostile().of({"id": 2, "state": "parked"}))
    (one,) = again(tmp_path, Hostile(words=KNOWING, how=how))
    assert one.fate is Fate.STILL_BAD
    assert reason in one.reason
    assert rows(tmp_path, "SELECT * FROM tickets") == []
    assert rows(tmp_path, "SELECT key FROM quarantine") == [("2",)]


def test_how_often_and_when_a_bad_record_came_is_kept(tmp_path: Path) -> None:
    for _ in range(3):
        run(tmp_path, Acme().of({"id": 2, "state": "parked"}))
    ((seen, first, last, run_, last_run),) = rows(
        tmp_path, "SELECT seen, first_seen_at, last_seen_at, run, last_run FROM quarantine"
    )
    assert (seen, run_, last_run) == (3, 1, 3)
    assert first <= last


def test_promise_14_a_full_read_of_a_source_that_became_empty_fails_and_deletes_nothing(
    tmp_path: Path,
) -> None:
    run(tmp_path, Acme().of({"id": 1, "state": "open"}))
    known = rows(tmp_path, "SELECT complete_until_at FROM sources")
    report = run(tmp_path, Acme().of(), desk(desk="other"), full=True)
    assert report.sources[0].error is not None
    assert "gave nothing, where 1 rows" in str(report.sources[0].error)
    assert report.exit_code == 3
    assert rows(tmp_path, "SELECT id FROM tickets") == [("1",)]
    assert rows(tmp_path, "SELECT complete_until_at FROM sources WHERE name = 's1'") == known
    logged = rows(tmp_path, "SELECT outcome, reason FROM sync_runs WHERE run = 2 AND source_id = 1")
    assert logged[0][0] == "failed"
    assert "gave nothing" in logged[0][1]
    assert run(tmp_path, Acme().of()).exit_code == 0, "an ordinary sync goes on"


def test_a_full_read_of_a_source_that_was_always_empty_is_fine(tmp_path: Path) -> None:
    for _ in range(2):
        assert run(tmp_path, Acme().of(), full=True).exit_code == 0


def test_mails_say_that_they_are_read_again_by_a_full_sync(tmp_path: Path) -> None:
    sync(tmp_path / "desk.db", {"s1": Inbox()}, Options())
    assert again(tmp_path, Inbox()) == []


def test_the_raw_record_that_is_mapped_again_is_the_one_that_came(tmp_path: Path) -> None:
    item = {"id": 2, "state": "parked", "subject": "Größe „XL“ \u202e"}
    run(tmp_path, Acme().of(item))
    assert json.loads(rows(tmp_path, "SELECT raw FROM quarantine")[0][0]) == item
    again(tmp_path, Acme(words=KNOWING))
    assert rows(tmp_path, "SELECT subject FROM tickets") == [(item["subject"],)]
