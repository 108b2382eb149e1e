"""Told: an emulated account from a story that somebody else tells, as plain data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from .company import Company, Message, Response, collector
from .server import Emulator


@contextmanager
def serve(story: Mapping[str, Any], port: int = 0) -> Iterator[str]:
    """Serve an account on loopback while the `with` lasts; yields its address.

    story: `token` that opens it; `now`; `surveys` (id, title, `questions` as the API shows them);
    `responses` (survey, at, `answers`: rows of the API by question, and any of status, mode, variables,
    recipient, contact, custom_value, changed); `invitations` (survey, at, id, email, fields), of which those
    of one survey and instant are one message. Instants are Unix seconds. Raises OSError if the port is taken.
    """
    with Emulator(account(story), port=port, token=story["token"]) as server:
        yield server.url


def account(story: Mapping[str, Any]) -> Company:
    """Return the account that a story tells of; each survey's invitations go out by one collector."""
    company = Company(now=story["now"])
    for row in story["surveys"]:
        company.surveys[row["id"]] = {"nickname": "", **row}
    sent: dict[tuple[str, int], Message] = {}
    for row in story.get("invitations", ()):
        key = f"9{row['survey']}"
        company.collectors.setdefault(key, collector(key, row["survey"], "email"))
        recipient = {
            "id": str(row["id"]),
            "email": row["email"],
            "phone_number": None,
            "mail_status": "sent",
            "extra_fields": row.get("fields", {}),
        }
        message = sent.setdefault((key, row["at"]), Message(len(sent) + 1, key, row["at"], []))
        message.recipients.append(recipient)
    company.messages.extend(sent.values())
    for number, row in enumerate(story.get("responses", ()), company.next_id):
        told = {key: value for key, value in row.items() if key not in {"at", "changed"}}
        company.responses[number] = Response(
            id=number, created=row["at"], modified=row.get("changed", row["at"]), **told
        )
    return company
