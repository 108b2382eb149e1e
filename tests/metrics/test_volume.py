"""Golden cases: small data, and answers worked out by hand beside them."""

from __future__ import annotations

from deskmetry.metric import MESSAGES, SPANS, STATUSES, TAGS, TICKETS, Metric
from deskmetry.query import Query, answer
from deskmetry_metrics.volume import (
    ActiveTickets,
    ChannelShare,
    InboundMessages,
    OutboundMessages,
    ResolutionRate,
    TicketBacklog,
    TicketsSolved,
    TicketVolume,
)
from helpers_facts import DAY, desk


def q1(metric: Metric, by: tuple[str, ...] = (), where: tuple[str, ...] = ()) -> Query:
    return Query(metric, since="2026-01", until="2026-04", by=by, where=where)


def test_ticket_volume_counts_creations_and_names_what_never_counts() -> None:
    with desk("Europe/Berlin") as d:
        d.source()
        d.add(
            TICKETS,
            {"created_at": "2025-12-31T23:00"},  # 2026-01-01T00:00 in Berlin: January
            {"created_at": "2026-01-31T22:59", "channel": "chat"},  # the last minute of January
            {"created_at": "2026-01-31T23:00"},  # February
            {"created_at": "2026-02-10T12:00", "excluded": "spam"},
            {"created_at": "2025-12-31T22:59"},  # still 2025
        )
        result = answer(d.connection, q1(TicketVolume(), by=("month",)))
        assert [(p.dimensions["month"], p.value) for p in result.points] == [
            ("2026-01", 2),
            ("2026-02", 1),
            ("2026-03", 0),
        ]
        assert result.points[1].left_out == {"spam": 1}
        assert (result.total.value, result.total.left_out) == (3, {"spam": 1})
        assert result.total.interval is None


def test_active_tickets_counts_a_ticket_once_a_bucket_and_once_in_the_total() -> None:
    with desk() as d:
        d.source()
        d.add(
            MESSAGES,
            {"ticket_id": "a", "kind": "customer", "sent_at": "2026-01-05T10:00"},
            {"ticket_id": "a", "kind": "reply", "sent_at": "2026-01-06T10:00"},
            {"ticket_id": "a", "kind": "customer", "sent_at": "2026-02-01T10:00"},
            {"ticket_id": "b", "kind": "customer", "sent_at": "2026-01-07T10:00"},
        )
        d.add(STATUSES, {"ticket_id": "c", "at": "2026-01-08T10:00", "new": "solved"})
        result = answer(d.connection, q1(ActiveTickets(), by=("month",)))
        # January: a, b, c; February: a. Over both: a, b, c, not 3 + 1.
        assert [p.value for p in result.points] == [3, 1, 0]
        assert result.total.value == 3


def test_inbound_and_outbound_are_customer_messages_and_human_replies() -> None:
    with desk() as d:
        d.source()
        kinds = ["customer", "customer", "reply", "reply", "reply", "note", "bot", "automatic", "system"]
        d.add(MESSAGES, *({"kind": kind, "sent_at": "2026-02-01T10:00"} for kind in kinds))
        assert answer(d.connection, q1(InboundMessages())).total.value == 2
        assert answer(d.connection, q1(OutboundMessages())).total.value == 3


def test_tickets_solved_belong_to_whoever_solved_them_last() -> None:
    with desk() as d:
        d.source()
        d.connection.executemany(
            "INSERT INTO agents VALUES (1, ?, ?, ?)",
            [("1", "Ann", "ann@x.org"), ("2", "Ann", "other@x.org"), ("3", "Bo", None)],
        )
        d.add(
            TICKETS,
            {"created_at": "2025-11-01T00:00", "solved_at": "2026-01-10T00:00", "solved_agent": "ann@x.org"},
            {
                "created_at": "2026-01-01T00:00",
                "solved_at": "2026-01-11T00:00",
                "solved_agent": "other@x.org",
            },
            {"created_at": "2026-01-01T00:00", "solved_at": "2026-02-11T00:00", "solved_agent": "1:3"},
            {"created_at": "2026-01-01T00:00", "first_solved_at": "2026-01-12T00:00"},  # reopened: not solved
        )
        result = answer(d.connection, q1(TicketsSolved(), by=("agent",)))
        assert {p.dimensions["agent"]: p.value for p in result.points} == {
            "Ann (ann@x.org)": 1,
            "Ann (other@x.org)": 1,
            "Bo": 1,
        }
        assert result.total.value == 3


