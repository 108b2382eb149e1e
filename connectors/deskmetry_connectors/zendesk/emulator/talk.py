"""Talk: Zendesk Talk of an emulated account, and the incremental export of its calls."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .data import Json
from .exports import MINUTE, RefusedError
from .rows import iso

if TYPE_CHECKING:
    from .company import Company

FINISHED_AFTER = 2_400
"""Seconds after which Zendesk last changes a call, as recorded traffic shows."""
_PAGE = 1_000


@dataclass(slots=True)
class Call:
    """A call; instants are Unix seconds, spans seconds. answer: from the first ring to the first word."""

    id: int
    began: int
    updated: int
    customer: int | None
    ticket: int | None = None
    agent: int | None = None
    group: int | None = None
    direction: str = "inbound"
    status: str | None = "completed"
    answer: int | None = None
    wait: int = 0
    talk: int = 0
    hold: int = 0
    wrap_up: int = 0
    duration: int = 0
    voicemail: bool = False


def call_row(call: Call) -> Json:
    """Return a call as the export sends it; where nobody was, ids are 0 or null."""
    return {
        "id": call.id, "created_at": iso(call.began), "updated_at": iso(call.updated),
        "agent_id": call.agent or 0, "customer_id": call.customer, "ticket_id": call.ticket,
        "call_group_id": call.group, "direction": call.direction, "completion_status": call.status,
        "time_to_answer": call.answer, "wait_time": call.wait, "talk_time": call.talk, "hold_time": call.hold,
        "wrap_up_time": call.wrap_up, "duration": call.duration, "voicemail": call.voicemail,
        "consultation_time": 0, "exceeded_queue_wait_time": False, "outside_business_hours": False,
        "customer_requested_voicemail": False, "callback": False, "callback_source": None,
        "call_charge": "0.003", "minutes_billed": 1, "phone_number": "+493012345", "phone_number_id": 7,
        "line": "+493012345", "call_channel": None, "quality_issues": ["none"],
    }  # fmt: skip


def calls_page(company: Company, query: dict[str, str]) -> Json:
    """Return a page of `/channels/voice/stats/incremental/calls`: calls changed at or after a second.

    The end of a page is the second of its last call, which the next page begins with; every page names a
    next one, the last one too, which then is the same again.
    """
    start = int(query["start_time"])
    if start > company.now - MINUTE:
        raise RefusedError(400, "StartTimeTooRecent", "Too recent start_time")
    calls = sorted(company.calls.values(), key=lambda one: (one.updated, one.id))
    rows = [one for one in calls if one.updated <= company.now]
    begin = bisect_left(rows, start, key=lambda one: one.updated)
    found = rows[begin : begin + _PAGE]
    end = found[-1].updated if found else start
    link = f"https://elsewhere.example/api/v2/channels/voice/stats/incremental/calls.json?start_time={end}"
    return {
        "calls": [call_row(one) for one in found],
        "count": len(found),
        "end_time": end,
        "next_page": link,
    }
