"""Who is erased is nowhere any more, and stays away."""

from __future__ import annotations

import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from deskmetry.errors import KeyLost, Locked, PersonAmbiguous, PersonIsAgent, PersonUnknown, ReaderHolds
from deskmetry.privacy import plan
from deskmetry.privacy.key import key_path
from deskmetry.records import Customer, Message, MessageHeader
from deskmetry.records.kinds import ActorKind
from deskmetry.store import WriterLock, open_reader, open_writer
from deskmetry.sync.verified import Extent, Verdict
from deskmetry.sync.verify import verify
from helpers_privacy import ADDRESS, NAME, NUMBER, ask, contents, erased, everywhere, helpdesk, proof, said
from helpers_sync import Desk, at, desk, page, run, ticket

ELM = {"address": ["Elm 1"]}


@pytest.fixture
def database(tmp_path: Path) -> Path:
    run(tmp_path, helpdesk())
    return tmp_path / "desk.db"


def test_nothing_of_them_is_left_in_any_file(database: Path) -> None:
    assert sum(found.hits.total() for found in proof(database)) > 20
    shutil.copy(database, database.with_name("desk.db.backup-schema-1"))
    done = erased(database, ADDRESS, in_texts=True)
    found = proof(database)
    assert {one.path.name for one in found} >= {"desk.db", "desk.db.backup-schema-1", "desk.db.key"}
    # Bob's address holds Jane's: that is all, and said to be so.
    assert {key for one in found for key in one.named} == set()
    assert {key for one in found for key in one.within} == {
        ("address", "customers"),
        ("address", "ticket_facts"),
    }
    assert [one.left(in_texts=True) for one in found] == [0] * len(found)
    assert [path.name for path in done.backups] == ["desk.db.backup-schema-1"]


def test_what_they_wrote_is_gone_and_its_length_stays(database: Path) -> None:
    erased(database, ADDRESS)
    assert ask(database, "SELECT body, length, redacted FROM messages WHERE id = 'm1'") == [(None, 33, 1)]
    assert ask(database, "SELECT comment, score FROM survey_answers") == [(None, 5.0)]
    raws = ask(database, "SELECT id, raw LIKE '%withheld%' FROM raw_records ORDER BY id")
    assert raws == [("r1", 1), ("r2", 1), ("r3", 0)]
    assert ask(database, "SELECT key, raw LIKE '%withheld%' FROM quarantine ORDER BY key") == [
        (None, 1),
        ("4", 0),
    ]
    (left,) = [one for one in proof(database, **ELM) if one.hits]
    assert set(left.named) == {
        ("address", "messages")
    }  # the agent's quote, that --in-texts doesn't know either


def test_texts_by_others_keep_them_unless_asked_otherwise(database: Path) -> None:
    done = erased(database, ADDRESS)
    assert done.others == [(1, "messages", "m2"), (1, "messages", "m3")]
    assert ADDRESS in ask(database, "SELECT body FROM messages WHERE id = 'm2'")[0][0]
    assert {table for one in proof(database) for _, table in one.named} == {"messages"}
    erased(database, ADDRESS, in_texts=True)
    body = ask(database, "SELECT body FROM messages WHERE id = 'm2'")[0][0]
    assert body.startswith("Hello erased-")
    assert ADDRESS not in body


def test_everybody_else_stays_as_they_were(database: Path) -> None:
    before = contents(database)
    erased(database, ADDRESS)
    after = contents(database)
    assert [row for row in before["customers"] if "Bob" in repr(row)] == [
        row for row in after["customers"] if "Bob" in repr(row)
    ]
    assert before["agents"] == after["agents"]
    assert {name: len(rows) for name, rows in before.items()} == {
        name: len(rows) for name, rows in after.items()
    }


def test_facts_are_the_same_but_for_the_name_of_the_person(database: Path) -> None:
    facts = ("ticket_facts", "message_facts", "reply_facts", "unsolved_spans", "status_facts", "answer_facts")
    before = contents(database)
    erased(database, ADDRESS)
    after = contents(database)
    for name in facts:
        # Rows are compared in the order of their tickets: that of the stand-ins is another one.
        assert sorted(map(unnamed, before[name])) == sorted(map(unnamed, after[name])), name
    assert ask(database, "SELECT person LIKE '%@erased.invalid' FROM ticket_facts ORDER BY ticket_id") == [
        (1,),
        (0,),
    ]


