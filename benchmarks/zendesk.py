"""Zendesk: a sync from the emulator, facts included, over bare loops that fetch the same pages.

One loop keeps the fields that the sync keeps, as they come; the other five columns a row and throws the rest
away.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sqlite3
import statistics
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from measuring import Run, once, synced
from pydantic_core import to_json as dumps

from deskmetry.sync import spare_cores
from deskmetry_connectors.zendesk import Zendesk
from deskmetry_connectors.zendesk.emulator import TOKEN, Company, Emulator

try:
    from orjson import loads  # type: ignore[import-not-found,unused-ignore]
except ImportError:
    from pydantic_core import from_json as loads  # faster than the standard library's too

TICKETS, USERS = 10_000, 1_000
COMMENTS_EACH, CHANGES_EACH = 4, 6
API = "/api/v2"
Row = tuple[Any, ...]


def company(tickets: int) -> Company:
    """Make a company whose tickets have four comments and six changes each."""
    made = Company.make(tickets=0, users=12, seed=1)
    agents = [user for user in made.users.values() if user.role != "end-user"]
    customers = [made.join(f"Customer {n}") for n in range(12, max(USERS * tickets // TICKETS, 12))]
    customers = customers or [user for user in made.users.values() if user.role == "end-user"]
    for number in range(tickets):
        at = made.now - 90 * 86_400 + number * (80 * 86_400 // tickets)
        agent = agents[number % len(agents)].id
        one = made.open(customers[number % len(customers)], at, "Where is my order? " * 20, "email")
        made.change(one, agent, at + 600, status="open", assignee=agent)
        made.say(one, agent, at + 1200, "It left our warehouse yesterday. " * 15)
        made.change(one, agent, at + 1200, status="pending", tags=["delivery"])
        made.say(one, one.requester, at + 9000, "It still isn't here. " * 10)
        made.change(one, one.requester, at + 9000, status="open")
        made.say(one, agent, at + 12_000, "We are sending another one. " * 10)
        made.change(one, agent, at + 12_000, status="solved")
    return made


def serve(tickets: int, pipe: Connection) -> None:
    """Serve the company in a process of its own, answers kept, until told to stop."""
    with Emulator(company(tickets), cache=True) as server:
        pipe.send(server.url)
        while pipe.recv() != "stop":
            pipe.send(len(server.log))


def cursor_pages(client: httpx.Client, name: str, params: dict[str, Any]) -> list[Any]:
    """Fetch an export by cursor, page after page; rows go into a table as they come."""
    rows: list[Any] = []
    asked = {**params, "start_time": 1_136_073_600}
    while True:
        page = loads(client.get(f"{API}/incremental/{name}/cursor.json", params=asked).content)
        rows.append(page[name])
        if page["end_of_stream"]:
            return rows
        asked = {**params, "cursor": page["after_cursor"]}


class Kept(NamedTuple):
    """What a bare loop keeps of each row that comes: one function a table."""

    user: Callable[[dict[str, Any]], Row]
    ticket: Callable[[dict[str, Any]], Row]
    comment: Callable[[dict[str, Any], dict[str, Any]], Row]
    change: Callable[[dict[str, Any], dict[str, Any]], Row]


def five_of(row: dict[str, Any]) -> Row:
    """Keep an id, whose it is, when, a word and a text."""
    return row["id"], row.get("requester_id"), row["updated_at"], row.get("status"), row.get("subject")


def five_of_event(child: dict[str, Any], audit: dict[str, Any]) -> Row:
    """Keep as much of a comment or a change."""
    return child["id"], audit["ticket_id"], audit["created_at"], child["event_type"], child.get("body")


def user(row: dict[str, Any]) -> Row:
    """Keep what a sync keeps of a user."""
    return tuple(row.get(name) for name in _USER)


def ticket(row: dict[str, Any]) -> Row:
    """Keep what a sync keeps of a ticket."""
    via = row["via"]["channel"] if row.get("via") else None
    nested = (dumps(row.get(name)).decode() for name in ("tags", "custom_fields", "metric_set"))
    return (*(row.get(name) for name in _TICKET), via, *nested)


def comment(child: dict[str, Any], audit: dict[str, Any]) -> Row:
    """Keep what a sync keeps of a comment."""
    via = child["via"]["channel"] if isinstance(child.get("via"), dict) else audit["via"]
    body = child["body"]
    where = child["id"], audit["ticket_id"], child.get("created_at") or audit["created_at"]
    return *where, child["author_id"], audit["updater_id"], child.get("public"), via, len(body), body


def change(child: dict[str, Any], audit: dict[str, Any]) -> Row:
    """Keep what a sync keeps of a change: which field, from what, to what, by whom."""
    field = next((name for name in child if name not in _BESIDE), None)
    old, new = child.get("previous_value"), child.get(field) if field else None
    return (
        *(child["id"], audit["ticket_id"], audit["created_at"], audit["updater_id"], audit["via"], field),
        old if old is None or isinstance(old, str) else dumps(old).decode(),
        new if new is None or isinstance(new, str) else dumps(new).decode(),
    )


_USER = (
    "id",
    "name",
    "email",
    "phone",
    "role",
    "organization_id",
    "locale",
    "active",
    "created_at",
    "updated_at",
)
_TICKET = ("id", "generated_timestamp", "subject", "brand_id", "group_id", "assignee_id", "requester_id",
           "organization_id", "status", "custom_status_id", "priority", "type", "created_at", "updated_at",
           "url", "from_messaging_channel", "ticket_form_id")  # fmt: skip
_BESIDE = frozenset({"id", "via", "via_reference_id", "event_type", "type", "previous_value", "added_tags",
                     "removed_tags", "comment_present", "comment_public"})  # fmt: skip
FIVE = Kept(five_of, five_of, five_of_event, five_of_event)
SAME = Kept(user, ticket, comment, change)


def five_columns(url: str, folder: Path) -> int:
    """Fetch the same pages, parse them and write tables of five columns; return the number of requests."""
    return loop(url, folder, FIVE)


def same_fields(url: str, folder: Path) -> int:
    """Fetch the same pages, parse them and write the fields that a sync keeps; return the requests."""
    return loop(url, folder, SAME)


def loop(url: str, folder: Path, kept: Kept) -> int:
    """Write plain tables, a page a commit; return the number of requests."""
    database = sqlite3.connect(folder / "bare.db")
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=NORMAL")
    requests = 0
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60) as client:
        wanted: dict[str, tuple[dict[str, Any], Callable[[dict[str, Any]], Row]]] = {
            "users": ({"per_page": 1000}, kept.user),
            "tickets": (
                {"per_page": 1000, "support_type_scope": "all", "include": "metric_sets,users"},
                kept.ticket,
            ),
        }
        for name, (params, row) in wanted.items():
            for page in cursor_pages(client, name, params):
                requests += 1
                write(database, name, [row(one) for one in page])
                database.commit()
        start = 1_136_073_600
        events: dict[str, Any] = {"include": "comment_events", "support_type_scope": "all", "per_page": 500}
        while True:
            asked = {**events, "start_time": start}
            page = loads(client.get(f"{API}/incremental/ticket_events.json", params=asked).content)
            requests += 1
            children = [(child, audit) for audit in page["ticket_events"] for child in audit["child_events"]]
            write(database, "comments", [kept.comment(*both) for both in children if "body" in both[0]])
            write(database, "changes", [kept.change(*both) for both in children if "body" not in both[0]])
            database.commit()
            if page["end_of_stream"]:
                break
            start = page["end_time"]
    database.close()
    return requests


def write(database: sqlite3.Connection, table: str, rows: list[Row]) -> None:
    """Write rows into a table whose first column is its key."""
    if rows:
        columns = ", ".join(f"c{number}" for number in range(1, len(rows[0])))
        database.execute(f"CREATE TABLE IF NOT EXISTS {table} (id INTEGER PRIMARY KEY, {columns})")
        marks = ", ".join("?" * len(rows[0]))
        database.executemany(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", rows)


def whole(url: str, folder: Path) -> int:
    """Sync into a new database, facts included; return the number of requests."""
    return _synced(url, folder, spare_cores())


def in_threads(url: str, folder: Path) -> int:
    """Sync as `whole` does, without a process that reads."""
    return _synced(url, folder, 0)


def _synced(url: str, folder: Path, processes: int) -> int:
    report = synced(folder / "desk.db", "zd", Zendesk(url=url, token=TOKEN), processes)
    if report.exit_code:
        sys.exit(f"the sync failed: {[source.error for source in report.sources]}")
    return sum(stream.requests for source in report.sources for stream in source.streams)


def table(found: dict[str, list[Run]]) -> None:
    """Print medians; the ratios are medians over pairs of runs that followed each other."""
    print("| run | median s | CPU s | requests | peak MB | sync over it | of CPU |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for name, runs in found.items():
        pairs = list(zip(runs, found[whole.__name__], strict=True))
        figures = (
            statistics.median(run.wall for run in runs),
            statistics.median(run.cpu for run in runs),
            statistics.median(full.wall / run.wall for run, full in pairs),
            statistics.median(full.cpu / run.cpu for run, full in pairs),
        )
        wall, cpu, ratio, of_cpu = figures
        peak = max(run.peak for run in runs)
        told = f"{wall:.2f} | {cpu:.2f} | {runs[-1].requests} | {peak:.0f} | {ratio:.2f} | {of_cpu:.2f}"
        print(f"| {name.replace('_', ' ')} | {told} |")
    print(f"\nJSON by {loads.__module__}")


def main() -> None:
    """Print wall and CPU times, their ratios, requests and peak memory; medians of runs in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tickets", type=int, default=TICKETS)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(options.tickets, there))
    server.start()
    url = here.recv()
    works = (five_columns, same_fields, in_threads, whole)
    for work in works:
        once(work, url)  # fills the emulator's kept answers, and this machine's caches
    found: dict[str, list[Run]] = {work.__name__: [] for work in works}
    for _ in range(options.runs):
        for work in works:
            found[work.__name__].append(once(work, url))
    here.send("stop")
    server.join()
    table(found)


if __name__ == "__main__":
    main()
