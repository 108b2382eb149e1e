"""Quarantine: the records that couldn't be used, listed, shown, tried again and thrown away."""

from __future__ import annotations

import json
import re
import sqlite3
import sys
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deskmetry.errors import ExitCode, UnknownName, UsageError
from deskmetry.instants import from_milliseconds

from .output import Format, FormatOption, OutputOption, Table, write
from .report import report
from .session import Session
from .text import CONTROL, instant, number

if TYPE_CHECKING:
    from deskmetry.sync.replay import Replayed

_ROWS = (
    "SELECT q.id, s.name AS source, q.stream, q.key, q.reason, q.seen, q.first_seen_at, q.last_seen_at,"
    " q.run, q.last_run, q.mapper, q.raw FROM quarantine AS q JOIN sources AS s ON s.id = q.source_id"
)
_SHOWN = ("id", "source", "stream", "key", "reason", "seen", "last seen")
Chosen = Annotated[list[str] | None, typer.Argument(help="Sources, or ids of records.", show_default=False)]


def add_commands(app: typer.Typer) -> None:
    """Add the commands of this group."""
    group = typer.Typer(help="Records that couldn't be used.", no_args_is_help=True, rich_markup_mode=None)
    group.command("list")(list_)
    group.command()(show)
    group.command()(replay)
    group.command()(purge)
    app.add_typer(group, name="quarantine")


def list_(
    context: typer.Context,
    chosen: Chosen = None,
    format: FormatOption = Format.TABLE,
    output: OutputOption = None,
) -> None:
    """List records that couldn't be used, and why."""
    session: Session = context.obj
    with session.reader(facts=False) as connection:
        found = _chosen(connection, chosen or ())
    notes = ["`deskmetry quarantine show ID` prints what came, `… replay` tries again."] if found else ()
    write(_table(session, found, notes=notes), format, output)


def show(
    context: typer.Context,
    record: Annotated[int, typer.Argument(metavar="ID", help="As `list` gives it.")],
    format: FormatOption = Format.TABLE,
    output: OutputOption = None,
) -> None:
    """Print one record whole: what came, why it can't be used, when and how often."""
    session: Session = context.obj
    with session.reader(facts=False) as connection:
        (row,) = _chosen(connection, [str(record)])
    local = _zone(session)
    facts = {
        "source": row["source"],
        "stream": row["stream"],
        "key": row["key"] or "–",
        "reason": row["reason"],
        "first seen": f"{instant(_at(row['first_seen_at']), local)}, run {row['run']}",
        "last seen": f"{instant(_at(row['last_seen_at']), local)}, run {row['last_run'] or row['run']}",
        "seen": f"{number(row['seen'])} time{'' if row['seen'] == 1 else 's'}",
        "mapped by": row["mapper"] or "–",
    }
    shown = [[name, value] for name, value in facts.items()]
    details = ["", *_readable(row["raw"]).split("\n")]
    write(Table(("what", "value"), shown, [_data(row)], details=details), format, output)


def replay(
    context: typer.Context,
    chosen: Chosen = None,
    format: FormatOption = Format.TABLE,
    output: OutputOption = None,
) -> None:
    """Map records again with today's connectors, and store what works."""
    from deskmetry.sync.replay import Fate
    from deskmetry.sync.replay import replay as run

    session: Session = context.obj
    with session.reader(facts=False) as connection:
        found = _chosen(connection, chosen or ())
    names = list(dict.fromkeys(row["source"] for row in found))
    left = [name for name in names if name not in session.settings.sources]
    connectors, faults = (
        session.connectors([name for name in names if name not in left]) if names else ({}, {})
    )
    settings = session.settings
    done = (
        run(
            settings.database,
            connectors,
            ids=[row["id"] for row in found],
            timezone=settings.timezone,
            people=settings.people,
            folder=settings.folder,
        )
        if connectors
        else []
    )
    write(_replayed(done), format, output)
    for name, fault in faults.items():
        report(fault, as_json=format in (Format.JSON, Format.JSONL), source=name)
    for name in left:
        missing = UsageError(
            f"{name} isn't in the configuration any more.", "Put it back to replay its records."
        )
        report(missing, as_json=format in (Format.JSON, Format.JSONL))
    bad = [one for one in done if one.fate in (Fate.STILL_BAD, Fate.NOT_REPLAYABLE)]
    if bad or faults or left:
        raise typer.Exit(int(ExitCode.PARTIAL if len(bad) < len(done) else ExitCode.FAILURE))


