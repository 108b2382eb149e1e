"""Direction: whether a mail came to the company or was sent by it, and which customer it is about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .headers import Address, addresses
from .own import Own
from .parse import ParsedMail


@dataclass(frozen=True, slots=True)
class Direction:
    """Who wrote to whom.

    customer: who asks or is answered; None where only our own people take part. author: our own address that
    the mail was sent from; None for an inbound one. web_form: our web site wrote it for the customer.
    internal: one of us wrote to nobody but us.
    """

    inbound: bool
    customer: Address | None
    author: Address | None = None
    web_form: bool = False
    internal: bool = False


def direction(mail: ParsedMail, own: Own) -> Direction:
    """Tell the direction of a mail from its headers alone, so that all its copies agree.

    Outbound if From is ours, unless it is a web form or a mailing list that wrote in our name for somebody
    else; also if From is foreign, Sender is ours and it is neither addressed to us nor through a list.
    """
    author = _first(mail.from_) or _first(mail.sender)
    if author is not None and author in own:
        return _behind(mail, own) or _outbound(mail, author, own)
    sender = _first(mail.sender)
    if sender is not None and sender in own and mail.list_id is None and not _ours((*mail.to, *mail.cc), own):
        return _outbound(mail, sender, own)
    return Direction(inbound=True, customer=author)


def _behind(mail: ParsedMail, own: Own) -> Direction | None:
    """Find the customer behind a mail that carries our address as From: a web form, a rewritten list mail."""
    listed = own.is_list(mail.list_id)
    reply_to = _first(mail.reply_to)
    if listed:
        for name in ("x-original-from", "x-original-sender"):
            original = _first(addresses(mail.headers.all(name)))
            if original is not None and original not in own:
                return Direction(inbound=True, customer=original)
    if reply_to is None or reply_to in own or not _ours(mail.to, own):
        return None
    # A form may send the customer a copy; any other stranger among the recipients makes it a mail of ours.
    if any(other.address != reply_to.address for other in _others(mail.to, own)):
        return None
    return Direction(inbound=True, customer=reply_to, web_form=not listed)


def _outbound(mail: ParsedMail, author: Address, own: Own) -> Direction:
    recipients = (*mail.to, *mail.cc, *mail.bcc)
    others = _others(recipients, own)
    internal = bool(recipients) and not others
    return Direction(inbound=False, customer=_first(others), author=author, internal=internal)


def _first(found: Iterable[Address]) -> Address | None:
    return next(iter(found), None)


def _ours(recipients: Iterable[Address], own: Own) -> bool:
    return any(recipient in own for recipient in recipients)


def _others(recipients: Iterable[Address], own: Own) -> list[Address]:
    return [recipient for recipient in recipients if recipient not in own]
