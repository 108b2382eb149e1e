"""Asking: `metrics` lists the KPIs, `metric` answers them, `waiting` says who waits now."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import typer

from deskmetry.errors import ExitCode, MetricError, UnknownName, UsageError

from .output import Format, FormatOption, OutputOption, Writer, write
from .report import report
from .session import Session

if TYPE_CHECKING:
    from deskmetry.metric import Metric


def add_commands(app: typer.Typer) -> None:
    """Add the commands of this group."""
    app.command()(metrics)
    app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(metric)
    app.command()(waiting)


def metrics(context: typer.Context, format: FormatOption = Format.TABLE, output: OutputOption = None) -> None:
    """List the KPIs with their definitions."""
    from .answers import metrics_table

    session: Session = context.obj
    known = session.registry.metrics()
    session.tell()
    write(metrics_table(known.values()), format, output)


def _names(context: typer.Context, incomplete: str) -> list[str]:
    """Complete the name of a metric in the shell."""
    session = context.obj if isinstance(context.obj, Session) else Session()
    return [name for name in session.registry.metrics() if name.startswith(incomplete)]


def metric(
    context: typer.Context,
    names: Annotated[
        list[str], typer.Argument(help="KPIs; `deskmetry metrics` lists them.", autocompletion=_names)
    ],
    by: Annotated[
        list[str] | None, typer.Option("--by", help="Group by month, channel, agent, …; repeatable.")
    ] = None,
    where: Annotated[
        list[str] | None, typer.Option("--where", help="Only these: channel=email, tag!=refund.")
    ] = None,
    since: Annotated[str | None, typer.Option("--since", help="Begin: 2026-01-01, 2026-01, today.")] = None,
    until: Annotated[str | None, typer.Option("--until", help="End, exclusive: as --since.")] = None,
    last: Annotated[
        str | None, typer.Option("--last", help="Complete days before the as-of day: 30d, 12w, 6m.")
    ] = None,
    stat: Annotated[
        str | None, typer.Option("--stat", help="mean, median, p75, p90, p95, p99, max (durations).")
    ] = None,
    timezone: Annotated[
        str | None, typer.Option("--timezone", help="IANA zone instead of the configured one.")
    ] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="Answer with what was known at this instant.")
    ] = None,
    param: Annotated[
        list[str] | None, typer.Option("--param", help="[METRIC.]NAME=VALUE, as grace=12h; or --grace 12h.")
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show definition, SQL, what was left out, examples.")
    ] = False,
    tickets: Annotated[bool, typer.Option("--tickets", help="List the tickets behind the number.")] = False,
    limit: Annotated[int, typer.Option("--limit", help="How many tickets --tickets lists.", min=1)] = 50,
    format: FormatOption = Format.TABLE,
    output: OutputOption = None,
) -> None:
    """Answer one KPI or several.

    For the last three complete months if no period is given. A parameter of
    a KPI is an option too: --grace 12h.
    """
    from deskmetry.query import Query

    from .answers import answer_tables
    from .parameters import parameters, split_options

    session: Session = context.obj
    plain, extra = split_options([*names, *context.args])
    chosen = [_metric(session, name) for name in plain]
    made = parameters(chosen, [*(param or ()), *extra])
    session.tell()
    if explain and tickets:
        raise UsageError("--explain and --tickets show different things.", "Give one of them.")
    queries = [
        Query(item, since, until, last, tuple(by or ()), tuple(where or ()), stat, timezone, as_of)
        for item in made
    ]
    _respect(session.settings.agents, *(by or ()), *(where or ()))
    mode = "explain" if explain else "tickets" if tickets else "answer"
    writer, failed = Writer(format, output), list[MetricError]()
    with session.reader() as connection:
        for query in queries:
            try:
                for table in answer_tables(connection, query, session.settings, mode, limit):
                    writer.add(table)
            except MetricError as error:
                # One metric that can't be computed doesn't take the others' answers away.
                failed.append(error)
    if len(failed) == len(queries):
        raise failed[0]
    writer.close(listed=len(queries) > 1)
    for fault in failed:
        report(fault, as_json=format in (Format.JSON, Format.JSONL))
    if failed:
        raise typer.Exit(int(ExitCode.PARTIAL))


def _respect(agents: str, *texts: str) -> None:
    """Refuse to tell numbers of single agents where their names are to be hidden."""
    if agents == "hidden" and any(re.split("!?=", text)[0].strip() == "agent" for text in texts):
        raise UsageError(
            'Answers are not split by agent here: the configuration says agents = "hidden".',
            "Ask by team, or by another dimension.",
        )


def _metric(session: Session, name: str) -> type[Metric]:
    found = session.registry.metric(name)
    session.tell()  # why a plugin's metric isn't there stands before the complaint that it isn't
    if found is None:
        known = session.registry.metrics()
        raise UnknownName("metric", name, known, "`deskmetry metrics` lists them all.")
    return found


def waiting(
    context: typer.Context,
    source: Annotated[
        list[str] | None, typer.Option("--source", help="Only this source; repeatable.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", help="How many tickets to list.", min=1)] = 20,
    format: FormatOption = Format.TABLE,
    output: OutputOption = None,
) -> None:
    """List who waits for an answer, longest first."""
    from .waiting import waiting_table

    session: Session = context.obj
    with session.reader() as connection:
        write(waiting_table(connection, session.settings, source or (), limit), format, output)
