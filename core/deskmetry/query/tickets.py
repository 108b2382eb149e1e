"""Tickets: what is behind a number, and how it came about."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace

from ..metric import TICKETS, Computed, Count, Duration, Level, Mean, Ratio, Share
from ..metric.guard import guarded
from .dimensions import source_of_ticket
from .engine import THIN, answer_scope, unanswered
from .groups import plan
from .level import instants, statements
from .query import Query
from .question import understand
from .respondents import ITEMS, respondent
from .result import Explanation, TicketRow
from .scope import Scope
from .sources import instant, read_sources
from .statement import Term, source
from .workspace import fill, see_facts_as_of, snapshot

SAMPLES = 5


def tickets(connection: sqlite3.Connection, query: Query, limit: int = 100) -> tuple[TicketRow, ...]:
    """Return tickets behind the total of a query, the latest first; a ticket once for each item it brings."""
    with snapshot(connection):
        question = understand(connection, query)
        if question.scope is None:
            return ()
        see_facts_as_of(connection, question.scope)
        return tuple(_rows(connection, question.scope.whole(), limit))


def explain(connection: sqlite3.Connection, query: Query, *, thin: int = THIN) -> Explanation:
    """Return how the answer to a query comes about: statements, bound values, rows in and out, samples."""
    with snapshot(connection):
        question = understand(connection, query)
        scope = question.scope
        result = answer_scope(connection, question, scope, thin) if scope else unanswered(question)
        return Explanation(
            metric=result.metric,
            definition=result.definition,
            parameters=result.parameters,
            sql=() if scope is None else _statements(scope),
            bound={} if scope is None else scope.bound(),
            counted=result.total.n,
            left_out=result.total.left_out,
            tickets=() if scope is None else tuple(_rows(connection, scope.whole(), SAMPLES)),
            result=result,
        )


def _statements(scope: Scope) -> tuple[str, ...]:
    if isinstance(scope.metric, Level):
        return statements(scope, scope.metric)
    return (plan(scope).sql,)


def _term(scope: Scope) -> Term:
    """Return the items behind the number, with their value as `_value`."""
    metric = scope.metric
    if isinstance(metric, Level):
        last = instants(scope.whole())[-1]
        holds = f"{metric.begin} < {last} AND ({metric.end} IS NULL OR {metric.end} > {last})"
        return Term(
            metric.fact, metric.begin, f"({metric.of}) AND {holds}", {"_value": "NULL"}, bounded=False
        )
    if isinstance(metric, Share):
        hit = f"CASE WHEN {metric.counts} THEN 1 ELSE 0 END"
        return Term(metric.fact, metric.at, metric.of, {"_value": hit})
    if isinstance(metric, Ratio):
        under = metric.under
        same = (metric.over.fact, metric.over.at) == (under.fact, under.at)
        return Term(under.fact, under.at, under.of, {"_value": metric.over.value if same else under.value})
    if isinstance(metric, Duration | Mean):
        return Term(metric.fact, metric.at, metric.of, {"_value": metric.value})
    if isinstance(metric, Count | Computed):
        return Term(metric.fact, metric.at, metric.of, {"_value": "NULL"})
    raise TypeError(f"{type(metric).__name__} is no measure")


def _rows(connection: sqlite3.Connection, scope: Scope, limit: int) -> Iterator[TicketRow]:
    fill(connection, scope)
    term = _term(scope)
    whose = source_of_ticket(term.fact)
    term = replace(term, columns={**term.columns, "_item": ITEMS.get(term.fact.name, "NULL")})
    sql = (
        f"SELECT COALESCE(f.{whose}, f.source_id), f.ticket_id, f._at, f._value, f.source_id, f._item"
        f" {source(scope, term)}"
        f" {'AND' if scope.filters else 'WHERE'} f._out IS NULL ORDER BY 3 DESC, 1, 2 LIMIT :_limit"
    )
    with guarded(connection, scope.metric.name):
        found = connection.execute(sql, {**scope.bound(), "_limit": limit}).fetchall()
    names = {source.id: source.name for source in read_sources(connection)}
    for source_id, ticket, at, value, told_by, item in found:
        row = connection.execute(
            "SELECT subject, link FROM tickets WHERE source_id = ? AND id = ?", (source_id, ticket)
        ).fetchone()
        subject, link = row or (None, None)
        moments = {term.at: at} | _instants(connection, source_id, ticket)
        zone = scope.period.zone
        shown = {name: instant(value, zone) for name, value in moments.items() if value is not None}
        customer, answer, points = respondent(connection, term.fact, told_by, item)
        value = points if isinstance(scope.metric, Computed) else value
        yield TicketRow(names[source_id], ticket, subject, link, shown, value, customer, answer)


def _instants(connection: sqlite3.Connection, source_id: int, ticket: str | None) -> dict[str, int | None]:
    columns = ("created_at", "first_customer_at", "first_replied_at", "first_solved_at", "solved_at")
    row = connection.execute(
        f"SELECT {', '.join(columns)} FROM {TICKETS.name} WHERE source_id = ? AND ticket_id = ?",
        (source_id, ticket),
    ).fetchone()
    return dict(zip(columns, row or (), strict=False))
