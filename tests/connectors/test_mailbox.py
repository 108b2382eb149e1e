"""The connector `mailbox`: pages, cursors and folders on disk."""

from __future__ import annotations

import gzip
import json
import os
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from subprocess import run
from typing import Any

import pytest
from pydantic import ValidationError

import deskmetry_connectors.mailbox.connector as module
from deskmetry.connector import Context, Cursor
from deskmetry.errors import PermissionMissing, Unreachable
from deskmetry.records import MessageHeader
from deskmetry.records.kinds import FolderRole, Provenance
from deskmetry_connectors.mailbox import Mailbox, register_connectors
from helpers_mail import (
    SUPPORT,
    box,
    ids,
    last_cursor,
    mail,
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


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """A folder with an mbox and a Maildir that share two mails."""
    write_mbox(tmp_path / "all" / "Inbox", numbered(8))
    done = write_maildir(tmp_path / "all" / "Done", numbered(5, first=6))
    for name in ("cur", "new"):
        os.utime(done / name, (1_772_000_000, 1_772_000_000))
    return tmp_path / "all"


# --- reading ------------------------------------------------------------------------------------------


def test_two_full_reads_are_equal(mixed: Path) -> None:
    first, second = (stored(read_all(box(mixed, live=False))) for _ in range(2))
    assert first == second
    assert len([key for key in first if key[0] == "messages"]) == 11


def test_copies_in_two_folders_are_one_message_with_two_headers(mixed: Path) -> None:
    rows = stored(read_all(box(mixed, folders={"Done": FolderRole.DONE})))
    headers = [row for row in rows.values() if isinstance(row, MessageHeader)]
    assert len(headers) == 13
    twice = {header.mail_id for header in headers if header.message_id == "6@customer.example"}
    roles = [header.folder_role for header in headers if header.mail_id in twice]
    assert len(twice) == 1
    assert sorted(roles) == [FolderRole.DONE, FolderRole.INBOX]


@pytest.mark.usefixtures("small_pages")
def test_a_reading_cut_after_any_page_goes_on_to_the_same_records(mixed: Path) -> None:
    whole = read_all(box(mixed))
    assert len(whole) >= 4
    for cut in range(1, len(whole)):
        rows = stored(whole[:cut])
        rest = read_all(box(mixed), store_cursor(last_cursor(whole[:cut])))
        assert stored(rest, rows) == stored(whole)
        assert len(rest) <= len(whole) - cut + 1, "it began again"


@pytest.mark.usefixtures("small_pages")
def test_a_sync_that_is_cut_after_each_page_comes_to_an_end(mixed: Path) -> None:
    cursor: Cursor | None = None
    seen: list[Any] = []
    for _ in range(20):
        page = next(iter(box(mixed).mails(cursor)))
        if page.complete_until is not None:
            break
        assert page.cursor is not None
        assert page.cursor.token not in seen, "the cursor stands still"
        seen.append(page.cursor.token)
        cursor = store_cursor(page.cursor)
    else:
        pytest.fail("it never ends")


def test_pages_are_cut_by_size_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAGE_BYTES", 1)
    pages = read_all(box(write_mbox(tmp_path / "m", numbered(4))))
    assert [len(ids([page])) for page in pages] == [1, 1, 1, 1, 0]


def test_a_file_that_holds_everything_twice_repeats_no_page(tmp_path: Path, small_pages: None) -> None:
    pages = read_all(box(write_mbox(tmp_path / "m", numbered(3) * 2)))
    assert [len(ids([page])) for page in pages] == [3, 0, 0]
    tokens = [json.dumps(page.cursor.token) for page in pages if page.cursor]
    assert len(set(tokens)) == len(tokens)


def test_nothing_new_moves_no_cursor_and_reads_nothing(tmp_path: Path) -> None:
    path = write_mbox(tmp_path / "m", numbered(4))
    cursor = store_cursor(last_cursor(read_all(box(path))))
    (page,) = read_all(box(path), cursor)
    assert (list(page.records), page.cursor) == ([], None)


def test_a_token_that_means_nothing_reads_everything(tmp_path: Path) -> None:
    path = write_mbox(tmp_path / "m", numbered(2))
    for token in (
        None,
        7,
        {"version": 1, "folders": {str(path): {"x": 1}}},
        {"version": 99},
        {"version": 1, "folders": 3},
    ):
        assert len(ids(read_all(box(path), Cursor(token)))) == 2


# --- folders ------------------------------------------------------------------------------------------


def test_thunderbird_and_maildirpp_folders_are_found(tmp_path: Path) -> None:
    local = tmp_path / "Mail"
    write_mbox(local / "Inbox", numbered(1))
    write_mbox(local / "Inbox.sbd" / "Projects", numbered(1))
    write_mbox(local / "Drafts", numbered(1))
    (local / "Inbox.msf").write_text("// <!-- <mdb:mork:z -->")
    (local / "Trash").write_bytes(b"")
    root = write_maildir(tmp_path / "Maildir", numbered(2))
    write_maildir(root / ".Sent.2024", numbered(1))
    write_maildir(root / ".Drafts", numbered(1))
    (root / "dovecot-uidlist").write_text("3 V1 N1")
    write_mbox(tmp_path / "Apple.mbox" / "mbox", numbered(1))
    found = box([local, root, tmp_path / "Apple.mbox"])._folders()
    assert {(folder.name, folder.role) for folder in found} == {
        ("Inbox", FolderRole.INBOX), ("Inbox/Projects", FolderRole.OTHER), ("INBOX", FolderRole.INBOX),
        ("Sent/2024", FolderRole.SENT), ("Apple", FolderRole.OTHER),
    }  # fmt: skip


def test_folders_come_and_go(tmp_path: Path) -> None:
    write_mbox(tmp_path / "a", numbered(1))
    write_mbox(tmp_path / "b", numbered(1, first=1))
    cursor = store_cursor(last_cursor(read_all(box(tmp_path))))
    (tmp_path / "a").unlink()
    write_mbox(tmp_path / "c", numbered(1, first=2))
    pages = read_all(box(tmp_path), cursor)
    assert ids(pages) == ["2@customer.example"]
    assert {Path(path).name for path in last_cursor(pages).token["folders"]} == {"b", "c"}  # type: ignore[union-attr]


def test_folders_of_one_name_are_told_apart(tmp_path: Path) -> None:
    paths = [write_mbox(tmp_path / name / "Inbox.mbox", numbered(1)) for name in ("x", "y")]
    headers = [row for row in stored(read_all(box(paths))).values() if isinstance(row, MessageHeader)]
    assert sorted(header.folder for header in headers) == ["x/Inbox", "y/Inbox"]


# --- what it promises to the engine -------------------------------------------------------------------


def test_a_finished_archive_is_complete_until_its_newest_mail_and_a_live_one_until_now(
    tmp_path: Path,
) -> None:
    mbox, folder = write_mbox(tmp_path / "m", numbered(3)), write_maildir(tmp_path / "d", numbered(3))
    newest = datetime(2026, 3, 2, 10, 2, 0, 1000, tzinfo=UTC)  # exclusive: the newest mail lies before it
    first = read_all(box(mbox))
    assert first[-1].complete_until == newest
    assert read_all(box(mbox), store_cursor(last_cursor(first)))[-1].complete_until == newest
    assert read_all(box(folder, live=False))[-1].complete_until == newest
    before = datetime.now(UTC)
    for live in (box(mbox, live=True), box(folder), box([mbox, folder])):
        until = read_all(live)[-1].complete_until
        assert until is not None
        assert before <= until <= datetime.now(UTC)


def test_a_file_without_a_mail_yet_is_no_error(tmp_path: Path) -> None:
    empty = tmp_path / "new"
    empty.write_bytes(b"")
    (page,) = read_all(box(empty))
    assert (page.records, page.rejected) == ([], [])
    assert "no mails yet" in box(empty).check()


def test_the_account_is_whose_mailbox_it_is_wherever_it_lies(tmp_path: Path) -> None:
    here, there = (box(write_mbox(tmp_path / name, numbered(1))) for name in ("here", "there"))
    assert here.account() == there.account() != ""


def test_an_empty_maildir_is_no_error(tmp_path: Path) -> None:
    empty = box(write_maildir(tmp_path / "m", []))
    (page,) = read_all(empty)
    assert list(page.records) == []
    assert empty.check() == "1 folder (inbox), no mails yet"


def test_start_leaves_out_older_mails(tmp_path: Path) -> None:
    old = mail(date="Sun, 01 Mar 2026 23:59:59 +0000", message_id="<old@x>")
    assert (
        len(ids(read_all(box(write_mbox(tmp_path / "m", [old, *numbered(2)]), start=date(2026, 3, 2))))) == 2
    )


def test_check_counts_folders_and_mails(mixed: Path) -> None:
    write_maildir(mixed / "Sent", numbered(1191))
    assert box(mixed).check() == "3 folders (done, inbox, sent), about 1,204 mails"


def test_relative_paths_start_at_the_folder_of_the_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_mbox(tmp_path / "conf" / "m", numbered(1))
    relative = box(Path("m"))
    relative.attach(Context(folder=tmp_path / "conf"))
    assert len(ids(read_all(relative))) == 1
    monkeypatch.setenv("HOME", str(tmp_path))
    assert box(Path("~/conf/m")).check() == "1 folder (m), about 1 mail"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "nothing at"),
        (gzip.compress(b"From a", mtime=0), "gunzip"),
        (b"PK\x03\x04rest", "Unzip"),
        (b"!BDN rest", "readpst"),
        (b"\x7fELF\x00\x01", "binary"),
        (b"From: a@b\n\nx", "A single mail"),
    ],
)
def test_a_file_that_is_no_mbox_says_what_to_do(tmp_path: Path, content: bytes | None, said: str) -> None:
    path = tmp_path / "m"
    if content is not None:
        path.write_bytes(content)
    for ask in (box(path).check, lambda: read_all(box(path))):
        with pytest.raises(Unreachable, match=said):
            ask()


