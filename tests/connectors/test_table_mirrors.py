"""A helpdesk read from files names the mails behind its tickets: a mailbox's don't count twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deskmetry.connector import Connector
from deskmetry.sync import Options, sync
from helpers_mail import box, mail, write_mbox
from helpers_table import rows, table, write

WHEN = {"column": "When", "timezone": "UTC"}
HELPDESK: dict[str, Any] = {
    "tables": [
        {
            "into": "tickets",
            "columns": {"id": "No", "created_at": WHEN, "status": {"value": "open"}},
        },
        {
            "into": "messages",
            "columns": {"id": "No", "ticket_id": "No", "sent_at": WHEN, "author_kind": {"value": "customer"}},
        },
        {
            "into": "message_headers",
            "columns": {
                "id": "No",
                "mail_id": "No",
                "message_id": "Mail",
                "sent_at": WHEN,
                "inbound": {"value": True},
                "from_address": {"column": "From", "lower": True},
                "folder": {"value": "file"},
            },
        },
    ]
}
HEADER = "No,When,Mail,From\n"


def excluded(database: Path, file: Path) -> list[tuple[str | None]]:
    """Sync the mailbox beside the file, and return why the mailbox's tickets don't count."""
    connectors: dict[str, Connector] = {
        "inbox": box(file.parent / "inbox.mbox"),
        "files": table(file, HELPDESK),
    }
    report = sync(database, connectors, Options(folder=file.parent))
    assert report.exit_code == 0, [source.error for source in report.sources]
    return rows(database, "SELECT excluded FROM ticket_facts WHERE source = 'inbox' ORDER BY created_at")


@pytest.mark.parametrize("sender", ["Jane@Customer.example", ""])
def test_a_mapped_message_id_leaves_the_mailboxes_ticket_out_until_the_row_is_gone(
    tmp_path: Path, sender: str
) -> None:
    later = {"date": "Tue, 03 Mar 2026 10:00:00 +0100", "message_id": "<two@customer.example>"}
    write_mbox(tmp_path / "inbox.mbox", [mail(), mail(**later, subject="Another")])
    line = f"7,2026-03-02 09:05:00,<one@customer.example>,{sender}\n"
    other = "8,2026-03-02 09:06:00,,\n"
    file = write(tmp_path / "desk.csv", HEADER + line + other)
    database = tmp_path / "desk.db"
    assert excluded(database, file) == [("duplicate",), (None,)]
    more = "".join(f"{number},2026-03-02 09:06:00,,\n" for number in range(9, 30))
    write(file, HEADER + line.replace("<one@", "<three@") + other + more, at=1_775_000_100)
    assert excluded(database, file) == [(None,), (None,)]
    write(file, HEADER + line + other + more, at=1_775_000_200)
    assert excluded(database, file) == [("duplicate",), (None,)]
    write(file, HEADER + other + more, at=1_775_000_300)
    assert excluded(database, file) == [(None,), (None,)]


def test_another_sender_under_the_same_id_is_another_mail(tmp_path: Path) -> None:
    write_mbox(tmp_path / "inbox.mbox", [mail()])
    line = "7,2026-03-02 09:05:00,<one@customer.example>,bert@customer.example\n"
    file = write(tmp_path / "desk.csv", HEADER + line)
    assert excluded(tmp_path / "desk.db", file) == [(None,)]
