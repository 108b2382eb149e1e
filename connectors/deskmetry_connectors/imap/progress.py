"""Progress: how far each folder was read; what the cursor's token holds."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from typing import Any

_TOKEN_VERSION = 1


@dataclass(frozen=True, slots=True)
class FolderState:
    """Where the reading of a folder stands; it holds for one UIDVALIDITY only.

    last: highest UID that was read. next: the server's next UID when all was read, None while mails are left.
    modseq: HIGHESTMODSEQ up to which changed flags are known, None without CONDSTORE. answered: the UIDs that
    were marked as answered, as a sequence set; kept only where there is no CONDSTORE.
    """

    validity: int
    last: int = 0
    next: int | None = None
    modseq: int | None = None
    answered: str = ""

    @classmethod
    def load(cls, data: Any) -> FolderState | None:
        """Return the state that a token holds, None if it isn't one."""
        try:
            state = cls(**data)
            numbers = (state.validity, state.last, state.next or 0, state.modseq or 0)
            uids(state.answered)
        except (TypeError, ValueError, AttributeError):
            return None
        return state if all(isinstance(number, int) for number in numbers) else None


class Progress:
    """The states of all folders, by their names on the wire."""

    def __init__(self, states: dict[str, FolderState]) -> None:
        self.states = states

    @classmethod
    def load(cls, token: Any, here: Collection[str]) -> Progress:
        """Read a token; folders that are gone are forgotten, a token of another make counts as none."""
        if not isinstance(token, dict) or token.get("version") != _TOKEN_VERSION:
            return cls({})
        known = token.get("folders")
        found = known.items() if isinstance(known, dict) else ()
        states = {wire: FolderState.load(data) for wire, data in found if wire in here}
        return cls({wire: state for wire, state in states.items() if state is not None})

    def token(self) -> dict[str, Any]:
        """Return it as a JSON value, a copy of its own."""
        folders = {wire: asdict(state) for wire, state in self.states.items()}
        return {"version": _TOKEN_VERSION, "folders": folders}


def sequence_set(numbers: Iterable[int]) -> str:
    """Return UIDs as IMAP writes them: `1:4,9`."""
    spans: list[list[int]] = []
    for number in sorted(set(numbers)):
        if spans and spans[-1][1] == number - 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ",".join(str(first) if first == last else f"{first}:{last}" for first, last in spans)


def uids(text: str) -> set[int]:
    """Return the UIDs of a sequence set; raise ValueError if it isn't one."""
    found: set[int] = set()
    for part in filter(None, text.split(",")):
        first, _, last = part.partition(":")
        found.update(range(int(first), int(last or first) + 1))
    return found
