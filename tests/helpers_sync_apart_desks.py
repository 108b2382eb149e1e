"""Fake helpdesks for `helpers_sync_apart`: each function makes the sources of one case."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

from pydantic import PrivateAttr, SecretStr

from deskmetry.connector import Capabilities, Connector, Cursor, Page, Rejected
from deskmetry.errors import (
    AuthenticationFailed,
    CursorRefused,
    StreamSkipped,
    TryLater,
)
from deskmetry.records.kinds import Provenance, TicketStatus
from helpers_sync import (
    Desk,
    Inbox,
    Lapped,
    Rows,
    Script,
    Shop,
    Two,
    at,
    desk,
    page,
    raises,
    ticket,
)
from helpers_sync_apart import note

Sources = Mapping[str, Connector]


class Observed(Desk):
    """A desk whose history of statuses is what we see of it; its server says what time it is."""

    name: ClassVar[str] = "observed"
    capabilities: ClassVar[Capabilities] = Capabilities(status_history=Provenance.OBSERVED)

    _told: datetime | None = PrivateAttr(default=None)

    def heard(self) -> datetime | None:
        return self._told

    def play(self, since: Cursor | None) -> Iterator[Page]:
        for one in super().play(since):
            self._told = self._told or at(100)
            yield one


def company(folder: Path) -> Sources:
    """A helpdesk, an inbox, and tickets that were solved when they were first seen, one after `heard`."""
    server = Rows([ticket(n, n * 15, status=TicketStatus.SOLVED) for n in range(10)])
    observed = Observed(desk="observed").says(server)
    return {"shop": Shop(desk="shop"), "inbox": Inbox(desk="inbox"), "observed": observed}


def nobody(folder: Path) -> Sources:
    """A source that gives nothing."""
    return {"nobody": desk(desk="nobody")}


# --- who reads --------------------------------------------------------------------------------------------


def _one_page(folder: Path, number: int) -> Script:
    def script(since: Cursor | None) -> Iterator[Page]:
        note(folder, "reads")
        yield page(ticket(number), mark=number, token=number)

    return script


def three(folder: Path) -> Sources:
    """Three sources of one page."""
    return {f"s{n}": Desk(desk=str(n)).says(_one_page(folder, n)) for n in (1, 2, 3)}


def twins(folder: Path) -> Sources:
    """Two sources of one account."""
    one, other = Desk(desk="same"), Lapped(desk="same")
    return {"s1": one.says(_one_page(folder, 1)), "s2": other.says(_one_page(folder, 2))}


# --- ends of all kinds ------------------------------------------------------------------------------------


def try_later(folder: Path) -> Sources:
    """A source that asks to wait for two hours after its first page."""
    later = TryLater("It asks to wait.", "Wait.", seconds=7200.0)
    return {"s1": Desk().says(raises(later, page(ticket(1), token=1)))}


def refused(folder: Path) -> Sources:
    """A source that doesn't take the credentials."""
    return {"s1": Desk().says(raises(AuthenticationFailed("Wrong password.", "Mend it.", status=401)))}


def skipped(folder: Path) -> Sources:
    """A source whose first stream isn't in the plan."""
    return {"s1": Two().says(raises(StreamSkipped("Not in this plan.")))}


def cursor_refused(folder: Path) -> Sources:
    """A source that fails in the middle at first, and later takes no token any more."""

    def script(since: Cursor | None) -> Iterator[Page]:
        if since is None:
            yield page(ticket(1), mark=1, token="old")
            raise TryLater("Later.", "Wait.")
        if since.token is not None:
            raise CursorRefused("too old")
        note(folder, f"from {since.watermark}")
        yield page(ticket(2), mark=2, token="new")

    return {"s1": Desk().says(script)}


def broken(folder: Path) -> Sources:
    """A connector with a fault, after a page."""
    return {"s1": Desk().says(raises(ZeroDivisionError("by nothing"), page(ticket(1), token=1)))}


def exits(folder: Path) -> Sources:
    """A connector that would end the process."""
    return {"s1": Desk().says(raises(SystemExit(7), page(ticket(1), token=1)))}