def purge(
    context: typer.Context,
    chosen: Chosen = None,
    source: Annotated[
        list[str] | None, typer.Option("--source", help="Only of this source; repeatable.")
    ] = None,
    older_than: Annotated[
        str | None, typer.Option("--older-than", help="Only those that last came so long ago, as 30d.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    format: FormatOption = Format.TABLE,
    output: OutputOption = None,
) -> None:
    """Throw bad records away for good, after showing which."""
    from deskmetry.metric import duration

    session: Session = context.obj
    before = None
    if older_than is not None:
        before = time.time_ns() // 1_000_000 - int(duration(older_than).total_seconds() * 1000)
    with session.reader(facts=False) as connection:
        found = _chosen(connection, chosen or ())
        if source:
            known = [name for (name,) in connection.execute("SELECT name FROM sources")]
            for name in source:
                if name not in known:
                    raise UnknownName("source", name, known)
            found = [row for row in found if row["source"] in source]
    if before is not None:
        # A record from before instants were kept has none: how old it is isn't known.
        found = [row for row in found if row["last_seen_at"] is not None and row["last_seen_at"] < before]
    write(_table(session, found, empty="Nothing to throw away."), format, output)
    if not found:
        return
    question = f"Throw {number(len(found))} record{'' if len(found) == 1 else 's'} away for good?"
    if not yes and not (sys.stdin.isatty() and typer.confirm(question, err=True)):
        typer.echo("Nothing was thrown away; --yes does it.", err=True)
        return
    _delete(session, [row["id"] for row in found])
    typer.echo(f"{number(len(found))} thrown away.", err=True)


def _delete(session: Session, ids: Sequence[int]) -> None:
    from deskmetry.store import WriterLock, open_writer, transaction, translated

    path = session.settings.database
    with WriterLock(path), translated(path):
        connection = open_writer(path)
        try:
            with transaction(connection):
                connection.executemany("DELETE FROM quarantine WHERE id = ?", ((key,) for key in ids))
        finally:
            connection.close()


def _chosen(connection: sqlite3.Connection, chosen: Sequence[str]) -> list[dict[str, Any]]:
    """Return the rows with these ids or of these sources, all if none is named; UnknownName for others."""
    cursor = connection.execute(f"{_ROWS} ORDER BY s.name, q.stream, q.id")
    names = [item[0] for item in cursor.description]
    found = [dict(zip(names, row, strict=True)) for row in cursor]
    if not chosen:
        return found
    sources = [name for (name,) in connection.execute("SELECT name FROM sources")]
    ids = {str(row["id"]) for row in found}
    for one in chosen:
        if one not in sources and one not in ids:
            if re.fullmatch("[0-9]+", one):
                raise UsageError(
                    f"No record {one} is in quarantine.", "`deskmetry quarantine list` lists them."
                )
            raise UnknownName("source", one, sources)
    return [row for row in found if row["source"] in chosen or str(row["id"]) in chosen]


def _table(
    session: Session, found: Sequence[Mapping[str, Any]], *, notes: Sequence[str] = (), empty: str = ""
) -> Table:
    local = _zone(session)
    shown = [
        [str(row["id"]), row["source"], row["stream"], row["key"] or "", row["reason"], number(row["seen"]),
         instant(_at(row["last_seen_at"]), local)]
        for row in found
    ]  # fmt: skip
    return Table(
        _SHOWN,
        shown,
        [_data(row) for row in found],
        frozenset({"id", "seen"}),
        solid=frozenset({"source", "last seen"}),
        cut=frozenset({"key"}),
        spare=("seen", "stream"),
        notes=notes,
        empty=empty or "Nothing is in quarantine.",
    )


def _replayed(done: Sequence[Replayed]) -> Table:
    data = [
        {"id": one.id, "source": one.source, "stream": one.stream, "key": one.key, "outcome": str(one.fate),
         "new": one.written.new if one.written else 0, "changed": one.written.changed if one.written else 0,
         "reason": one.reason}
        for one in done
    ]  # fmt: skip
    shown = [[str(one.id), one.source, one.stream, one.key or "", str(one.fate), one.reason] for one in done]
    columns = ("id", "source", "stream", "key", "outcome", "reason")
    return Table(
        columns,
        shown,
        data,
        frozenset({"id"}),
        solid=frozenset({"source", "outcome"}),
        cut=frozenset({"key"}),
        spare=("stream", "key"),
        empty="Nothing is in quarantine.",
    )


def _data(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row as programs read it: instants as ISO text."""
    told = dict(row)
    for name in ("first_seen_at", "last_seen_at"):
        told[name] = None if row[name] is None else from_milliseconds(row[name]).isoformat()
    return told


def _readable(raw: str) -> str:
    """Return what came as text that a terminal bears: JSON laid out, control characters escaped."""
    try:
        text = json.dumps(json.loads(raw), ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        text = raw
    return CONTROL.sub(lambda found: "\n" if found[0] == "\n" else f"\\u{ord(found[0]):04x}", text)


def _at(milliseconds: int | None) -> Any:
    return None if milliseconds is None else from_milliseconds(milliseconds)


def _zone(session: Session) -> Any:
    from deskmetry.calendar import zone

    return zone(session.settings.timezone)
