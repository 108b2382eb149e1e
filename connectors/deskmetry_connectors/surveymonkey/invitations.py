"""Invitations: who was sent which survey and when, out of the messages of e-mail and text collectors."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from deskmetry.records import Customer, Record, SurveyOffer
from deskmetry.records.base import to_id

from .answers import Places
from .plan import SurveyPlan
from .reading import instant, listing

if TYPE_CHECKING:
    from deskmetry.http import HttpClient

log = logging.getLogger(__name__)

Row = Mapping[str, Any]
_SENDING = frozenset({"email", "sms"})
_INVITES = frozenset({"invite", "sms"})
_UNSENT = frozenset({"not_sent", "processing", "bounced", "opted_out"})
_WANTED = "custom_fields,extra_fields,mail_status"


@dataclass(frozen=True, slots=True)
class Mailing:
    """One invitation that was sent to its recipients at one instant."""

    survey: str  # the survey's name in the settings
    collector: str
    id: str
    sent_at: datetime


def mailings(
    http: HttpClient, name: str, survey: SurveyPlan, since: datetime | None, now: datetime, size: int
) -> Iterator[Mailing]:
    """Yield what was sent at or after an instant for one survey: a request a collector, besides their list.

    Collectors that closed before it can't have sent anything since.
    """
    wanted = {"include": "type,status,date_created,date_modified"}
    for batch in listing(http, f"/v3/surveys/{survey.id}/collectors", size, wanted):
        for row in batch:
            if isinstance(row, Mapping) and _may_have_sent(row, since):
                yield from _of_collector(http, name, str(to_id(row["id"])), since, now, size)


def _may_have_sent(row: Row, since: datetime | None) -> bool:
    if row.get("type") not in _SENDING:
        return False
    changed = instant(row.get("date_modified"))
    return since is None or changed is None or row.get("status") != "closed" or changed >= since


def _of_collector(
    http: HttpClient, name: str, collector: str, since: datetime | None, now: datetime, size: int
) -> Iterator[Mailing]:
    for batch in listing(http, f"/v3/collectors/{collector}/messages", size):
        for row in batch:
            if not isinstance(row, Mapping) or row.get("type", "invite") not in _INVITES:
                continue
            key = str(to_id(row["id"]))
            # The documents don't say which fields the list has; a message alone has all of them.
            whole = row if "status" in row and "scheduled_date" in row else _alone(http, collector, key)
            sent = instant(whole.get("scheduled_date")) or instant(whole.get("date_created"))
            if whole.get("type", "invite") not in _INVITES or whole.get("status") != "sent":
                continue
            if sent is not None and sent <= now and (since is None or sent >= since):
                yield Mailing(name, collector, key, sent)


def _alone(http: HttpClient, collector: str, key: str) -> Row:
    found = http.get_json(f"/v3/collectors/{collector}/messages/{key}").at("")
    return found if isinstance(found, Mapping) else {}


def recipients(http: HttpClient, mailing: Mailing, size: int) -> Iterator[list[Any]]:
    """Read whom a message was for, page by page, each with the message itself in it."""
    path = f"/v3/collectors/{mailing.collector}/messages/{mailing.id}/recipients"
    about = {"survey": mailing.survey, "message": mailing.id, "sent_at": mailing.sent_at.isoformat()}
    for batch in listing(http, path, size, {"include": _WANTED}):
        yield [{**row, "mailing": about} if isinstance(row, Mapping) else row for row in batch]


def offers(row: Row, survey: SurveyPlan, places: Places, invited: Collection[str]) -> Iterator[Record]:
    """Map a recipient: an offer for each kind that the survey measures, if the message went out to it.

    invited: the words of `mail_status` that say so.
    """
    status = row["mail_status"]
    if status not in invited:
        if status not in _UNSENT:
            raise ValueError(f"the status {status!r} of a mail isn't known; `invited` may name it")
        return
    key, about = str(to_id(row["id"])), row["mailing"]
    customer = _field(places.customer, row) or f"recipient:{key}"
    email = row.get("email") or _field(places.email, row)
    yield Customer(id=customer, email=email, phone=None if email else row.get("phone_number") or None)
    ticket = _field(places.ticket, row)
    for kind in survey.kinds():
        yield SurveyOffer(
            id=f"{about['message']}:{key}:{kind}",
            kind=kind,
            survey=about["survey"],
            ticket_id=None if ticket is None else ticket.removeprefix("#").strip() or None,
            agent_id=_field(places.agent, row),
            customer_id=customer,
            offered_at=about["sent_at"],
        )


def _field(place: str | None, row: Row) -> str | None:
    """Return what a recipient's own fields say under a name of the settings."""
    for fields in (row.get("extra_fields"), row.get("custom_fields")):
        if place is not None and isinstance(fields, Mapping) and fields.get(place) is not None:
            return str(fields[place]).strip() or None
    return None
