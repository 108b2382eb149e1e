"""Retry: how often and how long one request is tried again, by tenacity."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .failure import TryError
from .limiter import Patience
from .policy import Policy

if TYPE_CHECKING:
    from tenacity import RetryCallState

    from .answer import Answer


@dataclass(slots=True)
class Retry:
    """The budget of one request. Faults are counted; waits that the vendor asks for cost patience instead."""

    policy: Policy
    patience: Patience
    clock: Callable[[], float]
    retrying: Callable[[], None]
    faults: int = 0
    started: float = field(init=False)

    def __post_init__(self) -> None:
        self.started = self.clock()

    def run(self, attempt: Callable[[], Answer]) -> Answer:
        """Call until it succeeds; raise the last failure's error once the budget is spent."""
        from tenacity import Retrying, retry_if_exception_type

        return Retrying(
            retry=retry_if_exception_type(TryError),
            wait=self._pause,
            stop=self._spent,
            sleep=self._sleep,
            before_sleep=lambda _state: self.retrying(),
            retry_error_callback=_give_up,
        )(attempt)

    def _pause(self, state: RetryCallState) -> float:
        """Return the backoff before the next try; none if the limiter will wait anyhow."""
        from tenacity import wait_exponential_jitter

        if _failure(state).throttled:
            return 0.0
        self.faults += 1
        return wait_exponential_jitter(initial=1, max=self.policy.longest_backoff, jitter=1)(state)

    def _spent(self, state: RetryCallState) -> bool:
        if _failure(state).throttled:
            return False
        elapsed = self.clock() - self.started - self.patience.waited
        return (
            self.faults >= min(self.policy.tries, self.patience.context.tries or self.policy.tries)
            or elapsed + state.upcoming_sleep > self.policy.retry_seconds
            or state.upcoming_sleep > self.patience.context.max_wait.total_seconds()
        )

    def _sleep(self, seconds: float) -> None:
        self.patience.sleep(seconds, "a failed request is tried again")


def _failure(state: RetryCallState) -> TryError:
    error = state.outcome.exception() if state.outcome is not None else None
    if not isinstance(error, TryError):
        raise TypeError("only a failed try is tried again")
    return error


def _give_up(state: RetryCallState) -> Answer:
    raise _failure(state).error from None
