"""Story: the mails that come into the mailbox of a trial, the same ones each time; and that mailbox."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime

SUPPORT = "support@acme.example"
_BEGIN = datetime(2026, 3, 2, 9, tzinfo=UTC)
_THREADS = 6  # that begin in one second


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail: a name of its own that sorts by time, when it was sent, and its bytes."""

    name: str
    sent: datetime
    content: bytes


class Story:
    """Customers who ask, and answers; its clock moves only when it is told."""

    def __init__(self) -> None:
        self._now = _BEGIN
        self._count = 0

    def grow(self) -> Iterator[Letter]:
        """Have several customers write in the same second, and answers leave a minute later."""
        for _ in range(_THREADS):
            question = self._question(self._now)
            yield question
            yield self._answer(self._now + timedelta(minutes=1))
        self.advance(3600)

    def late(self) -> Letter:
        """Have a mail arrive that was sent before all others."""
        return self._question(_BEGIN - timedelta(days=3))

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._now += timedelta(seconds=seconds)

    def truth(self) -> Mapping[str, frozenset[str]]:
        """Return the addresses of all who wrote."""
        return {
            "customers": frozenset(f"jane{number}@customer.example" for number in range(1, self._count + 1))
        }

    def _question(self, sent: datetime) -> Letter:
        self._count += 1
        number = self._count
        customer = f"jane{number}@customer.example"
        return _letter(number, "q", customer, SUPPORT, sent, {"Message-ID": f"<q{number}@customer.example>"})

    def _answer(self, sent: datetime) -> Letter:
        number = self._count
        asked = f"<q{number}@customer.example>"
        headers = {"Message-ID": f"<a{number}@acme.example>", "In-Reply-To": asked, "References": asked}
        return _letter(number, "r", SUPPORT, f"jane{number}@customer.example", sent, headers)


class MailWorld(ABC):
    """A mailbox with questions and answers, wherever it is; what is common to all."""

    url = ""

    def __init__(self) -> None:
        self._story = Story()
        self.grow()
        self.grow()

    @abstractmethod
    def put(self, letters: Iterable[Letter]) -> None:
        """Have mails arrive."""

    def grow(self) -> None:
        """Have mails come and go, several in one second."""
        self.put(self._story.grow())

    def late(self) -> bool:
        """Have a mail arrive that was sent before all others."""
        self.put([self._story.late()])
        return True

    def delete(self) -> bool:
        """Return that it can't be shown: an expunged mail is no deleted ticket."""
        return False

    def advance(self, seconds: float) -> None:
        """Let time pass between mails."""
        self._story.advance(seconds)

    def truth(self) -> Mapping[str, frozenset[str]]:
        """Return the addresses of all who wrote."""
        return self._story.truth()

    def gone(self) -> Mapping[str, frozenset[str]]:
        """Return that nothing is deleted."""
        return {}

    def requests(self) -> int:
        """Return nothing: no requests are counted that a mailbox takes."""
        return 0


def _letter(
    number: int, kind: str, sender: str, to: str, sent: datetime, headers: Mapping[str, str]
) -> Letter:
    message = EmailMessage()
    message["From"], message["To"] = sender, to
    message["Subject"] = f"{'Re: ' if kind == 'r' else ''}Order {number}"
    message["Date"] = format_datetime(sent)
    for name, text in headers.items():
        message[name] = text
    message.set_content(f"About the order {number}.")
    return Letter(f"{number:04}{kind}", sent, message.as_bytes())
