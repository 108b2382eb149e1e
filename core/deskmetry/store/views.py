"""Views: beside each table a readable one, with ISO text for instants and names for ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..records import RECORDS, Record, Ticket
from .columns import RecordColumn, columns_of

if TYPE_CHECKING:
    from sqlite_utils import Database

_LABELS = {
    "customers": "coalesce({t}.name, {t}.email, {t}.id)",
    "agents": "coalesce({t}.name, {t}.email, {t}.id)",
    "teams": "{t}.name",
    "brands": "{t}.name",
    "organizations": "{t}.name",
}


def create_views(db: Database) -> None:
    """Make every readable view anew, so that they always fit the tables."""
    for record in RECORDS:
        db.execute(f"DROP VIEW IF EXISTS {view_name(record)}")
        db.execute(view_sql(record))


def view_name(record: type[Record]) -> str:
    """Return the name of the readable view of a record's table."""
    return f"{record.table}_readable"


def view_sql(record: type[Record]) -> str:
    """Return the SQL of the readable view of a record's table."""
    select = ["sources.name AS source"]
    joins = ["LEFT JOIN sources ON sources.id = r.source_id"]
    for number, column in enumerate(columns_of(record)):
        select.append(_expression(column, f"j{number}", record is Ticket))
        if column.references in _LABELS:
            joins.append(
                f"LEFT JOIN {column.references} AS j{number}"
                f" ON j{number}.source_id = r.source_id AND j{number}.id = r.{column.name}"
            )
    columns, tables = ", ".join(select), " ".join([f"{record.table} AS r", *joins])
    return f"CREATE VIEW {view_name(record)} AS SELECT {columns} FROM {tables}"


def _expression(column: RecordColumn, alias: str, of_tickets: bool) -> str:
    if column.references in _LABELS:
        return f"{_LABELS[column.references].format(t=alias)} AS {column.name.removesuffix('_id')}"
    if column.name == "status":
        # An inferred solve is written down before its rule fires; until then the customer may still answer.
        waits = "r.status_from_at >= sources.complete_until_at"
        return f"CASE WHEN {waits} THEN 'pending' ELSE r.status END AS status" if of_tickets else "r.status"
    if column.name.endswith("_at") or column.name == "at":
        return f"{iso('r.' + column.name)} AS {column.name}"
    return f'r."{column.name}"'


def iso(expression: str) -> str:
    """Return SQL for an instant in milliseconds as ISO text in UTC."""
    return f"strftime('%Y-%m-%dT%H:%M:%SZ', {expression} / 1000, 'unixepoch')"
