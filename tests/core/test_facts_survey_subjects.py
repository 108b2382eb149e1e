"""Facts of surveys that name no ticket, or one of another source: what they know, and what reaches them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deskmetry.facts import refresh, shadow, unshadow
from deskmetry.facts.subjects import OF_ANSWER, OF_OFFER
from deskmetry.facts.tables import OWN_TABLES
from deskmetry.privacy.erase import erase
from deskmetry.records import Agent, Customer, Organization, Session, SurveyAnswer, SurveyOffer, Team
from deskmetry.store.marks import subjects_of
from deskmetry.sync.state import link_tickets
from helpers_store import Row, Store, When, instant, ms, ticket

SHOP, VOICE = 1, 2
OF_TICKET = ("channel", "medium", "brand", "team", "agent", "priority", "opened_by", "excluded")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Make a helpdesk, and a source of surveys that are about its tickets."""
    with Store.at(tmp_path) as made:
        made.source("shop", complete_until="2025-04-01")
        made.source("voice", connector="surveymonkey", complete_until="2025-04-01")
        made.execute("UPDATE sources SET tickets_source_id = ? WHERE id = ?", SHOP, VOICE)
        made.write(
            Team(id="g", name="Front"),
            Agent(id="ann", email="Ann@x.example", team_id="g"),
            Agent(id="bob", email="bob@x.example"),
            Customer(id="c", country="DE", segment="gold"),
            ticket(
                "1", "2025-03-01", channel="web", assignee_id="bob", priority="high", requester_id="c",
                tags=["vip"],
            ),
        )  # fmt: skip
        yield made


def offer(id_: str, at: When, **fields: Any) -> SurveyOffer:
    known: dict[str, Any] = {"id": id_, "kind": "csat", "survey": "after", "offered_at": instant(at)}
    return SurveyOffer(**(known | fields))


def reply(id_: str, at: When, **fields: Any) -> SurveyAnswer:
    known: dict[str, Any] = {"id": id_, "kind": "csat", "survey": "after", "answered_at": instant(at)}
    return SurveyAnswer(**(known | fields))


def tell(store: Store, *records: SurveyOffer | SurveyAnswer | Customer | Organization | Agent | Team) -> None:
    store.write(*records, source=VOICE)
    store.refresh()


def answered(store: Store) -> dict[str, int | None]:
    return {row["offer_id"]: row["answered_at"] for row in store.table("offer_facts")}


def counted(store: Store) -> set[str]:
    return {row["answer_id"] for row in store.table("answer_facts")}


def of_ticket(row: Row) -> Row:
    return {name: row[name] for name in OF_TICKET}


NOTHING = dict.fromkeys(OF_TICKET)


# --- without a ticket ----------------------------------------------------------------------------------


def test_without_a_ticket_only_source_and_customer_are_known(store: Store) -> None:
    tell(
        store,
        Organization(id="o", name="Firm", segment="silver"),
        Customer(id="eva", country="AT", language="de", organization_id="o"),
        offer("o", "2025-03-02", customer_id="eva"),
        reply("a", "2025-03-03", customer_id="eva"),
    )
    for name in ("offer_facts", "answer_facts"):
        row = store.fact(name)
        assert of_ticket(row) == NOTHING
        assert (row["source_id"], row["source"], row["connector"]) == (VOICE, "voice", "surveymonkey")
        assert (row["subject"], row["ticket_source_id"], row["ticket_id"]) == ("customer:eva", None, None)
        assert (row["country"], row["language"], row["segment"]) == ("AT", "de", "silver")
        assert row["organization"] == "Firm"


def test_without_a_ticket_each_answer_of_a_customer_counts(store: Store) -> None:
    tell(
        store,
        reply("spring", "2025-03-03", customer_id="eva"),
        reply("summer", "2025-03-04", customer_id="eva"),
        reply("edited", "2025-03-05", customer_id="eva", superseded_by="summer"),
        reply("nobody's", "2025-03-05"),
        reply("nobody's too", "2025-03-05"),
    )
    assert counted(store) == {"spring", "summer", "nobody's", "nobody's too"}


