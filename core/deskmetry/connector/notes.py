"""Notes: what a connector has to tell the user about a stream, besides records and errors."""

from __future__ import annotations

COUNT = "{count}"
_MOST = 20  # notes of a stream; whoever wants to say more says it once for each id


class Notes:
    """What was noted of the stream that is being read; the same words come once, their counts added up."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._more = 0

    def add(self, text: str, count: int = 1) -> None:
        """Note a sentence; `{count}` in it stands for the sum of the counts. A count of 0 notes nothing."""
        if not count:
            return
        if text not in self._counts and len(self._counts) >= _MOST:
            self._more += 1
            return
        self._counts[text] = self._counts.get(text, 0) + count

    def take(self) -> tuple[str, ...]:
        """Return what was noted since the last time, in the order in which it was noted first."""
        told = tuple(text.replace(COUNT, f"{count:,}") for text, count in self._counts.items())
        more = (f"and {self._more:,} notes more",) if self._more else ()
        self._counts, self._more = {}, 0
        return (*told, *more)