def unnamed(row: tuple[object, ...]) -> str:
    """Return a row without Jane, under whatever name."""
    text = re.sub(r"erased-[0-9a-f]+(@erased\.invalid)?", "*", repr(row))
    for name in (f'"{ADDRESS}"', ADDRESS, NAME):
        text = text.replace(name, name.replace(name.strip('"'), "*"))
    return "".join(sorted(text))


def test_a_full_sync_brings_nothing_back_and_changes_nothing(database: Path) -> None:
    erased(database, ADDRESS, in_texts=True)
    before = contents(database)
    report = run(database.parent, helpdesk(), full=True)
    assert contents(database) == before
    assert sum(stream.written.changed for source in report.sources for stream in source.streams) == 0
    assert sum(one.left(in_texts=True) for one in proof(database)) == 0
    assert len(ask(database, "SELECT 1 FROM quarantine")) == 2


def test_a_comparison_with_the_source_finds_no_difference(database: Path) -> None:
    erased(database, ADDRESS, in_texts=True)
    with closing(open_reader(database)) as connection:
        found = verify(connection, "s1", helpdesk(), Extent(full_read=True))
    assert {one.kind: one.verdict for one in found.findings}["tickets"] is Verdict.AGREES
    assert not found.gone


def test_a_new_address_of_an_erased_customer_stays_away_too(database: Path) -> None:
    erased(database, ADDRESS)
    moved = Customer(id="7", name="Jane Miller", email="jane@new.example", updated_at=at(99))
    late = [page(moved, mark=99), page(ticket(5, requester_id="9", subject="ask jane@new.example"), mark=100)]
    run(database.parent, desk(*late))
    found = proof(database, address=["jane@new.example"], name=["Jane Miller"])
    assert sum(one.hits.total() for one in found) == 0


def test_somebody_who_comes_back_as_a_new_customer_stays_away(database: Path) -> None:
    erased(database, ADDRESS)
    first = page(said("m9", "70", "Elm 9 is my new street"), mark=99)
    then = page(Customer(id="70", name=NAME, email=ADDRESS), said("m10", "70", "Elm 9"), mark=100)
    run(database.parent, desk(first, then))
    run(database.parent, desk(page(said("m11", "70", "Elm 9"), mark=101)))
    assert ask(database, "SELECT body, redacted FROM messages WHERE author_id = '70'") == [(None, 1)] * 3
    tables = {table for one in proof(database, name=[NAME]) for _, table in one.named}
    assert tables == {"messages"}  # that of the agent, of before


def test_an_erased_number_alone_stays_away(database: Path) -> None:
    erased(database, ADDRESS, in_texts=True)
    run(
        database.parent,
        desk(page(Customer(id="71", name="J. Doe the Third", phone="0049 30 12345678"), mark=99)),
    )
    assert ask(
        database, "SELECT name LIKE 'erased-%', phone LIKE '+999%' FROM customers WHERE id = '71'"
    ) == [(1, 1)]


@pytest.mark.parametrize(
    "asked", [ADDRESS.upper(), NUMBER, "0049 (0)30 12345678", "7", "s1:7", f" {ADDRESS} "]
)
def test_a_person_is_found_by_address_number_and_id(database: Path, asked: str) -> None:
    with closing(open_reader(database)) as connection:
        planned = plan(connection, asked)
    assert planned.person.customers == {(1, "7")}
    assert planned.rows["tickets"] == 2
    assert not key_path(database).exists()  # a preview writes nothing


def test_a_preview_counts_what_erasing_changes(database: Path) -> None:
    with closing(open_reader(database)) as connection:
        planned = plan(connection, ADDRESS)
    done = erased(database, ADDRESS)
    assert done.rows == planned.rows
    assert planned.others == done.others


def test_a_second_time_finds_nothing_to_change(tmp_path: Path) -> None:
    header = MessageHeader(
        id="INBOX/m1", mail_id="m1", sent_at=at(0), inbound=True, from_address=ADDRESS, from_name=NAME,
        counterpart=ADDRESS, counterpart_name=NAME, folder="INBOX",
    )  # fmt: skip
    mail = Message(id="m1", sent_at=at(0), author_kind=ActorKind.CUSTOMER, author_id=ADDRESS, body="Hello")
    run(tmp_path, desk(page(Customer(id=ADDRESS, email=ADDRESS, name=NAME), mail, header)))
    database = tmp_path / "desk.db"
    assert erased(database, ADDRESS).rows["message_headers"] == 1
    with closing(open_reader(database)) as connection:
        assert not plan(connection, ADDRESS).rows.get("message_headers")


