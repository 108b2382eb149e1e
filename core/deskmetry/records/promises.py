"""Promises: business hours, holidays and the service levels measured in them."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from .base import Day, Id, Instant, Integer, OptionalId, Record, Reference, Text
from .kinds import SlaMetric


class Schedule(Record):
    """Weekly business hours in an IANA time zone."""

    table: ClassVar[str] = "schedules"

    name: Text = Field(description="Name as the source shows it")
    timezone: Text = Field(description="IANA name of the zone, as Europe/Berlin")


class ScheduleInterval(Record):
    """One open interval of a week."""

    table: ClassVar[str] = "schedule_intervals"

    schedule_id: Annotated[Id, Reference("schedules")] = Field(description="Schedule")
    from_minute: Integer = Field(ge=0, le=10_080, description="Minutes since Monday 00:00 local time")
    until_minute: Integer = Field(
        ge=0, le=10_080, description="Minutes since Monday 00:00 local time, exclusive"
    )


class Holiday(Record):
    """Days on which a schedule is closed."""

    table: ClassVar[str] = "holidays"

    schedule_id: Annotated[Id, Reference("schedules")] = Field(description="Schedule")
    name: Text | None = Field(None, description="Name of the holiday")
    from_day: Day = Field(description="First local day")
    until_day: Day = Field(description="Day after the last")


class SlaPolicy(Record):
    """A set of service levels and whom it is for."""

    table: ClassVar[str] = "sla_policies"

    name: Text = Field(description="Name as the source shows it")
    position: Integer | None = Field(None, description="Order in which policies are tried")
    from_at: Instant | None = Field(None, description="Valid from")


class SlaTarget(Record):
    """One service level: a metric, for a priority or channel, within a time."""

    table: ClassVar[str] = "sla_targets"

    policy_id: Annotated[Id, Reference("sla_policies")] = Field(description="Policy")
    metric: SlaMetric = Field(description="first_response, next_response, resolution or live_wait")
    priority: Text | None = Field(None, description="Priority it is for; null for all")
    channel: Text | None = Field(None, description="Channel it is for; null for all")
    target_ms: Integer = Field(description="Promised time, milliseconds")
    business: bool = Field(False, description="In business time of the schedule, else in calendar time")
    schedule_id: Annotated[OptionalId, Reference("schedules")] = Field(
        None, description="Schedule of the clock"
    )
    from_at: Instant | None = Field(None, description="Valid from")
