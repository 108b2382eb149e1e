"""Demo: a made-up company's year of support, synced and answered the way a real one is."""

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

# What the demo asks: what comes in, how fast and how well it is answered, what is left.
QUESTIONS = (
    "ticket_volume",
    "first_response_time",
    "resolution_time",
    "replies_per_ticket",
    "unanswered_rate",
    "reopen_rate",
    "csat",
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

    Two mailboxes and a Zendesk; needs no account and no network, takes less than 20 seconds.
    """
    from .demo import build
    from .demo_answers import overview
    from .output import write

    parent: Session = context.obj
    day = _day(until)
    began = time.monotonic()
    _say(f"Making up a company in {folder}/: a year of two mailboxes and a helpdesk …")
    company = build(folder, seed=seed, until=day)
    session = Session(
        folder / "deskmetry.toml",
        parent.plugin_files,
        parent.built_in_only,
        parent.verbose,
        resources=parent.resources,
    )
    mails, tickets = company.truth.mails, len(company.desk.tickets)
    _say(f"Syncing {mails:,} mails and {tickets:,} helpdesk tickets of {company.name} …")
    _sync(session, as_json=format in (Format.JSON, Format.JSONL))
    with session.reader() as connection:
        write(overview(connection, session, QUESTIONS), format)
    _say(f"\nAll that took {time.monotonic() - began:.1f} s. Now ask yourself:\n")
    _say(_NEXT.format(folder=folder))


def _sync(session: Session, *, as_json: bool) -> None:
    """Read the sources, which are served meanwhile; leaves with the exit code if one of them fails."""
    from deskmetry.sync import Options, Stop, stop_on_signals
    from deskmetry.sync import sync as run

    from .progress import progress

    settings = session.settings
    connectors, faults = session.connectors()
    for fault in faults.values():
        raise fault
    options = Options(settings.timezone, folder=settings.folder)
    with stop_on_signals(Stop()) as stop, progress() as listener:
        outcome = run(settings.database, connectors, options, listener=listener, stop=stop)
    session.tell()
    for source in outcome.sources:
        if source.error is not None:
            report(source.error, as_json=as_json, source=source.source)
    if outcome.exit_code:
        raise typer.Exit(int(outcome.exit_code))


_NEXT = """  cd {folder}
  deskmetry metric first_response_time --by month --by source --last 6m
  deskmetry metric csat reopen_rate --by channel --last 6m
  deskmetry metric ticket_volume --by weekday --where tag=refund --last 12m
  deskmetry metric unanswered_rate --where source=support --explain
  deskmetry metric bot_resolution_rate --by channel --where source=webshop
  deskmetry waiting
  deskmetry sql "SELECT source, channel, count(*) AS tickets FROM tickets_readable GROUP BY 1, 2"
  deskmetry sync
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
