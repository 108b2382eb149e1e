from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from deskmetry.connector import MailRules
from deskmetry.records import Message, MessageHeader, Record, from_milliseconds
from deskmetry.records.kinds import ActorKind, FolderRole
from deskmetry.store.connection import open_writer, transaction
from deskmetry.store.writer import Writer
from deskmetry.threads import ThreadReport, refresh, stage
from helpers_threads import ANNA, BEGIN

DAY = 86_400_000
SOURCE = 1


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(open_writer(tmp_path / "desk.db")) as connection:
        add_source(connection, SOURCE)
        yield connection


def add_source(connection: sqlite3.Connection, number: int, rules: MailRules | None = MailRules()) -> None:  # noqa: B008
    connection.execute(
        "INSERT INTO sources (id, name, connector, account, mail_rules) VALUES (?1, ?1, 'mailbox', ?1, ?2)",
        (number, rules.model_dump_json() if rules else None),
    )


def copies(
    mail_id: str, day: float = 0, *, folders: tuple[str, ...] = ("inbox",), **fields: Any
) -> list[Record]:
    """Return a message and its headers in each folder; a folder is named after its role."""
    at = from_milliseconds(BEGIN + round(day * DAY))
    inbound = fields.pop("inbound", True)
    author = fields.pop("author", ActorKind.CUSTOMER if inbound else ActorKind.AGENT)
    public = fields.pop("public", True)
    writer = ANNA if inbound else "ag"
    message = Message(id=mail_id, sent_at=at, author_kind=author, author_id=writer, public=public)
    known = {"message_id": mail_id, "counterpart": ANNA, "subject": "Lamp"} | fields
    headers = [
        MessageHeader(
            id=f"{folder}/{mail_id}", mail_id=mail_id, sent_at=at, inbound=inbound, folder=folder,
            folder_role=FolderRole(folder), **known,
        )
        for folder in folders
    ]  # fmt: skip
    return [message, *headers]


def sent(mail_id: str, day: float = 0, **fields: Any) -> list[Record]:
    return copies(mail_id, day, **{"inbound": False, "folders": ("sent",), **fields})


def arrive(connection: sqlite3.Connection, *mails: list[Record], source_id: int = SOURCE) -> ThreadReport:
    with transaction(connection):
        Writer(connection, source_id).write(record for records in mails for record in records)
        return refresh(connection)


def rows(connection: sqlite3.Connection, sql: str, *parameters: Any) -> list[Any]:
    return [row[0] if len(row) == 1 else row for row in connection.execute(sql, parameters)]


def placed(connection: sqlite3.Connection) -> dict[str, str]:
    return dict(rows(connection, "SELECT id, ticket_id FROM messages"))


def state(connection: sqlite3.Connection) -> list[list[Any]]:
    """Return everything the stage makes, but for tickets that were merged away."""
    return [
        rows(connection, "SELECT * FROM tickets WHERE merged_into IS NULL ORDER BY source_id, id"),
        rows(connection, "SELECT * FROM ticket_events ORDER BY source_id, id"),
        rows(connection, "SELECT source_id, id, ticket_id FROM messages ORDER BY source_id, id"),
        rows(connection, "SELECT * FROM mail_links ORDER BY source_id, link, mail_id"),
        rows(connection, "SELECT * FROM teams ORDER BY source_id, id"),
    ]


def test_mails_become_tickets_with_events_and_know_their_ticket(database: sqlite3.Connection) -> None:
    report = arrive(database, copies("a"), sent("b", 1, references=["a"]), copies("x", 2, subject="Chair"))
    assert placed(database) == {"a": "a", "b": "a", "x": "x"}
    assert rows(database, "SELECT id, status, assignee_id FROM tickets ORDER BY id") == [
        ("a", "solved", "ag"),
        ("x", "new", None),
    ]
    events = rows(
        database, "SELECT new FROM ticket_events WHERE ticket_id = 'a' AND kind = 'status' ORDER BY id"
    )
    assert events == ["new", "pending", "solved"]
    assert (report.mails, report.threads, report.changed, report.moved) == (3, 2, 2, 3)


