"""Reading: what is new or changed in one folder since it was last read, in batches of bounded size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from deskmetry.records.kinds import FolderRole

from ..email.dates import EARLIEST
from ..email.raw import RawMail
from .folders import Folder
from .mails import GMAIL_ITEMS, HEADER, WHOLE, beginning, delivered, is_answered, raw_mail, unreadable
from .progress import FolderState, sequence_set, uids
from .session import Fetched, Refusal, Session, Status

PAGE_MAILS = 500  # their UIDs must also fit into one command line, which servers cap at 8,000 bytes
PAGE_BYTES = 8 * 1024 * 1024
WINDOW = 50_000  # UIDs that one search may return: imaplib refuses lines over a million bytes
_SLACK = timedelta(days=2)  # how far INTERNALDATE and the date of a mail may lie apart


@dataclass(frozen=True, slots=True)
class Batch:
    """Some mails of a folder and where the reading stands after them.

    headers_only: they are known, and came without their bodies since only their flags may have changed.
    """

    mails: Sequence[RawMail]
    state: FolderState
    headers_only: bool = False


@dataclass(frozen=True, slots=True)
class FolderReader:
    """Reads one folder. cap: bytes of one mail that are fetched. start: older mails are passed over."""

    session: Session
    folder: Folder
    overrides: Mapping[str, FolderRole]
    cap: int
    start: date | None = None

    def read(self, known: FolderState | None) -> Iterator[Batch]:
        """Yield what changed, then what is new, oldest first; nothing at all costs one command.

        A UIDVALIDITY other than the known one means that UIDs were given out anew: all is read again.
        """
        status = self.session.status(self.folder.wire)
        fresh = known is None or known.validity != status.validity
        state = FolderState(status.validity, modseq=status.modseq) if known is None or fresh else known
        if not state.last:
            state = replace(state, modseq=status.modseq)  # what is read from here on is read as it is now
        if _is_current(state, status):
            return
        if status.messages:
            self.session.examine(self.folder.wire, status.validity)
            if state.last:
                for batch in self._changed(state, status):
                    state = batch.state
                    yield batch
            for batch in self._new(state, status):
                state = batch.state
                yield batch
        final = replace(state, next=status.next)
        if final != known:
            yield Batch((), final)

    # --- mails that are known, with flags or labels that may have changed ----------------------------

    def _changed(self, state: FolderState, status: Status) -> Iterator[Batch]:
        """Yield known mails whose flags changed; the state moves with the last batch only."""
        found: Sequence[int] | None = None
        if state.modseq is not None and status.modseq is not None:
            found = self._changed_since(state.modseq, state.last, status)
        after = replace(state, modseq=status.modseq)
        if found is None:
            answered = set(self._search_known(state.last, status, "ANSWERED"))
            found = sorted(answered ^ uids(state.answered))
            after = replace(after, answered=sequence_set(answered))
        for start in range(0, len(found), PAGE_MAILS):
            yield Batch(self._headers(found[start : start + PAGE_MAILS]), state, headers_only=True)
        if after != state:
            yield Batch((), after)

    def _changed_since(self, modseq: int, last: int, status: Status) -> Sequence[int] | None:
        """Return the known mails that changed after a MODSEQ; None if the server can't say it after all."""
        if status.modseq == modseq:
            return ()
        # A lower one than before means that the server lost count: everything may have changed.
        since = modseq + 1 if status.modseq is not None and status.modseq > modseq else 1
        try:
            return self._search_known(last, status, "MODSEQ", str(since))
        except Refusal:
            return None

    def _search_known(self, last: int, status: Status, *criteria: str) -> list[int]:
        found: list[int] = []
        for low, high in _windows(1, last, status.messages):
            found += (uid for uid in self.session.search("UID", f"{low}:{high}", *criteria) if uid <= last)
        return found

    def _headers(self, found: Sequence[int]) -> list[RawMail]:
        answers, _ = self._fetch(found, [HEADER, *self._items()])
        mails = [raw_mail(uid, answers[uid], self.folder, self.overrides) for uid in sorted(answers)]
        # A copy that can't be read again keeps the row that it has.
        return [mail for mail in mails if not mail.problem]

    # --- mails that are new --------------------------------------------------------------------------

    def _new(self, state: FolderState, status: Status) -> Iterator[Batch]:
        high = None if status.next is None else status.next - 1
        for window in _windows(state.last + 1, high, status.messages):
            # `n:*` names the last mail even if its UID is below n.
            found = [
                uid for uid in self.session.search("UID", f"{window[0]}:{window[1]}") if uid > state.last
            ]
            for start in range(0, len(found), PAGE_MAILS):
                for batch in self._sized(found[start : start + PAGE_MAILS], state, status):
                    state = batch.state
                    yield batch

    def _sized(self, found: Sequence[int], state: FolderState, status: Status) -> Iterator[Batch]:
        """Yield the mails with these UIDs in batches whose bytes are bounded; sizes are asked for first."""
        sizes, refused = self._fetch(found, ["RFC822.SIZE", "INTERNALDATE"])
        chosen: list[int] = []
        total = 0
        for uid in found:
            if uid not in refused and (uid not in sizes or self._too_old(sizes[uid])):
                continue
            size = min(self._size(sizes.get(uid)), self.cap)
            if chosen and total + size > PAGE_BYTES:
                state = self._after(state, chosen[-1])
                batch = self._mails(chosen, sizes, state, status)
                state = batch.state
                yield batch
                chosen, total = [], 0
            chosen.append(uid)
            total += size
        yield self._mails(chosen, sizes, self._after(state, found[-1]), status)

    def _mails(
        self, chosen: Sequence[int], sizes: Mapping[int, Fetched], state: FolderState, status: Status
    ) -> Batch:
        large = [uid for uid in chosen if self._size(sizes.get(uid)) > self.cap]
        small = [uid for uid in chosen if uid not in set(large)]
        whole, refused = self._fetch(small, [WHOLE, *self._items()])
        cut, refused_too = self._fetch(large, [beginning(self.cap), *self._items()])
        mails: list[RawMail] = []
        for uid in chosen:
            if uid in whole or uid in cut:
                answer = whole.get(uid) or cut[uid]
                mails.append(raw_mail(uid, answer, self.folder, self.overrides, partial=uid in cut))
            elif reason := refused.get(uid) or refused_too.get(uid):
                mails.append(unreadable(uid, self.folder, reason))
        if status.modseq is None:
            marked = {uid for uid in chosen if is_answered(whole.get(uid) or cut.get(uid) or {})}
            state = replace(state, answered=sequence_set(uids(state.answered) | marked)) if marked else state
        return Batch(mails, state)

    def _after(self, state: FolderState, uid: int) -> FolderState:
        return replace(state, last=max(state.last, uid), next=None)

    def _too_old(self, data: Fetched) -> bool:
        """Say whether a mail arrived so long before `start` that fetching it can be spared."""
        arrived = delivered(data)
        if self.start is None or arrived is None or arrived < EARLIEST:
            return False
        return arrived < datetime.combine(self.start, datetime.min.time(), UTC) - _SLACK

    def _size(self, data: Fetched | None) -> int:
        size = (data or {}).get(b"RFC822.SIZE")
        return size if isinstance(size, int) else 0

    def _items(self) -> tuple[str, ...]:
        gmail = GMAIL_ITEMS if self.session.capable("X-GM-EXT-1") else ()
        return ("FLAGS", "INTERNALDATE", *gmail)

    def _fetch(self, found: Sequence[int], items: Sequence[str]) -> tuple[dict[int, Fetched], dict[int, str]]:
        """Return the answers by UID, and the reason for each mail that the server refuses.

        Some servers refuse a whole command for one mail that they can't read, so it is asked for in halves.
        """
        if not found:
            return {}, {}
        try:
            return self.session.fetch(found, items), {}
        except Refusal as error:
            if len(found) == 1:
                return {}, {found[0]: str(error)[:200]}
        middle = len(found) // 2
        first, refused = self._fetch(found[:middle], items)
        second, refused_too = self._fetch(found[middle:], items)
        return first | second, refused | refused_too


def _is_current(state: FolderState, status: Status) -> bool:
    """Say whether a folder is as it was when it was read: no newer UID, no changed flag."""
    if state.next is None or state.next != status.next:
        return False
    return state.modseq is not None and state.modseq == status.modseq


def _windows(low: int, high: int | None, messages: int) -> Iterator[tuple[int, int | str]]:
    """Yield ranges of UIDs that no search finds too many mails in; high: None if it isn't known."""
    if high is None:
        yield low, "*"
    elif messages <= WINDOW:
        if low <= high:
            yield low, high
    else:
        for start in range(low, high + 1, WINDOW):
            yield start, min(start + WINDOW - 1, high)
