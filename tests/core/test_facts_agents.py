"""Who is an agent, for good: whoever was one, was assigned, or wrote internal notes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deskmetry.records import Agent
from helpers_store import Row, Store, event, message, ms, ticket

HOUR = 3_600_000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.at(tmp_path) as store:
        store.source("shop", connector="desk", complete_until="2025-04-01")
        yield store


def at(hour: float, day: int = 1) -> int:
    """Return an hour of a day in March 2025, UTC, in milliseconds."""
    return ms(f"2025-03-{day:02}") + round(hour * HOUR)


def one(store: Store, **fields: Any) -> Row:
    """Write a ticket of the first of March without anything else, and return its facts."""
    store.write(ticket("1", at(0), **fields))
    store.refresh()
    return store.fact("ticket_facts")


def test_a_former_agents_messages_are_replies_for_good(store: Store) -> None:
    store.write(Agent(id="a1", email="ada@us.example"))
    store.write(message("m1", "1", at(1)), message("m2", "1", at(2), "customer", author_id="a1"))
    row = one(store)
    assert (row["human_replies"], row["customer_messages"], row["first_agent"]) == (1, 1, "ada@us.example")


@pytest.mark.parametrize(
    "proof",
    [
        event("e1", "9", at(0), "a1", None, kind="assignee"),
        event("e1", "9", at(0), None, "a1", kind="assignee"),
        message("n1", "9", at(0), "customer", author_id="a1", public=False),
        ticket("9", at(0), assignee_id="a1"),
    ],
    ids=["was assigned", "was assigned before", "wrote an internal note", "is assigned"],
)
def test_who_ever_acted_as_an_agent_is_one_in_every_ticket(store: Store, proof: Any) -> None:
    store.write(message("m1", "1", at(1)), message("m2", "1", at(2), "customer", author_id="a1"))
    assert one(store)["human_replies"] == 0
    store.write(proof)
    store.refresh()
    assert store.fact("ticket_facts", ticket_id="1")["human_replies"] == 1
    store.refresh(rebuild=True)
    assert store.fact("ticket_facts", ticket_id="1")["human_replies"] == 1


@pytest.mark.parametrize(
    ("fields", "asks"),
    [({"channel": "email"}, "c9"), ({"channel": "web_form"}, "a1"), ({"channel": "email"}, "a1")],
    ids=["a copied customer's mail", "a hidden comment", "a hidden mail"],
)
def test_a_private_message_that_may_be_a_customers_makes_no_agent(
    store: Store, fields: dict[str, Any], asks: str
) -> None:
    store.write(message("m1", "1", at(1)), message("m2", "1", at(2), "customer", author_id="a1"))
    store.write(ticket("1", at(0)), ticket("9", at(0), requester_id=asks))
    store.write(message("n1", "9", at(0), "customer", author_id="a1", public=False, **fields))
    store.refresh()
    assert store.fact("ticket_facts", ticket_id="1")["human_replies"] == 0
    store.write(message("n2", "9", at(1), "agent", author_id="a1", public=False, **fields))
    store.refresh()
    assert store.fact("ticket_facts", ticket_id="1")["human_replies"] == 1


def test_a_bot_among_the_agents_is_a_bot(store: Store) -> None:
    store.write(Agent(id="a1", role="bot"), message("m1", "1", at(1), "agent", author_id="a1"))
    row = one(store)
    assert (row["human_replies"], row["bot_replies"]) == (0, 1)
