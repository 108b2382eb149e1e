"""Message-IDs of the mails behind comments, wherever an audit tells them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deskmetry.records import MessageHeader
from deskmetry_connectors.zendesk.emulator import Company
from helpers_synced import rows
from helpers_zendesk import desk, events, run, zendesk

FROM = {"channel": "email", "source": {"from": {"address": "Anna@X.example", "name": "Anna"}, "to": {}}}


def audit(comment: dict[str, Any], **more: Any) -> dict[str, Any]:
    said = {"id": 9, "event_type": "Comment", "author_id": 5, "body": "Hello", "via": FROM} | comment
    row = {"id": 1, "ticket_id": 7, "timestamp": 1_740_000_000, "updater_id": 5, "child_events": [said]}
    return row | more


def headers(row: dict[str, Any]) -> list[MessageHeader]:
    return [record for record in events().audit(row) if isinstance(record, MessageHeader)]


MAIL = {"message_id": " <A.b@x.example>\n", "raw_email_identifier": "1/2.eml"}


@pytest.mark.parametrize(
    "row",
    [
        audit({}, system=MAIL),
        audit({}, metadata={"system": MAIL}, system={"client": "Mozilla"}),
        audit({"system": MAIL}),
        audit({"metadata": {"system": MAIL, "custom": {}}}),
    ],
)
def test_a_message_id_is_found_in_any_of_its_places(row: dict[str, Any]) -> None:
    (found,) = headers(row)
    assert (found.mail_id, found.message_id, found.inbound) == ("9", "A.b@x.example", True)
    assert found.from_address == "anna@x.example"


@pytest.mark.parametrize(
    "row",
    [
        audit({}),
        audit({}, system={"client": "Mozilla"}, metadata="x"),
        audit({}, system={"message_id": None}),
        audit({}, system={"message_id": "<>"}),
        audit({}, system={"message_id": f"<{'x' * 501}>"}),
    ],
)
def test_what_tells_no_message_id_has_no_header(row: dict[str, Any]) -> None:
    assert headers(row) == []


def test_a_sender_that_is_not_told_is_not_made_up() -> None:
    (found,) = headers(audit({"via": {"channel": "email", "source": {"from": {}}}}, system=MAIL))
    assert found.from_address is None
    (found,) = headers(audit({"via": "Mail"}, system=MAIL, via=FROM))
    assert found.from_address == "anna@x.example"


def test_every_mail_of_a_customer_is_known_by_its_id_after_a_sync(tmp_path: Path) -> None:
    company = Company.make(tickets=30, users=12, seed=1)
    with desk(company) as server:
        run(tmp_path / "desk.db", zendesk(server))
    told = {
        (str(comment.id), comment.message_id)
        for one in company.audits
        for comment in one.comments
        if comment.message_id
    }
    assert len(told) > 10
    assert set(rows(tmp_path / "desk.db", "SELECT mail_id, message_id FROM message_headers")) == told
