"""Soak: a long sync through faults and kills, and ten sources at once under the eyes of readers."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import signal
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from measuring import synced

from deskmetry import (
    Connector,
    Cursor,
    Field,
    HttpUrl,
    Message,
    Page,
    SecretStr,
    Ticket,
    TicketStatus,
    stream,
)
from deskmetry.http import HttpClient
from deskmetry.store import open_reader
from deskmetry.sync import Options, sync
from deskmetry.testing.canary import CANARY
from deskmetry.testing.collection import Collection
from deskmetry.testing.dump import differences, dump
from deskmetry.testing.faults import (
    CutJson,
    EmptyBody,
    Fault,
    HtmlPage,
    RateLimited,
    Reset,
    ServerError,
    ShortBody,
    TokenExpired,
    WrongType,
)
from deskmetry.testing.helpdesk import FakeHelpdesk

MESSAGES, PAGE, TICKETS_A_PAGE = 200_000, 1_000, 100
KILL_SECONDS, FAULT_EVERY = 10.0, 10
PASSING: tuple[Fault, ...] = (
    ServerError(500), ServerError(503), Reset(), ShortBody(), CutJson(), HtmlPage(), EmptyBody(), WrongType(),
    RateLimited(after=1.0), TokenExpired(),
)  # fmt: skip
_FAILURES = 20  # so many runs may fail before this gives up
_processes = multiprocessing.get_context("spawn")


class SoakDesk(Connector):
    """Tickets and messages of the fake helpdesk."""

    name = "soakdesk"
    url: HttpUrl = Field(description="Address")
    token: SecretStr = Field(description="Token")
    _fresh: str = ""

    def headers(self) -> dict[str, str]:
        """Return the token in use."""
        return {"Authorization": f"Bearer {self._fresh or self.token.get_secret_value()}"}

    def refresh(self) -> bool:
        """Renew the token, as OAuth clients do."""
        client = HttpClient(str(self.url), dict, self.context)
        try:
            answer = client.post_json("/oauth/token", {"secret": self.token.get_secret_value()})
        finally:
            client.close()
        self._fresh = str(answer.at("access_token"))
        return True

    @stream(Ticket, overlap=timedelta(minutes=5))
    def tickets(self, since: Cursor | None) -> Iterator[Page]:
        """Read tickets."""
        yield from self._pages("/tickets", since, self.ticket)

    @stream(Message, overlap=timedelta(minutes=5))
    def messages(self, since: Cursor | None) -> Iterator[Page]:
        """Read messages."""
        yield from self._pages("/messages", since, self.message)

    def _pages(self, path: str, since: Cursor | None, mapper: Any) -> Iterator[Page]:
        query = {"updated_since": since and since.watermark}
        for batch in self.http.pages(path, query, items="data", next_url="next"):
            mark = "updated_at" if path == "/tickets" else "sent_at"
            yield self.page(batch.items, mapper, watermark=mark)

    def ticket(self, row: Any) -> Ticket:
        """Map a ticket."""
        return Ticket(
            id=row["id"], subject=row["subject"], status=TicketStatus(row["state"]),
            created_at=row["updated_at"], updated_at=row["updated_at"],
        )  # fmt: skip

    def message(self, row: Any) -> Message:
        """Map a message."""
        return Message(
            id=row["id"], ticket_id=row["ticket"], sent_at=row["updated_at"], body=row["text"],
            author_kind=row["by"],
        )  # fmt: skip


def ticket_row(number: int, at: datetime) -> dict[str, Any]:
    """Return the JSON of a ticket."""
    state = ("new", "open", "pending", "solved")[number % 4]
    return {"id": f"t{number}", "subject": f"Order {number}", "state": state, "updated_at": at.isoformat()}


def message_row(number: int, at: datetime) -> dict[str, Any]:
    """Return the JSON of a message; ten for each ticket."""
    by = "customer" if number % 2 else "agent"
    text = f"Message {number}. " * 12
    return {
        "id": f"m{number}",
        "ticket": f"t{number // 10 + 1}",
        "text": text,
        "by": by,
        "updated_at": at.isoformat(),
    }


def helpdesk(pages: int, size: int) -> FakeHelpdesk:
    """Make a helpdesk with about so many pages of messages."""
    desk = FakeHelpdesk(
        Collection("/tickets", row=ticket_row, table="tickets", page_size=max(size // 10, 2)),
        Collection("/messages", row=message_row, table="messages", page_size=size),
    )
    for _ in range(max(pages - 2, 0)):
        desk.grow()
    return desk


def serve(pages: int, size: int, seed: int | None, pipe: Connection) -> None:
    """Serve a helpdesk in a process of its own; with a seed, every tenth request meets a random fault."""
    with helpdesk(pages, size) as desk:
        if seed is not None:
            dice = random.Random(seed)
            for number in range(1, 20 * pages // FAULT_EVERY):
                desk.faults.play(dice.choice(PASSING), on=number * FAULT_EVERY)
        pipe.send(desk.url)
        pipe.recv()
        pipe.send((desk.requests(), len(desk.faults.played)))


@contextmanager
def served(pages: int, size: int, seed: int | None) -> Iterator[tuple[str, Connection]]:
    """Lend the address of a helpdesk in another process."""
    here, there = multiprocessing.Pipe()
    process = _processes.Process(target=serve, args=(pages, size, seed, there))
    process.start()
    try:
        yield here.recv(), here
    finally:
        process.terminate()
        process.join()


def run(url: str, database: Path) -> None:
    """Sync once; the exit code is the process's."""
    report = synced(database, "desk", SoakDesk(url=HttpUrl(url), token=SecretStr(CANARY)))
    for source in report.sources:
        if source.error is not None:
            sys.stderr.write(f"{source.source}: {source.error}\n")
    os._exit(int(report.exit_code))


