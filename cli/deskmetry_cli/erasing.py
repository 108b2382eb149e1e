"""Erasing: `erase` takes a person out of the database, `privacy apply` what the settings don't allow."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deskmetry.errors import NoDatabase, StillFound, UsageError

from .output import SCHEMA_VERSION, Format, FormatOption, OutputOption, Table, write
from .report import warn
from .session import Session
from .text import number, plain

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

    from deskmetry.privacy import Erasing, Found
    from deskmetry.settings import Privacy

_ROWS_TOLD = 10  # texts by others that are named one by one in a table; JSON has them all


def add_commands(app: typer.Typer) -> None:
    """Add the commands of this group."""
    app.command()(erase)
    privacy = typer.Typer(
        help="Keep no more of people than the settings say.", no_args_is_help=True, rich_markup_mode=None
    )
    privacy.callback()(_privacy)
    privacy.command("apply")(privacy_apply)
    app.add_typer(privacy, name="privacy")


def _privacy() -> None:
    # A group of one command would become that command.
    return None


def erase(
    context: typer.Context,
    person: Annotated[
        str,
        typer.Argument(
            help="An e-mail address, a telephone number or a customer's id (SOURCE:ID).", show_default=False
        ),
    ],
    preview: Annotated[bool, typer.Option("--preview", help="Only count what would change.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    in_texts: Annotated[
        bool, typer.Option("--in-texts", help="Also blank them in what others wrote, as quotes in answers.")
    ] = False,
    format: FormatOption = Format.TABLE,
    output: OutputOption = None,
) -> None:
    """Erase a customer everywhere, for good, and prove it.

    Tickets, volumes and durations stay; a keyed hash keeps later syncs from bringing the person back.
    """
    from deskmetry.privacy import beside, plan, search
    from deskmetry.privacy import erase as run
    from deskmetry.store import open_reader, translated

    session: Session = context.obj
    database = session.settings.database
    if preview or not yes:
        with translated(database):
            connection = open_reader(database)
            try:
                planned = plan(connection, person, in_texts=in_texts)
                names = dict(connection.execute("SELECT id, name FROM sources"))
            finally:
                connection.close()
        if preview:
            write(_planned(planned, names), format, output)
            return
        _ask(planned)
    with _writer(session) as (connection, refresh):
        done = run(connection, person, refresh, in_texts=in_texts)
        names = dict(connection.execute("SELECT id, name FROM sources"))
    found = search(beside(database), done.person.searched())
    write(_proven(done, found, names, database), format, output)
    left = {one.path: one.left(in_texts=in_texts) for one in found}
    if any(left.values()):
        raise StillFound(sum(left.values()), [path for path, count in left.items() if count])


def privacy_apply(
    context: typer.Context, format: FormatOption = Format.TABLE, output: OutputOption = None
) -> None:
    """Bring what is stored to the privacy settings.

    A sync holds back only what it reads. What was stored before a setting was tightened goes here.
    """
    from deskmetry.privacy import apply

    session: Session = context.obj
    with _writer(session) as (connection, refresh):
        rows = apply(connection, session.settings.privacy_by_source(), refresh)
    data = [{"table": table, "rows": count} for table, count in sorted(rows.items())]
    shown = [[table, number(rows[table])] for table in sorted(rows)]
    empty = "Nothing to change: what is stored is what the settings allow."
    write(Table(("table", "rows"), shown, data, frozenset({"rows"}), empty=empty), format, output)


def tell_stale(connection: sqlite3.Connection, privacy: Mapping[str, Privacy]) -> None:
    """Tell which sources hold more than their settings allow, because it was stored before them."""
    if not any(one.bodies != "keep" or one.people != "keep" for one in privacy.values()):
        return
    from deskmetry.privacy import stale

    for name in stale(connection, privacy):
        warn(f"{name} holds more than its privacy settings allow, stored before: `deskmetry privacy apply`.")


@contextmanager
def _writer(session: Session) -> Iterator[tuple[sqlite3.Connection, Callable[[], None]]]:
    """Lend the only writer's connection, and what brings threads and facts up to date."""
    from deskmetry import facts, threads
    from deskmetry.privacy import with_stand_ins
    from deskmetry.store import WriterLock, open_writer, translated

    settings = session.settings
    if not settings.database.exists():
        raise NoDatabase(settings.database)
    with WriterLock(settings.database), translated(settings.database):
        connection = open_writer(settings.database)

        def refresh() -> None:
            threads.refresh(connection)
            facts.refresh(connection, settings.timezone, with_stand_ins(connection, settings.people))

        try:
            yield connection, refresh
        finally:
            connection.close()


