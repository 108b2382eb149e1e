"""Limiter: what the vendor's headers say about its limits, shared by all that speak with one account."""

from __future__ import annotations

import math
import re
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from ..errors import Interrupted, TryLater
from .failure import LATER
from .policy import HttpContext, Prior

# The account's own limit in the spellings seen: x-rate-limit-remaining, ratelimit-reset, X-RateLimit-Reset, …
_ACCOUNT = re.compile(r"(?:x-)?rate-?limit-(remaining|reset)", re.IGNORECASE)
# `zendesk-ratelimit-incremental-exports: total=10; remaining=9; resets=2`
_BUCKET = re.compile(r"[\w-]*rate-?limit-[\w-]+", re.IGNORECASE)
_FIELD = re.compile(r"(remaining|resets)\s*=\s*(\d+)")
# The account's limits by window: `X-Ratelimit-App-Global-Day-Remaining`, `…-Day-Reset`, …
_WINDOW = re.compile(r"[\w-]*rate-?limit-([\w-]+)-(remaining|reset)", re.IGNORECASE)
_IDENTIFIER = re.compile(r"(?<=/)(?:\d+|(?=[0-9a-f-]*\d)[0-9a-f-]{16,})(?=[/.]|$)")
_LONGEST = 1e9  # seconds, thirty years: what asks for more can't be counted with, and nobody waits for it
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
        return min(max(float(text), 1.0), _LONGEST)
    until = http_date(text)
    if until is None:
        return default
    return min(max((until - (server_time or datetime.now(UTC))).total_seconds(), 1.0), _LONGEST)


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
class Limits:
    """The limiters of all accounts: whoever speaks with one account, in whatever source, shares its own."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    accounts: dict[tuple[str, str], Limiter] = field(default_factory=dict)

    def of(self, origin: str, account: str, clock: Callable[[], float]) -> Limiter:
        """Return the limiter of an account at an origin; one address may serve many accounts."""
        with self.lock:
            return self.accounts.setdefault((origin, account), Limiter(clock))


@dataclass(slots=True)
class Limiter:
    """Holds requests back while the vendor says that none is left.

    The account's own limit holds for all endpoint families, a bucket with a name for the families whose
    answers have shown it, and a Retry-After for the family that got it. A prior holds as long as no answer
    had any header about limits: the first requests go out at once.
    """

    clock: Callable[[], float]
    lock: threading.Lock = field(default_factory=threading.Lock)
    buckets: dict[str, _Bucket] = field(default_factory=dict)
    shown_to: dict[str, set[str]] = field(default_factory=dict)
    told: bool = False
    sent: dict[str, deque[float]] = field(default_factory=dict)

    def acquire(self, family: str, patience: Patience, prior: Prior | None = None) -> None:
        """Take one request of every bucket of the family; wait first while one of them is empty."""
        while True:
            with self.lock:
                now = self.clock()
                mine = self._buckets_of(family)
                until = max(
                    (b.resets_at for b in mine if b.remaining == 0 and b.resets_at > now), default=None
                )
                if until is None and prior is not None:
                    until = self._assumed(prior, now)
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
        windows: dict[str, dict[str, float]] = {}
        with self.lock:
            for name, value in headers.items():
                general = _ACCOUNT.fullmatch(name)
                self.told = self.told or general is not None or _BUCKET.fullmatch(name) is not None
                if general and (number := _number(value)) is not None:
                    account[general.group(1).lower()].append(number)
                elif (window := _WINDOW.fullmatch(name)) and (number := _number(value)) is not None:
                    windows.setdefault(window[1].lower(), {})[window[2].lower()] = number
                elif not general and _BUCKET.fullmatch(name):
                    self._learn_named(family, name.lower(), value)
            if account["remaining"] and account["reset"]:
                seconds = max(_seconds(reset, server_time) for reset in account["reset"])
                self.buckets["account"] = _Bucket(int(min(account["remaining"])), self.clock() + seconds)
            for window_name, said in windows.items():
                if said.keys() == {"remaining", "reset"}:
                    until = self.clock() + _seconds(said["reset"], server_time)
                    self.buckets[f"account {window_name}"] = _Bucket(int(said["remaining"]), until)

    def block(self, family: str, seconds: float) -> None:
        """Hold the family back for so long, because a Retry-After says so."""
        with self.lock:
            name = f"retry-after {family}"
            before = self.buckets.get(name, _Bucket())
            self.buckets[name] = _Bucket(0, max(before.resets_at, self.clock() + seconds))
            self.shown_to.setdefault(family, set()).add(name)

    def _assumed(self, prior: Prior, now: float) -> float | None:
        """Return when a prior lets the next request go; None if it may go now, and it is counted then."""
        if self.told:
            return None
        sent = self.sent.setdefault(prior.bucket, deque(maxlen=prior.requests))
        if len(sent) == prior.requests and sent[0] + prior.seconds > now:
            return sent[0] + prior.seconds
        sent.append(now)
        return None

    def _learn_named(self, family: str, name: str, value: str) -> None:
        fields = {key: int(number) for key, number in _FIELD.findall(value)}
        if fields.keys() >= {"remaining", "resets"}:
            self.buckets[name] = _Bucket(fields["remaining"], self.clock() + fields["resets"])
            self.shown_to.setdefault(family, set()).add(name)

    def _buckets_of(self, family: str) -> list[_Bucket]:
        mine = self.shown_to.get(family, ())
        return [
            bucket
            for name, bucket in self.buckets.items()
            if name in mine or name == "account" or name.startswith("account ")
        ]

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
    return min(max(instant - (server_time or datetime.now(UTC)).timestamp(), 0.0), _LONGEST)
