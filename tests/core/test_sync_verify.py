"""Promises 14 and 15: the database is compared with its source, and deletes are never a guess."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import PrivateAttr

from deskmetry.connector import Capabilities, Connector, Cursor, Inventory, Page, Tally, stream
from deskmetry.errors import MassDelete, StreamSkipped, Unreachable
from deskmetry.records import Message, Record, Team, Ticket
from deskmetry.records.kinds import ActorKind, Provenance, TicketStatus
from deskmetry.store import open_reader
from deskmetry.sync.sweep import guard, sweep
from deskmetry.sync.verified import Extent, Finding, Mend, Verdict, Verified
from deskmetry.sync.verify import verify
from helpers_sync import Desk, at, contents, rows, run, ticket

PARTS = frozenset({"count", "ids", "fetch"})


class Server(Desk):
    """A helpdesk that holds tickets and says about them what it is let to."""

    name: ClassVar[str] = "server"
    capabilities: ClassVar[Capabilities] = Capabilities(status_history=Provenance.REPORTED)
    _held: dict[str, Ticket] = PrivateAttr(default_factory=dict)
    _parts: frozenset[str] = PrivateAttr(default=PARTS)
    _words: dict[str, Any] = PrivateAttr(default_factory=dict)
    _fetched: list[str] = PrivateAttr(default_factory=list)

    @classmethod
    def of(cls, *tickets: Ticket, parts: Iterable[str] = PARTS, **words: Any) -> Server:
        one = cls(start=words.pop("start", None))
        one._held = {ticket.id: ticket for ticket in tickets}
        one._parts, one._words = frozenset(parts), words
        return one

    @stream(Ticket)
    def tickets(self, since: Cursor | None) -> Iterator[Page]:
        yield Page([*self._held.values()], complete_until=at(600))

    def inventory(self, stream: str) -> Inventory | None:
        if not self._parts:
            return None
        approximate = self._words.get("approximate", "")
        return Inventory(
            (Ticket,),
            count=(lambda: Tally(len(self._held), approximate=approximate))
            if "count" in self._parts
            else None,
            ids=(lambda: iter(self._held)) if "ids" in self._parts else None,
            fetch=self._fetch if "fetch" in self._parts else None,
            partial=self._words.get("partial", ""),
            unknown=self._words.get("unknown", ""),
        )

    def _fetch(self, ids: Sequence[str]) -> Iterator[Page]:
        self._fetched += ids
        yield Page([self._held[key] for key in ids if key in self._held])


def compared(folder: Path, connector: Connector, name: str = "s1", **extent: Any) -> Verified:
    with closing(open_reader(folder / "desk.db")) as connection:
        return verify(connection, name, connector, Extent(folder=folder, **extent))


def found(report: Verified, what: str) -> Finding:
    assert report.error is None, report.error
    (one,) = [finding for finding in report.findings if finding.compared == what]
    return one


def tickets(*numbers: int, **fields: Any) -> list[Ticket]:
    return [ticket(number, number, **fields) for number in numbers]


FIVE = tickets(1, 2, 3, 4, 5)


# --- 15: counts, ids, contents -------------------------------------------------------------------------


def test_promise_15_a_copy_that_is_whole_agrees_in_everything(tmp_path: Path) -> None:
    run(tmp_path, Server.of(*FIVE))
    before = contents(tmp_path / "desk.db")
    report = compared(tmp_path, Server.of(*FIVE))
    assert [(one.compared, one.verdict, one.here, one.there) for one in report.findings] == [
        ("count", Verdict.AGREES, 5, 5),
        ("ids", Verdict.AGREES, 5, 5),
        ("sampled contents", Verdict.AGREES, 5, 5),
    ]
    assert found(report, "ids").said == "ids 1 to 5"
    assert not report.differs
    assert contents(tmp_path / "desk.db") == before


def test_promise_15_missing_rows_are_found_and_named(tmp_path: Path) -> None:
    run(tmp_path, Server.of(*FIVE[:3]))
    report = compared(tmp_path, Server.of(*FIVE))
    assert (found(report, "count").verdict, found(report, "count").said) == (Verdict.DIFFERS, "2 fewer here")
    assert (found(report, "ids").verdict, found(report, "ids").said) == (
        Verdict.DIFFERS,
        "2 aren't here: 4, 5",
    )
    assert report.needs(Mend.SYNC)


def test_promise_15_a_row_of_other_contents_is_found(tmp_path: Path) -> None:
    run(tmp_path, Server.of(*FIVE))
    report = compared(tmp_path, Server.of(*FIVE[:4], ticket(5, 5, subject="other")))
    one = found(report, "sampled contents")
    assert (one.verdict, one.said) == (Verdict.DIFFERS, "1 differ: 5")
    assert found(report, "count").verdict is Verdict.AGREES


def test_what_came_or_changed_after_the_last_sync_is_no_fault(tmp_path: Path) -> None:
    run(tmp_path, Server.of(*FIVE))
    later = [ticket(5, 700, subject="edited"), ticket(6, 800)]
    report = compared(tmp_path, Server.of(*FIVE[:4], *later))
    assert found(report, "ids").verdict is Verdict.AGREES
    assert found(report, "sampled contents").verdict is Verdict.AGREES
    read = compared(tmp_path, Server.of(*FIVE[:4], *later), full_read=True)
    one = found(read, "all contents")
    assert (one.verdict, one.said) == (Verdict.AGREES, "2 came or changed since the last sync")


def test_the_sample_is_as_large_as_asked_for(tmp_path: Path) -> None:
    many = tickets(*range(300))
    run(tmp_path, Server.of(*many))
    server = Server.of(*many, parts={"fetch"})
    compared(tmp_path, server, sample=150)
    assert len(set(server._fetched)) == 150
    none = Server.of(*many)
    assert [one.compared for one in compared(tmp_path, none, sample=0).findings] == ["count", "ids"]


def test_counts_that_are_vague_or_partial_are_told_and_no_fault(tmp_path: Path) -> None:
    run(tmp_path, Server.of(*FIVE))
    archived = "archived tickets aren't counted"
    fewer = found(compared(tmp_path, Server.of(*FIVE[:2], parts={"count"}, partial=archived)), "count")
    assert (fewer.verdict, fewer.said) == (Verdict.UNKNOWN, f"3 more here; {archived}")
    more = Server.of(*FIVE, *tickets(6), parts={"count"}, approximate="counted yesterday")
    one = found(compared(tmp_path, more), "count")
    assert (one.verdict, one.said) == (Verdict.UNKNOWN, "1 fewer here; counted yesterday")
    plain = found(compared(tmp_path, Server.of(*FIVE[:2], parts={"count"})), "count")
    assert plain.verdict is Verdict.DIFFERS


def test_what_cannot_be_known_is_said_in_words(tmp_path: Path) -> None:
    run(tmp_path, Server.of(*FIVE))
    report = compared(tmp_path, Server.of(*FIVE, parts=()))
    assert [(one.verdict, "--full-read" in one.said) for one in report.findings] == [(Verdict.UNKNOWN, True)]
    report = compared(tmp_path, Server.of(parts={"none"}, unknown="nobody lists them"))
    assert [(one.verdict, one.said) for one in report.findings] == [(Verdict.UNKNOWN, "nobody lists them")]
    report = compared(tmp_path, Server.of(), name="s9")
    assert [(one.verdict, one.said) for one in report.findings] == [
        (Verdict.UNKNOWN, "never synced; `deskmetry sync s9`")
    ]


def test_promise_15_a_full_read_compares_everything_and_writes_nothing(tmp_path: Path) -> None:
    run(tmp_path, Server.of(*FIVE[1:]))
    before = contents(tmp_path / "desk.db")
    now = [ticket(1, 1), ticket(2, 2, subject="other"), *FIVE[2:4]]
    report = compared(tmp_path, Server.of(*now, parts=()), full_read=True)
    one = found(report, "all contents")
    assert (one.verdict, one.said) == (Verdict.DIFFERS, "1 aren't here: 1; 1 differ: 2")
    assert found(report, "deleted").said == "1 are here and not listed there: 5"
    assert contents(tmp_path / "desk.db") == before


def test_an_older_copy_in_the_stream_is_no_difference(tmp_path: Path) -> None:
    run(tmp_path, Server.of(ticket(1, 5, subject="new")))
    report = compared(tmp_path, Server.of(ticket(1, 2, subject="old")), full_read=True)
    assert found(report, "all contents").verdict is Verdict.AGREES


class Broken(Server):
    """A server whose inventory or stream fails."""

    name: ClassVar[str] = "server"
    _error: BaseException = PrivateAttr(default_factory=RuntimeError)

    def inventory(self, stream: str) -> Inventory | None:
        raise self._error


@pytest.mark.parametrize("error", [Unreachable("gone", "wait"), RuntimeError("broken")])
def test_a_source_that_fails_is_told_and_nothing_else_is_concluded(tmp_path: Path, error: Exception) -> None:
    run(tmp_path, Server.of(*FIVE))
    broken = Broken.of()
    assert isinstance(broken, Broken)
    broken._error = error
    report = compared(tmp_path, broken)
    assert report.error is not None
    assert str(error).split()[0] in str(report.error)
    assert report.gone == []


class Several(Server):
    """A server with a kind that two streams bring, one of which may be skipped."""

    name: ClassVar[str] = "server"
    skip: bool = False
    bad: bool = False

    @stream(Ticket, Message)
    def chats(self, since: Cursor | None) -> Iterator[Page]:
        if self.skip:
            raise StreamSkipped("the plan has none", "nothing to do")
        message = Message(id="m", ticket_id="c", sent_at=at(1), author_kind=ActorKind.AGENT)
        rejected = self.page([{}], self._fails).rejected if self.bad else ()
        yield Page([ticket("c", 1), message], rejected=rejected, complete_until=at(600))

    def _fails(self, row: Any) -> Record:
        raise KeyError("id")


def several(**settings: Any) -> Several:
    one = Several(**settings)
    one._held = {"1": ticket(1, 1)}
    return one


def test_rows_that_another_stream_brings_are_not_gone(tmp_path: Path) -> None:
    run(tmp_path, several())
    report = compared(tmp_path, several(), full_read=True)
    assert {one.verdict for one in report.findings} == {Verdict.AGREES}
    assert report.gone == []


@pytest.mark.parametrize("settings", [{"skip": True}, {"bad": True}])
def test_nothing_is_gone_where_a_stream_was_not_read_whole(tmp_path: Path, settings: dict[str, bool]) -> None:
    run(tmp_path, several())
    one = several(**settings)
    one._held = {}
    report = compared(tmp_path, one, full_read=True)
    assert report.gone == []
    assert any(finding.verdict is Verdict.UNKNOWN for finding in report.findings)


def test_only_the_streams_that_are_asked_for_are_compared(tmp_path: Path) -> None:
    run(tmp_path, several())
    report = compared(tmp_path, several(), full_read=True, streams=("chats",))
    assert {one.stream for one in report.findings} == {"chats"}
    assert report.gone == [], "the other stream may bring what this one lacks"


def test_counts_by_part_are_compared_part_by_part(tmp_path: Path) -> None:
    class Folders(Server):
        name: ClassVar[str] = "server"

        def inventory(self, stream: str) -> Inventory | None:
            tally = Tally(7, {"web": 2, "mail": 5}, "copies count")
            return Inventory((Ticket,), count=lambda: tally, by="channel")

    run(tmp_path, Server.of(*tickets(1, 2, channel="web"), *tickets(3, channel="old")))
    report = compared(tmp_path, Folders())
    assert [(one.compared, one.here, one.there, str(one.verdict)) for one in report.findings] == [
        ("count in web", 2, 2, "agrees"),
        ("count in mail", 0, 5, "unknown"),
        ("count in old", 1, None, "unknown"),
    ]


# --- 14: deletes ---------------------------------------------------------------------------------------

MANY = tickets(*range(1, 41))


def swept(folder: Path, connector: Connector, *, force: bool = False, **extent: Any) -> dict[str, int]:
    report = compared(folder, connector, **extent)
    return sweep(folder / "desk.db", [report], force=force)


def alive(folder: Path) -> set[str]:
    return {key for (key,) in rows(folder, "SELECT id FROM tickets WHERE deleted_at IS NULL")}


@pytest.mark.parametrize("extent", [{}, {"full_read": True}], ids=["by ids", "by a full read"])
def test_promise_14_a_sweep_marks_what_the_source_lists_no_more(
    tmp_path: Path, extent: dict[str, Any]
) -> None:
    run(tmp_path, Server.of(*MANY))
    left = Server.of(*MANY[:38])
    report = compared(tmp_path, left, **extent)
    assert (found(report, "deleted").verdict, found(report, "deleted").said) == (
        Verdict.DIFFERS,
        "2 are here and not listed there: 39, 40",
    )
    assert not report.needs(Mend.SYNC)
    assert swept(tmp_path, left, **extent) == {"s1": 2}
    assert alive(tmp_path) == {str(number) for number in range(1, 39)}
    assert rows(tmp_path, "SELECT * FROM dirty") == [], "facts are up to date"
    assert compared(tmp_path, left, **extent).gone == [], "a second time nothing is gone"


def test_promise_14_a_deleted_ticket_leaves_the_facts_with_the_next_sync(tmp_path: Path) -> None:
    run(tmp_path, Server.of(*MANY))
    swept(tmp_path, Server.of(*MANY[:38]))
    assert rows(tmp_path, "SELECT count(*) FROM ticket_facts WHERE deleted_at IS NOT NULL") == [(0,)]

    class Now(Server):
        name: ClassVar[str] = "server"

        @stream(Ticket)
        def tickets(self, since: Cursor | None) -> Iterator[Page]:
            yield Page([*self._held.values()])

    run(tmp_path, Now.of(*MANY[:38]))
    run(tmp_path, Now.of(*MANY[:38]))
    assert rows(tmp_path, "SELECT count(*) FROM ticket_facts WHERE deleted_at IS NOT NULL") == [(2,)]


@pytest.mark.parametrize(("left", "refused"), [(36, False), (35, True), (0, True)])
def test_promise_14_more_than_a_tenth_gone_at_once_is_refused_without_force(
    tmp_path: Path, left: int, refused: bool
) -> None:
    run(tmp_path, Server.of(*MANY))
    server = Server.of(*MANY[:left])
    if refused:
        with pytest.raises(MassDelete, match=f"{40 - left} of 40 tickets"):
            swept(tmp_path, server)
        assert len(alive(tmp_path)) == 40
        assert swept(tmp_path, server, force=True) == {"s1": 40 - left}
    else:
        assert swept(tmp_path, server) == {"s1": 4}
    assert len(alive(tmp_path)) == left


def test_promise_14_a_source_that_has_nothing_any_more_is_refused(tmp_path: Path) -> None:
    run(tmp_path, Server.of(ticket(1)))
    report = compared(tmp_path, Server.of(parts={"ids"}))
    with pytest.raises(MassDelete, match="1 of 1 tickets"):
        guard(report)


def test_promise_14_a_list_that_leaves_rows_out_deletes_nothing(tmp_path: Path) -> None:
    run(tmp_path, Server.of(*MANY))
    report = compared(tmp_path, Server.of(*MANY[:38], partial="moved mails are no deleted tickets"))
    assert report.gone == []
    assert found(report, "deleted").verdict is Verdict.AGREES
    assert "moved mails" in found(report, "deleted").said


def test_rows_from_before_the_start_are_not_expected(tmp_path: Path) -> None:
    old = ticket("old", -60 * 24 * 30)
    run(tmp_path, Server.of(old, *MANY))
    start = date(2026, 3, 1)
    report = compared(tmp_path, Server.of(*MANY[:39], start=start), full_read=True)
    assert [sorted(gone.ids) for gone in report.gone] == [["40"]]


def test_kinds_without_a_place_for_tombstones_are_told_and_left_alone(tmp_path: Path) -> None:
    class Kinds(Server):
        name: ClassVar[str] = "server"

        @stream(Team, Message)
        def others(self, since: Cursor | None) -> Iterator[Page]:
            kind = ActorKind.AGENT
            messages = [Message(id=n, ticket_id=1, sent_at=at(1), author_kind=kind) for n in self._held]
            yield Page([Team(id=1, name="x"), *messages])

    run(tmp_path, Kinds.of(*MANY))
    report = compared(tmp_path, Kinds.of(*MANY[:39]), full_read=True)
    assert {gone.kind for gone in report.gone} == {Ticket, Message}
    assert sweep(tmp_path / "desk.db", [report]) == {"s1": 2}


def test_a_status_that_changed_is_seen_by_a_full_read(tmp_path: Path) -> None:
    run(tmp_path, Server.of(ticket(1, 1)))
    changed = ticket(1, updated=at(1) + timedelta(seconds=1), status=TicketStatus.SOLVED)
    one = found(compared(tmp_path, Server.of(changed), full_read=True), "all contents")
    assert (one.verdict, one.said) == (Verdict.DIFFERS, "1 differ: 1")
