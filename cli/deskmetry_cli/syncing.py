"""Syncing: `sync` reads the sources, `status` says how they stand."""

from __future__ import annotations

import contextlib
import os
from typing import Annotated

import typer

from deskmetry.errors import ExitCode, Interrupted

from .output import Format, FormatOption, OutputOption, write
from .report import report
from .session import Session


def add_commands(app: typer.Typer) -> None:
    """Add the commands of this group."""
    app.command()(sync)
    app.command()(status)


def sync(
    context: typer.Context,
    sources: Annotated[
        list[str] | None, typer.Argument(help="Only these sources.", show_default=False)
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Read everything again from each source's start.")
    ] = False,
    max_wait: Annotated[
        str, typer.Option("--max-wait", help="Longest wait that a source may ask for.")
    ] = "15m",
    processes: Annotated[
        int | None,
        typer.Option(
            "--processes", min=0, help="Sources read in processes of their own at first.", show_default=False
        ),
    ] = None,
    format: FormatOption = Format.TABLE,
    output: OutputOption = None,
) -> None:
    """Read what is new into the database."""
    from deskmetry.metric import duration
    from deskmetry.sync import Options, Stop, StoppedAtOnce, spare_cores, stop_on_signals
    from deskmetry.sync import sync as run

    from .progress import progress
    from .summary import sync_table

    session: Session = context.obj
    settings = session.settings
    options = Options(
        settings.timezone,
        full,
        settings.folder,
        duration(max_wait),
        privacy=settings.privacy_by_source(),
        tickets=settings.tickets_by_source(),
        people=settings.people,
        processes=spare_cores() if processes is None else processes,
    )
    connectors, faults = session.connectors(sources or ())
    if not connectors:
        raise next(iter(faults.values()))
    try:
        with stop_on_signals(Stop(), _stopping) as stop, progress() as listener:
            outcome = run(settings.database, connectors, options, listener=listener, stop=stop)
    except StoppedAtOnce as stopped:  # Typer would say 130 for SIGTERM too
        report(Stopped(), as_json=format in (Format.JSON, Format.JSONL))
        raise typer.Exit(int(stopped.exit_code)) from None
    session.registry.call("sync_finished", report=outcome)
    session.tell()
    code = outcome.exit_code
    if code is ExitCode.OK and faults:
        code = ExitCode.PARTIAL
    write(sync_table(outcome, settings.timezone, faults, code), format, output)
    as_json = format in (Format.JSON, Format.JSONL)
    for name, fault in faults.items():
        report(fault, as_json=as_json, source=name)
    for source in outcome.sources:
        if source.error is not None:
            report(source.error, as_json=as_json, source=source.source)
    if not outcome.interrupted:
        _tell_hints(session)
    if outcome.interrupted:
        report(Stopped(), as_json=as_json)
    raise typer.Exit(int(code))


def _tell_hints(session: Session) -> None:
    from .erasing import tell_stale
    from .hints import hints
    from .report import warn

    with session.reader() as connection:
        for hint in hints(connection, _addresses(session)):
            warn(hint)
        tell_stale(connection, session.settings.privacy_by_source())


def _addresses(session: Session) -> dict[str, list[str]]:
    """Return the company's own addresses by source, where the settings name any."""
    named = ((name, one.settings.get("addresses")) for name, one in session.settings.sources.items())
    return {name: [*map(str, own)] for name, own in named if isinstance(own, list)}


def _stopping() -> None:
    # In a signal handler: the signal may have come in the middle of a write to sys.stderr, which would raise
    # if it were entered again. A stderr that is gone is no reason not to stop either.
    with contextlib.suppress(OSError):
        os.write(2, b"\nStopping after the page in hand; once more stops at once.\n")


class Stopped(Interrupted):
    """The sync was stopped by a signal."""

    def __init__(self) -> None:
        super().__init__(
            "Stopped before the end.",
            "What was committed stays; `deskmetry sync` goes on from there.",
        )


def status(context: typer.Context, format: FormatOption = Format.TABLE, output: OutputOption = None) -> None:
    """Show how far each source is known."""
    from deskmetry.store import open_reader, translated

    from .standing import status_table

    session: Session = context.obj
    settings = session.settings
    session.bring_up_to_date(settings.database)
    connection = open_reader(settings.database)
    try:
        with translated(settings.database):
            table = status_table(connection, settings.timezone, list(settings.sources))
    finally:
        connection.close()
    write(table, format, output)
