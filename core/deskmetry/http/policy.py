"""Policy: how patient, how persistent and how trusting the HTTP client is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import threading

    from .limiter import Limits


@dataclass(frozen=True, slots=True)
class Policy:
    """Limits of one client. Times are seconds, sizes are bytes after decompression.

    A request that fails (5xx, resets, timeouts, unusable answers) is tried `tries` times, within
    `retry_seconds`. `default_retry_after` is waited when a 429 doesn't say for how long. `deadline` bounds a
    whole try, from connecting to the last byte, however slowly the bytes come.
    """

    tries: int = 5
    retry_seconds: float = 300.0
    longest_backoff: float = 60.0
    default_retry_after: float = 60.0
    connect_timeout: float = 15.0
    read_timeout: float = 60.0
    deadline: float = 180.0
    max_body: int = 64 * 1024 * 1024
    max_depth: int = 201  # as deep as pydantic's reader goes, so that nothing need be walked over
    max_redirects: int = 5


@dataclass(frozen=True, slots=True)
class Prior:
    """What is assumed of a limit until the vendor says something of limits: requests in so many seconds.

    Endpoints that name the same `bucket` share it.
    """

    bucket: str
    requests: int
    seconds: float


class HttpContext(Protocol):
    """What the client needs of the engine's `Context`: patience, waits that end at once, and the counts.

    `limits` and `sizes` are what was learnt: the rate limits of all accounts, and the page sizes that worked.
    `tries` bounds those of a request that fails, below the policy's, where somebody looks on.
    """

    max_wait: timedelta
    tries: int | None
    requests: int
    retries: int
    stop: threading.Event
    limits: Limits
    sizes: dict[str, int]

    def wait(self, seconds: float, reason: str) -> bool:
        """Sleep, unless asked to stop; return False if the sleep was cut short. Units: seconds."""
