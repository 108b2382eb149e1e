"""Promises: schedules with their holidays, and SLA policies."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Any
from zoneinfo import available_timezones

from deskmetry.records import Holiday, RawRecord, Record, Schedule, ScheduleInterval, SlaPolicy, SlaTarget
from deskmetry.records.kinds import SlaMetric

Row = Mapping[str, Any]
_WEEK, _DAY = 10_080, 1_440
_MINUTE_MS = 60_000
_METRICS: Mapping[str, SlaMetric] = {
    "first_reply_time": SlaMetric.FIRST_RESPONSE,
    "next_reply_time": SlaMetric.NEXT_RESPONSE,
    "total_resolution_time": SlaMetric.RESOLUTION,
}


@cache
def _zones() -> Mapping[str, str]:
    text = files(__package__).joinpath("zones.toml").read_text(encoding="utf-8")
    return {name: zone for zone, names in tomllib.loads(text)["names"].items() for name in names}


def iana_zone(name: str) -> str:
    """Return the IANA name of a zone that Zendesk names as Rails does; ValueError if nobody knows it."""
    found = _zones().get(name, name)
    if found not in available_timezones():
        raise ValueError(f"the time zone {name!r} is neither a Rails nor an IANA name")
    return found


def schedule(row: Row) -> Iterator[Record]:
    """Map a schedule; its minutes since Sunday become minutes since Monday, cut where the week ends."""
    yield Schedule(id=row["id"], name=row["name"], timezone=iana_zone(row["time_zone"]))
    number = 0
    for interval in row.get("intervals") or ():
        for begin, end in _since_monday(int(interval["start_time"]), int(interval["end_time"])):
            yield ScheduleInterval(
                id=f"{row['id']}:{number}", schedule_id=row["id"], from_minute=begin, until_minute=end
            )
            number += 1


def _since_monday(begin: int, end: int) -> Iterator[tuple[int, int]]:
    first, length = (begin - _DAY) % _WEEK, end - begin
    yield first, min(first + length, _WEEK)
    if first + length > _WEEK:
        yield 0, first + length - _WEEK


def holiday(row: Row) -> Holiday:
    """Map a holiday with its `schedule_id` added; Zendesk names its last day, the record the day after."""
    return Holiday(
        id=row["id"],
        schedule_id=row["schedule_id"],
        name=row.get("name"),
        from_day=row["start_date"],
        until_day=date.fromisoformat(row["end_date"]) + timedelta(days=1),
    )


def sla_policy(row: Row) -> Iterator[Record]:
    """Map a policy and its targets; targets of metrics that the common schema lacks are kept raw."""
    yield SlaPolicy(
        id=row["id"],
        name=row.get("title") or row["id"],
        position=row.get("position"),
        from_at=row.get("created_at"),
    )
    for target in row.get("policy_metrics") or ():
        key = f"{row['id']}:{target['metric']}:{target.get('priority')}"
        metric = _METRICS.get(target["metric"])
        if metric is None:
            yield RawRecord(id=key, stream="sla_policies", kind="policy_metric", raw=dict(target))
            continue
        seconds = target.get("target_in_seconds")
        yield SlaTarget(
            id=key,
            policy_id=row["id"],
            metric=metric,
            priority=target.get("priority"),
            target_ms=int(target["target"]) * _MINUTE_MS if seconds is None else int(seconds) * 1000,
            business=bool(target.get("business_hours")),
        )
