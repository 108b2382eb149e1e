"""A story that is told as plain data becomes an emulated eDesk, and arrives as it was told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from deskmetry.sync import Options, sync
from deskmetry_connectors.edesk import Edesk
from deskmetry_connectors.edesk.emulator.told import serve
from helpers_synced import rows

NOW = 1_770_000_000
STORY: dict[str, Any] = {
    "token": "told",
    "now": NOW,
    "company": "Acme",
    "teams": [],
    "people": [
        {"id": 1, "name": "Ada", "email": "ada@acme.example", "role": "admin", "since": 0},
        {"id": 2, "name": "Bot", "email": "bot@acme.example", "role": "bot", "since": 0},
        {"id": 9, "name": "Carla", "email": "carla@example.org", "role": "customer", "since": 0},
    ],
    "tickets": [
        {
            "id": 5, "requester": 9, "subject": "Size?", "channel": "amazon", "priority": None,
            "updates": [
                {"at": NOW - 900, "by": 9, "say": "Which size?", "status": "new"},
                {"at": NOW - 890, "by": None, "say": "We have got it."},
                {"at": NOW - 880, "by": 2, "say": "Have you looked at the table?"},
                {"at": NOW - 700, "by": 1, "say": "Ask Ben.", "public": False},
                {"at": NOW - 600, "by": 1, "say": "M.", "status": "solved", "assignee": 1, "tags": ["size"]},
            ],
            "survey": {"offered": NOW - 500, "answered": NOW - 400, "score": "good"},
        }
    ],
    "orders": [
        {"id": 7, "customer": 9, "at": NOW - 999, "total": 20.0, "currency": "EUR", "status": "Delivered"}
    ],
}  # fmt: skip


def test_a_story_arrives_as_it_was_told_and_nobody_waits(tmp_path: Path) -> None:
    database = tmp_path / "desk.db"
    with serve(STORY) as url:
        report = sync(database, {"ed": Edesk.model_validate({"url": url, "token": "told"})}, Options())
    assert sum(stream.seconds_waited for stream in report.sources[0].streams) == 0
    assert rows(database, "SELECT subject, channel, status, assignee_id, tags FROM tickets") == [
        ("Size?", "amazon", "closed", "1", '["size"]')
    ]
    assert rows(database, "SELECT author_kind, public FROM messages ORDER BY sent_at") == [
        ("customer", 1), ("bot", 1), ("bot", 1), ("agent", 0), ("agent", 1),
    ]  # fmt: skip
    assert rows(database, "SELECT score, scale_max FROM survey_answers") == [(5.0, 5.0)]
    assert rows(database, "SELECT amount_minor FROM orders") == [2000]
    assert rows(database, "SELECT email FROM customers") == ["carla@example.org"]
