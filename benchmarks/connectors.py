"""Connectors: requests beside the least that each API allows, and a whole sync over a bare loop of the same.

The bare loop sends the requests that the sync sent, in their order, parses the answers with pydantic's fast
reader and writes every list in them to a plain table, a row an object. The emulator serves both from a
process of its own, answers kept, so that neither waits for it; nothing is paced.
"""

from __future__ import annotations

import argparse
import multiprocessing
import re
import sqlite3
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from accounts import ACCOUNTS, Held
from measuring import Run, once, synced
from pydantic_core import from_json, to_json

from deskmetry.testing import Reply, Request

_HOP = frozenset({"host", "content-length", "connection", "accept-encoding", "user-agent"})
_COMMIT = 500  # rows
_NUMBER = re.compile(r"/\d+(?=/|$)")


# --- the emulator's process -------------------------------------------------------------------------------


def serve(name: str, tickets: int, pipe: Connection) -> None:
    """Serve an account and obey: `change` it, `look` at it, tell the `log` since the last time, `stop`."""
    account = ACCOUNTS[name]
    company = account.make(tickets)
    server = account.serve(company)
    log: list[Request] = []
    answer = server.answer

    def remembered(request: Request) -> Reply:
        log.append(request)
        return answer(request)

    setattr(server, "answer", remembered)  # noqa: B010 - for this run only
    with server:
        pipe.send(server.url)
        while (word := pipe.recv()) != "stop":
            if word == "change":
                account.change(company)
                pipe.send(None)
            elif word == "look":
                pipe.send(account.look(company))
            else:
                pipe.send((list(log), Counter(_place(server.place(server.entry(one))) for one in log)))
                log.clear()


class Desk:
    """An emulated account in a process of its own, while the `with` lasts."""

    def __init__(self, name: str, tickets: int) -> None:
        self._pipe, there = multiprocessing.Pipe()
        context = multiprocessing.get_context("spawn")
        self._process = context.Process(target=serve, args=(name, tickets, there))

    def __enter__(self) -> Desk:
        self._process.start()
        self.url: str = self._pipe.recv()
        return self

    def __exit__(self, *_error: object) -> None:
        self._pipe.send("stop")
        self._process.join()

    def told(self, word: str) -> Any:
        """Return what the process answers to a word."""
        self._pipe.send(word)
        return self._pipe.recv()


def _place(path: str) -> str:
    return _NUMBER.sub("/*", path)


# --- the two that are compared ----------------------------------------------------------------------------


class Whole(NamedTuple):
    """A sync into a new database, facts included."""

    name: str
    url: str


def whole(given: Whole, folder: Path) -> int:
    """Sync; return the number of requests."""
    return _synced(given, folder / "desk.db")


def _synced(given: Whole, database: Path) -> int:
    report = synced(database, given.name, ACCOUNTS[given.name].connector(given.url))
    if report.exit_code:
        sys.exit(f"the sync failed: {[source.error for source in report.sources]}")
    return sum(stream.requests for source in report.sources for stream in source.streams)


class Bare(NamedTuple):
    """Requests to be sent as they were sent before."""

    url: str
    log: Sequence[Request]


def bare(given: Bare, folder: Path) -> int:
    """Send them, parse the answers, write plain tables; return the number of requests."""
    base = httpx.URL(given.url).copy_with(path="/")
    tables = Tables(folder / "bare.db")
    with httpx.Client(base_url=base, timeout=60) as client:
        for one in given.log:
            headers = {key: value for key, value in one.headers.items() if key.lower() not in _HOP}
            answer = client.request(one.method, one.target, headers=headers, content=one.body or None)
            name = next((part for part in reversed(one.path.split("/")) if not part.isdecimal()), "answer")
            tables.put(name, from_json(answer.content))
    tables.close()
    return len(given.log)


class Tables:
    """Plain tables in a file, one for each list by its name, with the columns that come."""

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=NORMAL")
        self._columns: dict[str, dict[str, None]] = {}
        self._written = 0

    def put(self, name: str, answer: Any) -> None:
        """Write all objects in an answer."""
        found: dict[str, list[dict[str, Any]]] = {}
        _collect(name, answer, None, found)
        for table, rows in found.items():
            self._write(table, rows)
        if self._written >= _COMMIT:
            self._database.commit()
            self._written = 0

    def close(self) -> None:
        """Commit what is left."""
        self._database.commit()
        self._database.close()

    def _write(self, table: str, rows: list[dict[str, Any]]) -> None:
        known = self._columns.get(table)
        if known is None:
            known = self._columns[table] = {"parent": None}
            self._database.execute(f'CREATE TABLE "{table}" (parent)')
        for row in rows:
            for column in row.keys() - known.keys():
                known[column] = None
                self._database.execute(f'ALTER TABLE "{table}" ADD COLUMN "{column}"')
        marks = ", ".join("?" * len(known))
        columns = ", ".join(f'"{column}"' for column in known)
        self._database.executemany(
            f'INSERT INTO "{table}" ({columns}) VALUES ({marks})',
            [[row.get(column) for column in known] for row in rows],
        )
        self._written += len(rows)


