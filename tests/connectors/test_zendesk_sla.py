"""Service levels as Zendesk measures them: metric events, many in a second, kept as changes of a ticket."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from deskmetry.connector import Cursor, Page
from deskmetry.records.kinds import ActorKind, EventKind
from deskmetry_connectors.zendesk import Zendesk
from deskmetry_connectors.zendesk.emulator import Company, Faults
from deskmetry_connectors.zendesk.emulator.sla import metric_events
from deskmetry_connectors.zendesk.sla import metric_event
from helpers_http import Visit, loopback
from helpers_synced import outcomes, requests, rows
from helpers_zendesk import Json, attached, desk, run, zendesk

PATH = "/api/v2/incremental/ticket_metric_events.json"
HOUR = 3_600


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "desk.db"


def event(kind: str, **more: Any) -> Json:
    """Return an event of a metric as the documentation shows one."""
    return {
        "id": 926232157301, "ticket_id": 155, "metric": "reply_time", "instance_id": 1, "type": kind,
        "time": "2026-01-05T09:00:00Z", "deleted": False,
    } | more  # fmt: skip


def said(row: Json) -> Json:
    found = metric_event(row)
    assert found is not None
    assert found.new is not None
    words: Json = json.loads(found.new)
    return words


def test_an_event_is_a_change_of_its_ticket_with_the_metric_and_which_of_its_runs() -> None:
    found = metric_event(event("breach", metric="requester_wait_time", instance_id=2))
    assert found is not None
    assert (found.ticket_id, found.kind, found.actor_kind) == ("155", EventKind.SLA, ActorKind.SYSTEM)
    assert found.at == datetime(2026, 1, 5, 9, tzinfo=UTC)
    assert json.loads(found.new or "") == {"event": "breach", "metric": "requester_wait_time", "instance": 2}


def test_its_id_is_none_that_an_audits_event_has() -> None:
    found = metric_event(event("fulfill"))
    assert found is not None
    assert found.id == "metric:926232157301"


@pytest.mark.parametrize(
    ("kind", "key", "target", "milliseconds"),
    [
        ("apply_sla", "sla", {"target": 60, "target_in_seconds": 3_630}, 3_630_000),
        ("apply_sla", "sla", {"target": 60}, 3_600_000),
        ("apply_group_sla", "group_sla", {"target": 5}, 300_000),
    ],
)
def test_the_policy_that_was_applied_is_kept_with_its_target(
    kind: str, key: str, target: Json, milliseconds: int
) -> None:
    policy = {"id": 9_007_199_254_740_993, "title": "VIP", "description": "…"}
    promise = target | {"business_hours": True, "policy": policy}
    assert said(event(kind, **{key: promise})) == {
        "event": kind,
        "metric": "reply_time",
        "instance": 1,
        "policy_id": "9007199254740993",
        "policy": "VIP",
        "target_ms": milliseconds,
        "business": True,
    }


@pytest.mark.parametrize("kind", ["update_status", "measure", "something_new"])
def test_statistics_of_a_metric_are_left_out(kind: str) -> None:
    assert metric_event(event(kind, status={"calendar": 1, "business": 1})) is None


def test_an_event_that_counts_no_longer_says_so() -> None:
    assert said(event("breach", deleted=True))["deleted"] is True


# --- a whole account -------------------------------------------------------------------------------------


def test_starts_targets_ends_and_breaches_of_an_account_arrive(database: Path) -> None:
    company = Company.make(tickets=120, seed=2)
    with desk(company) as server:
        report = run(database, zendesk(server))
    assert outcomes(report)["sla_events"] == "ok"
    measured = [tuple(one.priority for one in company.tickets.values()).count("normal")]
    sql = "SELECT count(*) FROM ticket_events WHERE kind = 'sla' AND new ->> '$.event' = ?"
    assert rows(database, sql, "activate") == rows(database, sql, "apply_sla") == measured
    # A promise is broken an hour after it was made, unless an agent has replied by then.
    late = """
        SELECT id FROM tickets AS t WHERE priority = 'normal' AND 3600000 + created_at <
          coalesce((SELECT min(sent_at) FROM messages AS m WHERE m.ticket_id = t.id AND NOT m.automatic
            AND m.author_kind = 'agent' AND m.public), 1e15)
    """
    missed = """
        SELECT ticket_id FROM ticket_events AS e JOIN tickets AS t ON t.id = ticket_id
        WHERE kind = 'sla' AND new ->> '$.event' = 'breach' AND t.subject IS NOT NULL -- not scrubbed
    """
    assert len(rows(database, missed)) > 10
    assert set(rows(database, late)) == set(rows(database, missed))


def test_the_policy_of_a_ticket_is_the_one_that_was_applied_last(database: Path) -> None:
    company = Company.make(tickets=20, seed=2)
    with desk(company) as server:
        run(database, zendesk(server))
    sql = """
        SELECT DISTINCT new ->> '$.policy_id', new ->> '$.policy', new ->> '$.target_ms', p.name
        FROM ticket_events AS e JOIN sla_policies AS p ON p.id = new ->> '$.policy_id'
        WHERE kind = 'sla' AND new ->> '$.event' = 'apply_sla'
    """
    assert rows(database, sql) == [("51", "Standard", 3_600_000, "Standard")]


def test_nothing_of_a_second_is_lost_at_the_end_of_a_page_or_a_run(database: Path) -> None:
    company = Company.make(tickets=3, seed=2)
    customer = next(one for one in company.users.values() if one.role == "end-user")
    with desk(company) as server:
        for _ in range(3):
            company.now += HOUR
            for _ in range(5):  # three events each in one second
                company.open(customer, company.now - 61, "Where is it?", priority="normal")
            assert run(database, zendesk(server, page_size=2)).exit_code == 0
            # One more, in the second at which the run ended.
            company.open(customer, company.now - 61, "And mine?", priority="normal")
        company.now += HOUR
        run(database, zendesk(server, page_size=2))
    kept = [row for _, _, row in metric_events(company) if row["type"] != "update_status"]
    known = {
        f"metric:{row['id']}" for row in kept if datetime.fromisoformat(row["time"]).timestamp() < company.now
    }
    assert set(rows(database, "SELECT id FROM ticket_events WHERE kind = 'sla'")) == known


def test_a_run_with_nothing_new_reads_the_last_second_again() -> None:
    with desk(Company.make(tickets=40, seed=2)) as server:
        connector = attached(zendesk(server))
        pages = list(connector.sla_events(None))
        cursor = next(page.cursor for page in reversed(pages) if page.cursor is not None)
        again = list(connector.sla_events(cursor))
        connector.close()
    assert [page.cursor for page in again] == [None]
    ends = [record.at for record in again[0].records]  # type: ignore[attr-defined]
    assert set(ends) == {cursor.watermark}
    starts = [int(query["start_time"]) for _, path, query in server.log if path == PATH]
    assert starts == [1_136_073_600, cursor.token]


def test_it_starts_where_the_settings_say() -> None:
    start = Cursor(None, datetime(2026, 2, 1, tzinfo=UTC))
    with desk(Company.make(tickets=40, seed=2)) as server:
        connector = attached(zendesk(server))
        list(connector.sla_events(start))
        connector.close()
    assert [int(q["start_time"]) for _, path, q in server.log if path == PATH] == [1_769_904_000]


def account(*pages: Json) -> Callable[[Visit], None]:
    """Return what answers as an account with a policy and these pages of events, the last one for ever."""
    left = list(pages)

    def answer(visit: Visit) -> None:
        policies = {"sla_policies": [{"id": 1, "title": "One", "policy_metrics": []}], "next_page": None}
        page = policies if "policies" in visit.path else left.pop(0) if len(left) > 1 else left[0]
        visit.json(page)

    return answer


def read(url: str, since: Cursor | None = None) -> list[Page]:
    connector = attached(Zendesk(url=url, token="t0ken-of-acme"))
    try:
        return list(connector.sla_events(since))
    finally:
        connector.close()


def test_a_breach_that_is_dated_ahead_doesnt_move_the_cursor_there() -> None:
    ahead = event("breach", time="2099-01-01T00:00:00Z")
    meta = {"has_more": False, "after_cursor": "x"}
    with loopback(account({"ticket_metric_events": [event("activate", id=1), ahead], "meta": meta})) as url:
        (page,) = read(url)
    assert len(page.records) == 2
    assert page.cursor is not None
    assert page.cursor.token < datetime.now(UTC).timestamp() - 60


def test_an_account_without_cursors_here_is_read_by_times() -> None:
    at = 1_767_603_600
    rows_ = [event("activate", id=n, time=f"2026-01-05T09:00:{n:02}Z") for n in range(4)]
    link = "https://acme.zendesk.com/api/v2/incremental/ticket_metric_events.json?start_time=1767603602"
    pages: list[Json] = [
        {"ticket_metric_events": rows_[:3], "count": 3, "end_time": at + 2, "next_page": link},
        {"ticket_metric_events": rows_[2:], "count": 2, "end_time": at + 3, "next_page": link},
        {"ticket_metric_events": rows_[3:], "count": 1, "end_time": at + 3, "next_page": link},
    ]
    with loopback(account(*pages)) as url:
        found = read(url)
    assert [[record.id for record in page.records] for page in found] == [
        ["metric:0", "metric:1", "metric:2"],
        ["metric:3"],
        [],
    ]
    assert [page.cursor.token if page.cursor else None for page in found] == [at + 2, at + 3, None]


def test_without_a_policy_nobody_asks_for_its_events(database: Path) -> None:
    company = Company.make(tickets=5, seed=2)
    company.sla_policies = []
    with desk(company) as server:
        report = run(database, zendesk(server))
        assert requests(report)["sla_events"] == 0
        assert outcomes(report)["sla_events"] == "ok"
    assert PATH not in server.counts


@pytest.mark.parametrize("lack", ["missing", "forbidden"])
def test_a_plan_without_policies_is_asked_for_them_once(database: Path, lack: str) -> None:
    faults = Faults()
    setattr(faults, lack, {"slas"})
    with desk(Company.make(tickets=5, seed=2), faults) as server:
        report = run(database, zendesk(server))
    assert (outcomes(report)["sla_policies"], outcomes(report)["sla_events"]) == ("skipped", "skipped")
    assert server.counts["/api/v2/slas/policies.json"] == 1
    assert PATH not in server.counts


def test_they_are_left_out_by_the_settings(database: Path) -> None:
    with desk(Company.make(tickets=5, seed=2)) as server:
        report = run(database, zendesk(server, skip=["sla_events"]))
    assert (outcomes(report)["sla_policies"], outcomes(report)["sla_events"]) == ("ok", "skipped")
    assert PATH not in server.counts
