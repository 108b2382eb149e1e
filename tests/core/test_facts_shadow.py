"""Facts as of an earlier instant are the facts of a database that holds only what was known before it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deskmetry.facts import shadow, unshadow
from deskmetry.records import (
    Customer,
    Message,
    Record,
    Session,
    SurveyAnswer,
    SurveyOffer,
    Ticket,
    TicketEvent,
)
from deskmetry.records.kinds import EventKind, TicketStatus
from deskmetry.store import open_reader
from helpers_histories import HOURS, a_time, hour, people, tickets
from helpers_store import Store, event, facts_of, instant, message, ms, ticket

SOURCES = {1: "north", 2: "south"}
History = dict[int, list[Record]]


def a_history(random: Random) -> History:
    return {source: [*people(random), *tickets(random)] for source in SOURCES}


def known_before(records: Sequence[Record], as_of: datetime) -> Iterator[Record]:
    """Yield what a source would have told before an instant; names, tags and fields are today's."""
    events = [record for record in records if isinstance(record, TicketEvent)]
    for record in records:
        if isinstance(record, TicketEvent):
            # An inferred solve is expected from its own instant on, before its rule fires.
            if record.at < as_of:
                yield record
        elif isinstance(record, Message):
            if record.sent_at < as_of:
                yield undeleted(record, as_of)
        elif isinstance(record, Ticket):
            if record.created_at < as_of:
                yield ticket_before(record, [one for one in events if one.ticket_id == record.id], as_of)
        elif isinstance(record, Session):
            if record.asked_at < as_of:
                yield session_before(record, as_of)
        elif isinstance(record, SurveyOffer | SurveyAnswer):
            yield from survey_before(record, records, as_of)
        else:
            yield record


def survey_before(
    record: SurveyOffer | SurveyAnswer, records: Sequence[Record], as_of: datetime
) -> Iterator[Record]:
    if isinstance(record, SurveyOffer):
        if record.offered_at < as_of:
            yield record
    elif record.answered_at < as_of:
        yield answer_before(record, records, as_of)


def undeleted(record: Message | Ticket, as_of: datetime) -> Record:
    gone = record.deleted_at is not None and record.deleted_at >= as_of
    return record.model_copy(update={"deleted_at": None}) if gone else record


def answer_before(record: SurveyAnswer, records: Sequence[Record], as_of: datetime) -> SurveyAnswer:
    """Return an answer as it was: not superseded by what was answered about the same only later."""
    later = any(
        isinstance(one, SurveyAnswer)
        and (one.id, about(one)) == (record.superseded_by, about(record))
        and one.answered_at >= as_of
        for one in records
    )
    record = record.model_copy(update={"superseded_by": None}) if later else record
    gone = record.deleted_at is not None and record.deleted_at >= as_of
    return record.model_copy(update={"deleted_at": None}) if gone else record


def about(answer: SurveyAnswer) -> tuple[str, object]:
    """Return what an answer is about: its ticket, its customer, or the mailing that it answers."""
    for name in ("ticket_id", "customer_id", "offered_at"):
        if (value := getattr(answer, name)) is not None:
            return name, value
    return "id", answer.id


def session_before(record: Session, as_of: datetime) -> Session:
    """Return a session as it was: what came of it is known from its end on, its queue from the queue's."""
    ends = [at for at in (record.ended_at, record.left_at) if at is not None]
    over = min(ends, default=(record.accepted_at or record.asked_at) if record.end else None)
    instants = ("accepted_at", "ended_at", "left_at")
    later = [name for name in instants if not known(getattr(record, name), as_of)]
    if not known(over, as_of):
        later.append("end")
    if not known(record.ended_at or over, as_of):
        later += ["talk_ms", "wrap_up_ms"]
    if record.queue_ms is not None and record.asked_at + timedelta(milliseconds=record.queue_ms) >= as_of:
        later.append("queue_ms")
    return record.model_copy(update=dict.fromkeys(later))


def known(at: datetime | None, as_of: datetime) -> bool:
    return at is not None and at < as_of


def ticket_before(record: Ticket, events: Sequence[TicketEvent], as_of: datetime) -> Record:
    """Return a ticket's row as it was: what its later events changed is what they changed it from."""
    changes: dict[str, object] = {}
    columns = {EventKind.TEAM: "team_id", EventKind.ASSIGNEE: "assignee_id", EventKind.PRIORITY: "priority"}
    for kind, column in columns.items():
        mine = sorted((e for e in events if e.kind is kind), key=lambda e: (e.at, len(e.id), e.id))
        known = [e for e in mine if e.at < as_of]
        if mine:
            changes[column] = known[-1].new if known else mine[0].old
    mine = sorted((e for e in events if e.kind is EventKind.STATUS), key=order)
    if mine and mine[0].at >= as_of:
        changes |= {"status": TicketStatus(mine[0].old or "new"), "status_how": mine[0].how}
    solved = record.status in (TicketStatus.SOLVED, TicketStatus.CLOSED)
    if not mine and solved and (record.updated_at or record.created_at) >= as_of:
        changes["status"] = TicketStatus.OPEN
    return undeleted(record.model_copy(update=changes), as_of)


def order(one: TicketEvent) -> tuple[datetime, datetime, int, str]:
    return one.at, one.known_at or one.at, len(one.id), one.id


