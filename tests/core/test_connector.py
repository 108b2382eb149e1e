"""Pages and streams: what a connector author writes, called by hand without engine or database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import Field, SecretStr, ValidationError

from deskmetry.connector import Connector, Cursor, Page, Rejected, stream
from deskmetry.connector.context import Context
from deskmetry.errors import MostlyUnusable, RecordError
from deskmetry.instants import from_epoch
from deskmetry.records import Agent, Customer, Record, Team, Ticket

Json = dict[str, Any]
MARCH = datetime(2025, 3, 1, tzinfo=UTC)


class Desk(Connector):
    """Teams and tickets of a helpdesk in a list."""

    name = "desk"

    rows: list[Json] = Field(default_factory=list, description="What the helpdesk has")
    token: SecretStr | None = Field(None, description="API token")

    @stream(Team)
    def teams(self, since: Cursor | None) -> Iterator[Page]:
        yield self.page([{"id": 1, "name": "Front"}], lambda row: Team(**row))

    @stream(Ticket, Customer, overlap=timedelta(minutes=5), idle_requests=2, optional=True, sorted=False)
    def tickets(self, since: Cursor | None) -> Iterator[Page]:
        yield self.page(self.rows, self.ticket, watermark="updated_at")

    def ticket(self, row: Json) -> Ticket:
        return Ticket(id=row["id"], status=row["status"], created_at=MARCH, updated_at=row.get("updated"))


def row(number: int, **fields: Any) -> Json:
    return {"id": number, "status": "open", "updated": MARCH + timedelta(days=number)} | fields


def test_streams_are_listed_in_the_order_of_their_declaration_with_what_they_declare() -> None:
    assert list(Desk.streams()) == ["teams", "tickets"]
    info = Desk.streams()["tickets"]
    assert (info.records, info.overlap, info.idle_requests) == ((Ticket, Customer), timedelta(minutes=5), 2)
    assert (info.optional, info.sorted) == (True, False)
    assert (Desk.streams()["teams"].optional, Desk.streams()["teams"].sorted) == (False, True)


def test_a_derived_connector_adds_replaces_and_drops_streams() -> None:
    class Other(Desk):
        name = "other"

        def teams(self, since: Cursor | None) -> Iterator[Page]:
            yield Page([])

        @stream(Ticket, idle_requests=9)
        def tickets(self, since: Cursor | None) -> Iterator[Page]:
            yield from super().tickets(since)

        @stream(Agent)
        def agents(self, since: Cursor | None) -> Iterator[Page]:
            yield Page([])

    assert list(Other.streams()) == ["tickets", "agents"]
    assert Other.streams()["tickets"].idle_requests == 9
    assert list(Desk.streams()) == ["teams", "tickets"]


def test_a_stream_is_a_plain_method() -> None:
    (page,) = Desk().teams(None)
    assert [record.id for record in page.records] == ["1"]
    (read,) = Desk().read("teams", None)
    assert read == page


def test_an_item_that_can_not_be_mapped_is_set_aside_alone() -> None:
    bad = [row(2, status="furious"), {"id": 3}, row(4, updated=5), "no object", None]
    page = Desk().page([row(1), *bad, row(9)], Desk().ticket, watermark="updated_at")
    assert [record.id for record in page.records] == ["1", "9"]
    assert [rejected.raw for rejected in page.rejected] == bad
    assert [rejected.key for rejected in page.rejected] == ["2", "3", "4", None, None]
    reasons = [rejected.reason for rejected in page.rejected]
    assert reasons[0].startswith("status: Input should be")
    assert reasons[1] == "the field 'status' is missing"
    assert "not a number" in reasons[2]
    assert reasons[3].startswith("TypeError")


@pytest.mark.parametrize(
    "error",
    [
        RecordError("no"),
        KeyError(),
        KeyError("x"),
        IndexError(),
        OverflowError(),
        ZeroDivisionError(),
        AttributeError(),
    ],
)
def test_whatever_a_mapper_stumbles_over_costs_one_item(error: Exception) -> None:
    def mapper(item: int) -> Team:
        if item == 2:
            raise error
        return Team(id=item, name="T")

    page = Desk().page([1, 2, 3], mapper)
    assert [record.id for record in page.records] == ["1", "3"]
    assert len(page.rejected) == 1


def test_what_was_written_for_people_is_told_without_the_names_of_classes() -> None:
    def mapper(item: int) -> Team:
        if item == 1:
            raise RecordError("a word that nobody knows")
        if item == 2:
            raise TypeError("unforeseen")
        return Team(id="", name="T")

    reasons = [one.reason for one in Desk().page([1, 2, 3], mapper).rejected]
    assert reasons[:2] == ["a word that nobody knows", "TypeError: unforeseen"]
    assert reasons[2].startswith("id: ")
    assert "Value error" not in reasons[2]


def test_an_instant_that_no_clock_shows_costs_one_item() -> None:
    def mapper(item: float) -> Ticket:
        return Ticket(id="1", status="open", created_at=from_epoch(seconds=item))

    assert len(Desk().page([1e30], mapper).rejected) == 1


def test_a_failure_of_the_helpdesk_itself_is_not_swallowed() -> None:
    def items() -> Iterator[Json]:
        yield row(1)
        raise ValueError("the second page is cut")

    with pytest.raises(ValueError, match="cut"):
        Desk().page(items(), Desk().ticket)
    with pytest.raises(ConnectionError):
        Desk().page([1], lambda item: (_ for _ in ()).throw(ConnectionError()))


def test_one_item_may_become_several_records_or_none() -> None:
    def mapper(item: int) -> list[Record] | None:
        return [Team(id=item, name="T"), Customer(id=item)] if item > 1 else None

    assert [record.table for record in Desk().page([1, 2], mapper).records] == ["teams", "customers"]


def test_nothing_of_an_item_that_breaks_halfway_is_taken() -> None:
    def mapper(item: int) -> Iterator[Record]:
        yield Team(id=item, name="T")
        if item == 2:
            raise ValueError("halfway")

    page = Desk().page([1, 2, 3], mapper)
    assert [record.id for record in page.records] == ["1", "3"]
    assert [rejected.raw for rejected in page.rejected] == [2]


def test_the_watermark_is_the_highest_instant_of_the_page() -> None:
    (page,) = Desk(rows=[row(2), row(5), row(3), row(4, updated=None)]).tickets(None)
    assert page.cursor == Cursor(None, MARCH + timedelta(days=5))


def test_a_page_without_instants_moves_no_cursor() -> None:
    desk = Desk()
    assert desk.page([], desk.ticket, watermark="updated_at").cursor is None
    assert desk.page([row(1)], desk.ticket).cursor is None
    assert desk.page([row(1, updated=None)], desk.ticket, watermark="updated_at").cursor is None
    assert desk.page([], desk.ticket, token="next").cursor == Cursor("next", None)
    assert desk.page([], desk.ticket, token=0).cursor == Cursor(0, None)


def test_a_record_of_the_future_is_kept_and_never_becomes_the_watermark() -> None:
    future = datetime.now(UTC) + timedelta(days=2)
    desk = Desk()
    page = desk.page([row(1), row(2, updated=future)], desk.ticket, watermark="updated_at")
    assert (len(page.records), page.future) == (2, 1)
    assert page.cursor == Cursor(None, MARCH + timedelta(days=1))
    alone = desk.page([row(2, updated=future)], desk.ticket, watermark="updated_at")
    assert (alone.cursor, alone.future) == (None, 1)


def test_a_watermark_must_be_aware() -> None:
    with pytest.raises(ValueError, match="aware"):
        Cursor(None, MARCH.replace(tzinfo=None))


def test_a_page_may_know_until_when_it_is_complete() -> None:
    assert Desk().page([], Desk().ticket, complete_until=MARCH).complete_until == MARCH


def test_settings_are_checked_and_secrets_are_not_shown() -> None:
    with pytest.raises(ValidationError, match="colour"):
        Desk(colour="red")  # type: ignore[call-arg]
    desk = Desk(token=SecretStr("t0psecret"))
    assert "t0psecret" not in repr(desk)
    assert desk.headers() == {"Authorization": "Bearer t0psecret"}
    assert Desk().headers() == {}


def test_an_account_without_address_is_the_source_itself() -> None:
    desk = Desk()
    desk.attach(Context(source="shop-eu"))
    assert desk.account() == "source:shop-eu"


def test_a_check_reads_one_page_of_the_first_stream() -> None:
    assert Desk().check() == "teams: 1 records on the first page"


@pytest.mark.parametrize(
    ("bad", "good", "fails"),
    [(1, 1, False), (2, 1, True), (20, 30, False), (21, 100, True), (30, 300, False), (1, 0, True)],
)
def test_a_check_counts_what_cant_be_used_and_fails_if_it_is_too_much(
    bad: int, good: int, fails: bool
) -> None:
    class Mixed(Connector):
        name = "mixed"

        @stream(Team)
        def teams(self, since: Cursor | None) -> Iterator[Page]:
            teams = [Team(id=str(number), name="A") for number in range(good)]
            yield Page(teams, rejected=[Rejected({}, "no name", str(number)) for number in range(bad)])

    if fails:
        with pytest.raises(
            MostlyUnusable, match=f"{bad} of the first {bad + good} records of teams.*0: no n"
        ):
            Mixed().check()
    else:
        assert Mixed().check().endswith(f"page, {bad} of {bad + good} can't be used (0: no name)")


def test_a_connector_without_streams_has_nothing_to_check() -> None:
    class Empty(Connector):
        name = "empty"

    assert Empty().check() == "nothing to read"


def test_http_needs_an_address() -> None:
    with pytest.raises(TypeError, match="no field `url`"):
        _ = Desk().http


def test_a_wait_ends_at_once_when_asked_to_stop() -> None:
    told: list[str] = []
    context = Context(waiting=lambda until, reason: told.append(reason))
    context.stop.set()
    assert context.wait(60, "limit") is False
    assert told == ["limit"]
