"""Csat: CSAT surveys of an emulated account, which send a response to be answered with each offer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .data import Json, Ticket
from .exports import RefusedError
from .rows import iso

if TYPE_CHECKING:
    from .company import Company

MOST = 50
"""Responses a page; more is refused."""
SURVEY = "01J58KJ9RAE0D2EK7HRVM7Z8F2"
LASTS = 28 * 86_400
_RATING, _REASON, _COMMENT = (
    "01J1WBE8QR0YQVE373K2JDJR0F",
    "01J1WBGX1BR4ECKTS87CRJTXSF",
    "01J1WBNS76ZC4TTFWP9RCNQ1S8",
)
_REASONS = {"01J1WBKRG57E6M8C1145EXJ535": "It took too long", "01J1WBKRG57E6M8C1145EXJ536": "Unfriendly"}
_SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_BAD, _NEUTRAL = 2, 3


@dataclass(slots=True)
class Response:
    """A survey that was offered, with the answers to its questions as they are sent; none at first."""

    id: str
    ticket: int
    responder: int
    offered: int
    answers: list[Json] = field(default_factory=list)


def ulid(at: int, number: int) -> str:
    """Return an identifier that begins with an instant, Unix seconds, and ends with a number."""
    value = (at * 1000 << 80) + number
    return "".join(_SIGNS[value >> 5 * place & 31] for place in reversed(range(26)))


def offer(company: Company, ticket: Ticket, at: int) -> Response:
    """Send a ticket's requester the survey."""
    key = ulid(at, company.new_id())
    company.responses[key] = Response(key, ticket.id, ticket.requester, at)
    return company.responses[key]


def respond(
    company: Company,
    response: Response,
    at: int,
    rating: int | None,
    comment: str | None = None,
    reason: str | None = None,
) -> None:
    """Answer the survey, or answer it anew; what is None is skipped. reason: one of the survey's choices."""
    made = response.answers[0]["created_at"] if response.answers else _stamp(at)
    kinds: list[tuple[str, Json, Json | None]] = [
        (
            "rating_scale",
            {"id": _RATING, "type": "rating_scale_numeric", "sub_type": "customer_satisfaction"},
            None if rating is None else {"rating": rating, "rating_category": category_of(rating)},
        ),
        (
            "closed_ended",
            {"id": _REASON, "type": "closed_ended", "alias": "reason"},
            None
            if reason is None
            else {
                "selections": [
                    {"type": "predefined", "option_id": key}
                    for key, text in _REASONS.items()
                    if text == reason
                ]
            },
        ),
        (
            "open_ended",
            {"id": _COMMENT, "type": "open_ended", "alias": "comment"},
            None if comment is None else {"value": comment},
        ),
    ]
    response.answers = [
        {
            "type": kind if said else "skipped",
            "question": question,
            "created_at": made,
            "updated_at": _stamp(at),
        }
        | (said or {})
        for kind, question, said in kinds
    ]
    company.revision += 1


def category_of(rating: int) -> str:
    """Return what Zendesk makes of a rating of one to five."""
    return "bad" if rating <= _BAD else "neutral" if rating == _NEUTRAL else "good"


def page(company: Company, query: dict[str, str], *, bare: bool) -> Json:
    """Return a page of responses, the newest first unless sorted by id. bare: it says nothing of other pages.

    The filters are milliseconds; the unanswered ones come too, and no question with its choices.
    """
    size = int(query.get("page[size]", "20"))
    if size > MOST:
        raise RefusedError(400, "BadRequest", f"page[size] must be less than or equal to {MOST}")
    first = int(query.get("filter[created_at_start]", "0"))
    last = int(query.get("filter[created_at_end]", str(2**63)))
    found = [one for key, one in sorted(company.responses.items()) if first <= one.offered * 1000 <= last]
    if query.get("sort") != "id":
        found.reverse()
    begin = int(query.get("page[after]", "0"))
    rows = [_row(one) for one in found[begin : begin + size]]
    if bare:
        return {"survey_responses": rows}
    meta = {"has_more": begin + size < len(found), "after_cursor": str(begin + size), "before_cursor": None}
    return {"survey_responses": rows, "meta": meta}


def surveys() -> Json:
    """Return the account's surveys, which hold the words of their choices."""
    options = [{"id": key, "label": {"type": "static", "value": text}} for key, text in _REASONS.items()]
    questions = [
        {"id": _RATING, "type": "rating_scale_numeric", "sub_type": "customer_satisfaction", "options": []},
        {"id": _REASON, "type": "closed_ended", "alias": "reason", "options": options},
        {"id": _COMMENT, "type": "open_ended", "alias": "comment"},
    ]
    survey = {"id": SURVEY, "state": "enabled", "version": 3, "questions": questions}
    return {"surveys": [survey], "meta": {"has_more": False, "after_cursor": None, "before_cursor": None}}


def _row(response: Response) -> Json:
    zrn: Any = f"zen:ticket:{response.ticket}"
    return {
        "id": response.id,
        "answers": response.answers,
        "expires_at": _stamp(response.offered + LASTS),
        "responder_id": response.responder,
        "subject_zrns": [zrn],
        "subjects": [{"id": str(response.ticket), "type": "ticket", "zrn": zrn}],
        "survey": {"id": SURVEY, "state": "enabled", "version": 3},
    }


def _stamp(at: int) -> str:
    return iso(at).replace("Z", ".000Z")
