"""Assembly: mails joined to threads by their headers, the server's hint, a ticket token or their subject."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta

from ..connector.mail_rules import MailRules
from .mail import Mail, Thread
from .subject import Subject, parse_subject


def assemble(mails: Iterable[Mail], rules: MailRules) -> list[Thread]:
    """Join mails to threads, oldest thread first; the order in which they are given never matters.

    Threads are sets, not trees: whatever cites whom, in circles or itself, is simply together.
    """
    ordered = sorted(mails, key=lambda mail: mail.order)
    subjects = [parse_subject(mail.subject) for mail in ordered]
    sets = _Sets(len(ordered))
    _join_by_citation(ordered, sets)
    _join_by_key(ordered, subjects, sets)
    _join_by_subject(ordered, subjects, sets, rules.subject_window // timedelta(milliseconds=1))
    members: dict[int, list[Mail]] = defaultdict(list)
    for index, mail in enumerate(ordered):
        members[sets.find(index)].append(mail)
    return [Thread(tuple(group)) for group in members.values()]


def subject_key(mail: Mail, subject: Subject) -> str | None:
    """Return what two mails share that may be joined by subject: customer and base subject; None without."""
    return f"{mail.counterpart}|{subject.base}" if mail.counterpart and subject.base else None


def token_keys(mail: Mail, subject: Subject) -> list[str]:
    """Return what two mails share that may be joined by ticket token: customer and token."""
    return [f"{mail.counterpart}|{token}" for token in subject.tokens] if mail.counterpart else []


def is_orphan_reply(mail: Mail, subject: Subject) -> bool:
    """Return whether a mail answers something by its subject alone: a reply prefix, no headers."""
    return subject.reply and not mail.has_headers()


class _Sets:
    """Disjoint sets of the numbers below a size (union by size, path halving)."""

    def __init__(self, size: int) -> None:
        self._parent = list(range(size))
        self._size = [1] * size

    def find(self, item: int) -> int:
        """Return the number that stands for the set of an item."""
        parent = self._parent
        while parent[item] != item:
            parent[item] = item = parent[parent[item]]
        return item

    def union(self, one: int, other: int) -> int:
        """Join the sets of two items and return the number that stands for both."""
        one, other = self.find(one), self.find(other)
        if one == other:
            return one
        if self._size[one] < self._size[other]:
            one, other = other, one
        self._parent[other] = one
        self._size[one] += self._size[other]
        return one


def _join_by_citation(ordered: list[Mail], sets: _Sets) -> None:
    owners: dict[str, list[int]] = defaultdict(list)
    for index, mail in enumerate(ordered):
        if mail.message_id:
            owners[mail.message_id].append(index)
    # An id that nobody has is an empty container: the first mail that cites it stands for it.
    first: dict[str, int] = {key: found[0] for key, found in owners.items() if len(found) == 1}
    shared = {key: _Shared(found, ordered) for key, found in owners.items() if len(found) > 1}
    for index, mail in enumerate(ordered):
        for key in mail.cited():
            owner = shared[key].pick(index, mail) if key in shared else first.setdefault(key, index)
            sets.union(index, owner)


class _Shared:
    """A Message-ID that several different mails have (broken web forms): a reference to it is a choice."""

    def __init__(self, owners: list[int], ordered: list[Mail]) -> None:
        self._owners = owners
        self._by_counterpart: dict[str | None, list[int]] = defaultdict(list)
        for owner in owners:
            self._by_counterpart[ordered[owner].counterpart].append(owner)

    def pick(self, index: int, mail: Mail) -> int:
        """Return an owner with the same customer, else any: the latest before the mail, else the first."""
        same = self._by_counterpart.get(mail.counterpart) if mail.counterpart else None
        candidates = same or self._owners
        return candidates[max(0, bisect_left(candidates, index) - 1)]


def _join_by_key(ordered: list[Mail], subjects: list[Subject], sets: _Sets) -> None:
    first: dict[str, int] = {}
    for index, (mail, subject) in enumerate(zip(ordered, subjects, strict=True)):
        keys = [f"token:{key}" for key in token_keys(mail, subject)]
        if mail.thread_hint:
            keys.append(f"hint:{mail.thread_hint}")
        for key in keys:
            sets.union(index, first.setdefault(key, index))


def _join_by_subject(ordered: list[Mail], subjects: list[Subject], sets: _Sets, window: int) -> None:
    """Let a reply without headers that would open a thread join the one of the latest mail like it before.

    In order of time, so that a later mail never takes back what an earlier one joined. As the reply is the
    first of its thread, there never are two threads with headers before it that it would merge.
    """
    latest: dict[str, int] = {}
    last_sent: dict[int, int] = {}  # thread → instant of its latest mail so far
    for index, (mail, subject) in enumerate(zip(ordered, subjects, strict=True)):
        key = subject_key(mail, subject)
        root = sets.find(index)
        earlier = (
            latest.get(key) if key and root not in last_sent and is_orphan_reply(mail, subject) else None
        )
        if earlier is not None and not _other_token(subject, subjects[earlier]):
            other = sets.find(earlier)
            if mail.sent_at - last_sent[other] <= window:
                root = sets.union(index, other)
        last_sent[root] = mail.sent_at
        if key:
            latest[key] = index


def _other_token(one: Subject, other: Subject) -> bool:
    return bool(one.tokens and other.tokens) and not one.tokens & other.tokens