def test_nobody_and_agents_are_told_apart(database: Path) -> None:
    with closing(open_reader(database)) as connection:
        for asked in ("nobody@x.example", "12345678", "99", ""):
            with pytest.raises(PersonUnknown):
                plan(connection, asked)
        for asked in ("anna@acme.example", "a"):
            with pytest.raises(PersonIsAgent, match="s1"):
                plan(connection, asked)


def test_an_id_of_two_sources_has_to_be_told_apart(tmp_path: Path) -> None:
    run(tmp_path, helpdesk(), Desk(desk="two").says([page(Customer(id="7", name="Other"), mark=1)]))
    with closing(open_reader(tmp_path / "desk.db")) as connection:
        with pytest.raises(PersonAmbiguous, match="s1:7, s2:7"):
            plan(connection, "7")
        assert plan(connection, "s2:7").person.customers == {(2, "7")}


def test_one_address_is_one_person_in_all_sources(tmp_path: Path) -> None:
    other = page(
        Customer(id="x", name="J D", email=ADDRESS),
        ticket(1, requester_id="x"),
        mark=1,
        complete_until=at(99),
    )
    run(tmp_path, helpdesk(), Desk(desk="two").says([other]))
    erased(tmp_path / "desk.db", "s2:x")
    rows = ask(
        tmp_path / "desk.db",
        "SELECT count(*), count(DISTINCT person) FROM ticket_facts WHERE person LIKE 'erased%'",
    )
    assert rows == [(2, 1)]


def test_a_number_of_two_people_stays_with_the_other(tmp_path: Path) -> None:
    run(
        tmp_path,
        desk(everywhere(), page(Customer(id="77", name="Jim", email="jim@x.example", phone=NUMBER), mark=61)),
    )
    done = erased(tmp_path / "desk.db", ADDRESS)
    assert done.person.shared == {"493012345678"}
    assert done.person.neighbours == ["jim@x.example"]
    assert ask(tmp_path / "desk.db", "SELECT phone FROM customers WHERE id = '77'") == [(NUMBER,)]


def test_without_its_key_a_database_isnt_synced(database: Path) -> None:
    erased(database, ADDRESS)
    assert key_path(database).stat().st_mode & 0o777 == 0o600
    kept = key_path(database).read_text()
    key_path(database).write_text("0" * 64 + "\n")
    with closing(open_reader(database)) as connection, pytest.raises(KeyLost):
        plan(connection, ADDRESS)
    key_path(database).unlink()
    report = run(database.parent, helpdesk(), full=True)
    assert isinstance(report.sources[0].error, KeyLost)
    key_path(database).write_text(kept)
    assert run(database.parent, helpdesk(), full=True).sources[0].error is None


def test_nobody_is_erased_while_a_sync_runs(database: Path) -> None:
    with WriterLock(database), pytest.raises(Locked):
        erased(database, ADDRESS)


def test_a_reader_who_keeps_the_log_is_told_of_and_a_second_try_finishes(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deskmetry.store.connection._BUSY_SECONDS", 0.05)
    with closing(sqlite3.connect(database, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM customers").fetchone()
        with pytest.raises(ReaderHolds):
            erased(database, ADDRESS, in_texts=True)
        reader.execute("COMMIT")
    assert erased(database, ADDRESS, in_texts=True).before
    assert sum(one.left(in_texts=True) for one in proof(database)) == 0


def test_the_search_finds_what_no_row_holds(database: Path) -> None:
    erased(database, ADDRESS, in_texts=True)
    stray = database.with_name("desk.db-old")
    stray.write_bytes(b"\0" + ADDRESS.encode() + b"\0")
    (found,) = [one for one in proof(database) if one.path == stray]
    assert found.left(in_texts=True) == 1


def test_a_row_that_was_forgotten_is_found(database: Path) -> None:
    erased(database, ADDRESS)
    with closing(open_writer(database)) as connection:
        connection.execute("UPDATE tickets SET link = ?", (ADDRESS,))
    assert sum(one.left(in_texts=False) for one in proof(database)) == 2
