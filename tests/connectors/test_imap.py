"""The connector `imap` against a real Dovecot: what is read, what changed, what goes wrong, its KPIs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import count
from pathlib import Path

import pytest

import deskmetry_connectors.imap.reading as reading
from deskmetry.connector import Page
from deskmetry.records import Message, MessageHeader
from deskmetry.records.kinds import FolderRole
from helpers_imap import SENT, Cutter, Server, dovecot, imap, reply
from helpers_mail import (
    box,
    ids,
    last_cursor,
    mail,
    numbered,
    read_all,
    store_cursor,
    stored,
    write_mbox,
)
from helpers_sync import rows, run

_USERS = count()


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    with dovecot() as server:
        yield server


@pytest.fixture
def server(running: Server) -> Iterator[Server]:
    """A mailbox that no other test uses."""
    own = replace(running, user=f"u{next(_USERS)}", clients=[])
    yield own
    own.close()


def headers(pages: list[Page]) -> dict[str, MessageHeader]:
    return {key[1]: row for key, row in stored(pages).items() if isinstance(row, MessageHeader)}


# --- what is read ---------------------------------------------------------------------------------------


def test_inbox_sent_and_junk_are_found_whatever_they_are_called(server: Server) -> None:
    server.put("INBOX", *numbered(3))
    server.put(SENT, reply(0, 30))
    server.put("Spamkiste", *numbered(1, first=7))
    server.put("Sent", *numbered(1, first=8))  # only called so: the server marks another folder
    server.put("Drafts", *numbered(1, first=9))
    found = headers(read_all(imap(server)))
    assert {(row.message_id, row.folder, row.folder_role) for row in found.values()} == {
        *((f"{number}@customer.example", "INBOX", FolderRole.INBOX) for number in range(3)),
        ("r0@acme.example", SENT, FolderRole.SENT),
        ("7@customer.example", "Spamkiste", FolderRole.JUNK),
    }
    assert {row.inbound for row in found.values() if row.folder == SENT} == {False}


def test_names_that_are_not_ascii_are_read_and_shown(server: Server) -> None:
    server.put("Projekt &APw-", *numbered(2))  # `Projekt ü` in modified UTF-7
    server.put("Projekt &APw-/&U,BTFw-", *numbered(1, first=5))
    server.put("R&-D", *numbered(1, first=8))
    every = imap(server, include=["*"])
    assert {row.folder for row in headers(read_all(every)).values()} == {"Projekt ü", "Projekt ü/台北", "R&D"}
    assert ids(read_all(imap(server, include=["projekt ü/台北"]))) == ["5@customer.example"]
    done = headers(read_all(imap(server, folders={"Projekt ü": "done"})))
    assert {row.folder_role for row in done.values() if row.folder == "Projekt ü"} == {FolderRole.DONE}


def test_nothing_on_the_server_changes(server: Server) -> None:
    server.put("INBOX", *numbered(3))
    server.put("INBOX", *numbered(1, first=5), flags="(\\Flagged)")
    before = server.flags("INBOX")
    connector = imap(server, mail_bytes=16 * 1024)
    pages = read_all(connector)
    assert len(ids(pages)) == 4
    server.do("INBOX", ("STORE", "2", "+FLAGS", "(\\Answered)"))
    read_all(imap(server), last_cursor(pages))
    after = server.flags("INBOX")
    assert not any("\\Seen" in line for line in after)
    server.do("INBOX", ("STORE", "2", "-FLAGS", "(\\Answered)"))
    assert server.flags("INBOX") == before


def test_only_commands_that_read_are_sent(server: Server) -> None:
    server.put("INBOX", *numbered(2), b"Subject: x\n\n" + b"x" * 20_000)
    with Cutter(server.plain, None) as proxy:
        cursor = last_cursor(read_all(imap(server, port=proxy.port, mail_bytes=16 * 1024)))
        server.do("INBOX", ("STORE", "1", "+FLAGS", "(\\Answered)"))
        read_all(imap(server, port=proxy.port), cursor)
        imap(server, port=proxy.port).check()
        said = proxy.sent.decode()
    commands = {
        " ".join(line.split()[1:3]) if " UID " in line else line.split()[1] for line in said.splitlines()
    }
    assert commands == {
        "CAPABILITY", "LOGIN", "LIST", "STATUS", "EXAMINE", "UID SEARCH", "UID FETCH", "LOGOUT",
    }  # fmt: skip
    assert "BODY[" not in said


def test_a_folder_that_holds_everything_twice_is_no_standstill(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "PAGE_MAILS", 3)
    server.put("INBOX", *numbered(3), *numbered(3), *numbered(1, first=5))
    assert run(tmp_path, imap(server)).exit_code == 0
    assert rows(tmp_path, "SELECT count(*) FROM messages") == [(4,)]


def test_the_same_mails_give_the_same_records_as_from_an_mbox(server: Server, tmp_path: Path) -> None:
    odd = [
        mail("Grüße, ünïcode", message_id=None, subject="=?utf-8?q?Gr=C3=BC=C3=9Fe?="),
        mail(message_id="<>", content_type="text/plain; charset=no-such-charset", from_="x@customer.example"),
        mail("<p>Hello</p>", message_id="<h@x>", content_type="text/html"),
        mail("From the start\n>From quoted\n\n\nend", message_id="<f@x>"),
        mail(message_id="<a@x>", auto_submitted="auto-replied"),
        mail(message_id="<n@x>", date="Mon, 02 Mar 2026 10:00:00 -0000"),
    ]
    server.put("INBOX", *numbered(20), *odd, mail(message_id="<late@x>", date="not a date at all"))
    server.put("INBOX", *numbered(1, first=50), flags="(\\Answered urgent $Forwarded)")
    over_imap = read_all(imap(server))
    got = stored(over_imap)
    marked = numbered(1, first=50)[0].replace(b"\n\n", b"\nX-Status: A\nX-Keywords: urgent\n\n", 1)
    write_mbox(tmp_path / "INBOX", [*numbered(20), *odd, marked])
    wanted = stored(read_all(box(tmp_path / "INBOX")))
    assert {key: row.model_dump() for key, row in wanted.items()} == {
        key: row.model_dump() for key, row in got.items() if "late@x" not in key[1]
    }
    # Without a date of its own, INTERNALDATE says when it came: an aware instant, not the local time.
    (late,) = [row for row in got.values() if isinstance(row, Message) and row.id.startswith("late@x")]
    assert late.sent_at == datetime(2026, 3, 2, 10, tzinfo=UTC)


def test_pages_are_bounded_by_count_and_by_bytes(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.put("INBOX", *numbered(7))
    monkeypatch.setattr(reading, "PAGE_MAILS", 3)
    pages = read_all(imap(server))
    assert [len(ids([page])) for page in pages] == [3, 3, 1, 0]
    monkeypatch.setattr(reading, "PAGE_BYTES", 1)
    assert [len(ids([page])) for page in read_all(imap(server))] == [1] * 7 + [0]
    monkeypatch.setattr(reading, "WINDOW", 2)
    assert len(ids(read_all(imap(server)))) == 7


def test_a_reading_cut_after_any_page_goes_on_to_the_same_records(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.put("INBOX", *numbered(8))
    server.put(SENT, *(reply(number, number) for number in range(5)))
    monkeypatch.setattr(reading, "PAGE_MAILS", 3)
    whole = read_all(imap(server))
    assert len(whole) >= 5
    for cut in range(1, len(whole)):
        rest = read_all(imap(server), store_cursor(last_cursor(whole[:cut])))
        assert stored(rest, stored(whole[:cut])) == stored(whole)
        assert len(rest) <= len(whole) - cut + 1, "it began again"


def test_a_mail_over_the_cap_is_cut_and_keeps_its_text(server: Server) -> None:
    parts = (
        "--b\ncontent-type: text/plain\n\nThe letter.\n--b\ncontent-type: application/pdf\n"
        "content-transfer-encoding: base64\n\n" + "QUJD" * 20_000 + "\n--b--"
    )
    big = mail(parts, message_id="<big@x>", content_type='multipart/mixed; boundary="b"')
    server.put("INBOX", big, *numbered(1))
    with Cutter(server.plain, None) as proxy:
        pages = read_all(imap(server, port=proxy.port, mail_bytes=16 * 1024))
        assert proxy.passed < 24 * 1024, "the attachment was fetched"
    messages = {row.id.partition("~")[0]: row for row in stored(pages).values() if isinstance(row, Message)}
    assert messages["big@x"].body == "The letter."
    assert len(messages) == 2


def test_mails_from_before_start_are_not_fetched(server: Server) -> None:
    server.put("INBOX", *numbered(3), at=datetime(2026, 1, 1, tzinfo=UTC))
    server.put("INBOX", *numbered(2, first=5), at=datetime(2026, 3, 2, 10, tzinfo=UTC))
    connector = imap(server, start=date(2026, 3, 1))
    assert ids(read_all(connector)) == ["5@customer.example", "6@customer.example"]
    old = mail(date="Sat, 28 Feb 2026 10:00:00 +0000", message_id="<old@x>")
    server.put("INBOX", old)  # arrived later than it was written
    assert "old@x" not in ids(read_all(connector))


# --- what changed ---------------------------------------------------------------------------------------


def test_the_next_sync_reads_only_what_is_new(server: Server) -> None:
    server.put("INBOX", *numbered(3))
    cursor = store_cursor(last_cursor(read_all(imap(server))))
    server.put("INBOX", *numbered(2, first=3))
    pages = read_all(imap(server), cursor)
    assert ids(pages) == ["3@customer.example", "4@customer.example"]
    assert len(headers(pages)) == 2


def test_a_search_that_returns_the_last_mail_again_brings_nothing(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.put("INBOX", *numbered(3))
    monkeypatch.setattr(reading, "_windows", lambda low, high, messages: [(low, "*")])
    cursor = store_cursor(last_cursor(read_all(imap(server))))
    server.do("INBOX", ("STORE", "1", "+FLAGS", "(\\Seen)"))
    pages = read_all(imap(server), cursor)
    assert ids(pages) == [], "`UID SEARCH UID 4:*` names mail 3"


def test_flags_that_change_arrive_without_the_mail_being_read_again(server: Server) -> None:
    server.put("INBOX", *numbered(4))
    server.put("INBOX", *numbered(1, first=9), flags="(\\Answered)")
    first = read_all(imap(server))
    cursor = store_cursor(last_cursor(first))
    server.do(
        "INBOX", ("STORE", "2", "+FLAGS", "(\\Answered billing)"), ("STORE", "5", "-FLAGS", "(\\Answered)")
    )
    pages = read_all(imap(server), cursor)
    assert not any(isinstance(row, Message) for page in pages for row in page.records)
    changed = {row.message_id: (row.answered, row.tags) for row in headers(pages).values()}
    assert changed == {"1@customer.example": (True, ["billing"]), "9@customer.example": (False, [])}
    known = headers(first)
    for key, row in headers(pages).items():
        was = known[key].model_copy(update={"answered": row.answered, "tags": row.tags})
        assert row == was, "only what changed differs"
    (page,) = read_all(imap(server), store_cursor(last_cursor(pages)))
    assert (list(page.records), page.cursor) == ([], None)


def test_a_folder_that_was_made_anew_is_read_again_and_its_mails_stay_one(server: Server) -> None:
    server.put("INBOX", *numbered(1))
    server.put("Archive", *numbered(3, first=1))
    settings = {"include": ["INBOX", "Archive"]}
    first = read_all(imap(server, **settings))
    cursor = store_cursor(last_cursor(first))
    client = server.client()
    client.delete("Archive")
    client.logout()
    server.put("Archive", *numbered(4, first=1))  # UIDs begin at 1 again
    again = read_all(imap(server, **settings), cursor)
    assert ids(again) == [f"{number}@customer.example" for number in range(1, 5)]
    rows = stored(again, stored(first))
    assert len([row for row in rows.values() if isinstance(row, Message)]) == 5
    old, new = (last_cursor(pages) for pages in (first, again))
    assert old is not None
    assert new is not None
    assert old.token["folders"]["Archive"]["validity"] < new.token["folders"]["Archive"]["validity"]


def test_a_mail_that_was_moved_is_one_message_in_its_new_folder(server: Server) -> None:
    server.put("INBOX", *numbered(2))
    server.put("Done")
    connector = imap(server, folders={"Done": "done"})
    first = read_all(connector)
    server.do("INBOX", ("MOVE", "1", "Done"))
    pages = read_all(connector, store_cursor(last_cursor(first)))
    assert ids(pages) == ["0@customer.example"]
    rows = stored(pages, stored(first))
    assert len([row for row in rows.values() if isinstance(row, Message)]) == 2
    (moved,) = headers(pages).values()
    assert (moved.folder, moved.folder_role) == ("Done", FolderRole.DONE)


def test_folders_come_and_go_and_expunged_mails_stay_known(server: Server) -> None:
    server.put("INBOX", *numbered(2))
    server.put("Support/Old", *numbered(1, first=5))
    settings = {"include": ["INBOX", "Support/*"]}
    first = read_all(imap(server, **settings))
    client = server.client()
    client.delete("Support/Old")
    client.logout()
    server.put("Support/New", *numbered(1, first=6))
    server.do("INBOX", ("STORE", "1", "+FLAGS", "(\\Deleted)"), ("EXPUNGE", "1"))
    pages = read_all(imap(server, **settings), store_cursor(last_cursor(first)))
    assert ids(pages) == ["6@customer.example"]
    cursor = last_cursor(pages)
    assert cursor is not None
    assert sorted(cursor.token["folders"]) == ["INBOX", "Support/New"]
    assert len([row for row in stored(pages, stored(first)).values() if isinstance(row, Message)]) == 4
