"""Limiter: what the vendor's headers say about its limits, shared by all threads of a client."""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from ..errors import Interrupted, TryLater
from .failure import LATER
from .policy import HttpContext

# The account's own limit in the spellings seen: x-rate-limit-remaining, ratelimit-reset, X-RateLimit-Reset, …
_ACCOUNT = re.compile(r"(?:x-)?rate-?limit-(remaining|reset)", re.IGNORECASE)
# `zendesk-ratelimit-incremental-exports: total=10; remaining=9; resets=2`
_BUCKET = re.compile(r"[\w-]*rate-?limit-[\w-]+", re.IGNORECASE)
_FIELD = re.compile(r"(remaining|resets)\s*=\s*(\d+)")
_IDENTIFIER = re.compile(r"(?<=/)(?:\d+|(?=[0-9a-f-]*\d)[0-9a-f-]{16,})(?=[/.]|$)")
_EPOCH = 1_000_000_000  # a reset above it isn't a duration but a Unix time, in seconds or milliseconds


def family_of(path: str) -> str:
    """Return the endpoint family of a path: the path without the ids in it."""
    return _IDENTIFIER.sub("*", path)


def http_date(text: str | None) -> datetime | None:
    """Read a date header as an aware instant; None if there is none or it can't be read."""
    try:
        found = parsedate_to_datetime(text or "")
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


def retry_after(text: str | None, server_time: datetime | None, default: float) -> float:
    """Return the seconds that a Retry-After header asks to wait, at least one; `default` if it says nothing.

    A date is measured against the server's own clock, where that is known.
    """
    text = (text or "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return max(float(text), 1.0)
    until = http_date(text)
    if until is None:
        return default
    return max((until - (server_time or datetime.now(UTC))).total_seconds(), 1.0)


@dataclass(slots=True)
class Patience:
    """How long one request may still wait because the vendor asks for it; units: seconds."""

    context: HttpContext
    host: str
    waited: float = 0.0

    def wait(self, seconds: float, reason: str) -> None:
        """Sleep; raise TryLater at once if that is beyond the patience, Interrupted if asked to stop."""
        most = self.context.max_wait.total_seconds()
        if self.waited + seconds > most:
            raise TryLater(
                f"{self.host} asks to wait {math.ceil(seconds)} s ({reason}), "
                f"after {math.ceil(self.waited)} s already; the patience is {math.ceil(most)} s.",
                f"{LATER} `--max-wait` sets the patience.",
                seconds=seconds,
            )
        self.waited += seconds
        self.sleep(seconds, reason)

    def sleep(self, seconds: float, reason: str) -> None:
        """Sleep without using up the patience; raise Interrupted if asked to stop."""
        if seconds > 0 and not self.context.wait(seconds, reason):
            raise Interrupted(
                f"Interrupted while waiting for {self.host} ({reason}).", "What was committed stays."
            )


@dataclass(slots=True)
class _Bucket:
    """How many requests are left until an instant of the client's clock; None left means not known."""

    remaining: int | None = None
    resets_at: float = 0.0


@dataclass(slots=True)
class Limiter:
    """Holds requests back while the vendor says that none is left.

    The account's own limit holds for all endpoint families, a bucket with a name for the families whose
    answers have shown it, and a Retry-After for the family that got it.
    """

    clock: Callable[[], float]
    lock: threading.Lock = field(default_factory=threading.Lock)
    buckets: dict[str, _Bucket] = field(default_factory=dict)
    shown_to: dict[str, set[str]] = field(default_factory=dict)

    def acquire(self, family: str, patience: Patience) -> None:
        """Take one request of every bucket of the family; wait first while one of them is empty."""
        while True:
            with self.lock:
                now = self.clock()
                mine = self._buckets_of(family)
                until = max(
                    (b.resets_at for b in mine if b.remaining == 0 and b.resets_at > now), default=None
                )
                if until is None:
                    self._take(mine, now)
                    return
            patience.wait(until - now, f"the rate limit of {family}")
            with self.lock:
                for bucket in mine:
                    if bucket.remaining == 0 and bucket.resets_at <= until:
                        bucket.remaining = None

    def learn(self, family: str, headers: Mapping[str, str], server_time: datetime | None) -> None:
        """Note what the headers of an answer say about the limits."""
        account: dict[str, list[float]] = {"remaining": [], "reset": []}
        with self.lock:
            for name, value in headers.items():
                general = _ACCOUNT.fullmatch(name)
                if general and (number := _number(value)) is not None:
                    account[general.group(1).lower()].append(number)
                elif not general and _BUCKET.fullmatch(name):
                    self._learn_named(family, name.lower(), value)
            if account["remaining"] and account["reset"]:
                seconds = max(_seconds(reset, server_time) for reset in account["reset"])
                self.buckets["account"] = _Bucket(int(min(account["remaining"])), self.clock() + seconds)

    def block(self, family: str, seconds: float) -> None:
        """Hold the family back for so long, because a Retry-After says so."""
        with self.lock:
            name = f"retry-after {family}"
            before = self.buckets.get(name, _Bucket())
            self.buckets[name] = _Bucket(0, max(before.resets_at, self.clock() + seconds))
            self.shown_to.setdefault(family, set()).add(name)

    def _learn_named(self, family: str, name: str, value: str) -> None:
        fields = {key: int(number) for key, number in _FIELD.findall(value)}
        if fields.keys() >= {"remaining", "resets"}:
            self.buckets[name] = _Bucket(fields["remaining"], self.clock() + fields["resets"])
            self.shown_to.setdefault(family, set()).add(name)

    def _buckets_of(self, family: str) -> list[_Bucket]:
        names = {"account", *self.shown_to.get(family, ())}
        return [bucket for name, bucket in self.buckets.items() if name in names]

    @staticmethod
    def _take(buckets: list[_Bucket], now: float) -> None:
        for bucket in buckets:
            if bucket.resets_at <= now:
                bucket.remaining = None
            elif bucket.remaining:
                bucket.remaining -= 1


def _number(text: str) -> float | None:
    """Read a header's number; some vendors add a window after a comma or a semicolon (`100, 100;w=60`)."""
    head = re.split(r"[,;]", text)[0].strip()
    return float(head) if re.fullmatch(r"\d+(\.\d+)?", head) else None


def _seconds(reset: float, server_time: datetime | None) -> float:
    if reset < _EPOCH:
        return reset
    instant = reset / 1000 if reset > 1000 * _EPOCH else reset
    return max(instant - (server_time or datetime.now(UTC)).timestamp(), 0.0)