def test_ticket_backlog_is_what_was_open_at_the_end_of_each_month() -> None:
    with desk() as d:
        d.source()
        d.add(
            SPANS,
            {"ticket_id": "a", "from_at": "2026-01-10T00:00", "until_at": "2026-02-10T00:00"},
            {"ticket_id": "a", "number": 1, "from_at": "2026-03-01T00:00"},  # reopened, still open
            {
                "ticket_id": "b",
                "from_at": "2026-01-31T23:59",
                "until_at": "2026-02-01T00:00",
            },  # ends at the end
            {"ticket_id": "c", "from_at": "2026-02-01T00:00", "until_at": "2026-03-15T00:00"},
            {"ticket_id": "d", "from_at": "2026-02-02T00:00", "excluded": "spam"},
            {"ticket_id": "e", "from_at": "2026-01-31T00:00", "until_at": "2026-01-31T00:00"},  # no length
        )
        result = answer(d.connection, q1(TicketBacklog(), by=("month",)))
        # End of January: a (b ended at it). End of February: c (a was solved). End of March: a again.
        assert [p.value for p in result.points] == [1, 1, 1]
        assert [p.left_out for p in result.points] == [{}, {"spam": 1}, {"spam": 1}]
        assert result.total.value == 1


def test_resolution_rate_leaves_out_tickets_that_had_not_their_days() -> None:
    with desk() as d:
        d.source(complete_until="2026-04-01T00:00")
        d.add(
            TICKETS,
            {"created_at": "2026-01-01T00:00", "first_resolution_ms": 30 * DAY},  # just within
            {"created_at": "2026-01-01T00:00", "first_resolution_ms": 30 * DAY + 1},
            {"created_at": "2026-01-02T00:00"},
            {"created_at": "2026-03-02T00:00", "first_resolution_ms": DAY},  # thirty days old as of April 1st
            {"created_at": "2026-03-02T00:01", "first_resolution_ms": DAY},  # a minute younger: left out
        )
        result = answer(d.connection, q1(ResolutionRate(), by=("month",)))
        january, february, march = result.points
        assert january.value == 1 / 3
        assert (february.value, february.n, february.reason) == (None, 0, "nothing to measure")
        assert (march.value, march.n, march.left_out) == (1, 1, {"younger than the days they have": 1})
        # March ends on April 1st: its last tickets had no day at all. February's had 31.
        assert [p.mature for p in result.points] == [True, True, False]
        assert result.total.value == 2 / 4
        short = answer(d.connection, q1(ResolutionRate(days=1)))
        assert (short.total.value, short.total.n) == (2 / 5, 5)


def test_channel_share_divides_by_all_channels_of_the_bucket() -> None:
    with desk() as d:
        d.source()
        d.add(TICKETS, *({"created_at": "2026-01-05T00:00", "channel": "email"} for _ in range(3)))
        d.add(TICKETS, {"created_at": "2026-01-05T00:00", "channel": "chat"})
        d.add(TICKETS, {"created_at": "2026-02-05T00:00", "channel": "chat"})
        d.add(TICKETS, {"created_at": "2026-02-05T00:00", "channel": "chat", "excluded": "spam"})
        result = answer(d.connection, q1(ChannelShare(), by=("month",)))
        shares = {(p.dimensions["month"], p.dimensions["channel"]): (p.value, p.n) for p in result.points}
        assert shares["2026-01", "email"] == (3 / 4, 4)
        assert shares["2026-01", "chat"] == (1 / 4, 4)
        assert shares["2026-02", "email"] == (0, 1)
        assert shares["2026-02", "chat"] == (1, 1)
        assert shares["2026-03", "chat"] == (None, 0)
        mail = answer(d.connection, q1(ChannelShare(), where=("channel=email",)))
        assert (mail.total.value, mail.total.n, mail.total.left_out) == (3 / 5, 5, {"spam": 1})


def test_a_ticket_counts_under_each_of_its_tags_and_once_in_the_total() -> None:
    with desk() as d:
        d.source()
        d.add(TICKETS, *({"ticket_id": id_, "created_at": "2026-01-05T00:00"} for id_ in "abc"))
        d.add(TAGS, {"ticket_id": "a", "tag": "refund"}, {"ticket_id": "a", "tag": "late"})
        d.add(TAGS, {"ticket_id": "b", "tag": "late"})
        result = answer(d.connection, q1(TicketVolume(), by=("tag",)))
        assert [(p.dimensions["tag"], p.value) for p in result.points] == [
            ("late", 2),
            ("refund", 1),
            ("(none)", 1),
        ]
        assert result.total.value == 3
