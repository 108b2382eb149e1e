"""Memory: what a connector must still know in the next run, secrets that the vendor renewed above all."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


class Memory(Protocol):
    """Where a source keeps renewed secrets, and the page sizes that worked; `source` is its name.

    lasts: whether what is kept is there for other processes too.
    """

    lasts: bool

    def secret(self, source: str, name: str, seed: str) -> str:
        """Return the newest successor of a configured secret, or the seed itself if it has none."""

    def keep_secret(self, source: str, name: str, seed: str, secret: str) -> None:
        """Keep a successor of `seed` for the next run; it is on disk when this returns."""

    def alone(self) -> AbstractContextManager[None]:
        """Keep every other thread and process from renewing a secret meanwhile."""

    def sizes(self, source: str) -> Mapping[str, int]:
        """Return the page sizes that worked, by endpoint family."""

    def keep_sizes(self, source: str, sizes: Mapping[str, int]) -> None:
        """Keep the page sizes that worked."""


class ShortMemory:
    """A memory that lasts as long as the process, for connectors that are called by hand."""

    lasts = False

    def __init__(self) -> None:
        self._secrets: dict[tuple[str, str, str], str] = {}
        self._sizes: dict[str, Mapping[str, int]] = {}
        self._lock = threading.Lock()

    def secret(self, source: str, name: str, seed: str) -> str:
        """Return the newest successor."""
        return self._secrets.get((source, name, seed), seed)

    def keep_secret(self, source: str, name: str, seed: str, secret: str) -> None:
        """Keep a successor."""
        self._secrets[source, name, seed] = secret

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep every other thread out."""
        with self._lock:
            yield

    def sizes(self, source: str) -> Mapping[str, int]:
        """Return the page sizes that worked."""
        return self._sizes.get(source, {})

    def keep_sizes(self, source: str, sizes: Mapping[str, int]) -> None:
        """Keep the page sizes that worked."""
        self._sizes[source] = dict(sizes)
