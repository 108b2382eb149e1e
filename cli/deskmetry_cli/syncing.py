"""Syncing: `sync` reads the sources, `status` says how they stand."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from .output import Format, FormatOption, OutputOption, write
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
    format: FormatOption = Format.TABLE,
    output: OutputOption = None,
) -> None:
    """Read what is new into the database."""
    from deskmetry.metric import duration
    from deskmetry.sync import Options, Stop, stop_on_signals
    from deskmetry.sync import sync as run

    from .progress import progress
    from .summary import sync_table

    session: Session = context.obj
    settings = session.settings
    connectors = session.connectors(sources or ())
    patience: timedelta = duration(max_wait)
    options = Options(timezone=settings.timezone, full=full, folder=settings.folder, max_wait=patience)
    with stop_on_signals(Stop()) as stop, progress() as listener:
        report = run(settings.database, connectors, options, listener=listener, stop=stop)
    session.registry.call("sync_finished", report=report)
    session.tell()
    write(sync_table(report, settings.timezone), format, output)
    for source in report.sources:
        if source.error is not None:
            typer.echo(f"error: {source.source}: {source.error}", err=True)
    raise typer.Exit(int(report.exit_code))


def status(context: typer.Context, format: FormatOption = Format.TABLE, output: OutputOption = None) -> None:
    """Show how far each source is known."""
    from deskmetry.store import open_reader, translated

    from .summary import status_table

    session: Session = context.obj
    settings = session.settings
    connection = open_reader(settings.database)
    try:
        with translated(settings.database):
            table = status_table(connection, settings.timezone, list(settings.sources))
    finally:
        connection.close()
    write(table, format, output)