def peak(pid: int) -> float:
    """Return the greatest memory that a process ever had so far, in MB; 0 where the system doesn't tell."""
    try:
        text = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in text.splitlines() if line.startswith("VmHWM")), 0.0)


def disturbed(url: str, database: Path) -> tuple[int, int, list[float]]:
    """Sync until it is done, killed every ten seconds; return kills, failed runs, and peaks in MB."""
    kills = failures = 0
    peaks: list[float] = []
    while True:
        process = _processes.Process(target=run, args=(url, database))
        process.start()
        until, most = time.monotonic() + KILL_SECONDS, 0.0
        while process.is_alive() and time.monotonic() < until:
            most = max(most, peak(process.pid or 0))
            process.join(0.1)
        if process.is_alive() and process.pid:
            os.kill(process.pid, signal.SIGKILL)
            kills += 1
        process.join()
        peaks.append(most)
        if process.exitcode == 0:
            return kills, failures, peaks
        failures += process.exitcode is not None and process.exitcode > 0
        if failures > _FAILURES:
            sys.exit("the sync fails again and again")


def soak(messages: int, seed: int) -> bool:
    """Compare an undisturbed sync with one through faults and kills; print what was seen."""
    pages = -(-messages // (PAGE + 3))
    with tempfile.TemporaryDirectory() as folder:
        calm, rough = Path(folder, "calm.db"), Path(folder, "rough.db")
        with served(pages, PAGE, None) as (url, _):
            began = time.monotonic()
            process = _processes.Process(target=run, args=(url, calm))
            process.start()
            most = 0.0
            while process.is_alive():
                most = max(most, peak(process.pid or 0))
                process.join(0.1)
            print(f"undisturbed: {time.monotonic() - began:.0f} s, {most:.0f} MB, exit {process.exitcode}")
            expected = dump(calm, url)
        with served(pages, PAGE, seed) as (url, pipe):
            began = time.monotonic()
            kills, failures, peaks = disturbed(url, rough)
            pipe.send("stop")
            requests, played = pipe.recv()
            print(
                f"disturbed: {time.monotonic() - began:.0f} s, {kills} kills, {failures} failed runs, "
                f"{played} faults in {requests} requests, {min(peaks):.0f} to {max(peaks):.0f} MB"
            )
            found = dump(rough, url)
    words = differences(expected, found)
    print(
        f"{expected.size():,} rows; " + (f"NOT EQUAL: {words}" if words else "equal in every row and value")
    )
    return not words


def read_all_the_while(database: Path, pipe: Connection) -> None:
    """Ask the database until told to stop; send how often, the longest wait, and what was refused."""
    asked, longest, refused = 0, 0.0, list[str]()
    while not pipe.poll():
        began = time.monotonic()
        try:
            with closing(open_reader(database)) as connection:
                connection.execute("SELECT count(*), max(updated_at) FROM tickets").fetchall()
                connection.execute("SELECT author_kind, count(*) FROM messages GROUP BY 1").fetchall()
        except (sqlite3.Error, Exception) as error:
            refused.append(f"{type(error).__name__}: {error}")
        asked, longest = asked + 1, max(longest, time.monotonic() - began)
        time.sleep(0.02)
    pipe.send((asked, longest, refused[:3], len(refused)))


def serve_many(pipe: Connection) -> None:
    """Serve ten helpdesks: the third always fails, the fifth limits its rate."""
    with ExitStack() as stack:
        desks = [stack.enter_context(helpdesk(20, 200)) for _ in range(10)]
        desks[2].faults.play(ServerError(500), times=None, path="/messages")
        desks[4].faults.play(RateLimited(after=2.0), every=5, times=None)
        pipe.send([desk.url for desk in desks])
        pipe.recv()


def many() -> bool:
    """Sync ten sources at once while three readers ask; print what was seen."""
    here, there = multiprocessing.Pipe()
    server = _processes.Process(target=serve_many, args=(there,))
    server.start()
    urls = here.recv()
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder, "ten.db")
        sync(database, {}, Options())
        readers = []
        for _ in range(3):
            mine, theirs = multiprocessing.Pipe()
            process = _processes.Process(target=read_all_the_while, args=(database, theirs))
            process.start()
            readers.append((process, mine))
        sources = {
            f"desk{n}": SoakDesk(url=HttpUrl(url), token=SecretStr(CANARY)) for n, url in enumerate(urls)
        }
        began = time.monotonic()
        threads = threading.active_count()
        report = sync(database, sources, Options())
        took = time.monotonic() - began
        found = []
        for process, mine in readers:
            mine.send("stop")
            found.append(mine.recv())
            process.join()
    here.send("stop")
    server.join()
    outcomes = {source.source: str(source.outcome) for source in report.sources}
    rows = sum(stream.written.new for source in report.sources for stream in source.streams)
    print(f"ten sources: {took:.0f} s, {rows:,} rows, exit {int(report.exit_code)}, outcomes {outcomes}")
    asked, longest = sum(each[0] for each in found), max(each[1] for each in found)
    refused = sum(each[3] for each in found)
    said = [line for each in found for line in each[2]]
    print(f"readers: {asked} questions, longest {longest:.2f} s, {refused} refused {said or ''}")
    good = [name for name, outcome in outcomes.items() if outcome == "ok"]
    return refused == 0 and longest <= 1.0 and len(good) == 9 and threading.active_count() == threads


def main() -> None:
    """Run one or both; exit 1 if a promise doesn't hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=MESSAGES)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=("soak", "many"))
    options = parser.parse_args()
    good = True
    if options.only != "many":
        good = soak(options.messages, options.seed) and good
    if options.only != "soak":
        good = many() and good
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
