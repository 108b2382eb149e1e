"""Oracle's answers: items to points by group, and what the command line says compared with them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from helpers_cli import cli
from helpers_oracle import Ticket, World
from helpers_oracle_kpis import KPIS, Item
from helpers_oracle_statistics import (
    Interval,
    mean_interval,
    rank_statistic,
    ratio_interval,
    score_interval,
    wilson,
)

LEVEL = "ticket_backlog"
ALL = (*KPIS, LEVEL)
DURATIONS = tuple(name for name, (how, _) in KPIS.items() if how == "duration")
SURVEYED = {"csat", "csat_response_rate", "nps"}
Key = tuple[str, ...]


@dataclass(slots=True)
class Point:
    """What the oracle says of one group."""

    value: float | None
    n: int
    left_out: dict[str, int] = field(default_factory=dict)
    interval: Interval | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """Whole months, [since, until) as `2026-01`, and what to group by: source, medium or month."""

    since: str
    until: str
    by: str | None = None
    zone: str = "UTC"
    stat: str = "median"

    def midnight(self, month: str) -> int:
        """Return when a month begins."""
        at = datetime.fromisoformat(f"{month}-01").replace(tzinfo=ZoneInfo(self.zone))
        return round(at.timestamp() * 1000)

    def month(self, at: int) -> str:
        """Return the month that an instant lies in."""
        return f"{datetime.fromtimestamp(at / 1000, ZoneInfo(self.zone)):%Y-%m}"

    def month_ends(self) -> list[tuple[str, int]]:
        """Return the months of the period with their ends."""
        found, month = [], self.since
        while month < self.until:
            year, number = map(int, month.split("-"))
            following = f"{year + number // 12}-{number % 12 + 1:02d}"
            found.append((month, self.midnight(following)))
            month = following
        return found


def expected(world: World, name: str, question: Question) -> dict[Key, Point]:
    """Return the points of a KPI by group; the total is under ()."""
    known = world.cut()
    if name == LEVEL:
        return _levels(known, question)
    how, definition = KPIS[name]
    begin, end = question.midnight(question.since), question.midnight(question.until)
    items = [one for one in definition(known) if begin <= one.at < end]
    how, _, split = how.partition(":")
    how = question.stat if how == "duration" else how
    found: dict[Key, Point] = {(): _point(how, items)}
    grouped: dict[Key, list[Item]] = defaultdict(list)
    for one in items:
        grouped[_group(one, question)].append(one)
    for key, members in grouped.items():
        if split:
            every = frozenset().union(*(one.groups for one in items))
            for word in every:
                found[(*key, word)] = _point(how, members, word)
        elif question.by is not None:
            found[key] = _point(how, members)
    return found


def _group(item: Item, question: Question) -> Key:
    if question.by is None:
        return ()
    if question.by == "month":
        return (question.month(item.at),)
    return (item.source if question.by == "source" else item.medium or "(none)",)


def _point(how: str, items: Sequence[Item], word: str | None = None) -> Point:
    counted = [one for one in items if one.out is None]
    out = Counter(one.out for one in items if one.out is not None)
    if how == "distinct":
        counted = list({one.key: one for one in counted}.values())
        out = Counter(reason for _, reason in {(one.key, one.out) for one in items if one.out is not None})
    n, left_out = len(counted), dict(out)
    if how in ("count", "distinct"):
        return Point(n, n, left_out)
    if not n:
        return Point(None, 0, left_out)
    values = [float(one.over) for one in counted]
    if how == "split":
        values = [float(word is None or word in one.groups) for one in counted]
    if how in ("share", "split"):
        return Point(sum(values) / n, n, left_out, wilson(sum(values), n))
    if how == "ratio":
        return Point(sum(values) / n, n, left_out, ratio_interval(values))
    if how == "score":
        return Point(sum(values) / n, n, left_out, score_interval(values))
    if how == "mean":
        return Point(sum(values) / n, n, left_out, mean_interval(counted))
    value, between = rank_statistic(values, how)
    return Point(value, n, left_out, between)


def _levels(world: World, question: Question) -> dict[Key, Point]:
    def level(tickets: Iterable[Ticket], end: int) -> Point:
        at = min(end, world.as_of)
        words = [one.gone for one in tickets if one.unsolved_at(at)]
        out = Counter(word for word in words if word is not None)
        return Point(words.count(None), words.count(None), dict(out))

    found: dict[Key, Point] = {(): level(world.tickets, question.midnight(question.until))}
    if question.by == "month":
        begun = min(one.created for one in world.tickets)  # before it there is no answer, rather than 0
        ends = [(name, end) for name, end in question.month_ends() if end > begun]
        return found | {(name,): level(world.tickets, end) for name, end in ends}
    for word in {getattr(one, question.by) for one in world.tickets} if question.by else ():
        members = [one for one in world.tickets if getattr(one, str(question.by)) == word]
        found[(word or "(none)",)] = level(members, question.midnight(question.until))
    return found


# --- the product's answers ---------------------------------------------------------------------------------


def asked(config: Path, names: Sequence[str], question: Question, *more: str) -> dict[str, Any]:
    """Ask the command line for KPIs; returns its JSON answers by name."""
    by = () if question.by is None else ("--by", question.by)
    span = ("--since", question.since, "--until", question.until, "--timezone", question.zone)
    found = cli("-c", config, "metric", *names, *by, *span, "--format", "json", *more)
    assert found.code == 0, found.err
    answers = found.json if isinstance(found.json, list) else [found.json]
    return {one["metric"]: one for one in answers}


def differences(answer: dict[str, Any], wanted: dict[Key, Point]) -> list[str]:
    """Return how an answer differs from what the oracle says, a line each."""
    points = {tuple(one["dimensions"].values()): one for one in answer["points"]}
    points[()] = answer["total"]
    lines, slack = [], 0.5 if answer["unit"] == "ms" else 1e-12  # durations are whole milliseconds
    for key in sorted(points.keys() | wanted.keys()):
        mine = wanted.get(key, Point(None, 0))
        yours = points.get(key, {"value": None, "n": 0, "left_out": {}, "interval": None})
        # A group of which there is nothing may be told of, or not.
        nothing = mine.n == 0 and not yours["value"] and len({key in points, key in wanted}) == 2
        same = (
            (nothing or _agree(yours["value"], mine.value, slack))
            and yours["n"] == mine.n
            and yours["left_out"] == mine.left_out
            and _agree(yours["interval"], mine.interval, slack)
        )
        if not same:
            told = (yours["value"], yours["n"], yours["left_out"], yours["interval"])
            here = (mine.value, mine.n, mine.left_out, mine.interval)
            lines.append(f"{answer['metric']} {key}: answered {told}, worked out {here}")
    return lines


def _agree(yours: Any, mine: Any, slack: float) -> bool:
    if mine is None or yours is None:
        return mine is None and yours is None
    return bool(yours == pytest.approx(mine, rel=1e-9, abs=slack))


def _refused(answer: dict[str, Any]) -> bool:
    reasons = [line for line in answer["warnings"] if "holds no tickets" in line]
    return answer["total"]["value"] is None and answer["as_of"] is None and bool(reasons)


def compared(config: Path, world: World, question: Question, *more: str) -> list[str]:
    """Ask for every KPI (for another statistic every duration), and return all differences."""
    stat = () if question.stat == "median" else ("--stat", question.stat)
    names = DURATIONS if stat else ALL
    answers = asked(config, names, question, *stat, *more)
    assert set(answers) == set(names)
    as_of = datetime.fromtimestamp(world.as_of / 1000, UTC)
    # Of a source of surveys alone there is no number of tickets, but the reason.
    silent = set() if world.tickets else set(names) - SURVEYED
    lines = [f"{name} isn't refused with the reason" for name in silent if not _refused(answers[name])]
    lines += [
        f"{name}: as of {one['as_of']}, not {as_of}"
        for name, one in answers.items()
        if name not in silent and datetime.fromisoformat(one["as_of"]) != as_of
    ]
    for name in sorted(set(names) - silent):
        lines += differences(answers[name], expected(world, name, question))
    return lines
