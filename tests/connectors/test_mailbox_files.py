"""The files that `mailbox` reads: mbox, Maildir, .eml; grown, rewritten, cut, renamed."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

import deskmetry_connectors.mailbox.connector as module
from deskmetry.errors import MostlyUnusable
from deskmetry.records import Message, MessageHeader
from deskmetry.records.kinds import FolderRole
from deskmetry_connectors.mailbox import maildir
from helpers_mail import (
    box,
    ids,
    last_cursor,
    mail,
    mbox_bytes,
    numbered,
    read_all,
    store_cursor,
    stored,
    write_maildir,
    write_mbox,
)


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAGE_MAILS", 3)


# --- mbox ---------------------------------------------------------------------------------------------


def test_an_mbox_that_has_grown_is_read_from_its_last_mail_on(tmp_path: Path) -> None:
    path = write_mbox(tmp_path / "m", numbered(4))
    cursor = store_cursor(last_cursor(read_all(box(path))))
    with path.open("ab") as file:
        file.write(mbox_bytes(numbered(2, first=4)))
    pages = read_all(box(path), cursor)
    assert ids(pages) == [f"{number}@customer.example" for number in (3, 4, 5)]
    assert ids(read_all(box(path), store_cursor(last_cursor(pages)))) == []


def test_a_half_written_last_mail_is_kept_and_read_again(tmp_path: Path) -> None:
    whole = mbox_bytes([*numbered(2), mail("The whole long question")])
    path = tmp_path / "m"
    path.write_bytes(whole[: whole.index(b"long")])
    pages = read_all(box(path))
    rows = stored(pages)
    assert sorted(len(row.body or "") for row in rows.values() if isinstance(row, Message)) == [9, 10, 10]
    path.write_bytes(whole)
    again = stored(read_all(box(path), store_cursor(last_cursor(pages))), rows)
    texts = sorted(row.body or "" for row in again.values() if isinstance(row, Message))
    assert texts == ["Question 0", "Question 1", "The whole long question"]


@pytest.mark.parametrize("cut", [b"Question 1", b"id: <1@", b"date", b"subject", b"@customer.example"])
def test_a_mail_cut_anywhere_never_becomes_a_second_message(tmp_path: Path, cut: bytes) -> None:
    whole = mbox_bytes(numbered(2))
    path = tmp_path / "m"
    path.write_bytes(whole[: whole.rindex(cut) + 3])
    pages = read_all(box(path))
    rows = stored(pages)
    path.write_bytes(whole)
    stored(read_all(box(path), store_cursor(last_cursor(pages))), rows)
    assert len([key for key in rows if key[0] == "messages"]) == 2


def test_a_rewritten_mbox_is_read_anew(tmp_path: Path) -> None:
    path = write_mbox(tmp_path / "m", numbered(4))
    cursor = store_cursor(last_cursor(read_all(box(path))))
    for mails in (numbered(3), numbered(6, first=2), [*numbered(2), *numbered(9, first=3)]):
        write_mbox(path, mails)
        assert len(ids(read_all(box(path), cursor))) == len(mails)


def test_an_mbox_whose_flags_were_changed_in_place_is_read_anew(tmp_path: Path) -> None:
    path = write_mbox(tmp_path / "m", [mail(x_mozilla_status="0001"), *numbered(2)])
    cursor = store_cursor(last_cursor(read_all(box(path))))
    path.write_bytes(path.read_bytes().replace(b"0001", b"0003"))
    os.utime(path, (1, 1))
    headers = [row for row in stored(read_all(box(path), cursor)).values() if isinstance(row, MessageHeader)]
    assert [header.answered for header in headers] == [True, False, False]


@pytest.mark.parametrize("others", [[mail("Another" * 9, message_id="<long@x>"), *numbered(6)], numbered(1)])
def test_a_file_rewritten_while_a_reading_was_cut_is_read_anew(
    tmp_path: Path, small_pages: None, others: list[bytes]
) -> None:
    long = mail("x" * 5000, message_id="<first@x>")  # the first 4 KB stay the same
    path = write_mbox(tmp_path / "m", [long, *numbered(6)])
    first = read_all(box(path))[0]
    write_mbox(path, [long, *others])
    found = set(ids(read_all(box(path), store_cursor(first.cursor))))
    assert len(found) == 1 + len(others)


def test_quoted_from_lines_are_unquoted_and_sentences_do_not_split(tmp_path: Path) -> None:
    path = tmp_path / "m"
    body = b"\nFrom here on it is broken.\n>From the shop\n>>From deeper\n"
    path.write_bytes(mbox_bytes([mail()]) + body + b"\n" + mbox_bytes(numbered(1)))
    texts = [row.body for row in stored(read_all(box(path))).values() if isinstance(row, Message)]
    assert texts == [
        "Where is my order?\n\n\nFrom here on it is broken.\nFrom the shop\n>From deeper",
        "Question 0",
    ]


def test_an_mbox_without_dates_in_its_separators_is_split_by_headers(tmp_path: Path) -> None:
    path = tmp_path / "m"
    path.write_bytes(
        b"From nobody\n" + mail("a\n\nFrom now on it works\n") + b"\nFrom nobody\n" + numbered(1)[0]
    )
    assert len(ids(read_all(box(path)))) == 2


def test_windows_line_ends_are_read(tmp_path: Path) -> None:
    path = tmp_path / "m"
    path.write_bytes(mbox_bytes(numbered(3)).replace(b"\n", b"\r\n"))
    assert len(ids(read_all(box(path)))) == 3


def test_a_huge_mail_is_cut_and_the_next_one_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deskmetry_connectors.mailbox.mbox.MAX_MAIL", 1000)
    path = write_mbox(tmp_path / "m", [mail("x" * 200_000), *numbered(1)])
    lengths = [row.length or 0 for row in stored(read_all(box(path))).values() if isinstance(row, Message)]
    assert lengths[0] <= 1000
    assert lengths[1] == 10


def test_what_is_no_mail_in_an_mbox_is_set_aside_with_the_reason(tmp_path: Path) -> None:
    path = write_mbox(tmp_path / "m", [b"\x00\x01garbage", *numbered(1), mail(date=None, message_id="<x@y>")])
    path.write_bytes(path.read_bytes().replace(b"Mon Mar  2 09:00:00 2026", b"Mon Mar 42 09:00:00 2026"))
    (page,) = read_all(box(path))
    assert len(ids([page])) == 1
    assert [rejected.reason[:10] for rejected in page.rejected] == [
        "not a mail",
        "no date in",
    ]
    assert json.dumps(page.rejected[0].raw)


def test_check_reads_the_first_mails_and_says_what_cant_be_used(tmp_path: Path) -> None:
    path = write_mbox(tmp_path / "m", [b"\x00\x01garbage", *numbered(2)])
    reason = f"{path}, from byte 0: not a mail: none of the headers that every mail has"
    told = f"1 folder (m), about 3 mails; of the first ones 1 of 3 can't be used ({reason})"
    assert box(path).check() == told
    write_mbox(path, [b"\x00\x01garbage", b"\x00\x02garbage", *numbered(1)])
    with pytest.raises(MostlyUnusable, match=r"2 of the first 3 mails can't be used; .* byte 0: not a mail"):
        box(path).check()


@pytest.mark.usefixtures("small_pages")
def test_check_reads_no_more_than_a_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_mbox(tmp_path / "m", [*numbered(3), b"\x00\x01garbage"])
    assert box(path).check() == "1 folder (m), about 4 mails"
    monkeypatch.setattr(module, "PAGE_MAILS", 4)
    assert "1 of 4 can't be used" in box(path).check()


# --- Maildir and .eml ---------------------------------------------------------------------------------


def test_flags_of_a_maildir_are_read(tmp_path: Path) -> None:
    for first, flags in enumerate(("RS", "ST", "DS", "")):
        write_maildir(tmp_path / "m", numbered(1, first), flags, first)
    headers = [
        row for row in stored(read_all(box(tmp_path / "m"))).values() if isinstance(row, MessageHeader)
    ]
    found = {header.message_id: (header.answered, header.folder_role) for header in headers}
    assert found == {
        "0@customer.example": (True, FolderRole.INBOX),
        "1@customer.example": (False, FolderRole.TRASH),
        "3@customer.example": (False, FolderRole.INBOX),
    }


def _age(monkeypatch: pytest.MonkeyPatch, path: Path, hours: dict[str, int]) -> None:
    """Let files seem changed so many hours ago; nobody can set a change time."""
    real = maildir._entries

    def aged(folder: Any) -> Any:
        for entry in real(folder):
            yield entry._replace(
                changed=1_772_000_000 * 10**9 - hours[entry.name.split(".")[0]] * 3600 * 10**9
            )

    monkeypatch.setattr(maildir, "_entries", aged)


def test_a_maildir_reads_what_is_new_with_an_hour_of_overlap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_maildir(tmp_path / "m", numbered(3))
    hours = {"1772442000": 50, "1772442001": 49, "1772442002": 48, "1772442003": 1}
    _age(monkeypatch, path, hours)
    cursor = store_cursor(last_cursor(read_all(box(path))))
    write_maildir(path, numbered(1, first=3), first=3)
    assert ids(read_all(box(path), cursor)) == [f"{number}@customer.example" for number in (1, 2, 3)]


def test_a_maildir_that_nobody_touched_is_not_read_again(tmp_path: Path) -> None:
    path = write_maildir(tmp_path / "m", numbered(3))
    for name in ("cur", "new"):
        os.utime(path / name, (1_772_000_000, 1_772_000_000))
    cursor = store_cursor(last_cursor(read_all(box(path))))
    (page,) = read_all(box(path), cursor)
    assert (list(page.records), page.cursor) == ([], None)
    (path / "cur" / "1772442000.M0.host:2,S").rename(path / "cur" / "1772442000.M0.host:2,RS")
    headers = [row for row in stored(read_all(box(path), cursor)).values() if isinstance(row, MessageHeader)]
    assert [header.answered for header in headers].count(True) == 1


def test_a_file_renamed_while_it_is_read_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_maildir(tmp_path / "m", numbered(2), flags="")
    real = maildir._read

    def rename_first(folder: Any, entry: Any) -> Any:
        if entry.path.exists():
            entry.path.rename(str(entry.path) + "RS")
        return real(folder, entry)

    monkeypatch.setattr(maildir, "_read", rename_first)
    rows = stored(read_all(box(path)))
    assert [row.answered for row in rows.values() if isinstance(row, MessageHeader)] == [True, True]


def test_a_single_unreadable_file_is_set_aside(tmp_path: Path) -> None:
    path = write_maildir(tmp_path / "m", numbered(2))
    (path / "cur" / "x").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    (page,) = read_all(box(path))
    assert len(ids([page])) == 2
    assert "not a mail" in page.rejected[0].reason


def test_a_folder_of_eml_files_is_read(tmp_path: Path) -> None:
    for number, raw in enumerate(numbered(3)):
        (tmp_path / f"{number}.eml").write_bytes(raw)
    (tmp_path / "readme.txt").write_text("no mail")
    assert len(ids(read_all(box(tmp_path)))) == 3
