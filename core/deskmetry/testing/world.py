"""World: the made-up helpdesk behind a trial, in which the rules let things happen, and its truth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable


@runtime_checkable
class World(Protocol):
    """A helpdesk of which everything is known, served on this machine.

    It starts with things in it, enough for more than one page, the same ones each time. Each call of `grow`,
    `edit`, `late` and `delete` lets the helpdesk's own clock go on as far as its API needs to show what
    happened.
    """

    @property
    def url(self) -> str:
        """Where it is served, a loopback address; empty for a source without one, such as files."""

    def grow(self) -> None:
        """Let new things appear, at least two at the very same instant, more than a page in all."""

    def edit(self) -> None:
        """Change a thing that was read already, again, within the same second as its last change."""

    def late(self) -> bool:
        """Let a thing appear whose instant lies before the newest one read, within the declared overlap.

        Return False where it can't happen.
        """

    def delete(self) -> bool:
        """Delete a thing that was read already; return False where the source can't show it."""

    def wipe(self) -> bool:
        """Let everything vanish; return False where it can't be shown."""

    def advance(self, seconds: float) -> None:
        """Let the helpdesk's own clock go on. Units: seconds."""

    def truth(self) -> Mapping[str, frozenset[str]]:
        """Return the ids that a database must hold now, by table; only tables it can vouch for.

        Deleted things that were read before stay, as tombstones, and are among them.
        """

    def gone(self) -> Mapping[str, frozenset[str]]:
        """Return the ids of what was deleted or wiped there, by table."""

    def requests(self) -> int:
        """Return how many requests were served so far; 0 for a source without any."""
