"""Sla: what Zendesk measured of its service levels on tickets, event by event."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from deskmetry.connector import Cursor, Page
from deskmetry.records import TicketEvent, from_epoch
from deskmetry.records.base import to_json
from deskmetry.records.kinds import ActorKind, EventKind

from .lookups import Lookups
from .pages import EXCLUDED, at, latest
from .reading import EXPORTS, listing, seconds_of, start_time
from .settings import ZendeskSettings

Row = Mapping[str, Any]
_ITEMS = "ticket_metric_events"
_PATH = f"/api/v2/incremental/{_ITEMS}.json"
_KEPT = frozenset({"activate", "pause", "fulfill", "apply_sla", "apply_group_sla", "breach"})
_MINUTE_MS = 60_000


def metric_event(row: Row) -> TicketEvent | None:
    """Map an event of a metric; statistics of one (`update_status`, `measure`) are left out.

    `new` says as JSON what happened (`event`) to which run (`instance`) of which clock (`metric`); with a
    policy that was applied its id, name, target and whether that is in business hours; `deleted` says that it
    counts no longer.
    """
    kind = str(row["type"])
    if kind not in _KEPT:
        return None
    said: dict[str, Any] = {
        "event": kind,
        "metric": str(row["metric"]),
        "instance": row.get("instance_id"),
    }
    promise = row.get("sla") or row.get("group_sla")
    if isinstance(promise, Mapping):
        said |= _promised(promise)
    if row.get("deleted"):
        said["deleted"] = True
    return TicketEvent(
        id=f"metric:{row['id']}",  # ids of audits' events are another numbering
        ticket_id=row["ticket_id"],
        kind=EventKind.SLA,
        at=row["time"],
        new=to_json(said),
        actor_kind=ActorKind.SYSTEM,
    )


def _promised(promise: Row) -> dict[str, Any]:
    policy, seconds, minutes = promise.get("policy"), promise.get("target_in_seconds"), promise.get("target")
    found: dict[str, Any] = {"business": bool(promise.get("business_hours"))}
    if isinstance(policy, Mapping) and policy.get("id") is not None:
        found |= {"policy_id": str(policy["id"]), "policy": policy.get("title")}
    if seconds is not None:
        found["target_ms"] = int(seconds) * 1000
    elif minutes is not None:
        found["target_ms"] = int(minutes) * _MINUTE_MS
    return found


def events(desk: ZendeskSettings, lookups: Lookups, since: Cursor | None) -> Iterator[Page]:
    """Read the events of metrics since the last second that was read, by cursor pages, oldest first.

    Many share a second. So pages within a run go on by cursors, and a run begins with the last second.
    """
    if not lookups.policies():
        return  # clocks run without a policy too, but nothing was promised
    known = seconds_of(since.token if since else None)
    mark = from_epoch(seconds=known) if known is not None else since.watermark if since else None
    newest, begin = known or 0, start_time(mark, desk.now())
    until = (desk.http.server_time or desk.now()) - EXCLUDED
    for rows in _batches(desk, begin):
        last = latest(rows, "time")
        # A breach may be dated ahead; what comes before it must still be read.
        reached = newest if last is None else max(newest, start_time(last, desk.now()))
        moved = reached if reached > newest else None
        newest = reached
        yield at(desk.page(rows, metric_event), moved, from_epoch(seconds=moved) if moved else None, until)


def _batches(desk: ZendeskSettings, begin: int) -> Iterator[list[Any]]:
    """Give the rows by cursor pages; by their times where the account knows no cursors here."""
    params = {"start_time": begin}
    for batch in listing(desk.http, _PATH, _ITEMS, params, size=desk.page_size, prior=EXPORTS):
        yield batch.items
        if not isinstance(batch.at("meta"), Mapping):
            yield from _by_time(desk, begin, batch.at("end_time"), batch.items)
            return


def _by_time(desk: ZendeskSettings, begin: int, end: Any, before: list[Any]) -> Iterator[list[Any]]:
    """Give the pages after the first one; each begins with the last second of the one before."""
    while isinstance(end, int) and end > begin:
        begin = end
        answer = desk.http.get_json(_PATH, {"start_time": begin}, items=_ITEMS, prior=EXPORTS)
        yield [row for row in answer.items if row not in before]
        before, end = answer.items, answer.at("end_time")
