"""Sources that hold no tickets are no part of an answer about tickets, and don't hold it back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from deskmetry.metric import Metric
from deskmetry.query import Query, Result, answer
from deskmetry_metrics.satisfaction import Csat
from deskmetry_metrics.speed import ResolutionTime
from deskmetry_metrics.volume import TicketVolume
from helpers_store import Store, ticket


def given(**has: object) -> str:
    return json.dumps({"status_history": "reported", "ratings": True} | has)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Make a helpdesk that is known for longer than the files and surveys beside it."""
    with Store.at(tmp_path) as made:
        made.source("shop", complete_until="2026-03-01", capabilities=given())
        files = given(tickets=False, ratings=False, status_history="observed")
        made.source("books", complete_until="2026-01-01", capabilities=files)
        surveys = given(tickets=False, status_history="observed")
        made.source("voice", complete_until="2026-02-01", capabilities=surveys)
        made.write(ticket("1", "2026-02-10"))
        yield made


def asked(store: Store, metric: Metric, *where: str) -> Result:
    store.refresh()
    return answer(store.connection, Query(metric, since="2026-01", until="2026-03", where=where))


def names(result: Result) -> list[str]:
    return [source.source for source in result.history]


def test_a_file_of_costs_doesnt_hold_back_until_when_tickets_are_known(store: Store) -> None:
    found = asked(store, TicketVolume())
    assert (found.total.value, names(found)) == (1, ["shop"])
    assert not found.warnings
    assert not asked(store, ResolutionTime()).warnings  # nothing about the history of what isn't there


def test_answers_to_surveys_come_from_helpdesks_and_from_sources_of_surveys_alone(store: Store) -> None:
    assert names(asked(store, Csat())) == ["shop", "voice"]


def test_a_source_without_tickets_has_no_number_of_them_but_the_reason(store: Store) -> None:
    found = asked(store, TicketVolume(), "source=books")
    assert (found.total.value, found.total.n, names(found)) == (None, 0, [])
    assert found.warnings == ("books (fake) holds no tickets.",)


def test_a_source_that_gives_no_ratings_is_named_and_not_waited_for(store: Store) -> None:
    mailbox = given(ratings=False)
    store.source("inbox", complete_until="2025-10-01", capabilities=mailbox)
    found = asked(store, Csat())
    assert found.as_of is not None
    assert found.as_of.date().isoformat() == "2026-02-01"  # voice, which gives some
    assert any("inbox" in warning and "can't give ratings" in warning for warning in found.warnings)


def test_a_source_that_makes_an_answer_an_old_one_is_named(store: Store) -> None:
    assert not [text for text in asked(store, TicketVolume()).warnings if "only" in text]
    store.source("inbox", complete_until="2026-01-15", capabilities=given())
    told = [text for text in asked(store, TicketVolume()).warnings if "only" in text]
    known = "inbox is known until 2026-01-15 only, others until 2026-03-01: nothing after 2026-01-15 counts."
    assert told == [f"{known} `--where 'source!=inbox'` leaves it out."]


def test_records_that_could_not_be_used_are_told_with_the_answer(store: Store) -> None:
    store.connection.execute(
        "INSERT INTO quarantine (source_id, stream, digest, reason, raw, run)"
        " VALUES (1, 'tickets', 'x', 'y', 'z', 1)"
    )
    told = [text for text in asked(store, TicketVolume()).warnings if "set aside" in text]
    assert told == ["shop: records set aside, as they can't be used: 1 (`deskmetry quarantine list`)."]


def test_a_source_of_an_older_version_that_says_nothing_of_it_holds_tickets(store: Store) -> None:
    store.source("old", complete_until="2026-02-15", capabilities='{"ratings":true}')
    assert names(asked(store, TicketVolume())) == ["old", "shop"]