def test_without_anything_dirty_nothing_is_read_and_nothing_written(database: sqlite3.Connection) -> None:
    arrive(database, copies("a"))
    before = database.total_changes
    asked: list[str] = []
    database.set_trace_callback(asked.append)
    report = refresh(database)
    database.set_trace_callback(None)
    assert report == ThreadReport()
    assert database.total_changes == before
    assert len(asked) == 1  # which sources have anything dirty


def test_the_same_mails_once_more_change_nothing(database: sqlite3.Connection) -> None:
    mails = [copies("a"), sent("b", 1, references=["a"])]
    arrive(database, *mails)
    database.execute("DELETE FROM dirty")
    before = state(database)
    report = arrive(database, *mails)
    assert report.mails == 0
    database.execute("INSERT INTO dirty VALUES ('mail', 1, 'b')")
    assert refresh(database).changed == 0
    assert state(database) == before
    # The mark may stand for a header alone, which the facts of its ticket read too.
    assert rows(database, "SELECT * FROM dirty") == [("ticket", 1, "a")]


def test_only_the_mails_that_may_belong_together_are_read(database: sqlite3.Connection) -> None:
    arrive(database, *(copies(f"n{n}", n) for n in range(50)), copies("a", 60, subject="Chair"))
    assert arrive(database, sent("b", 61, references=["a"], subject="Re: Chair")).mails == 2
    assert arrive(database, copies("n50", 62)).mails == 1


def test_a_root_that_arrives_last_takes_the_ticket_over(database: sqlite3.Connection) -> None:
    arrive(database, sent("b", 1, references=["a"]))
    database.execute("DELETE FROM dirty")
    report = arrive(database, copies("a"))
    assert placed(database) == {"a": "a", "b": "a"}
    assert rows(database, "SELECT id, merged_into FROM tickets ORDER BY id") == [("a", None), ("b", "a")]
    assert rows(database, "SELECT DISTINCT ticket_id FROM ticket_events") == ["a"]
    assert rows(database, "SELECT key FROM dirty WHERE kind = 'ticket' ORDER BY key") == ["a", "b"]
    assert report.merged == 1


def test_a_ticket_merged_twice_names_the_one_that_holds_its_mail_now(database: sqlite3.Connection) -> None:
    for mails in (copies("c", 2, references=["b"]), copies("b", 1, in_reply_to="a"), copies("a", 0)):
        arrive(database, mails)
    assert rows(database, "SELECT id, merged_into FROM tickets ORDER BY id") == [
        ("a", None),
        ("b", "a"),
        ("c", "a"),
    ]


def test_a_ticket_whose_thread_splits_again_is_no_longer_merged(database: sqlite3.Connection) -> None:
    # The broken form gives two mails one Message-ID: the reply to it then is a choice by customer.
    arrive(database, copies("r", 5, references=["form"], counterpart="bert@x.example"))
    arrive(database, copies("a", 0, message_id="form"))
    assert rows(database, "SELECT merged_into FROM tickets WHERE id = 'r'") == ["a"]
    arrive(database, copies("b", 1, message_id="form", counterpart="bert@x.example"))
    assert placed(database) == {"a": "a", "b": "b", "r": "b"}
    assert rows(database, "SELECT merged_into FROM tickets WHERE id = 'r'") == ["b"]
    arrive(database, copies("r", 5, references=[], counterpart="bert@x.example"))
    assert placed(database)["r"] == "r"
    assert rows(database, "SELECT merged_into FROM tickets WHERE id = 'r'") == [None]


def test_a_thread_that_loses_its_newest_mail_says_so_although_it_is_older_now(
    database: sqlite3.Connection,
) -> None:
    arrive(database, copies("a"), copies("b", 5, references=["a"]))
    arrive(database, copies("b", 5))
    assert rows(database, "SELECT id, updated_at FROM tickets ORDER BY id") == [
        ("a", BEGIN),
        ("b", BEGIN + 5 * DAY),
    ]


