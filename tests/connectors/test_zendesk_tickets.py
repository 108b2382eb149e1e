"""Tickets, users and lists of Zendesk as records, checked by hand from rows as they are documented."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from deskmetry.records import Agent, Customer, Holiday, RawRecord, Schedule, ScheduleInterval, SlaPolicy
from deskmetry.records.kinds import ActorKind, AgentRole, Medium, SlaMetric, TicketStatus
from deskmetry_connectors.zendesk.people import PeopleMapping, Roles, brand, organization, team
from deskmetry_connectors.zendesk.promises import holiday, iana_zone, schedule, sla_policy
from deskmetry_connectors.zendesk.surveys import RatingMapping
from deskmetry_connectors.zendesk.tickets import TicketMapping, UnknownStatusError, field_names
from helpers_zendesk import Json, ticket


def mapping(**more: Any) -> TicketMapping:
    return TicketMapping("https://acme.zendesk.com", "closed_by_merge", fields={36: "Size"}, **more)


def test_a_ticket_keeps_what_zendesk_says() -> None:
    found = mapping().ticket(ticket())
    assert (found.id, found.version, found.subject) == ("4034", 1698138000, "Size?")
    assert (found.status, found.vendor_status, found.priority, found.type) == (
        TicketStatus.OPEN, "open", "high", "question",
    )  # fmt: skip
    assert (found.requester_id, found.assignee_id, found.team_id, found.brand_id) == ("10", "42", "7", "1")
    assert (found.organization_id, found.channel, found.medium) == ("5", "email", Medium.TICKET)
    assert (found.tags, found.custom_fields, found.vendor_metrics) == (["a"], {"Size": "XL"}, {"reopens": 2})
    assert found.link == "https://acme.zendesk.com/agent/tickets/4034"
    assert found.updated_at == datetime(2023, 10, 24, 9, tzinfo=UTC)
    assert (found.deleted_at, found.merged_into, found.opened_by) == (None, None, ActorKind.CUSTOMER)


def test_the_version_is_generated_timestamp_so_that_system_updates_count() -> None:
    later = mapping().ticket(ticket(generated_timestamp=1698999999, tags=["a", "auto"]))
    assert later.version == 1698999999
    assert later.updated_at == mapping().ticket(ticket()).updated_at


@pytest.mark.parametrize(
    ("word", "status"),
    [("new", "new"), ("open", "open"), ("pending", "pending"), ("hold", "on_hold"), ("solved", "solved"),
     ("closed", "closed")],
)  # fmt: skip
def test_statuses_are_mapped(word: str, status: str) -> None:
    assert mapping().ticket(ticket(status=word)).status.value == status


def test_a_custom_status_is_mapped_by_its_category_and_kept_by_its_label() -> None:
    custom = mapping(statuses={601: ("hold", "Waiting for the supplier")})
    for word in ("hold", "waiting_for_the_supplier"):
        found = custom.ticket(ticket(status=word, custom_status_id=601))
        assert (found.status, found.vendor_status) == (TicketStatus.ON_HOLD, "Waiting for the supplier")
    with pytest.raises(UnknownStatusError, match="'parked'"):
        custom.ticket(ticket(status="parked"))


def test_a_deleted_ticket_is_a_tombstone_that_keeps_its_words() -> None:
    found = mapping().ticket(ticket(status="deleted", metric_set=None))
    assert (found.subject, found.vendor_status, found.vendor_metrics) == ("Size?", "deleted", None)
    assert found.deleted_at == datetime(2023, 10, 24, 9, tzinfo=UTC)
    assert found.status is TicketStatus.OPEN  # what it was, its history says


def test_a_scrubbed_ticket_is_the_oldest_copy_so_that_it_overwrites_nothing() -> None:
    found = mapping().ticket(
        ticket(status="deleted", subject="SCRUBBED", description="X", generated_timestamp=1700730000)
    )
    assert (found.version, found.subject, found.tags) == (0, None, None)
    assert found.deleted_at == datetime(2023, 10, 24, 9, tzinfo=UTC)  # updated_at doesn't move when scrubbed


def test_a_ticket_that_isnt_deleted_may_be_called_scrubbed() -> None:
    assert mapping().ticket(ticket(subject="SCRUBBED")).subject == "SCRUBBED"


def test_the_merge_tag_marks_a_ticket_as_merged_and_is_a_setting() -> None:
    assert mapping().ticket(ticket(tags=["closed_by_merge"])).merged_into == "unknown"
    assert TicketMapping("https://a.b", "fused").ticket(ticket(tags=["closed_by_merge"])).merged_into is None


@pytest.mark.parametrize(
    ("via", "channel", "medium"),
    [
        ({"channel": "web"}, "web_form", Medium.TICKET),
        ("Web form", "web_form", Medium.TICKET),
        ("Mail", "email", Medium.TICKET),
        ("-", None, Medium.TICKET),
        (None, None, Medium.TICKET),
        ({"channel": "voice"}, "voice", Medium.PHONE),
        ({"channel": "native_messaging"}, "native_messaging", Medium.CHAT),
    ],
)  # fmt: skip
def test_via_may_be_an_object_a_name_or_a_dash(via: object, channel: str | None, medium: Medium) -> None:
    found = mapping().ticket(ticket(via=via))
    assert (found.channel, found.medium) == (channel, medium)


def test_a_messaging_ticket_is_a_chat_whatever_its_channel() -> None:
    assert mapping().ticket(ticket(from_messaging_channel=True)).medium is Medium.CHAT


@pytest.mark.parametrize(
    ("submitter", "kind"),
    [(10, ActorKind.CUSTOMER), (42, ActorKind.AGENT), (-1, ActorKind.SYSTEM), (None, ActorKind.SYSTEM)],
)
def test_who_submitted_a_ticket_opened_it(submitter: int | None, kind: ActorKind) -> None:
    assert mapping().ticket(ticket(submitter_id=submitter)).opened_by is kind


def test_fields_without_a_name_are_kept_by_id_and_equal_names_are_told_apart() -> None:
    assert TicketMapping("https://a.b", "x").ticket(ticket()).custom_fields == {"36": "XL"}
    names = field_names(
        [{"id": 1, "title": "Size"}, {"id": 2, "title": "Size"}, {"id": 3, "title": "Colour"}]
    )
    assert names == {1: "Size (1)", 2: "Size (2)", 3: "Colour"}


# --- people -------------------------------------------------------------------------------------------


def user(**more: Any) -> Json:
    return {
        "id": 42, "name": "Ann", "email": "ann@acme.example", "role": "agent", "role_type": None,
        "active": True,
        "default_group_id": 7, "created_at": "2020-01-01T00:00:00Z", "updated_at": "2024-01-01T00:00:00Z",
        "locale": "de", "phone": None, "organization_id": None,
    } | more  # fmt: skip


def test_agents_and_customers_are_told_by_role() -> None:
    people = PeopleMapping(Roles(), frozenset({"77"}))
    (agent,) = people.user(user())
    assert isinstance(agent, Agent)
    assert (agent.id, agent.email, agent.role, agent.active, agent.team_id) == (
        "42", "ann@acme.example", AgentRole.AGENT, True, "7",
    )  # fmt: skip
    (customer,) = people.user(user(id=10, role="end-user"))
    assert isinstance(customer, Customer)
    assert (customer.id, customer.language, customer.deleted_at) == ("10", "de", None)
    roles = [
        next(iter(people.user(user(**more)))) for more in ({"role": "admin"}, {"role_type": 1}, {"id": 77})
    ]
    assert [role.role for role in roles if isinstance(role, Agent)] == ["admin", "light_agent", "bot"]


def test_an_agent_whose_role_flips_stays_an_agent_who_left() -> None:
    roles = Roles()
    people = PeopleMapping(roles, frozenset())
    list(people.user(user()))
    agent, customer = people.user(user(role="end-user", active=False, updated_at="2025-01-01T00:00:00Z"))
    assert isinstance(agent, Agent)
    assert isinstance(customer, Customer)
    assert (agent.active, agent.role) == (False, AgentRole.AGENT)
    assert customer.deleted_at == datetime(2025, 1, 1, tzinfo=UTC)
    again = Roles()
    again.load(roles.dump())
    assert again.of(42) == "agent"
    again.load({"agent": "no list", "end-user": [5]})
    assert again.of(5) == "end-user"


def test_deleted_groups_brands_and_organizations_are_tombstones() -> None:
    known = {"id": 1, "name": "X", "updated_at": "2024-01-01T00:00:00Z", "created_at": "2023-01-01T00:00:00Z"}
    assert team(known | {"deleted": False}).deleted_at is None
    gone = datetime(2024, 1, 1, tzinfo=UTC)
    assert team(known | {"deleted": True}).deleted_at == gone
    assert brand(known | {"is_deleted": True}).deleted_at == gone
    assert organization(known | {"deleted_at": "2024-01-01T00:00:00Z"}).deleted_at == gone


# --- ratings, hours, promises --------------------------------------------------------------------------


def score(value: object, **more: Any) -> Json:
    return {
        "id": 1, "ticket_id": 3, "requester_id": 10, "assignee_id": 42, "score": value, "comment": None,
        "created_at": "2024-01-01T00:00:00Z", "updated_at": "2024-01-02T00:00:00Z",
    } | more  # fmt: skip


@pytest.mark.parametrize(
    ("value", "answer"),
    [("good", (1.0, 0.0, 1.0, "good")), ("bad", (0.0, 0.0, 1.0, "bad")),
     ("good_with_comment", (1.0, 0.0, 1.0, "good")),
     (4, (4.0, 1.0, 5.0, "4"))],
)  # fmt: skip
def test_a_score_is_an_offer_and_an_answer(value: object, answer: tuple[object, ...]) -> None:
    offer, found = RatingMapping().rating(score(value))
    assert (offer.id, found.id) == ("3", "3")  # one of each a ticket
    got: Any = found
    assert (got.score, got.scale_min, got.scale_max, got.label) == answer
    assert (got.customer_id, got.agent_id, got.kind) == ("10", "42", "csat")
    assert got.answered_at == datetime(2024, 1, 2, tzinfo=UTC)


def test_an_offered_survey_is_no_answer_and_an_unoffered_one_is_nothing() -> None:
    assert [type(one).__name__ for one in RatingMapping().rating(score("offered"))] == ["SurveyOffer"]
    assert list(RatingMapping().rating(score("unoffered"))) == []
    with pytest.raises(ValueError, match="'great'"):
        list(RatingMapping().rating(score("great")))


def test_the_latest_answer_and_the_earliest_offer_have_the_higher_version() -> None:
    first, then = RatingMapping().rating(score("good"))
    second, later = RatingMapping().rating(
        score("bad", id=2, created_at="2024-02-01T00:00:00Z", updated_at="2024-02-01T00:00:00Z")
    )
    assert (first.version or 0) > (second.version or 0)
    assert (later.version or 0) > (then.version or 0)


def test_minutes_since_sunday_become_minutes_since_monday_and_are_cut_at_the_end_of_the_week() -> None:
    sunday, monday = 0, 1440
    row = {"id": 31, "name": "Office", "time_zone": "Eastern Time (US & Canada)",
           "intervals": [{"start_time": monday + 540, "end_time": monday + 1020},
                         {"start_time": sunday + 600, "end_time": monday + 60}]}  # fmt: skip
    head, *intervals = schedule(row)
    assert isinstance(head, Schedule)
    assert head.timezone == "America/New_York"
    spans = [(one.from_minute, one.until_minute) for one in intervals if isinstance(one, ScheduleInterval)]
    assert spans == [(540, 1020), (9240, 10080), (0, 60)]


def test_rails_names_of_zones_become_iana_names() -> None:
    assert iana_zone("Berlin") == "Europe/Berlin"
    assert iana_zone("Kyiv") == "Europe/Kyiv"
    assert iana_zone("Asia/Tokyo") == "Asia/Tokyo"
    with pytest.raises(ValueError, match="'Atlantis'"):
        iana_zone("Atlantis")


def test_a_holiday_ends_the_day_after_its_last() -> None:
    found: Holiday = holiday(
        {"id": 1, "schedule_id": 31, "name": "X", "start_date": "2026-12-25", "end_date": "2026-12-26"}
    )
    assert (found.schedule_id, found.from_day, found.until_day) == (
        "31",
        date(2026, 12, 25),
        date(2026, 12, 27),
    )


def test_targets_are_milliseconds_and_unknown_metrics_are_kept_raw() -> None:
    row = {"id": 51, "title": "Standard", "position": 1, "policy_metrics": [
        {"priority": "high", "metric": "first_reply_time", "target": 60, "target_in_seconds": 3660,
         "business_hours": True},
        {"priority": "high", "metric": "next_reply_time", "target": 60, "business_hours": False},
        {"priority": "high", "metric": "pausable_update_time", "target": 60},
    ]}  # fmt: skip
    policy, first, following, raw = sla_policy(row)
    assert isinstance(policy, SlaPolicy)
    got: Any = first
    assert (got.metric, got.target_ms, got.business, got.priority) == (
        SlaMetric.FIRST_RESPONSE,
        3_660_000,
        True,
        "high",
    )
    other: Any = following
    assert (other.metric, other.target_ms, other.business) == (SlaMetric.NEXT_RESPONSE, 3_600_000, False)
    assert isinstance(raw, RawRecord)
