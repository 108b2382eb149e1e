"""Automatic: whether a machine wrote a mail, and of which kind it then is."""

from __future__ import annotations

import re

from deskmetry.records.kinds import AutomaticKind

from .direction import Direction
from .own import Own
from .parse import ParsedMail

_DAEMON = re.compile(
    r"(?:mailer-daemon|mail-daemon|postmaster|mdaemon|bounces?)(?:[+.=-][^@]*)?@|^<?mailer-daemon"
)
_EMPTY_PATH = re.compile(r"<\s*>")


def automatic_kind(mail: ParsedMail, way: Direction, own: Own) -> AutomaticKind | None:
    """Return why a mail counts as automatic, None if somebody wrote it by hand.

    Proof is what RFC 3834, 3464, 2369 and 2919 define and what autoresponders add; a subject or the wish
    X-Auto-Response-Suppress prove nothing. A web form is the customer's own text, whatever it carries.
    """
    if way.web_form:
        return None
    if _is_bounce(mail):
        return AutomaticKind.BOUNCE
    if mail.report == "disposition-notification":
        return AutomaticKind.NOTIFICATION
    return _by_auto_headers(mail) or _by_precedence(mail, way, own)


def _is_bounce(mail: ParsedMail) -> bool:
    if mail.report == "delivery-status":
        return True
    paths = mail.headers.all("return-path")
    empty = bool(paths) and all(not path or _EMPTY_PATH.fullmatch(path) for path in paths)
    sender = mail.headers.first("from").lower()
    daemon = any(_DAEMON.match(author.address) for author in mail.from_) or bool(_DAEMON.match(sender))
    return empty and (daemon or mail.report is not None)


def _by_auto_headers(mail: ParsedMail) -> AutomaticKind | None:
    submitted = _word(mail, "auto-submitted")
    if submitted == "auto-replied" or _word(mail, "precedence") in ("auto_reply", "auto-reply"):
        return AutomaticKind.AUTO_REPLY
    for name in ("x-autoreply", "x-autorespond"):
        if mail.headers.has(name) and _word(mail, name) not in ("no", "false"):
            return AutomaticKind.AUTO_REPLY
    return AutomaticKind.NOTIFICATION if submitted not in ("", "no") else None


def _by_precedence(mail: ParsedMail, way: Direction, own: Own) -> AutomaticKind | None:
    if own.is_list(mail.list_id):
        return None  # customers write through it, and every list mail carries these headers
    precedence = _word(mail, "precedence")
    if not way.inbound:
        # A list that our reply went through adds `list`; `bulk` and `junk` were ours to set.
        return AutomaticKind.NOTIFICATION if precedence in ("bulk", "junk") else None
    if mail.headers.has("list-unsubscribe") or mail.list_id is not None:
        return AutomaticKind.NEWSLETTER
    if precedence in ("bulk", "junk", "list"):
        # An autoresponder of the old kind says `bulk` or `junk` too, but it answers something.
        answers = mail.in_reply_to is not None or bool(mail.references) or precedence == "junk"
        return AutomaticKind.AUTO_REPLY if answers else AutomaticKind.NEWSLETTER
    return None


def _word(mail: ParsedMail, name: str) -> str:
    """Return the first word of a field, lower case, without parameters."""
    return mail.headers.first(name).partition(";")[0].partition("(")[0].strip().lower()
