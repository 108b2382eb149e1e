"""Oracle of files: a log of calls and a list of answers, read by Python's own `csv`."""

from __future__ import annotations

import csv
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from helpers_oracle import SECOND, Answer, Status, Ticket, World

BEGIN = datetime(2026, 1, 1, 8, tzinfo=UTC)
CALLS = ("Call", "Direction", "Start", "Caller", "Queue", "Agent", "Wait", "Talk", "Result", "Rating")
VOICES = ("Response", "Date", "Call", "Satisfied", "Recommend", "E-mail")


def write_calls(path: Path, count: int, seed: int) -> None:
    """Write a log of so many calls, an hour or so apart."""
    rng, at, rows = random.Random(seed), BEGIN, list[Sequence[object]]()
    for number in range(1, count + 1):
        at += timedelta(seconds=rng.randrange(60, 7200))
        result = rng.choice(("yes", "yes", "yes", "gave up", "no answer"))
        taken = result == "yes"
        talk = rng.randrange(20, 1500) if taken else ""
        rating = rng.choice((1, 2, 3, 4, 5, "")) if taken else ""
        agent = rng.choice(("anna@acme.example", "ben@acme.example")) if taken else ""
        way, queue = rng.choice(("in", "in", "in", "out")), rng.choice(("Sales", "Service"))
        caller = f"+49 30 {rng.randrange(1000, 1040)}"
        begin = f"{at:%d.%m.%Y %H:%M:%S}"
        rows.append((number, way, begin, caller, queue, agent, rng.randrange(90), talk, result, rating))
    _write(path, CALLS, rows)


def write_voices(path: Path, count: int, calls: int, seed: int) -> None:
    """Write answers given days later: some about a call, some by people of whom no call is known."""
    rng, rows = random.Random(seed), list[Sequence[object]]()
    for number in range(1, count + 1):
        at = BEGIN + timedelta(seconds=rng.randrange(86_400 * 20))
        call = rng.choice((rng.randrange(1, calls + 1), ""))
        satisfied, likely = rng.choice(("yes", "no", "")), rng.choice((*range(11), ""))
        who = f"guest{number}@mail.example" if rng.random() < 0.7 else ""
        rows.append((number, f"{at:%Y-%m-%d %H:%M:%S}", call, satisfied, likely, who))
    _write(path, VOICES, rows)


def calls_world(path: Path, source: str, known: int) -> World:
    """Return what a log of calls tells: each that came in is a ticket, closed when it was over."""
    world = World({source: known})
    for row in _rows(path):
        if row["Direction"] != "in":
            continue
        at = _at(row["Start"], "%d.%m.%Y %H:%M:%S")
        ticket = Ticket(
            source, row["Call"], "phone", "phone", at,
            statuses=[Status(at, "open"), Status(at + int(row["Talk"] or 0) * SECOND, "closed")],
            teams={row["Queue"]}, accepted=int(row["Result"] == "yes"),
        )  # fmt: skip
        world.tickets.append(ticket)
        if row["Rating"]:
            world.answers.append(Answer(source, "", "csat", at, float(row["Rating"]), 1, 5, ticket))
    return world


def voices_world(path: Path, source: str, known: int, calls: World) -> World:
    """Return what a list of answers tells: satisfaction as yes or no, recommendation from 0 to 10."""
    world, tickets = World({source: known}), {one.id: one for one in calls.tickets}
    for row in _rows(path):
        at, about = _at(row["Date"], "%Y-%m-%d %H:%M:%S"), tickets.get(row["Call"])
        if row["Satisfied"]:
            points = float(row["Satisfied"] == "yes")
            world.answers.append(Answer(source, "later", "csat", at, points, 0, 1, about, row["Call"]))
        if row["Recommend"]:
            world.answers.append(
                Answer(source, "later", "nps", at, float(row["Recommend"]), 0, 10, about, row["Call"])
            )
    return world


def _write(path: Path, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=";").writerows([header, *rows])


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


def _at(text: str, how: str) -> int:
    return round(datetime.strptime(text, how).replace(tzinfo=UTC).timestamp() * 1000)
