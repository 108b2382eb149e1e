"""Tests of `sql`: it reads anything and changes nothing."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from helpers_cli import cli, one_line, rows, synced


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return synced(tmp_path_factory.mktemp("office"))


def test_sql_reads_tables_facts_and_views(config: Path) -> None:
    for query, count in (
        ("SELECT id FROM tickets", 6),
        ("SELECT ticket_id FROM ticket_facts WHERE excluded IS NULL", 4),
        ("SELECT * FROM tickets_readable", 6),
        ("WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 5) SELECT x FROM n", 5),
        ("EXPLAIN QUERY PLAN SELECT 1", 1),
    ):
        answer = cli("-c", config, "sql", query, "-f", "jsonl")
        assert answer.code == 0, answer.err
        assert len(rows(answer)) == count, query


def test_sql_may_look_at_the_schema(config: Path) -> None:
    assert len(rows(cli("-c", config, "sql", "PRAGMA table_info(tickets)", "-f", "jsonl"))) > 10
    assert rows(cli("-c", config, "sql", "SELECT sql FROM sqlite_master", "-f", "jsonl"))


@pytest.mark.parametrize(
    "query",
    [
        "INSERT INTO sources (name) VALUES ('x')",
        "UPDATE tickets SET subject = ''",
        "DELETE FROM tickets",
        "DROP TABLE tickets",
        "CREATE TEMP TABLE x (y)",
        "ATTACH 'other.db' AS other",
        "PRAGMA user_version = 99",
        "PRAGMA journal_mode = DELETE",
        "PRAGMA writable_schema = ON",
        "VACUUM INTO 'copy.db'",
        "BEGIN IMMEDIATE",
        "SELECT load_extension('x')",
        "WITH x AS (SELECT 1) DELETE FROM tickets",
    ],
)
def test_sql_refuses_whatever_does_more_than_read(
    config: Path, query: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    database = config.parent / "deskmetry.db"
    before = hashlib.sha256(database.read_bytes()).digest()
    line = one_line(cli("-c", config, "sql", query), 2)
    assert "This statement would do more than read." in line
    assert hashlib.sha256(database.read_bytes()).digest() == before
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT 1; SELECT 2", "one statement"),
        ("SELECT 1; DELETE FROM tickets", "one statement"),
        ("SELEC 1", "syntax error"),
        ("SELECT * FROM nowhere", "no such table: nowhere"),
        ("", "nothing to answer"),
        ("/* a comment */", "nothing to answer"),
        ("SELECT ?", "binding"),
    ],
)
def test_sql_that_cannot_be_run_is_told_in_one_line(config: Path, query: str, said: str) -> None:
    line = one_line(cli("-c", config, "sql", query), 2)
    assert said.lower() in line.lower()


def test_columns_of_one_name_keep_all_their_values(config: Path) -> None:
    (row,) = rows(cli("-c", config, "sql", "SELECT 1 AS a, 2 AS a, 3 AS a_2, 4 AS a", "-f", "jsonl"))
    assert row == {"a": 1, "a_2": 2, "a_2_2": 3, "a_3": 4}


def test_blobs_nulls_and_numbers_that_json_has_not(config: Path) -> None:
    query = "SELECT x'00ff' AS b, NULL AS n, 9e999 AS i, 0.1 + 0.2 AS f, 1234567.5 AS g"
    (row,) = rows(cli("-c", config, "sql", query, "-f", "jsonl"))
    assert row == {"b": "00ff", "n": None, "i": "inf", "f": 0.1 + 0.2, "g": 1234567.5}
    assert cli("-c", config, "sql", query).out.splitlines()[2].split() == ["00ff", "inf", "0.3", "1234567.5"]
    assert cli("-c", config, "sql", query, "-f", "csv").out.splitlines()[1].startswith("00ff,,inf,0.3")


def test_no_rows_are_said_and_are_still_data(config: Path) -> None:
    query = "SELECT id, subject FROM tickets WHERE 0"
    assert cli("-c", config, "sql", query).out == "No rows.\n"
    assert cli("-c", config, "sql", query, "-f", "csv").out == "id,subject\n"
    assert cli("-c", config, "sql", query, "-f", "json").json["rows"] == []
