"""An emulated LiveChat out of a story: what the story says is what a sync finds."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deskmetry_connectors.livechat import LiveChat
from deskmetry_connectors.livechat.emulator.told import serve
from helpers_livechat import ANNA, ROBOT, WHO, run
from helpers_synced import rows

NOW = int(datetime(2026, 3, 2, 12, tzinfo=UTC).timestamp())
BEGAN = NOW - 7200


def story() -> dict[str, Any]:
    return {
        "token": "told-token", "now": NOW, "company": "Shop",
        "teams": [{"id": 3, "name": "Sales"}],
        "people": [
            {"id": WHO, "name": "Thomas", "email": "t@mail.example", "phone": "+48123", "role": "customer"},
            {"id": ANNA, "name": "Anna", "email": ANNA, "role": "admin"},
            {"id": "gone@shop.example", "name": "Gone", "email": None, "role": "agent", "left": 1},
            {"id": ROBOT, "name": "Robby", "email": None, "role": "bot"},
        ],
        "chats": [
            {
                "id": "A1", "customer": WHO, "began": BEGAN, "team": 3, "page": "https://shop.example/",
                "tags": ["size"], "queued": 12, "ended": BEGAN + 600, "how": "manual_archived_customer",
                "updates": [
                    {"at": BEGAN + 12, "assign": ANNA},
                    {"at": BEGAN + 12, "by": ANNA, "say": "Hello!", "welcome": True},
                    {"at": BEGAN + 20, "by": WHO, "say": "Which size?"},
                    {"at": BEGAN + 30, "by": ROBOT, "say": "One moment."},
                    {"at": BEGAN + 80, "by": ANNA, "say": "Large."},
                    {"at": BEGAN + 90, "by": ANNA, "say": "Easy one.", "public": False},
                    {"at": BEGAN + 200, "order": {"id": "o1", "total": 20, "currency": "EUR"}},
                    {"at": BEGAN + 700, "rate": 1, "comment": "Thanks"},
                ],
            },
            {
                "id": "A2", "customer": WHO, "began": NOW - 60, "team": 3, "channel": "messaging",
                "updates": [{"at": NOW - 50, "by": WHO, "say": "Me again."}],
            },
        ],
    }  # fmt: skip


def test_a_story_is_served_and_read_as_it_was_told(tmp_path: Path) -> None:
    database = tmp_path / "told.db"
    with serve(story()) as url:
        report = run(database, LiveChat.model_validate({"url": url, "token": "told-token"}))
    assert report.exit_code == 0
    assert rows(database, "SELECT id, status, channel, page, tags FROM tickets ORDER BY id") == [
        ("A1", "closed", "chat", "https://shop.example/", '["size"]'),
        ("A2", "open", "messaging", None, "[]"),
    ]
    assert rows(database, "SELECT id, queue_ms, agent_id, end FROM sessions ORDER BY id") == [
        ("A1", 12_000, ANNA, "completed"), ("A2", None, None, None),
    ]  # fmt: skip
    assert rows(database, "SELECT kind FROM message_facts ORDER BY sent_at, kind") == [
        "automatic", "customer", "bot", "reply", "note", "customer",
    ]  # fmt: skip
    assert rows(database, "SELECT amount_minor, currency, order_id FROM goals") == [(2_000, "EUR", "o1")]
    assert rows(database, "SELECT score, comment, answered_at / 1000 FROM survey_answers") == [
        (1, "Thanks", BEGAN + 700)
    ]
    assert rows(database, "SELECT name FROM teams") == ["Sales"]
    assert sorted(rows(database, "SELECT id, role, active FROM agents")) == [
        (ROBOT, "bot", 1), (ANNA, "admin", 1),
    ]  # fmt: skip
