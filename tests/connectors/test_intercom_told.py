"""An emulated Intercom out of a story: what the story says is what a sync finds."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deskmetry_connectors.intercom import Intercom
from deskmetry_connectors.intercom.emulator import WORKSPACE
from deskmetry_connectors.intercom.emulator.told import serve
from helpers_intercom import run
from helpers_synced import rows

NOW = int(datetime(2026, 3, 2, 12, tzinfo=UTC).timestamp())
BEGAN = NOW - 7200
ANNA, GONE, ROBOT, JOE, LEA = 31, 32, 33, "c1", "c2"


def story() -> dict[str, Any]:
    return {
        "token": "told-token", "now": NOW,
        "teams": [{"id": 3, "name": "Sales"}],
        "people": [
            {"id": JOE, "name": "Joe", "email": "joe@mail.example", "phone": "+48123", "role": "customer"},
            {"id": LEA, "name": "Lea", "email": None, "role": "lead"},
            {"id": ANNA, "name": "Anna", "email": "anna@shop.example", "role": "admin"},
            {"id": GONE, "name": "Gus", "email": "gus@shop.example", "role": "agent", "left": BEGAN + 500},
            {"id": ROBOT, "name": "Robby", "email": None, "role": "bot"},
        ],
        "tickets": [
            {
                "id": 501, "requester": JOE, "subject": "Size", "channel": "chat", "page": "https://s.example/",
                "updates": [
                    {"at": BEGAN, "by": JOE, "say": "Which size?"},
                    {"at": BEGAN + 2, "by": ROBOT, "say": "One moment."},
                    {"at": BEGAN + 5, "by": None, "team": 3, "tags": ["size"]},
                    {"at": BEGAN + 60, "by": GONE, "say": "Large.", "assignee": ANNA},
                    {"at": BEGAN + 90, "by": ANNA, "say": "He called.", "public": False, "status": "pending"},
                    {"at": BEGAN + 300, "by": JOE, "say": "Thanks!"},
                    {"at": BEGAN + 400, "by": ANNA, "status": "solved", "tags": ["size", "vip"]},
                ],
                "survey": {"offered": BEGAN + 401, "answered": BEGAN + 900, "score": "good",
                           "comment": "Quick"},
            },
            {
                "id": 502, "requester": LEA, "subject": None, "channel": "email",
                "updates": [{"at": NOW - 600, "by": ANNA, "say": "May I help?"}],
                "survey": {"offered": NOW - 500},
            },
        ],
    }  # fmt: skip


def test_a_story_is_served_and_read_as_it_was_told(tmp_path: Path) -> None:
    database = tmp_path / "told.db"
    with serve(story()) as url:
        settings = {"url": url, "token": "told-token", "workspace": WORKSPACE}
        report = run(database, Intercom.model_validate(settings))
    assert report.exit_code == 0
    assert rows(database, "SELECT id, status, medium, opened_by, tags, page FROM tickets ORDER BY id") == [
        ("501", "solved", "chat", "customer", '["size","vip"]', "https://s.example/"),
        ("502", "open", "ticket", "agent", "[]", None),
    ]
    kinds = "SELECT kind FROM message_facts WHERE ticket_id = '501' ORDER BY sent_at, kind"
    assert rows(database, kinds) == [
        "customer", "bot", "reply", "note", "customer",
    ]  # fmt: skip
    history = "SELECT new FROM ticket_events WHERE ticket_id = '501' AND kind = 'status' ORDER BY at, id"
    assert rows(database, history) == ["open", "on_hold", "open", "solved"]
    assert rows(database, "SELECT team_id, assignee_id FROM tickets WHERE id = '501'") == [("3", str(ANNA))]
    assert rows(database, "SELECT score, comment, answered_at / 1000 FROM survey_answers") == [
        (5, "Quick", BEGAN + 900)
    ]
    assert rows(database, "SELECT count(*) FROM survey_offers") == [2]
    assert sorted(rows(database, "SELECT name, role, active FROM agents WHERE role <> 'bot'")) == [
        ("Anna", "agent", 1), ("Gus", "agent", 0),
    ]  # fmt: skip
    assert sorted(rows(database, "SELECT name, phone FROM customers")) == [("Joe", "+48123"), ("Lea", None)]
