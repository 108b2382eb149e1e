"""Golden cases of surveys about tickets of another source, and about none, by hand arithmetic."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deskmetry.errors import UsageError
from deskmetry.metric import Metric
from deskmetry.query import Query, answer, tickets
from deskmetry.records import Agent, Customer, SurveyAnswer, SurveyOffer
from deskmetry_metrics.satisfaction import Csat, CsatResponseRate, Nps
from deskmetry_metrics.volume import TicketVolume
from helpers_store import Store, When, instant, ticket

SHOP, VOICE = 1, 2


def offer(id_: str, at: When, kind: str = "csat", **fields: Any) -> SurveyOffer:
    return SurveyOffer(**({"id": id_, "kind": kind, "survey": "after", "offered_at": instant(at)} | fields))


def reply(id_: str, at: When, kind: str = "csat", **fields: Any) -> SurveyAnswer:
    return SurveyAnswer(**({"id": id_, "kind": kind, "survey": "after", "answered_at": instant(at)} | fields))


def points(score: float, maximum: float = 5, minimum: float = 1) -> dict[str, Any]:
    return {"score": score, "scale_min": minimum, "scale_max": maximum}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Make a helpdesk with ratings of its own, and surveys about its tickets and its customers."""
    with Store.at(tmp_path) as made:
        made.source(
            "shop",
            connector="zendesk",
            complete_until="2026-03-01",
            capabilities='{"ratings":true,"nps":false}',
        )
        has = '{"ratings":true,"nps":true,"survey_offers":true,"tickets":false}'
        made.source("voice", connector="surveymonkey", complete_until="2026-03-01", capabilities=has)
        made.execute("UPDATE sources SET tickets_source_id = ? WHERE id = ?", SHOP, VOICE)
        made.write(
            Agent(id="ann", name="Ann", email="ann@x.example"),
            ticket("1", "2026-01-05", medium="email", assignee_id="ann", tags=["vip"]),
            ticket("2", "2026-01-05", medium="chat", tags=["vip", "late"]),
            ticket("3", "2026-01-05", medium="chat"),
            ticket("spam", "2026-01-05", spam=True),
            reply("own", "2026-01-09", ticket_id="3", survey=None, label="bad"),
        )
        made.write(
            Customer(id="eva", country="AT"),
            Customer(id="max", country="DE"),
            # csat about tickets: of ticket 1 the second counts.
            reply("a1", "2026-01-10", ticket_id="1", **points(2)),
            reply("a1 again", "2026-01-11", ticket_id="1", **points(5)),
            reply("a2", "2026-01-10", ticket_id="2", **points(3)),
            reply("a9", "2026-01-10", ticket_id="99", **points(4)),
            reply("spam", "2026-01-10", ticket_id="spam", **points(5)),
            reply("bot", "2026-01-10", ticket_id="2", survey="AI agent", label="good"),
            reply("gone", "2026-01-10", ticket_id="3", deleted_at=instant("2026-02-01"), **points(1)),
            # Recommendations by customers: Eva's in January and February, each counts.
            reply("n1", "2026-01-15", "nps", customer_id="eva", survey="relation", **points(10, 10, 0)),
            reply("n2", "2026-02-15", "nps", customer_id="eva", survey="relation", **points(3, 10, 0)),
            reply("n3", "2026-01-16", "nps", customer_id="max", survey="relation", **points(9, 10, 0)),
            reply("n4", "2026-01-16", "nps", survey="relation", **points(8, 10, 0)),  # nobody's
            # Who was asked: about tickets 1 and 2, and Max without one.
            offer("o1", "2026-01-09", ticket_id="1"),
            offer("o2", "2026-01-09", ticket_id="2"),
            offer("o3", "2026-01-09", ticket_id="3"),
            offer("o4", "2026-01-09", customer_id="max"),
            source=VOICE,
        )
        made.refresh()
        yield made


def ask(store: Store, metric: Metric, **more: Any) -> Any:
    return answer(store.connection, Query(metric, since="2026-01", until="2026-03", **more))


def by(store: Store, metric: Metric, *names: str, **more: Any) -> dict[Any, Any]:
    found = ask(store, metric, by=names, **more).points
    return {
        tuple(point.dimensions.values()) if len(names) > 1 else point.dimensions[names[0]]: (
            point.value,
            point.n,
        )
        for point in found
        if point.n
    }


def test_csat_by_source_is_of_where_the_answer_came_from(store: Store) -> None:
    # voice: 5 (1), 3 (2), 4 (99, no such ticket), good (2, of the bot). shop: bad. Not: spam, gone.
    total = ask(store, Csat()).total
    assert (total.value, total.n, total.left_out) == (3 / 5, 5, {"spam": 1})
    assert by(store, Csat(), "source") == {"shop": (0, 1), "voice": (3 / 4, 4)}
    assert by(store, Csat(), "connector") == {"zendesk": (0, 1), "surveymonkey": (3 / 4, 4)}


def test_csat_by_what_a_ticket_has_is_the_tickets_of_the_other_source(store: Store) -> None:
    assert by(store, Csat(), "medium") == {
        "email": (1, 1),  # the 5 of ticket 1
        "chat": (1 / 3, 3),  # 3 and the bot's good of ticket 2, the bad of ticket 3
        "(none)": (1, 1),  # the 4 of a ticket that isn't known
    }
    assert by(store, Csat(), "agent") == {"Ann": (1, 1), "(none)": (2 / 4, 4)}
    assert by(store, Csat(), "tag") == {"vip": (2 / 3, 3), "late": (1 / 2, 2), "(none)": (1 / 2, 2)}
    vip = ask(store, Csat(), where=("tag=vip", "source=voice")).total
    assert (vip.value, vip.n) == (2 / 3, 3)


