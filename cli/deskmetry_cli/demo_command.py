"""Demo: a made-up company's year of support, synced and answered the way a real one is."""

from __future__ import annotations

import shlex
import shutil
import sys
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deskmetry.errors import BadValue

from .output import Format, FormatOption
from .report import report
from .session import Session

if TYPE_CHECKING:
    from .demo import DemoCompany

# What the demo asks: what comes in, how fast and how well it is answered, what is left.
QUESTIONS = (
    "ticket_volume",
    "first_response_time",
    "resolution_time",
    "replies_per_ticket",
    "unanswered_rate",
    "reopen_rate",
    "bot_resolution_rate",
    "csat",
    "nps",
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

    Two mailboxes, a Zendesk, an eDesk, a LiveChat, surveys, and files of orders, subscriptions and costs;
    needs no account and no network, takes about a quarter of a minute.
    """
    from .demo import build
    from .demo_answers import overview
    from .output import Writer

    parent: Session = context.obj
    day = _day(until)
    began = time.monotonic()
    _say(f"Making up a company in {folder}/: a year of its mailboxes, helpdesks, chats, surveys and sales …")
    company = build(folder, seed=seed, until=day)
    session = Session(
        folder / "deskmetry.toml",
        parent.plugin_files,
        parent.built_in_only,
        parent.verbose,
        resources=parent.resources,
    )
    _say(f"Syncing {_counted(company)} of {company.name} …")
    _sync(session, as_json=format in (Format.JSON, Format.JSONL))
    with session.reader() as connection:
        whole, by_source = overview(connection, session, QUESTIONS)
    writer = Writer(format)
    writer.add(whole)
    if format in (Format.TABLE, Format.MD):  # the rows of the first one have the sources, too
        writer.add(by_source)
    writer.close()
    _say(f"\nAll that took {time.monotonic() - began:.1f} s. Now ask yourself:\n")
    _say(_activation(Path(sys.prefix)) + _NEXT.format(folder=folder))


def _counted(company: DemoCompany) -> str:
    """Return how much there is of everything, in words."""
    helpdesks = len(company.desk.tickets) + len(company.markets["tickets"])
    counts = {
        "mails": company.truth.mails,
        "tickets of two helpdesks": helpdesks,
        "chats": len(company.chats["chats"]),
        "answers to surveys": len(company.voices["responses"]),
        "orders": len(company.orders),
    }
    *most, last = [f"{count:,} {name}" for name, count in counts.items()]
    return f"{', '.join(most)} and {last}"


def _sync(session: Session, *, as_json: bool) -> None:
    """Read the sources, which are served meanwhile; leaves with the exit code if one of them fails."""
    from deskmetry.sync import Options, Stop, spare_cores, stop_on_signals
    from deskmetry.sync import sync as run

    from .progress import progress

    settings = session.settings
    connectors, faults = session.connectors()
    for fault in faults.values():
        raise fault
    options = Options(
        settings.timezone,
        folder=settings.folder,
        people=settings.people,
        tickets=settings.tickets_by_source(),
        processes=spare_cores(),
    )
    with stop_on_signals(Stop()) as stop, progress() as listener:
        outcome = run(settings.database, connectors, options, listener=listener, stop=stop)
    session.tell()
    for source in outcome.sources:
        if source.error is not None:
            report(source.error, as_json=as_json, source=source.source)
    if outcome.exit_code:
        raise typer.Exit(int(outcome.exit_code))


_NEXT = """  cd {folder}
  deskmetry metric ticket_volume unanswered_rate --by medium
  deskmetry metric first_response_time --by month --by source --last 6m
  deskmetry metric csat nps --by survey --last 12m
  deskmetry metric outbound_messages --by agent
  deskmetry metric ticket_volume --by weekday --where tag=refund --last 12m
  deskmetry metric unanswered_rate --where source=chat --explain
  deskmetry metric bot_resolution_rate --by channel
  deskmetry waiting
  deskmetry sql "SELECT status, count(*) AS orders, sum(amount_minor) / 100 AS eur FROM orders GROUP BY 1"
  deskmetry sync
"""


def _activation(environment: Path) -> str:
    """Return the line that lets a shell find the program, where it doesn't: it is in a venv that isn't on."""
    script = environment / "bin" / "activate"
    if sys.prefix == sys.base_prefix or shutil.which("deskmetry") or not script.exists():
        return ""
    here = Path.cwd()
    # A name without a slash would be looked for in PATH.
    below = script.is_relative_to(here) and script.parent != here
    near = script.relative_to(here) if below else script
    return f"  . {shlex.quote(str(near))}\n"


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
