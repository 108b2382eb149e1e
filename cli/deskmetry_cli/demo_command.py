"""Demo: a made-up company's year of mail, synced and answered the way a real one is."""

from __future__ import annotations

import sys
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from deskmetry.errors import BadValue

from .output import Format, FormatOption
from .report import report
from .session import Session

# What the demo asks: a metric, and the statistic where there is a choice.
QUESTIONS = (
    "ticket_volume",
    "first_response_time",
    "unanswered_rate",
    "resolution_time",
    "replies_per_ticket",
    "ticket_backlog",
)


def add_commands(app: typer.Typer) -> None:
    """Add the commands of this group."""
    app.command()(demo)


def demo(
    context: typer.Context,
    folder: Annotated[Path, typer.Option("--folder", help="Where to make it.")] = Path("deskmetry-demo"),
    seed: Annotated[int, typer.Option("--seed", help="Another number makes another company.")] = 7,
    until: Annotated[
        str | None, typer.Option("--until", help="Last day of its year; today if not given.")
    ] = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """Make up a company, sync it, answer KPIs.

    Needs no account and no network; takes less than 20 seconds.
    """
    from deskmetry.sync import Options, Stop, stop_on_signals
    from deskmetry.sync import sync as run

    from .demo import build
    from .demo_answers import trends
    from .output import write
    from .progress import progress

    parent: Session = context.obj
    day = _day(until)
    began = time.monotonic()
    _say(f"Making up a year of e-mail in {folder}/ …")
    company = build(folder, seed=seed, until=day)
    session = Session(folder / "deskmetry.toml", parent.plugin_files, parent.built_in_only, parent.verbose)
    settings = session.settings
    settings.database.unlink(missing_ok=True)
    for suffix in ("-wal", "-shm"):
        settings.database.with_name(settings.database.name + suffix).unlink(missing_ok=True)
    _say(f"Syncing {company.truth.mails:,} mails of {company.name} …")
    connectors, faults = session.connectors()
    for fault in faults.values():
        raise fault
    options = Options(settings.timezone, folder=settings.folder)
    with stop_on_signals(Stop()) as stop, progress() as listener:
        outcome = run(settings.database, connectors, options, listener=listener, stop=stop)
    session.tell()
    for source in outcome.sources:
        if source.error is not None:
            report(source.error, as_json=format in (Format.JSON, Format.JSONL), source=source.source)
    if outcome.exit_code:
        raise typer.Exit(int(outcome.exit_code))
    with session.reader() as connection:
        write(trends(connection, session, QUESTIONS), format)
    _say(f"\nAll that took {time.monotonic() - began:.1f} s. Now ask yourself:\n")
    _say(_NEXT.format(folder=folder))


_NEXT = """  cd {folder}
  deskmetry metric first_response_time --by month --by channel --last 6m
  deskmetry metric response_time --stat p90 --by agent
  deskmetry metric ticket_volume --by weekday --where tag=refund
  deskmetry metric unanswered_rate --explain
  deskmetry waiting
  deskmetry sql "SELECT channel, count(*) FROM tickets GROUP BY channel"
"""


def _day(text: str | None) -> date:
    if text is None:
        return datetime.now(UTC).date()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadValue("day", text, "a day as 2026-01-31") from None


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