def test_an_offer_is_answered_by_the_customers_first_answer_before_the_next_offer(store: Store) -> None:
    tell(
        store,
        offer("1", "2025-03-02", customer_id="eva"),
        offer("2", "2025-03-04", customer_id="eva"),
        offer("3", "2025-03-06", customer_id="eva"),
        offer("max", "2025-03-02", customer_id="max"),
        offer("other survey", "2025-03-02", customer_id="eva", survey="spring"),
        reply("early", "2025-03-01", customer_id="eva"),
        reply("a", "2025-03-05", customer_id="eva"),
        reply("b", "2025-03-05 12:00", customer_id="eva"),
        reply("nobody's", "2025-03-03"),
    )
    assert answered(store) == {"1": None, "2": ms("2025-03-05"), "3": None, "max": None, "other survey": None}


def test_an_answer_about_a_ticket_answers_an_offer_that_only_named_the_customer(store: Store) -> None:
    tell(store, offer("o", "2025-03-02", customer_id="eva"))
    tell(store, reply("a", "2025-03-03", customer_id="eva", ticket_id="1"))
    assert answered(store) == {"o": ms("2025-03-03")}
    shadow(store.connection, ms("2025-03-03"))
    assert answered(store) == {"o": None}


def test_nameless_answers_stand_for_offers_of_their_instant(store: Store) -> None:
    sent = {"offered_at": instant("2025-03-02")}
    tell(
        store,
        offer("1", "2025-03-02"),
        offer("2", "2025-03-02"),
        offer("later", "2025-03-09"),
        reply("a", "2025-03-03", **sent),
        reply("b", "2025-03-05", offered_at=instant("2025-03-04")),  # by a link: no offer is told
        reply(
            "b tone", "2025-03-05", offered_at=instant("2025-03-04"), aspect="tone"
        ),  # of the same response
        reply("when?", "2025-03-05"),
        reply("before it", "2025-03-01", **sent),
    )
    assert answered(store) == {
        "1": ms("2025-03-03"),
        "2": None,
        "later": None,
        "answer:b": ms("2025-03-05"),
    }
    assert len(counted(store)) == 5


def test_where_no_offers_are_told_nameless_answers_make_no_response_rate(store: Store) -> None:
    tell(store, reply("a", "2025-03-03", offered_at=instant("2025-03-02")))
    assert answered(store) == {}
    tell(store, offer("o", "2025-03-20", customer_id="eva"))
    assert answered(store) == {"answer:a": ms("2025-03-03"), "o": None}
    shadow(store.connection, ms("2025-03-20"))
    assert answered(store) == {}


def test_a_customers_change_reaches_their_answers_without_a_ticket(store: Store) -> None:
    tell(store, Customer(id="eva", country="AT"), reply("a", "2025-03-03", customer_id="eva"))
    tell(store, Customer(id="eva", country="CH", organization_id="o"))
    assert store.fact("answer_facts")["country"] == "CH"
    tell(store, Organization(id="o", name="Firm", segment="silver"))
    tell(store, Organization(id="o", name="Company", segment="gold"))
    assert (store.fact("answer_facts")["organization"], store.fact("answer_facts")["segment"]) == (
        "Company",
        "gold",
    )


def test_an_answer_that_gets_a_ticket_leaves_no_facts_behind(store: Store) -> None:
    tell(store, reply("a", "2025-03-03", customer_id="eva"))
    tell(store, reply("a", "2025-03-03", customer_id="eva", ticket_id="1"))
    assert store.fact("answer_facts")["subject"] == "ticket:1"
    tell(store, reply("a", "2025-03-03"))
    assert store.fact("answer_facts")["subject"] == "answer:a"


@pytest.mark.parametrize("ticket_id", [None, "1"])
@pytest.mark.parametrize("customer_id", [None, "eva"])
@pytest.mark.parametrize("offered", [None, "2025-03-02"])
def test_marks_and_facts_agree_on_what_a_survey_is_about(
    store: Store, ticket_id: str | None, customer_id: str | None, offered: str | None
) -> None:
    known: dict[str, Any] = {"ticket_id": ticket_id, "customer_id": customer_id}
    at = None if offered is None else instant(offered)
    store.write(reply("a", "2025-03-03", offered_at=at, **known), source=VOICE)
    store.write(offer("o", "2025-03-02", **known), source=VOICE)
    for table, sql in (("survey_answers", OF_ANSWER), ("survey_offers", OF_OFFER)):
        (row,) = store.rows(f"SELECT v.*, {sql} AS subject FROM {table} AS v")
        subjects = subjects_of(table, row)
        assert row["subject"] in subjects
        assert subjects - {row["subject"]} <= {"customer:eva"}


# --- about tickets of another source -------------------------------------------------------------------


