"""Database: `sql` asks the file anything that only reads, `rebuild` makes anew what follows from it."""

from __future__ import annotations

import math
import sqlite3
from typing import Annotated

import typer

from deskmetry.errors import QueryRefused, UsageError

from .output import Format, FormatOption, OutputOption, Table, write
from .session import Session
from .text import number

_READING = frozenset(
    {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
)
_DESCRIBING = frozenset(
    {"table_info", "table_xinfo", "table_list", "index_list", "index_info", "foreign_key_list"}
)
_REFUSED = frozenset({"load_extension", "fts3_tokenizer", "edit", "readfile", "writefile"})


def add_commands(app: typer.Typer) -> None:
    """Add the commands of this group."""
    app.command()(sql)
    app.command()(rebuild)


def sql(
    context: typer.Context,
    query: Annotated[str, typer.Argument(help="One SELECT; docs/schema.md lists tables and views.")],
    format: FormatOption = Format.TABLE,
    output: OutputOption = None,
) -> None:
    """Ask the database in SQL, reading only."""
    session: Session = context.obj
    with session.reader(facts=False) as connection:
        connection.set_authorizer(_authorize)
        try:
            cursor = connection.execute(query)
            if cursor.description is None:
                raise UsageError("There is nothing to answer in this.", "Write one SELECT.")
            columns = [item[0] for item in cursor.description or ()]
            rows = cursor.fetchall()
        except (sqlite3.Error, sqlite3.Warning) as error:
            raise _refusal(error) from None
        finally:
            connection.set_authorizer(None)
    unique = _unique(columns)
    data = [dict(zip(unique, (_data(value) for value in row), strict=True)) for row in rows]
    shown = [[_shown(value) for value in row] for row in rows]
    right = frozenset(
        name
        for index, name in enumerate(unique)
        if rows and all(isinstance(row[index], int | float | None) for row in rows)
    )
    write(Table(unique, shown, data, right, empty="No rows."), format, output)


def rebuild(context: typer.Context) -> None:
    """Make threads and facts anew from the records."""
    from deskmetry import facts, threads
    from deskmetry.errors import NoDatabase
    from deskmetry.privacy import with_stand_ins
    from deskmetry.store import WriterLock, open_writer, transaction, translated
    from deskmetry.sync.state import link_tickets

    settings = context.obj.settings
    if not settings.database.exists():
        raise NoDatabase(settings.database)
    with WriterLock(settings.database), translated(settings.database):
        connection = open_writer(settings.database)
        try:
            with transaction(connection):
                link_tickets(connection, settings.tickets_by_source())
                threaded = threads.refresh(connection, rebuild=True)
                people = with_stand_ins(connection, settings.people)
                built = facts.refresh(connection, settings.timezone, people, rebuild=True)
        finally:
            connection.close()
    told = f"{number(threaded.mails)} mails threaded, facts of {number(built.tickets)} tickets built."
    typer.echo(told, err=True)


def _authorize(action: int, first: str | None, second: str | None, *_: str | None) -> int:
    if action == sqlite3.SQLITE_FUNCTION and (second or "").lower() in _REFUSED:
        return sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_PRAGMA and (first or "").lower() in _DESCRIBING:
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_OK if action in _READING else sqlite3.SQLITE_DENY


def _refusal(error: Exception) -> UsageError | QueryRefused:
    reason = str(error)
    if "authoriz" in reason or "prohibited" in reason or "readonly" in reason:
        return QueryRefused("This statement would do more than read.", "`deskmetry sql` takes one SELECT.")
    return UsageError(
        f"SQLite can't run this: {reason}.", "docs/schema.md lists the tables and their columns."
    )


def _unique(columns: list[str]) -> list[str]:
    """Tell columns of one name apart, so that no value is lost in a row of JSON."""
    names: list[str] = []
    for name in columns:
        candidate, count = name, 2
        while candidate in names:
            candidate, count = f"{name}_{count}", count + 1
        names.append(candidate)
    return names


def _data(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON has no such number
    return value.hex() if isinstance(value, bytes) else value


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bytes):
        return value.hex()
    # Ids and instants are numbers too: they are shown as they are.
    return f"{value:.12g}" if isinstance(value, float) else str(value)
