"""Settings of the connector `table`: what is wrong is said before anything is read, with what to write."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from deskmetry.connector import Cursor
from deskmetry.errors import ConfigurationError, SourceError, TryLater
from deskmetry.records import RECORDS, Order
from deskmetry_connectors.table import Table
from deskmetry_connectors.table.errors import BadMapping, NoSuchFile, NotATable
from deskmetry_connectors.table.fields import Kind, fields_of, places_of
from helpers_cli import cli
from helpers_table import ORDERS, orders, table, write

COLUMNS = ORDERS["columns"]


def refused(settings: dict[str, Any]) -> str:
    with pytest.raises(ValidationError) as caught:
        Table.model_validate({"path": "x.csv", **settings})
    return str(caught.value)


def column(name: str, value: Any, into: str = "orders") -> dict[str, Any]:
    return {"into": into, "columns": {**COLUMNS, name: value} if into == "orders" else {name: value}}


def records(path: Path, settings: dict[str, Any], **more: Any) -> list[Any]:
    pages = list(table(path, settings, **more).rows(None))
    assert [item.reason for page in pages for item in page.rejected] == []
    return [record for page in pages for record in page.records]


# --- before a file is looked at ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"into": "order", "columns": COLUMNS}, "Did you mean 'orders'?"),
        (column("plased_at", "Date"), "Did you mean 'placed_at'?"),
        (column("customer_mail", "Mail"), "Did you mean 'customer_email'?"),
        (column("status", {"value": "payd"}), "Did you mean 'paid'?"),
        (column("status", {"column": "S", "map": {"x": "refund"}}), "Did you mean 'refunded'?"),
        (column("amount_minor", "Total"), 'unit = "EUR"'),
        (column("amount_minor", {"column": "Total", "unit": "euro"}), "no currency"),
        (column("talk_ms", "Talk", into="sessions"), "needs a unit: one of"),
        (column("subject", {"column": "S", "unit": "EUR"}, into="tickets"), "takes no unit"),
        (column("placed_at", {"column": "Date", "timezone": "Europe/Belrin"}), "Belrin"),
        (column("placed_at", {"column": "Date", "format": "dayfirst"}), "Did you mean 'day-first'?"),
        (column("placed_at", {"column": "D", "plus": {"days": 1}}), "no day"),
        (column("id", {"colum": "No"}), "colum"),
        (column("id", {"column": "No", "value": 1}), "give one of"),
        (column("id", {}), "give one of"),
        ({}, "either `into`"),
        ({**ORDERS, "tables": [{"into": "orders", "columns": COLUMNS}]}, "either `into`"),
        ({**ORDERS, "dates": "month"}, "Did you mean"),
        ({**ORDERS, "encoding": "utf-9"}, "no encoding"),
        ({**ORDERS, "repeats": "never"}, "repeats"),
        ({**ORDERS, "max_removed": 2}, "max_removed"),
    ],
)
def test_what_cant_be_meant_is_refused_with_what_to_write(settings: dict[str, Any], said: str) -> None:
    assert said in refused(settings)


def test_a_fault_is_named_by_its_place_in_the_file_of_settings(tmp_path: Path) -> None:
    config = tmp_path / "deskmetry.toml"
    config.write_text(
        '[sources.shop]\nconnector = "table"\npath = "o.csv"\ninto = "order"\ncolumns = { id = "No" }\n'
    )
    answer = cli("--config", config, "check")
    assert answer.code == 2
    assert "sources.shop" in answer.out
    assert "Did you mean 'orders'?" in answer.out


def test_every_column_of_the_schema_can_be_filled() -> None:
    kinds = {(kind.table, name): info.kind for kind in RECORDS for name, info in fields_of(kind).items()}
    assert kinds["orders", "amount_minor"] is Kind.MONEY
    assert kinds["sessions", "queue_ms"] is Kind.DURATION
    assert kinds["costs", "from_day"] is Kind.DAY
    assert kinds["tickets", "deleted_at"] is Kind.INSTANT
    assert kinds["tickets", "tags"] is Kind.LIST
    assert kinds["raw_records", "raw"] is Kind.OBJECT
    assert kinds["survey_answers", "score"] is Kind.NUMBER
    assert kinds["messages", "public"] is Kind.BOOLEAN
    assert kinds["schedule_intervals", "from_minute"] is Kind.INTEGER
    assert fields_of(Order)["status"].words == ("placed", "paid", "refunded", "cancelled")
    assert {"customer_email", "customer_phone"} <= set(places_of(Order))


# --- before a file that doesn't fit ------------------------------------------------------------------------


def test_a_column_that_the_file_lacks_gets_the_nearest_name_and_the_header(tmp_path: Path) -> None:
    path = write(tmp_path / "orders.csv", orders(1))
    settings = {**ORDERS, "columns": {**COLUMNS, "placed_at": "Dates", "id": "№"}}
    with pytest.raises(BadMapping) as caught:
        table(path, settings).check()
    assert str(caught.value).endswith(
        "there is no column '№'; there is no column 'Dates' (did you mean 'Date'?)."
        " The file has the columns 'No', 'Date', 'Total'."
    )


def test_required_columns_that_nothing_fills_are_named_beside_the_files_header(tmp_path: Path) -> None:
    path = write(tmp_path / "orders.csv", orders(1))
    with pytest.raises(ConfigurationError) as caught:
        table(path, {"into": "orders", "columns": {"status": {"value": "paid"}}}).check()
    for words in ("`id`", "{ key = [columns] } makes one", "`placed_at`", "`amount_minor`", "`currency`"):
        assert words in caught.value.message
    assert "'No', 'Date', 'Total'" in caught.value.hint


def test_a_reference_by_address_fills_a_required_column(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "Who,Day\nAnna@acme.example,2026-03-02\n")
    columns = {"id": {"key": ["Who", "Day"]}, "agent_email": "Who", "from_day": "Day",
               "until_day": {"column": "Day", "plus": {"days": 1}}, "days": {"value": 1}}  # fmt: skip
    training, agent = records(path, {"into": "training", "columns": columns})
    assert (training.agent_id, agent.id, agent.email) == ("anna@acme.example",) * 3
    assert len(training.id) == 24


def test_check_says_how_a_file_is_read_and_what_cant_be_used(tmp_path: Path) -> None:
    path = write(tmp_path / "orders.csv", orders(1, 2).replace(",", ";") + "3;soon;1.00\n")
    said = table(path).check()
    assert "semicolon between columns, utf-8" in said
    assert "columns No, Date, Total" in said
    assert "the first rows make 2 orders" in said
    assert "1 of 3 can't be used (orders.csv, line 4: placed_at: 'soon' isn't a date as iso)" in said
    write(path, "No,Date,Total\n1,soon,1\n")
    with pytest.raises(NotATable, match=r"no row fits; orders\.csv, line 2"):
        table(path).check()


@pytest.mark.parametrize(
    ("name", "content", "error", "said"),
    [
        ("none.csv", None, NoSuchFile, "There is no file"),
        ("none-*.csv", None, NoSuchFile, "none-*.csv"),
        ("empty.csv", b"", NotATable, "it is empty"),
        ("sheet.xlsx", b"PK\x03\x04", NotATable, "Save the sheet as CSV"),
        ("export.dat", b"a,b\n", NotATable, "CSV files end in"),
        ("sheet.csv", b"PK\x03\x04\0\0\0", NotATable, "spreadsheet"),
        ("old.csv", "Größe,b\n".encode("cp1252") * 50, NotATable, 'encoding`, as "cp1252"'),
        ("twice.csv", b"a,b,a\n1,2,3\n", NotATable, "'a' more than once"),
        ("list.jsonl", b"[1,\n2]\n", NotATable, "one object a line"),
        ("not.db", b"No,Date,Total\n" * 100, NotATable, "not a database"),
    ],
)
def test_a_file_that_cant_be_read_says_what_to_do(
    tmp_path: Path, name: str, content: bytes | None, error: type[SourceError], said: str
) -> None:
    if content is not None:
        write(tmp_path / name, content)
    more = {"table": "orders"} if name.endswith(".db") else {}
    with pytest.raises(error) as caught:
        table(tmp_path / name, ORDERS, **more).check()
    assert said in str(caught.value)


def test_a_table_that_a_database_lacks_is_told_with_those_it_has(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE sales (No, Date, Total)")
        connection.commit()
    with pytest.raises(BadMapping, match="'sales'"):
        table(path, ORDERS, table="orders").check()
    with pytest.raises(NotATable, match="no such column"):
        table(path, ORDERS, query="SELECT other FROM sales").check()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("deskmetry_connectors.table.sqlite_file._BUSY_SECONDS", 0.0)
            with pytest.raises(TryLater):
                table(path, ORDERS, table="sales").check()


# --- how files are laid out ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "more"),
    [
        (orders(1).encode("utf-8-sig"), {}),
        (orders(1).encode("utf-16"), {}),
        (orders(1).replace(",", "\t").encode(), {}),
        (orders(1).replace(",", "|").encode(), {}),
        (b"sep=;\r\n" + orders(1).replace(",", ";").replace("\n", "\r\n").encode(), {}),
        (b"\n\n" + orders(1).encode() + b"\n,,\n", {}),
        (b"Exported by shop\n" + orders(1).encode(), {"skip_lines": 1}),
        (orders(1).partition("\n")[2].encode(), {"names": ["No", "Date", "Total"]}),
        (orders(1).replace(",", "~").encode(), {"delimiter": "~"}),
        (b'"No","Date","Total"\n"1","2026-03-01 10:00:00","1.00"\n', {}),
    ],
)
def test_files_of_many_kinds_are_read_the_same(tmp_path: Path, content: bytes, more: dict[str, Any]) -> None:
    path = write(tmp_path / "orders.csv", content)
    (order,) = records(path, dict(ORDERS), **more)
    assert (order.id, order.amount_minor, order.currency) == ("1", 100, "EUR")
    assert order.placed_at.isoformat() == "2026-03-01T10:00:00+00:00"


def test_cells_may_hold_lines_quotes_and_another_encoding(tmp_path: Path) -> None:
    text = 'id,at,text\n1,2026-03-01T10:00:00Z,"Größe\n""L"", bitte"\n2,2026-03-01T10:00:00Z,kurz\n'
    path = write(tmp_path / "m.csv", text.encode("cp1252"))
    columns = {"id": "id", "sent_at": "at", "author_kind": {"value": "customer"}, "body": "text"}
    first, second = records(path, {"into": "messages", "columns": columns}, encoding="cp1252")
    assert first.body == 'Größe\n"L", bitte'
    assert second.body == "kurz"


def test_what_isnt_text_and_a_quote_that_is_never_closed_cost_only_their_lines(tmp_path: Path) -> None:
    good = orders(*range(1, 3000))
    text = good.encode() + b"x\xff,2026-03-01 10:00:00,1.00\n" + b'3001,"2026-03-01 10:00:00,1.00\n3002,a,b\n'
    pages = list(table(write(tmp_path / "orders.csv", text)).rows(None))
    assert sum(len(page.records) for page in pages) == 2999
    bad = [item for page in pages for item in page.rejected]
    assert ["utf-8" in bad[0].reason, "line 3002 to 3003" in bad[1].reason, len(bad)] == [True, True, 2]
    assert pages[-1].whole is None
    assert max(len(page.records) for page in pages) == 1000


def test_objects_are_looked_into_and_numbers_keep_their_digits(tmp_path: Path) -> None:
    line = '{"No": 1, "who": {"mail": "Eva@shop.example"}, "Date": "2026-03-01 10:00:00", "Total": 0.29}\n'
    path = write(tmp_path / "o.jsonl", line + '{"No": 2, "Date": "2026-03-01 10:00:00", "Total": NaN}\nno\n')
    settings = {**ORDERS, "columns": {**COLUMNS, "customer_email": "who.mail"}}
    pages = list(table(path, settings).rows(None))
    order, customer = pages[0].records
    assert isinstance(order, Order)
    assert (order.amount_minor, order.customer_id, customer.id) == (
        29,
        "eva@shop.example",
        "eva@shop.example",
    )
    assert len(pages[0].rejected) == 2


def test_maps_conditions_and_choices_of_rows(tmp_path: Path) -> None:
    text = "No,Date,Total,State,Kind\n1,2026-03-01 10:00:00,-,PAID,sale\n2,2026-03-01 10:00:00,5,odd,sale\n"
    path = write(
        tmp_path / "o.csv", text + "3,2026-03-01 10:00:00,5,paid,test\n4,2026-03-01 10:00:00,5,,Sale\n"
    )
    columns = {
        **COLUMNS,
        "amount_minor": {"column": "Total", "unit": "EUR", "default": 0},
        "status": {"column": "State", "map": {"paid": "paid", "*": "placed"}, "default": "cancelled"},
        "paid_at": {"column": "Date", "when": {"State": "paid"}},
    }
    settings = {**ORDERS, "columns": columns, "only": {"Kind": ["sale"]}, "empty": ["-"]}
    found = [(o.id, o.amount_minor, o.status, o.paid_at is None) for o in records(path, settings)]
    assert found == [("1", 0, "paid", False), ("2", 500, "placed", True), ("4", 500, "cancelled", True)]
    unknown = {**settings, "columns": {**columns, "status": {"column": "State", "map": {"paid": "paid"}}}}
    (page, _) = table(path, unknown).rows(Cursor())
    assert "'odd' isn't in its map" in page.rejected[0].reason


def test_an_amount_may_take_its_currency_from_its_row(tmp_path: Path) -> None:
    text = "No,Date,Total,Cur\n1,2026-03-01 10:00:00,1500,jpy\n2,2026-03-01 10:00:00,1.50,EUR\n"
    columns = {**COLUMNS, "amount_minor": "Total", "currency": "Cur"}
    found = records(write(tmp_path / "o.csv", text), {**ORDERS, "columns": columns})
    assert [(one.amount_minor, one.currency) for one in found] == [(1500, "JPY"), (150, "EUR")]
    wrong = {**columns, "amount_minor": {"column": "Total", "unit": "EUR"}}
    (page, _) = table(tmp_path / "o.csv", {**ORDERS, "columns": wrong}).rows(None)
    assert "the amount is in EUR, the row in JPY" in page.rejected[0].reason