def test_about_another_sources_ticket_all_but_the_source_is_the_tickets(store: Store) -> None:
    tell(store, offer("o", "2025-03-02", ticket_id="1"), reply("a", "2025-03-03", ticket_id="1"))
    first = store.fact("ticket_facts")
    for name in ("offer_facts", "answer_facts"):
        row = store.fact(name)
        assert of_ticket(row) == of_ticket(first)
        assert (row["source_id"], row["source"], row["ticket_source_id"]) == (VOICE, "voice", SHOP)
        assert (row["country"], row["segment"]) == ("DE", "gold")
    assert first["channel"] == "web"
    assert answered(store) == {"o": ms("2025-03-03")}


def test_of_each_of_those_tickets_and_surveys_the_latest_answer_counts(store: Store) -> None:
    tell(store, reply("a1", "2025-03-03", ticket_id="1"), reply("a2", "2025-03-04", ticket_id="1"))
    assert counted(store) == {"a2"}


def test_a_rated_agent_is_the_sources_own_else_the_other_ones(store: Store) -> None:
    tell(store, reply("a", "2025-03-03", ticket_id="1", agent_id="ann"))
    row = store.fact("answer_facts")
    assert (row["agent"], row["team"]) == ("ann@x.example", "Front")
    store.write(Agent(id="ann", email="ann@new.example", team_id="g"))
    store.refresh()
    assert store.fact("answer_facts")["agent"] == "ann@new.example"
    store.write(Team(id="g", name="Back"))
    store.refresh()
    row = store.fact("answer_facts")
    assert (row["agent"], row["team"]) == ("ann@new.example", "Back")
    tell(store, Agent(id="ann", email="other-ann@x.example"))
    row = store.fact("answer_facts")
    assert (row["agent"], row["team"]) == ("other-ann@x.example", None)
    tell(store, reply("a", "2025-03-03", ticket_id="1", agent_id="gone"))
    assert store.fact("answer_facts")["agent"] == f"{SHOP}:gone"


def test_an_answer_about_a_ticket_that_is_not_known_counts_without_it(store: Store) -> None:
    tell(store, reply("a", "2025-03-03", ticket_id="99", customer_id="eva"))
    row = store.fact("answer_facts")
    assert of_ticket(row) == NOTHING
    assert (row["ticket_source_id"], row["ticket_id"]) == (SHOP, "99")
    store.write(ticket("99", "2025-03-02", channel="app"))
    assert store.refresh().surveys == 1
    assert store.fact("answer_facts")["channel"] == "app"


def test_a_change_of_the_ticket_reaches_the_answers_about_it(store: Store) -> None:
    tell(store, offer("o", "2025-03-02", ticket_id="1"), reply("a", "2025-03-03", ticket_id="1"))
    store.write(ticket("1", "2025-03-01", channel="app", spam=True))
    store.refresh()
    for name in ("offer_facts", "answer_facts"):
        row = store.fact(name)
        assert (row["channel"], row["excluded"]) == ("app", "spam")


def test_the_answer_is_known_up_to_where_its_own_source_is(store: Store) -> None:
    store.complete("2025-03-10", VOICE)
    tell(store, reply("a", "2025-03-15", ticket_id="1"))
    assert counted(store) == set()
    store.complete("2025-03-20", VOICE)
    store.complete("2025-03-11", SHOP)
    store.refresh()
    assert counted(store) == {"a"}
    store.complete(None, VOICE)
    store.refresh()
    assert counted(store) == set()


def test_a_ticket_that_its_source_does_not_know_yet_is_not_known(store: Store) -> None:
    store.complete("2025-03-01", SHOP)
    tell(store, reply("a", "2025-03-03", ticket_id="1"))
    assert store.fact("answer_facts")["channel"] is None
    store.complete("2025-03-02", SHOP)
    store.refresh()
    assert store.fact("answer_facts")["channel"] == "web"


def test_as_of_an_instant_the_ticket_is_as_it_was_then(store: Store) -> None:
    store.write(ticket("1", "2025-03-01", channel="web", deleted_at=instant("2025-03-20")))
    tell(store, reply("a", "2025-03-03", ticket_id="1"))
    assert store.fact("answer_facts")["excluded"] == "deleted"
    shadow(store.connection, ms("2025-03-10"))
    assert store.fact("answer_facts")["excluded"] is None
    shadow(store.connection, ms("2025-03-03"))
    assert counted(store) == set()