def _spoilt(folder: Path, **values: Any) -> Sources:
    bad = ticket(1).model_copy(update=values)

    def script(since: Cursor | None) -> Iterator[Page]:
        yield page(bad, token=0)
        for number in itertools.count(1):  # it ends only if it's told to
            note(folder, "asked")
            yield page(ticket(number + 1), token=number)

    other = desk(page(ticket(3), complete_until=at(30)), desk="other")
    return {"s1": Desk(desk="spoilt").says(script), "s2": other}


def not_a_row(folder: Path) -> Sources:
    """A record that can't become a row, as a connector spoilt it, and pages without an end after it."""
    return _spoilt(folder, created_at="yesterday")


def not_a_value(folder: Path) -> Sources:
    """A record that no database takes, and pages without an end after it."""
    return _spoilt(folder, version=2**64)


def not_a_thing(folder: Path) -> Sources:
    """A record that can't leave its process."""
    return _spoilt(folder, subject=lambda: "hello")


# --- what is told -----------------------------------------------------------------------------------------


SECRET = "sEcReT-of-acme"


class _Noting(logging.Handler):
    """Notes in a folder what is logged, and which process handles it."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def emit(self, record: logging.LogRecord) -> None:
        note(self.folder, record.getMessage())


class Keyed(Desk):
    """A desk with a secret."""

    name: ClassVar[str] = "keyed"
    token: SecretStr = SecretStr(SECRET)


def talkative(folder: Path) -> Sources:
    """A source that notes, waits, counts and logs."""
    one = Desk()
    aloof, own = logging.getLogger("helpers.aloof"), logging.getLogger("helpers.own")
    aloof.propagate = False
    aloof.handlers, own.handlers = [_Noting(folder)], [_Noting(folder)]

    def script(since: Cursor | None) -> Iterator[Page]:
        log = logging.getLogger("helpers.desk")
        log.info("reads %s", "tickets")
        log.debug("too much")
        own.warning("of its own")
        aloof.warning("apart from all")
        log.info("with what can't leave", extra={"it": lambda: None})
        logging.getLogger("deskmetry.helpers").debug("asks")
        one.context.requests += 3
        one.context.retries += 1
        one.note("left out {count}", 2)
        yield page(ticket(1), token=1)
        one.note("left out {count}", 3)
        assert one.context.wait(0.1, "the limit of acme")
        try:
            raise ValueError("inner")
        except ValueError:
            log.exception("it failed")

    return {"s1": one.says(script)}


def leaky(folder: Path) -> Sources:
    """A connector that says its secret in all that it says."""
    one = Keyed()

    def script(since: Cursor | None) -> Iterator[Page]:
        one.note(f"noted {SECRET}")
        yield page(ticket(1), token=1, rejected=[Rejected({"it": SECRET}, f"reason {SECRET}")])
        raise ZeroDivisionError(f"failed with {SECRET}")

    return {"s1": one.says(script)}


# --- what is learnt ---------------------------------------------------------------------------------------


def learns(folder: Path) -> Sources:
    """A source that renews its secret and learns a page size."""
    one = Keyed()

    def script(since: Cursor | None) -> Iterator[Page]:
        brought = one.rotate("token", lambda known: (f"{known}+", known))
        one.context.sizes["/tickets"] = one.context.sizes.get("/tickets", 100) // 2
        note(folder, f"used {brought}, size {one.context.sizes['/tickets']}")
        yield page(ticket(1), token=1)
        raise TryLater("Later.", "Wait.")  # so that it isn't known whole

    return {"s1": one.says(script)}


# --- speed ------------------------------------------------------------------------------------------------


HUGE = 60
"""Pages of the source that is read faster than it is written."""


def huge(folder: Path) -> Sources:
    """A source of pages of about 200 kB."""

    def script(since: Cursor | None) -> Iterable[Page]:
        for number in range(HUGE):
            note(folder, "asked")
            yield page(ticket(number, subject=f"{number:06d}" * 33_000), token=number)

    return {"s1": Desk().says(script)}