def test_csat_by_survey_tells_the_bot_from_people(store: Store) -> None:
    assert by(store, Csat(), "survey") == {"after": (2 / 3, 3), "AI agent": (1, 1), "(none)": (0, 1)}
    people = ask(store, Csat(), where=("survey!=AI agent",))
    assert (people.total.value, people.total.n) == (2 / 4, 4)
    wrong = ask(store, Csat(), where=("survey=Afer",))
    assert any("'Afer'" in warning and "'after'" in warning for warning in wrong.warnings)
    assert ask(store, Csat(), where=("survey=after",)).warnings == ask(store, Csat()).warnings


def test_nps_counts_each_answer_that_names_no_ticket(store: Store) -> None:
    total = ask(store, Nps()).total
    assert (total.value, total.n) == (100 * (2 - 1) / 4, 4)
    assert by(store, Nps(), "month") == {"2026-01": (100 * 2 / 3, 3), "2026-02": (-100, 1)}
    assert by(store, Nps(), "country") == {"AT": (0, 2), "DE": (100, 1), "(none)": (0, 1)}
    assert by(store, Nps(), "medium") == {"(none)": (25, 4)}
    assert by(store, Nps(), "source", "survey") == {("voice", "relation"): (25, 4)}
    then = ask(store, Nps(), as_of="2026-02-01").total
    assert (then.value, then.n) == (pytest.approx(200 / 3), 3)


def test_response_rate_is_of_tickets_and_of_customers(store: Store) -> None:
    # o1 and o2 were answered. The answer about ticket 3 was deleted, Max said nothing.
    total = ask(store, CsatResponseRate()).total
    assert (total.value, total.n) == (2 / 4, 4)
    assert by(store, CsatResponseRate(), "medium") == {"email": (1, 1), "chat": (1 / 2, 2), "(none)": (0, 1)}
    then = ask(store, CsatResponseRate(), as_of="2026-01-20").total
    assert (then.value, then.n) == (3 / 4, 4)  # the answer about ticket 3 was there then


def test_a_source_that_cannot_give_what_is_needed_is_named(store: Store) -> None:
    store.source(
        "mail",
        connector="mailbox",
        complete_until="2026-03-01",
        capabilities='{"ratings":false,"survey_offers":false}',
    )
    assert "shop (zendesk) can't give nps." in ask(store, Nps()).warnings
    assert "mail (mailbox) can't give survey offers." in ask(store, CsatResponseRate()).warnings


def test_a_source_that_never_tells_who_was_asked_is_named(store: Store) -> None:
    store.source("chats", connector="livechat", complete_until="2026-03-01", capabilities='{"ratings":true}')
    store.write(reply("c", "2026-01-09", label="good"), source=3)
    store.refresh()
    said = tuple(
        f"{name} tells of answers to csat surveys and never of who was asked, so they are in no"
        " response rate."
        for name in ("chats (livechat)", "shop (zendesk)")
    )
    assert ask(store, CsatResponseRate()).warnings == said
    assert ask(store, CsatResponseRate(), where=("source=voice",)).warnings == ()
    assert ask(store, Csat()).warnings == ()
    store.write(offer("c", "2026-01-08", ticket_id="1"), source=3)
    store.refresh()
    assert ask(store, CsatResponseRate()).warnings == said[1:]


def test_behind_a_number_are_the_tickets_of_their_own_source(store: Store) -> None:
    rows = tickets(store.connection, Query(Csat(), since="2026-01", until="2026-03", where=("source=voice",)))
    assert sorted((row.source, row.ticket or "", row.value or 0) for row in rows) == [
        ("shop", "1", 1),
        ("shop", "2", 0),
        ("shop", "2", 1),
        ("shop", "99", 1),
    ]
    behind = tickets(store.connection, Query(Nps(), since="2026-01", until="2026-03"))
    assert {(row.source, row.ticket) for row in behind} == {("voice", None)}


def test_behind_a_score_are_the_points_and_who_gave_them(store: Store) -> None:
    store.write(
        Customer(id="mia", name="Mia Lang", email="mia@x.example"),
        Customer(id="kai", email="kai@x.example"),
        reply("n8", "2026-02-20", kind="nps", customer_id="mia", **points(9, 10, 0)),
        reply("n9", "2026-02-21", kind="nps", customer_id="kai", **points(0, 10, 0)),
        source=VOICE,
    )
    store.write(reply("own 2", "2026-02-22", ticket_id="2", survey=None, label="good", **points(1, 1, 0)))
    store.refresh()
    kai, mia, *_ = tickets(store.connection, Query(Nps(), since="2026-02", until="2026-03"))
    assert (kai.customer, kai.answer, kai.value) == ("kai@x.example", "0 of 10", 0)
    assert (mia.customer, mia.answer, mia.value) == ("Mia Lang", "9 of 10", 9)
    rated, *_ = tickets(store.connection, Query(Csat(), since="2026-02", until="2026-03"))
    assert (rated.customer, rated.answer, rated.value) == (None, "good", 1)


def test_what_is_no_survey_cannot_be_split_by_it(store: Store) -> None:
    with pytest.raises(UsageError, match="ticket_facts has no survey"):
        ask(store, TicketVolume(), by=("survey",))
    with pytest.raises(UsageError, match="offer_facts has no aspect"):
        ask(store, CsatResponseRate(), where=("aspect=tone",))