@contextmanager
def database(
    folder: Path, history: History, completes: dict[int, int], linked: dict[int, int | None]
) -> Iterator[Store]:
    """Make a database with these records and up-to-date facts."""
    folder.mkdir()
    with Store.at(folder) as store:
        for source, records in history.items():
            store.source(SOURCES[source], complete_until=completes[source])
            store.write(*records, source=source)
        for source, other in linked.items():
            store.execute("UPDATE sources SET tickets_source_id = ? WHERE id = ?", other, source)
        store.refresh("Europe/Berlin")
        yield store


def check(folder: Path, seed: int, as_of: int) -> None:
    random = Random(seed)
    history = a_history(random)
    completes = {source: a_time(random) for source in SOURCES}
    linked = {source: random.choice([None, None, 1, 2]) for source in SOURCES}
    before = {source: list(known_before(records, instant(as_of))) for source, records in history.items()}
    until = {source: min(complete, as_of) for source, complete in completes.items()}
    with (
        database(folder / "today", history, completes, linked) as store,
        database(folder / "then", before, until, linked) as then,
    ):
        agents = store.rows("SELECT * FROM known_agents")  # once an agent, always an agent
        for agent in agents:
            then.execute("INSERT OR IGNORE INTO known_agents VALUES (?, ?)", *agent.values())
        then.refresh("Europe/Berlin", rebuild=True)
        today = store.facts()
        shadow(store.connection, as_of)
        expected, found = then.facts(), store.facts()
        for name, rows in expected.items():
            assert found[name] == rows, name
        unshadow(store.connection)
        assert store.facts() == today


@pytest.mark.parametrize("seed", range(40))
def test_any_history_as_of_any_instant(tmp_path: Path, seed: int) -> None:
    check(tmp_path, seed, hour(Random(seed).randrange(HOURS + 20)))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), at=st.integers(0, HOURS))
def test_any_history_as_of_any_hour(seed: int, at: int) -> None:
    with TemporaryDirectory() as folder:
        check(Path(folder), seed, hour(at))


def two_tickets(store: Store) -> None:
    store.source(complete_until="2025-03-20")
    store.write(
        Customer(id="c1", email="anna@x.example"),
        ticket("1", "2025-03-01", requester_id="c1"),
        ticket("2", "2025-03-05", requester_id="c1"),
        message("m1", "1", "2025-03-01"),
        message("m2", "1", "2025-03-10", "agent"),
        event("e1", "1", "2025-03-01", "new"),
        event("e2", "1", "2025-03-12", "solved", "new"),
    )
    store.refresh()


def test_a_reader_sees_an_earlier_instant_and_then_today_again(tmp_path: Path) -> None:
    with Store.at(tmp_path) as store:
        two_tickets(store)
        today = store.facts()
        with closing(open_reader(store.path)) as reader:
            assert shadow(reader, ms("2025-03-08")) == 1
            facts = facts_of(reader)
            first, second = facts["ticket_facts"]
            assert (first["human_replies"], first["first_solved_at"], first["status"]) == (0, None, "new")
            assert first["waiting_since_at"] == ms("2025-03-01")
            assert first["next_contact_at"] == second["created_at"] == ms("2025-03-05")
            assert [row["at"] for row in facts["activity_facts"] if row["ticket_id"] == "1"] == [
                ms("2025-03-01")
            ] * 2
            unshadow(reader)
            assert facts_of(reader) == today


def test_the_later_contact_of_a_person_is_not_known_before_it(tmp_path: Path) -> None:
    with Store.at(tmp_path) as store:
        two_tickets(store)
        shadow(store.connection, ms("2025-03-04"))
        (only,) = store.table("ticket_facts")
        assert (only["next_contact_at"], only["customer"]) == (None, "new")


def test_a_ticket_that_was_deleted_since_was_a_contact_before(tmp_path: Path) -> None:
    with Store.at(tmp_path) as store:
        two_tickets(store)
        store.write(
            ticket("1", "2025-03-01", requester_id="c1", deleted_at="2025-03-11", updated_at="2025-03-11")
        )
        store.refresh()
        assert store.fact("ticket_facts", ticket_id="2")["customer"] == "new"
        shadow(store.connection, ms("2025-03-11"))
        assert store.fact("ticket_facts", ticket_id="2")["customer"] == "returning"


def test_what_an_incomplete_source_has_told_since_stays_unknown(tmp_path: Path) -> None:
    with Store.at(tmp_path) as store:
        two_tickets(store)
        behind = store.source("behind", complete_until="2025-03-03")
        store.write(
            Customer(id="c1", email="anna@x.example"),
            ticket("9", "2025-03-02", requester_id="c1"),
            message("m9", "9", "2025-03-04"),
            source=behind,
        )
        store.refresh()
        assert shadow(store.connection, ms("2025-03-05")) > 0  # the contact on that day isn't known yet
        assert store.fact("ticket_facts", ticket_id="9")["customer_messages"] == 0
        assert store.fact("ticket_facts", ticket_id="9")["next_contact_at"] is None


def test_the_newest_instant_needs_no_other_rows(tmp_path: Path) -> None:
    with Store.at(tmp_path) as store:
        two_tickets(store)
        today = store.facts()
        assert shadow(store.connection, ms("2025-03-20")) == 0
        assert store.facts() == today


def test_a_second_shadow_takes_the_place_of_the_first(tmp_path: Path) -> None:
    with Store.at(tmp_path) as store:
        two_tickets(store)
        shadow(store.connection, ms("2025-03-02"))
        shadow(store.connection, ms("2025-03-11"))
        assert store.fact("ticket_facts", ticket_id="1")["human_replies"] == 1