def test_a_folder_without_mail_says_so(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(Unreachable, match="no mbox file, no Maildir"):
        box(tmp_path).check()


def test_a_path_that_may_not_be_read_says_who_must_be_let_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_mbox(tmp_path / "m", numbered(1))

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(PermissionMissing, match="Give the user"):
        box(path).check()


# --- settings and plugin ------------------------------------------------------------------------------


def test_settings_become_mail_rules(tmp_path: Path) -> None:
    rules = box(
        tmp_path, solved_after="36h", subject_window="P14D", own_lists=["help.acme.example"]
    ).mail_rules()
    assert (rules.solved_after, rules.subject_window) == (timedelta(hours=36), timedelta(days=14))
    assert rules.own_lists == ("help.acme.example",)
    assert Mailbox.capabilities.status_history is Provenance.INFERRED
    assert Mailbox.capabilities.tags


@pytest.mark.parametrize(
    "settings",
    [
        {"addresses": []}, {"addresses": ["acme.example"]}, {"addresses": ["a@b, c@d"]},
        {"solved_after": 7},
        {"solved_after": "7 apples"}, {"solved_after": "0d"}, {"solved_after": "-P1D"},
        {"folders": {"Done": "finished"}},
    ],
)  # fmt: skip
def test_settings_that_can_not_be_meant_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Mailbox(**({"path": "x", "addresses": [SUPPORT]} | settings))


@pytest.mark.parametrize(
    ("text", "span"),
    [("7d", timedelta(days=7)), ("90m", timedelta(minutes=90)), ("90min", timedelta(minutes=90)),
     ("1d 12h", timedelta(hours=36)), ("1.5h", timedelta(minutes=90)), ("2W", timedelta(weeks=2)),
     ("PT36H", timedelta(hours=36))],
)  # fmt: skip
def test_durations_are_written_as_people_write_them(text: str, span: timedelta) -> None:
    assert box(Path("x"), solved_after=text).solved_after == span


def test_the_plugin_brings_the_connector_and_loads_nothing_before() -> None:
    assert list(register_connectors()) == [Mailbox]
    code = (
        "import sys; from importlib.metadata import EntryPoint;"
        "p = EntryPoint('mailbox', 'deskmetry_connectors:mailbox', 'deskmetry').load();"
        "heavy = ('pydantic', 'httpx', 'deskmetry_connectors.email');"
        "loaded = [name for name in sys.modules if name.startswith(heavy)];"
        "assert not loaded, loaded; (c,) = p.register_connectors(); assert c.name == 'mailbox';"
        "import deskmetry_connectors.mailbox, deskmetry_connectors as d; assert d.mailbox.register_connectors"
    )
    done = run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
