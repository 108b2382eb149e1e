from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from deskmetry.errors import MetricError, QueryRefused
from deskmetry.metric import TICKETS, Count
from deskmetry.metric.guard import guarded
from deskmetry.query import Query, answer
from helpers_facts import Desk, desk


class Volume(Count):
    """Tickets created."""

    name, unit = "volume", "tickets"
    fact, at = TICKETS, "created_at"


@pytest.fixture
def d() -> Iterator[Desk]:
    with desk("Europe/Berlin") as made:
        made.source()
        yield made


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM ticket_facts",
        "CREATE TABLE x (y)",
        "ATTACH ':memory:' AS other",
        "SELECT name FROM sqlite_master",
        "SELECT * FROM sources",
        "PRAGMA user_version = 7",
        "SELECT load_extension('x')",
        "SELECT 1; SELECT 2",
    ],
)
def test_metric_sql_can_only_read_facts(d: Desk, sql: str) -> None:
    with pytest.raises(QueryRefused), guarded(d.connection, "bad"):
        d.connection.execute(sql)
    assert d.connection.execute("SELECT COUNT(*) FROM sources").fetchone() == (1,)


def test_a_metric_that_is_not_sound_has_no_answer(d: Desk) -> None:
    class Wrong(Volume):
        """Wrong."""

        of = "nonsense = 1"

    with pytest.raises(MetricError, match="no such column: nonsense"):
        answer(d.connection, Query(Wrong()))


def test_a_read_only_connection_is_enough_and_is_left_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "facts.db"
    with desk() as d:
        d.source()
        d.add(TICKETS, {"created_at": "2026-01-05T00:00"})
        copy = sqlite3.connect(path)
        d.connection.backup(copy)
        copy.close()
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    try:
        assert answer(connection, Query(Volume(), by=("weekday",))).total.value == 1
        assert not connection.in_transaction
        assert connection.execute("SELECT COUNT(*) FROM temp.sqlite_master").fetchone() == (0,)
    finally:
        connection.close()
