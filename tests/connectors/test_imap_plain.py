"""The connector `imap` against pymap: a plain server, without SPECIAL-USE and without CONDSTORE."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import deskmetry_connectors.imap.reading as reading
from deskmetry.errors import AuthenticationFailed
from deskmetry.records import Message, MessageHeader
from deskmetry.records.kinds import FolderRole
from helpers_imap import Server, imap, pymap
from helpers_mail import box, ids, last_cursor, mail, numbered, read_all, store_cursor, stored, write_mbox
from helpers_sync import rows, run, watch


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with pymap(tmp_path / "pymap") as running:
        yield running
        running.close()


def test_a_first_sync_finds_sent_by_its_name_and_later_ones_what_is_new(server: Server) -> None:
    server.put("INBOX", *numbered(3))
    assert "no folder for sent mail" in imap(server).check()
    server.put("Gesendete Elemente", mail(message_id="<r@acme.example>", from_="support@acme.example",
                                          to="c0@customer.example"))  # fmt: skip
    server.put("Projekt &APw-", *numbered(1, first=9))
    assert "not read: Projekt ü" in imap(server).check()
    first = read_all(imap(server))
    found = {row.folder: row.folder_role for page in first for row in page.records
             if isinstance(row, MessageHeader)}  # fmt: skip
    assert found == {"INBOX": FolderRole.INBOX, "Gesendete Elemente": FolderRole.SENT}
    server.put("INBOX", *numbered(2, first=3))
    pages = read_all(imap(server), store_cursor(last_cursor(first)))
    assert ids(pages) == ["3@customer.example", "4@customer.example"]


def test_answered_is_noticed_without_condstore(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.put("INBOX", *numbered(4))
    server.put("INBOX", *numbered(1, first=9), flags="(\\Answered)")
    cursor = store_cursor(last_cursor(read_all(imap(server))))
    (page,) = read_all(imap(server), cursor)
    assert (list(page.records), page.cursor) == ([], None)
    uids = server.do("INBOX", ("SEARCH", "ALL"))[0][1][0].decode().split()
    server.do(
        "INBOX", ("STORE", uids[1], "+FLAGS", "(\\Answered)"), ("STORE", uids[4], "-FLAGS", "(\\Answered)")
    )
    monkeypatch.setattr(reading, "WINDOW", 2)
    pages = read_all(imap(server), cursor)
    changed = {
        row.message_id: row.answered for row in stored(pages).values() if isinstance(row, MessageHeader)
    }
    assert changed == {"1@customer.example": True, "9@customer.example": False}
    assert not [row for row in stored(pages).values() if isinstance(row, Message)]
    (page,) = read_all(imap(server), store_cursor(last_cursor(pages)))
    assert page.cursor is None


def test_a_folder_that_was_made_anew_is_read_again(server: Server) -> None:
    server.put("Sent", *numbered(2))
    cursor = store_cursor(last_cursor(read_all(imap(server))))
    client = server.client()
    client.delete("Sent")
    client.logout()
    server.put("Sent", *numbered(3))
    assert len(ids(read_all(imap(server), cursor))) == 3


def test_the_same_records_as_from_an_mbox_and_nothing_is_marked_as_read(
    server: Server, tmp_path: Path
) -> None:
    server.put("INBOX", *numbered(12))
    over_imap = stored(read_all(imap(server)))
    assert not any("Seen" in line for line in server.flags("INBOX"))
    from_disk = stored(read_all(box(write_mbox(tmp_path / "INBOX", numbered(12)))))
    assert {key: row.model_dump() for key, row in from_disk.items()} == {
        key: row.model_dump() for key, row in over_imap.items()
    }


def test_a_sync_with_nothing_new_writes_no_row(server: Server, tmp_path: Path) -> None:
    server.put("INBOX", *numbered(5), flags="(\\Answered)")
    assert run(tmp_path, imap(server)).exit_code == 0
    watch(tmp_path)
    run(tmp_path, imap(server))
    assert rows(tmp_path, "SELECT name FROM touched") == []
    assert rows(tmp_path, "SELECT count(*) FROM messages") == [(5,)]


def test_a_wrong_password_is_told_from_everything_else(server: Server) -> None:
    with pytest.raises(AuthenticationFailed, match="refuses the login of demouser"):
        imap(server, password="wrong").check()