def _ask(planned: Erasing) -> None:
    """Tell what would change and ask; UsageError where nobody can answer."""
    counts = ", ".join(f"{number(count)} in {table}" for table, count in sorted(planned.rows.items()))
    for line in (f"Rows that change: {counts or 'none'}.", *_notes(planned)):
        typer.echo(plain(line), err=True)
    if not sys.stdin.isatty():
        raise UsageError("Nobody is there to be asked.", "Add --yes to erase, or --preview to look only.")
    typer.confirm("Erase for good? Nothing brings it back.", abort=True, err=True)


def _notes(done: Erasing) -> Iterator[str]:
    person = done.person
    yield (
        f"Known by {number(len(person.addresses))} addresses, {number(len(person.numbers))} telephone numbers"
        f" and {number(len(person.names))} names, as {number(len(person.customers))} customers."
    )
    if done.before:
        yield "Was erased before."
    if person.shared:
        who = ", ".join(sorted(set(person.neighbours))[:5])
        yield f"A telephone number is also that of {who}, who stay as they are."
    if done.others and not done.in_texts:
        yield (
            f"{number(len(done.others))} texts by others name them, as answers that quote them;"
            " --in-texts blanks them there."
        )


def _places(done: Erasing, names: dict[int, str]) -> list[dict[str, Any]]:
    return [
        {"source": names.get(source, str(source)), "table": table, "id": key}
        for source, table, key in sorted(done.others)
    ]


def _planned(planned: Erasing, names: dict[int, str]) -> Table:
    data = [{"table": table, "rows": count} for table, count in sorted(planned.rows.items())]
    whole = {"schema_version": SCHEMA_VERSION, "rows": data, "texts_by_others": _places(planned, names)}
    shown = [[table, number(count)] for table, count in sorted(planned.rows.items())]
    return Table(
        ("table", "rows"),
        shown,
        data,
        frozenset({"rows"}),
        title=["What would change; nothing did"],
        notes=[*_notes(planned), *_named(planned, names)],
        whole=whole,
        empty="Nothing.",
    )


def _named(done: Erasing, names: dict[int, str]) -> Iterator[str]:
    for place in _places(done, names)[:_ROWS_TOLD]:
        yield f"A text by others: {place['source']}, {place['table']}, {place['id']}"


def _file(one: Found) -> dict[str, Any]:
    """Return what was found in a file; hits in a database come with the rows that hold them."""
    return {
        "file": one.path.name,
        "bytes": one.size,
        "hits": one.hits.total(),
        "hits_by_kind": dict(one.hits),
        "rows_named": [{"kind": kind, "table": table, "rows": n} for (kind, table), n in one.named.items()],
        "rows_within": [{"kind": kind, "table": table, "rows": n} for (kind, table), n in one.within.items()],
    }


def _explained(files: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield what the hits in a database are."""
    says = {
        "rows_named": "what others wrote, or somebody else of that name",
        "rows_within": "only a part of something longer, as of another person's address",
    }
    for file in files:
        for key, what in says.items():
            rows = ", ".join(f"{row['kind']} in {number(row['rows'])} {row['table']}" for row in file[key])
            if rows:
                yield f"{file['file']}: {rows}: {what}."


def _proven(done: Erasing, found: Iterable[Found], names: dict[int, str], database: Path) -> Table:
    files = [_file(one) for one in found]
    total = sum(file["hits"] for file in files)
    kinds = {kind: len(texts) for kind, texts in done.person.searched().items()}
    looked = ", ".join(f"{count} {kind}" for kind, count in kinds.items() if count)
    notes = [
        f"{number(len(files))} files in {database.parent} searched for {looked or 'nothing'}: {total} hits."
    ]
    notes += _explained(files)
    notes += [*(line for line in _notes(done) if not line.startswith("Known by")), *_named(done, names)]
    whole = {
        "schema_version": SCHEMA_VERSION,
        "rows": [{"table": table, "rows": count} for table, count in sorted(done.rows.items())],
        "texts_by_others": _places(done, names),
        "backups": [path.name for path in done.backups],
        "searched_for": kinds,
        "files": files,
        "hits": total,
    }
    rows = [("changed", table, f"{number(count)} rows") for table, count in sorted(done.rows.items())]
    rows += [
        ("searched", file["file"], f"{file['hits']} hits in {number(file['bytes'])} bytes") for file in files
    ]
    data = [dict(zip(("what", "where", "how_much"), row, strict=True)) for row in rows]
    return Table(
        ("what", "where", "how much"), [list(row) for row in rows], data, frozenset({"how much"}),
        title=["Erased"], notes=notes, whole=whole,
    )  # fmt: skip