def test_events_that_no_longer_hold_are_deleted(database: sqlite3.Connection) -> None:
    arrive(database, copies("a"), sent("b", 1, references=["a"]))
    arrive(database, copies("c", 2, references=["b"]))
    assert rows(database, "SELECT new FROM ticket_events WHERE kind = 'status' ORDER BY id") == [
        "new",
        "pending",
        "open",
    ]


def test_a_copy_filed_as_done_later_solves_the_ticket(database: sqlite3.Connection) -> None:
    arrive(database, copies("a"))
    arrive(database, copies("a", folders=("done",)))
    assert rows(database, "SELECT status, resolved_by FROM tickets") == [("solved", "nobody")]


def test_copies_in_several_folders_are_one_mail(database: sqlite3.Connection) -> None:
    arrive(
        database,
        copies("a", folders=("inbox", "other"), tags=["vip"]),
        copies("b", folders=("junk", "inbox")),
    )
    assert placed(database) == {"a": "a", "b": "b"}
    assert rows(database, "SELECT id, tags, spam FROM tickets ORDER BY id") == [
        ("a", '["vip"]', 0),
        ("b", "[]", 0),
    ]
    arrive(database, copies("c", folders=("junk",)))
    assert rows(database, "SELECT id FROM tickets WHERE spam") == ["c"]


def test_a_draft_is_no_mail_until_it_is_sent(database: sqlite3.Connection) -> None:
    arrive(database, copies("a"), sent("b", 1, references=["a"], folders=("drafts",)))
    assert placed(database) == {"a": "a", "b": None}
    assert rows(database, "SELECT status FROM tickets") == ["new"]
    arrive(database, sent("b", 1, references=["a"], folders=("sent",)))
    assert placed(database) == {"a": "a", "b": "a"}


def test_a_mail_that_becomes_a_draft_leaves_its_ticket(database: sqlite3.Connection) -> None:
    arrive(database, copies("a"), sent("b", 1, references=["a"]))
    database.execute("UPDATE message_headers SET folder_role = 'drafts' WHERE mail_id = 'b'")
    database.execute("INSERT INTO dirty VALUES ('mail', 1, 'b')")
    refresh(database)
    assert placed(database) == {"a": "a", "b": None}


def test_a_copy_that_we_sent_makes_it_ours(database: sqlite3.Connection) -> None:
    arrive(database, sent("a"), copies("a"))
    arrive(database, [*copies("b")[1:], *sent("b")])
    assert rows(database, "SELECT id, opened_by FROM tickets ORDER BY id") == [("a", "agent"), ("b", "agent")]


def test_what_a_bot_wrote_is_no_human_reply(database: sqlite3.Connection) -> None:
    arrive(database, copies("a"), sent("b", 1, references=["a"], author=ActorKind.BOT))
    assert rows(database, "SELECT status, assignee_id FROM tickets") == [("new", None)]


def test_what_we_write_to_ourselves_is_no_reply(database: sqlite3.Connection) -> None:
    arrive(database, copies("a"), sent("b", 1, references=["a"], public=False))
    assert rows(database, "SELECT status, assignee_id FROM tickets") == [("new", None)]


def test_a_mail_that_is_gone_takes_its_ticket_along(database: sqlite3.Connection) -> None:
    arrive(database, copies("a"), copies("b", 1, references=["a"]))
    database.execute("DELETE FROM messages WHERE id = 'a'")
    database.execute("INSERT INTO dirty VALUES ('mail', 1, 'a')")
    with transaction(database):
        refresh(database)
    assert placed(database) == {"b": "b"}
    assert rows(database, "SELECT id, merged_into FROM tickets") == [("b", None)]
    assert rows(database, "SELECT DISTINCT ticket_id FROM ticket_events") == ["b"]


def test_the_team_of_the_settings_is_a_team_of_the_source(database: sqlite3.Connection) -> None:
    arrive(database, copies("a", team="Returns"))
    assert rows(database, "SELECT id, name FROM teams") == [("Returns", "Returns")]


def test_sources_are_threaded_each_by_itself(database: sqlite3.Connection) -> None:
    add_source(database, 2)
    arrive(database, copies("a"))
    arrive(database, copies("b", 1, references=["a"]), source_id=2)
    assert placed(database) == {"a": "a", "b": "b"}


