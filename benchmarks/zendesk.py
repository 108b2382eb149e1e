"""Zendesk: a sync from the emulator, facts included, over a bare loop that fetches the same pages."""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from deskmetry.sync import Options, sync
from deskmetry_connectors.zendesk import Zendesk
from deskmetry_connectors.zendesk.emulator import TOKEN, Company, Emulator

try:
    from orjson import loads  # type: ignore[import-not-found,unused-ignore]
except ImportError:
    from pydantic_core import from_json as loads  # faster than the standard library's too

TICKETS, USERS = 10_000, 1_000
COMMENTS_EACH, CHANGES_EACH = 4, 6
API = "/api/v2"


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


def bare(url: str, folder: Path) -> int:
    """Fetch the same pages, parse them and write plain tables; return the number of requests."""
    database = sqlite3.connect(folder / "bare.db")
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=NORMAL")
    for name in ("users", "tickets", "comments", "changes"):
        database.execute(f"CREATE TABLE {name} (id INTEGER PRIMARY KEY, parent, at, kind, body)")
    put = "INSERT OR REPLACE INTO {} VALUES (?, ?, ?, ?, ?)"
    requests = 0
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60) as client:
        wanted: dict[str, dict[str, Any]] = {
            "users": {"per_page": 1000},
            "tickets": {"per_page": 1000, "support_type_scope": "all", "include": "metric_sets,users"},
        }
        for name, params in wanted.items():
            for page in cursor_pages(client, name, params):
                requests += 1
                rows = [
                    (r["id"], r.get("requester_id"), r["updated_at"], r.get("status"), r.get("subject"))
                    for r in page
                ]
                database.executemany(put.format(name), rows)
                database.commit()
        start = 1_136_073_600
        events: dict[str, Any] = {"include": "comment_events", "support_type_scope": "all", "per_page": 500}
        while True:
            answer = client.get(
                f"{API}/incremental/ticket_events.json", params={**events, "start_time": start}
            )
            page = loads(answer.content)
            requests += 1
            comments: list[tuple[Any, ...]] = []
            changes: list[tuple[Any, ...]] = []
            for audit in page["ticket_events"]:
                for child in audit["child_events"]:
                    row = (child["id"], audit["ticket_id"], audit["created_at"], child["event_type"])
                    (comments if "body" in child else changes).append((*row, child.get("body")))
            database.executemany(put.format("comments"), comments)
            database.executemany(put.format("changes"), changes)
            database.commit()
            if page["end_of_stream"]:
                break
            start = page["end_time"]
    database.close()
    return requests


def whole(url: str, folder: Path) -> int:
    """Sync into a new database, facts included; return the number of requests."""
    report = sync(folder / "desk.db", {"zd": Zendesk(url=url, token=TOKEN)}, Options())
    if report.exit_code:
        sys.exit(f"the sync failed: {[source.error for source in report.sources]}")
    return sum(stream.requests for source in report.sources for stream in source.streams)


class Run(NamedTuple):
    """What one run took. `cpu` is seconds of this process alone, user and system; `peak` is MB."""

    wall: float
    cpu: float
    requests: int
    peak: float


def in_a_process(work: Callable[[str, Path], int], url: str, pipe: Connection) -> None:
    """Measure in a process of its own, so that its peak of memory is its own too."""
    with tempfile.TemporaryDirectory() as folder:
        began, spent = time.perf_counter(), time.process_time()
        requests = work(url, Path(folder))
        wall, cpu = time.perf_counter() - began, time.process_time() - spent
    pipe.send(Run(wall, cpu, requests, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


def once(work: Callable[[str, Path], int], url: str) -> Run:
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=in_a_process, args=(work, url, there))
    process.start()
    found: Run = here.recv()
    process.join()
    return found


def table(found: dict[str, list[Run]]) -> None:
    """Print medians; the ratios are medians over pairs of runs that followed each other."""
    print("| run | median s | CPU s | requests | peak MB |\n|---|---:|---:|---:|---:|")
    for name, runs in found.items():
        wall, cpu = (statistics.median(values) for values in ([r.wall for r in runs], [r.cpu for r in runs]))
        peak = max(run.peak for run in runs)
        print(f"| {name} | {wall:.2f} | {cpu:.2f} | {runs[-1].requests} | {peak:.0f} |")
    pairs = list(zip(found["bare"], found["whole"], strict=True))
    wall = statistics.median(w.wall / b.wall for b, w in pairs)
    cpu = statistics.median(w.cpu / b.cpu for b, w in pairs)
    print(f"\nratio {wall:.2f} (target: at most 3), of CPU {cpu:.2f}; JSON by {loads.__module__}")


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
    once(bare, url)  # fills the emulator's kept answers, and this machine's caches
    once(whole, url)
    found: dict[str, list[Run]] = {"bare": [], "whole": []}
    for _ in range(options.runs):
        found["bare"].append(once(bare, url))
        found["whole"].append(once(whole, url))
    here.send("stop")
    server.join()
    table(found)


if __name__ == "__main__":
    main()
