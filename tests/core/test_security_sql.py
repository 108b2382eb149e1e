"""Security: SQL of metrics only reads facts, values of filters are only ever bound."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from deskmetry.errors import DeskmetryError, MetricError, QueryRefused, ReadOnly
from deskmetry.metric import TICKETS, Count
from deskmetry.metric.guard import guarded
from deskmetry.query import Query, answer
from deskmetry.store import open_reader, open_writer, translated
from helpers_facts import Desk, desk


class Volume(Count):
    """Tickets created."""

    name, unit = "volume", "tickets"
    fact, at = TICKETS, "created_at"


@pytest.fixture
def d() -> Iterator[Desk]:
    with desk() as made:
        made.source()
        made.add(TICKETS, {"created_at": "2026-01-05T00:00", "channel": "email"})
        yield made


REFUSED = [
    "INSERT INTO ticket_facts DEFAULT VALUES",
    "UPDATE ticket_facts SET ticket_id = 1",
    "DELETE FROM ticket_facts",
    "WITH x AS (SELECT 1) DELETE FROM ticket_facts",
    "REPLACE INTO sources (name) VALUES ('x')",
    "CREATE TEMP TABLE x (y)",
    "CREATE TEMP TRIGGER x AFTER INSERT ON sources BEGIN SELECT 1; END",
    "DROP TABLE ticket_facts",
    "ALTER TABLE ticket_facts ADD COLUMN x",
    "REINDEX",
    "ANALYZE",
    "ATTACH 'other.db' AS other",
    "ATTACH ':memory:' AS other",
    "DETACH main",
    "VACUUM INTO 'copy.db'",
    "PRAGMA user_version",
    "PRAGMA user_version = 7",
    "PRAGMA writable_schema = ON",
    "PRAGMA temp_store_directory = '/'",
    "SAVEPOINT x",
    "SELECT sql FROM sqlite_master",
    "SELECT * FROM pragma_table_info('sources')",
    "SELECT * FROM sources",
    "SELECT * FROM quarantine",
    "SELECT body FROM messages",
    "SELECT (SELECT name FROM sources) FROM ticket_facts",
    "SELECT 1 UNION SELECT name FROM sources",
    "SELECT readfile('/etc/passwd')",
    "SELECT writefile('x', 'y')",
    "SELECT edit('x')",
    "SELECT load_extension('x')",
    "SELECT fts3_tokenizer('simple')",
    "SELECT randomblob(1000000000)",
    "SELECT hex(zeroblob(1000000000))",
    "SELECT printf('%1000000000d', 1)",
    "SELECT 1; DELETE FROM ticket_facts",
]


@pytest.mark.parametrize("sql", REFUSED)
def test_metric_sql_that_does_more_than_read_facts_is_refused(
    d: Desk, sql: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = list(d.connection.iterdump())
    with pytest.raises((QueryRefused, MetricError)), guarded(d.connection, "bad"):
        d.connection.execute(sql).fetchall()
    assert list(d.connection.iterdump()) == before
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "expression",
    [
        "(SELECT count(*) FROM sources) > 0",
        "channel IN (SELECT name FROM sources)",
        "1) OR load_extension('x') IS (NULL",
        "readfile('/etc/passwd') IS NULL",
        "1; DELETE FROM ticket_facts; --",
    ],
)
def test_an_expression_of_a_strangers_metric_reads_nothing_but_facts(d: Desk, expression: str) -> None:
    metric = type("Sly", (Volume,), {"__doc__": "Tickets.", "name": "sly", "of": expression})
    with pytest.raises(DeskmetryError):
        answer(d.connection, Query(metric()))
    assert answer(d.connection, Query(Volume())).total.value == 1


@pytest.mark.parametrize(
    "condition",
    [
        "channel=email' OR '1'='1",
        "channel=') OR 1=1 --",
        "channel!=x'; DROP TABLE ticket_facts; --",
        "field:x' OR '1'='1=y",
        'field:$.a")) OR 1=1 --=y',
        "tag=x' OR '1'='1",
        "agent=x' OR '1'='1",
        "channel=:window",
        "channel=?1",
    ],
)
def test_the_values_of_a_filter_are_never_sql(d: Desk, condition: str) -> None:
    expected = 1 if "!=" in condition else 0
    assert answer(d.connection, Query(Volume(), where=(condition,))).total.value == expected
    assert answer(d.connection, Query(Volume())).total.value == 1


@pytest.mark.parametrize(
    "name", ["channel OR 1=1", "1=1; --", "name FROM sources; --", "(SELECT name FROM sources)", "channel--"]
)
def test_the_name_of_a_dimension_comes_from_a_list(d: Desk, name: str) -> None:
    for query in (Query(Volume(), by=(name,)), Query(Volume(), where=(f"{name}=x",))):
        with pytest.raises(DeskmetryError):
            answer(d.connection, query)


def test_a_readers_connection_writes_nothing_whatever_it_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "desk.db"
    open_writer(path).close()
    before = path.read_bytes()
    with closing(open_reader(path)) as reader:
        for sql in ("DELETE FROM sources", "PRAGMA user_version = 7", "CREATE TABLE x (y)"):
            with pytest.raises(ReadOnly), translated(path):
                reader.execute(sql)
        with pytest.raises(sqlite3.OperationalError, match="not authorized"):
            reader.execute("SELECT load_extension('x')")
    assert path.read_bytes() == before
