"""KPIs over a synced LiveChat, against the account's own numbers in plain Python."""

from __future__ import annotations

import statistics
from datetime import datetime
from pathlib import Path

from deskmetry.metric import Metric
from deskmetry.query import Query, answer
from deskmetry.store import open_reader
from deskmetry_connectors.livechat.emulator import Company, Thread
from deskmetry_metrics.satisfaction import Csat
from deskmetry_metrics.speed import FirstResponseTime, ResolutionTime
from deskmetry_metrics.volume import InboundMessages, OutboundMessages, TicketsSolved, TicketVolume
from helpers_livechat import account, livechat, run

METRICS: list[Metric] = [
    TicketVolume(),
    TicketsSolved(),
    InboundMessages(),
    OutboundMessages(),
    FirstResponseTime(),
    ResolutionTime(),
    Csat(),
]


def spoken(thread: Thread) -> list[tuple[datetime, str]]:
    """Return who said something when, by the account's own data; no program, note or mere form."""
    found = []
    for event in thread.events:
        mine = event.get("properties", {}).get("lc2", {})
        asks = any(one["type"] == "textarea" for one in event.get("fields", ()))
        if (
            event["type"] in ("message", "file", "rich_message")
            and not mine
            and event.get("visibility") != "agents"
        ) or asks:
            at = datetime.fromisoformat(event["created_at"])
            who = event["author_id"]
            found.append(
                (at, "customer" if who == thread.customer["id"] else "human" if "@" in who else "bot")
            )
    return found


def expected(company: Company) -> dict[str, float]:
    first, solved, inbound, outbound = [], [], 0, 0
    for thread in company.threads.values():
        talk = spoken(thread)
        inbound += sum(kind == "customer" for _, kind in talk)
        outbound += sum(kind == "human" for _, kind in talk)
        asked = min((at for at, kind in talk if kind == "customer"), default=None)
        replies = [at for at, kind in talk if kind == "human" and asked is not None and at >= asked]
        if asked is not None and replies:
            first.append((min(replies) - asked).total_seconds() * 1000)
        end = thread.ended
        assert end is not None
        if thread.kind == "silent_end":  # nobody says when it was archived: its last word counts
            end = talk[-1][0]
        solved.append((end - thread.began).total_seconds() * 1000)
    rated = [
        one.properties["rating"]["score"] for one in company.threads.values() if "rating" in one.properties
    ]
    return {
        "ticket_volume": len(company.threads),
        "tickets_solved": len(company.threads),
        "inbound_messages": inbound,
        "outbound_messages": outbound,
        "first_response_time": statistics.median(first),
        "resolution_time": statistics.median(solved),
        "csat": statistics.mean(rated),
    }


def test_kpis_agree_with_the_accounts_own_numbers_by_source_and_medium(tmp_path: Path) -> None:
    company, database = Company.make(tickets=120, users=20, seed=4), tmp_path / "chat.db"
    with account(company) as server:
        run(database, livechat(server))
    wanted = expected(company)
    assert wanted["csat"] == 0.5
    with open_reader(database) as connection:
        for by in ((), ("source",), ("medium",)):
            asked = [Query(one, since="2025-12", until="2026-04", by=by) for one in METRICS]
            results = [answer(connection, query) for query in asked]
            found = {
                query.metric.name: result.points[0].value if by else result.total.value
                for query, result in zip(asked, results, strict=True)
            }
            assert found == wanted, by
            if by:
                assert {len(result.points) for result in results} == {1}
                assert {one.points[0].dimensions[by[0]] for one in results} == {"chat"}
