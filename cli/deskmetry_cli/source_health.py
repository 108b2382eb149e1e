"""Source health: whether each source can be reached, lets us in, and has the same clock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from deskmetry.errors import ConfigurationError, DeskmetryError, TryLater
from deskmetry.plugins.check import Check

from .session import Session
from .text import duration

if TYPE_CHECKING:
    from pathlib import Path

    from deskmetry.connector import Connector

_PATIENCE = timedelta(seconds=10)  # for limits; an examination doesn't wait for an hour
_APART = timedelta(minutes=1)  # more than requests, rounding and lazy clocks explain


def sources(session: Session, *, offline: bool) -> Iterator[Check]:
    """Yield what is found out about each source; offline: only whether its settings and secrets are there."""
    try:
        if not session.settings.sources:
            return
    except ConfigurationError:
        return  # told already
    connectors, faults = session.connectors()
    for name in session.settings.sources:
        if name in faults:
            error = faults[name]
            yield Check(f"source {name}", "fault", error.message, error.hint or "Edit the configuration.")
        elif offline:
            connectors[name].close()
            found = "settings and secrets are there; it wasn't reached (--offline)"
            yield Check(f"source {name}", "ok", found)
        else:
            yield from _reached(name, connectors[name], session.settings.folder)


def _reached(name: str, connector: Connector, folder: Path) -> Iterator[Check]:
    from deskmetry.sync.cleanser import checked

    from .demo.serving import is_made_up

    what = f"source {name}"
    connector.attach(replace(connector.context, source=name, max_wait=_PATIENCE))
    try:
        try:
            yield Check(what, "ok", checked(connector))
        except TryLater as error:
            yield Check(what, "warning", error.message, error.hint or "Try again later.")
        except DeskmetryError as error:
            yield Check(what, "fault", error.message, error.hint or "Check address and credentials.")
        if not is_made_up(folder, name, connector):  # its clock stands where the demo's story ends
            yield from _clock(name, connector)
    finally:
        connector.close()


def _date_of(connector: Connector) -> datetime | None:
    """Ask the source's address for nothing, without credentials, and return the `Date` of its answer."""
    url = getattr(connector, "url", None)
    if url is None:
        return None
    import httpx

    try:
        answer = httpx.head(str(url), timeout=_PATIENCE.total_seconds(), follow_redirects=False)
        told = parsedate_to_datetime(answer.headers["date"])
    except (httpx.HTTPError, httpx.InvalidURL, KeyError, ValueError):
        return None
    return told if told.tzinfo is not None else None


def _clock(name: str, connector: Connector) -> Iterator[Check]:
    """Compare our clock with the `Date` of the last answer; nothing is said where there was none."""
    heard = connector.heard() or _date_of(connector)
    if heard is None:
        return
    ours = datetime.now(UTC) - heard
    if abs(ours) <= _APART:
        yield Check(f"clock of {name}", "ok", "as ours")
        return
    side = "ahead of" if ours > timedelta(0) else "behind"
    apart = duration(abs(ours).total_seconds() * 1000)
    found = f"Our clock is {apart} {side} the one of {name}."
    yield Check(f"clock of {name}", "warning", found, "Set the clock: `timedatectl set-ntp true` on Linux.")