def test_a_source_without_mail_rules_is_left_alone(database: sqlite3.Connection) -> None:
    add_source(database, 2, None)
    assert arrive(database, copies("a"), source_id=2) == ThreadReport()
    assert rows(database, "SELECT kind, key FROM dirty WHERE kind = 'mail'") == [("mail", "a")]
    assert placed(database) == {"a": None}


def test_a_rebuild_applies_new_rules(database: sqlite3.Connection) -> None:
    arrive(database, copies("a"), sent("b", 1, references=["a"]))
    new = MailRules(solved_after=timedelta(days=2)).model_dump_json()
    database.execute("UPDATE sources SET mail_rules = ?", (new,))
    with transaction(database):
        refresh(database, rebuild=True)
    known = rows(database, "SELECT known_at FROM ticket_events WHERE new = 'solved'")
    assert known == [BEGIN + 3 * DAY]


def test_the_caller_owns_the_transaction(database: sqlite3.Connection) -> None:
    database.execute("BEGIN")
    Writer(database, SOURCE).write(copies("a"))
    refresh(database)
    assert database.in_transaction
    database.execute("ROLLBACK")
    assert rows(database, "SELECT id FROM tickets") == []


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("whole_from", [1, 2000])
def test_any_increments_give_what_a_rebuild_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, whole_from: int
) -> None:
    monkeypatch.setattr(stage, "WHOLE_FROM", whole_from)
    chance = random.Random(seed)
    mails = [_any_mail(chance, number) for number in range(45)]
    arrivals = [
        *mails,
        *(_any_mail(chance, chance.randrange(45)) for _ in range(15)),
    ]  # some read again, changed
    chance.shuffle(arrivals)
    with closing(open_writer(tmp_path / "a.db")) as grown, closing(open_writer(tmp_path / "b.db")) as fresh:
        for connection in (grown, fresh):
            add_source(connection, SOURCE)
        while arrivals:
            size = chance.randrange(1, 8)
            arrive(grown, *arrivals[:size])
            with transaction(fresh):
                Writer(fresh, SOURCE).write(record for records in arrivals[:size] for record in records)
            arrivals = arrivals[size:]
            assert rows(grown, "SELECT count(*) FROM messages WHERE ticket_id IS NULL") == [0]
        refresh(fresh, rebuild=True)
        assert state(grown) == state(fresh)
        assert _dangling(grown) == []
        before = rows(grown, "SELECT * FROM tickets ORDER BY id")
        with transaction(grown):
            assert refresh(grown, rebuild=True).changed == 0
        assert state(grown) == state(fresh)
        assert rows(grown, "SELECT * FROM tickets ORDER BY id") == before


def _any_mail(chance: random.Random, number: int) -> list[Record]:
    """Return a mail of that number as chance has it: with ids that repeat, get lost and go in circles."""
    ids = [f"m{chance.randrange(45)}" for _ in range(2)]
    return (copies if chance.random() < 0.6 else sent)(
        f"m{number}",
        chance.randrange(60),
        message_id=chance.choice([f"m{number}"] * 6 + ["form", None]),
        references=chance.choice([[], [], [], ids, ids[:1], ["form"]]),
        in_reply_to=chance.choice([None, None, ids[1]]),
        counterpart=chance.choice([ANNA, "bert@x.example", None]),
        subject=chance.choice(["Lamp", "Re: Lamp", "AW: Lamp", "Chair", "Re: Chair", "Re: [#12] Chair"]),
        thread_hint=chance.choice([None] * 8 + ["h1"]),
        team=chance.choice([None, "Returns"]),
    )


def _dangling(connection: sqlite3.Connection) -> list[Any]:
    """Return merged tickets that don't name the ticket that holds their mail."""
    sql = """SELECT t.id FROM tickets t JOIN messages m ON m.id = t.id
        WHERE t.merged_into IS NOT NULL AND t.merged_into IS NOT m.ticket_id"""
    return rows(connection, sql)