def test_whose_tickets_surveys_are_about_may_be_set_and_taken_back(store: Store) -> None:
    tell(store, reply("a", "2025-03-03", ticket_id="1"))
    link_tickets(store.connection, {"voice": None, "shop": None})
    store.refresh()
    row = store.fact("answer_facts")
    assert (row["channel"], row["ticket_source_id"]) == (None, VOICE)
    link_tickets(store.connection, {"voice": "shop"})
    store.refresh()
    assert store.fact("answer_facts")["channel"] == "web"


def test_the_link_is_by_number_so_that_a_new_name_changes_only_the_name(store: Store) -> None:
    tell(store, reply("a", "2025-03-03", ticket_id="1"))
    store.execute("UPDATE sources SET name = 'shop-eu' WHERE id = ?", SHOP)
    store.execute("UPDATE sources SET name = 'surveys' WHERE id = ?", VOICE)
    store.refresh()
    row = store.fact("answer_facts")
    assert (row["source"], row["channel"], row["ticket_source_id"]) == ("surveys", "web", SHOP)
    link_tickets(store.connection, {"surveys": "shop-eu", "shop-eu": None})
    assert store.refresh().surveys == 0


def test_a_source_that_was_never_read_is_linked_once_it_was(store: Store) -> None:
    link_tickets(store.connection, {"voice": "later"})
    assert store.fact("sources", id=VOICE)["tickets_source_id"] is None
    later = store.source("later")
    link_tickets(store.connection, {"voice": "later"})
    assert store.fact("sources", id=VOICE)["tickets_source_id"] == later


def test_only_what_a_change_concerns_is_built_again(store: Store) -> None:
    store.write(ticket("2", "2025-03-01"))
    tell(store, *(reply(f"a{n}", "2025-03-03", ticket_id=str(n)) for n in (1, 2)), reply("b", "2025-03-03"))
    store.write(ticket("2", "2025-03-01", channel="app"))
    assert store.refresh().surveys == 1
    store.write(reply("b", "2025-03-04"), source=VOICE)
    done = store.refresh()
    assert (done.tickets, done.surveys) == (0, 1)


def test_a_bad_rating_from_another_source_is_said_of_the_session(store: Store) -> None:
    asked = instant("2025-03-01 10:00")
    store.write(
        Session(id="s", ticket_id="1", kind="chat", asked_at=asked, ended_at=instant("2025-03-01 11:00"))
    )
    tell(store, reply("a", "2025-03-03", ticket_id="1", label="bad"))
    assert store.fact("session_facts")["rated_bad"] == 1
    shadow(store.connection, ms("2025-03-03"))
    assert store.fact("session_facts")["rated_bad"] == 0
    unshadow(store.connection)
    tell(store, reply("a", "2025-03-03", ticket_id="1", label="good"))
    assert store.fact("session_facts")["rated_bad"] == 0


def test_nothing_names_a_customer_who_was_erased(store: Store) -> None:
    eva = "eva@shop.example"
    tell(
        store,
        Customer(id=eva, email=eva, country="AT"),
        offer("o", "2025-03-02", customer_id=eva),
        reply("a", "2025-03-03", customer_id=eva),
    )
    before = answered(store)

    def refreshed() -> None:
        refresh(store.connection, "UTC")

    erase(store.connection, eva, refreshed)
    row = store.fact("answer_facts")
    assert row["subject"].startswith("customer:erased-")
    assert (answered(store), row["country"]) == (before, "AT")
    assert not [name for name in OWN_TABLES if eva in repr(store.table(name))]


def work(store: Store) -> int:
    """Return how many thousand steps SQLite takes to make the facts anew."""
    steps = [0]

    def count() -> int:
        steps[0] += 1
        return 0

    store.connection.set_progress_handler(count, 1000)
    try:
        store.refresh(rebuild=True)
    finally:
        store.connection.set_progress_handler(None, 0)
    return steps[0]


@pytest.mark.parametrize("about", ["offered_at", "customer_id", "ticket_id"])
def test_twice_as_many_surveys_of_one_subject_are_about_twice_the_work(store: Store, about: str) -> None:
    """A mailing to many has one instant, a stand in a shop one customer."""
    at = instant("2025-03-02")
    fields = {"offered_at": at} if about == "offered_at" else {about: "1"}
    spent = []
    for numbers in (range(400), range(400, 800)):
        offers = [offer(f"o{n}", "2025-03-02", **fields) for n in numbers]
        replies = [reply(f"a{n}", ms("2025-03-02") + n, **fields) for n in numbers]
        store.write(*offers, *replies, source=VOICE)
        spent.append(work(store))
    assert spent[1] < 2.7 * spent[0]