def _collect(name: str, value: Any, parent: Any, found: dict[str, list[dict[str, Any]]]) -> None:
    """Gather the objects of an answer by the list that they stand in, flattened."""
    if isinstance(value, list):
        for one in value:
            if isinstance(one, dict):
                row: dict[str, Any] = {"parent": parent}
                _flatten("", one, row, found, name)
                found.setdefault(name, []).append(row)
    elif isinstance(value, dict):
        if "id" in value:
            _collect(name, [value], parent, found)
            return
        for key, inner in value.items():
            if isinstance(inner, dict | list):
                _collect(name if key == "data" else key, inner, parent, found)


def _flatten(
    prefix: str, item: dict[str, Any], row: dict[str, Any], found: dict[str, list[dict[str, Any]]], name: str
) -> None:
    for key, value in item.items():
        if isinstance(value, dict):
            _flatten(f"{prefix}{key}.", value, row, found, name)
        elif not isinstance(value, list):
            row[prefix + key] = value
        elif value and isinstance(value[0], dict):
            _collect(f"{name}.{key}", value, item.get("id"), found)
        else:
            row[prefix + key] = to_json(value).decode()


# --- what is printed --------------------------------------------------------------------------------------


class Spent(NamedTuple):
    """Requests by place of one sync, and the least that there could have been."""

    places: Counter[str]
    least: Counter[str]

    @classmethod
    def of(cls, name: str, places: Counter[str], before: Held | None, now: Held) -> Spent:
        """Return what was spent; places that the rule doesn't name are small lists, read once."""
        least = ACCOUNTS[name].at_best(before, now)
        for place in places:
            least.setdefault(place, 1)
        return cls(places, least)


def requests(name: str, tickets: int, *, details: bool) -> None:
    """Print what a first sync, one after a few hours and an idle one cost, beside the least."""
    with Desk(name, tickets) as desk, tempfile.TemporaryDirectory() as folder:
        given, database = Whole(name, desk.url), Path(folder) / "desk.db"
        spent = []
        before: Held | None = None
        for _ in range(2):
            _synced(given, database)
            now = desk.told("look")
            spent.append(Spent.of(name, desk.told("log")[1], before, now))
            desk.told("change")
            before = now
        _synced(given, database)
        desk.told("log")
        _synced(given, database)
        idle = desk.told("log")[1].total()
    full, later = spent
    print(
        f"| {name} | {tickets:,} {ACCOUNTS[name].unit} | {full.places.total():,} | {full.least.total():,} "
        f"| {later.places.total()} | {later.least.total()} | {idle} |"
    )
    if details:
        for label, one in (("first", full), ("later", later)):
            for place in sorted(one.places.keys() | one.least.keys()):
                print(f"    {label} {place}: {one.places[place]} (least {one.least[place]})", file=sys.stderr)


def timed(name: str, tickets: int, runs: int) -> None:
    """Print seconds of both, medians of runs in turn, and the median of their ratios."""
    with Desk(name, tickets) as desk:
        given = Whole(name, desk.url)
        once(whole, given)  # fills the emulator's kept answers
        replay = Bare(desk.url, desk.told("log")[0])
        once(bare, replay)
        pairs = [(once(bare, replay), once(whole, given)) for _ in range(runs)]
        desk.told("log")
    loop, full = zip(*pairs, strict=True)
    ratio = statistics.median(one.wall / other.wall for other, one in pairs)
    of_cpu = statistics.median(one.cpu / other.cpu for other, one in pairs)
    print(
        f"| {name} | {tickets:,} {ACCOUNTS[name].unit} | {full[-1].requests:,} | {_median(loop):.2f} "
        f"| {_median(full):.2f} | {ratio:.1f} | {of_cpu:.1f} |"
    )


def _median(runs: Sequence[Run]) -> float:
    return statistics.median(run.wall for run in runs)


def _chosen(names: Sequence[str]) -> Iterator[str]:
    for name in names or ACCOUNTS:
        if name not in ACCOUNTS:
            sys.exit(f"there is no {name!r}; there are {', '.join(ACCOUNTS)}")
        yield name


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("connectors", nargs="*", help="all if none is named")
    parser.add_argument("--runs", type=int, default=3, help="timed runs of each; 0 for none")
    parser.add_argument(
        "--tickets", type=int, help="of the timed runs; each connector has a number of its own"
    )
    parser.add_argument("--details", action="store_true", help="requests by place, on stderr")
    options = parser.parse_args()
    chosen = list(_chosen(options.connectors))
    print("| connector | account | first sync | at best | 6 hours later | at best | nothing new |")
    print("|---|---|---:|---:|---:|---:|---:|")
    for name in chosen:
        requests(name, 1_000, details=options.details)
    if options.runs:
        print("\n| connector | account | requests | bare loop s | sync s | over bare | of CPU |")
        print("|---|---|---:|---:|---:|---:|---:|")
        for name in chosen:
            timed(name, options.tickets or ACCOUNTS[name].tickets, options.runs)


if __name__ == "__main__":
    main()
