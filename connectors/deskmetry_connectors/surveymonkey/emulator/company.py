"""Company: the surveys of a made-up company, the answers to them, and who was invited to give some."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]

START = 1_767_600_000
"""Unix seconds at which the story starts, 2026-01-05T08:00:00Z."""
CONTACT, RELATION, PARTY = "105723396", "105723400", "105723999"
CSAT, QUALITY, WHY, EASY, STARS, NPS = "3101", "3102", "3103", "3104", "3105", "3201"
_SATISFIED = ("Very satisfied", "Satisfied", "Neither", "Dissatisfied", "Very dissatisfied")
ASPECTS = {"41": "Friendliness", "42": "Knowledge"}


@dataclass(slots=True)
class Response:
    """One response; instants are Unix seconds, answers rows of the API by question."""

    id: int
    survey: str
    created: int
    modified: int
    answers: dict[str, list[Json]]
    status: str = "completed"
    mode: str = "default"
    variables: Json = field(default_factory=dict)
    recipient: str = ""
    contact: Json = field(default_factory=dict)
    custom_value: str = ""


@dataclass(slots=True)
class Message:
    """One invitation with its recipients, as the API shows them; instants are Unix seconds."""

    id: int
    collector: str
    sent: int
    recipients: list[Json]
    type: str = "invite"
    status: str = "sent"


@dataclass(slots=True)
class Company:
    """Everything that the account holds; `now` is its own clock, Unix seconds."""

    now: int = START
    surveys: dict[str, Json] = field(default_factory=dict)
    responses: dict[int, Response] = field(default_factory=dict)
    collectors: dict[str, Json] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    next_id: int = 5_007_154_000

    @classmethod
    def make(cls, tickets: int = 30, seed: int = 1) -> Company:
        """Return a company whose customers were asked about so many tickets, always the same one."""
        company, chance = cls(surveys=_surveys()), random.Random(seed)  # noqa: S311 - a story, no secret
        company.collectors = {
            "501": collector("501", CONTACT, "email"),
            "502": collector("502", RELATION, "weblink"),
        }
        for ticket in range(1, tickets + 1):
            company.now += chance.randrange(600, 5400)
            company.ask(ticket, chance.randrange(5), answered=chance.random() < 0.6)
            if ticket % 3 == 0:
                company.recommend(chance.randrange(11))
        company.now += 3600 if tickets else 0
        return company

    # --- what can happen -------------------------------------------------------------------------------

    def ask(self, ticket: int, choice: int, *, answered: bool = True) -> Response | None:
        """Invite the customer of a ticket by e-mail, who answers ten minutes later or doesn't."""
        key, contact = str(700_000 + ticket), {"email": f"customer{ticket}@example.com"}
        fields = {"ticket_id": str(ticket), "agent_id": str(1 + ticket % 3)}
        row = {"id": key, **contact, "phone_number": None, "mail_status": "sent", "extra_fields": fields}
        self.messages.append(Message(self._id(), "501", self.now, [row]))
        if not answered:
            return None
        answers: dict[str, list[Json]] = {
            CSAT: [{"choice_id": str(10 + choice)}],
            QUALITY: [{"row_id": "41", "choice_id": "35"}, {"row_id": "42", "choice_id": str(31 + choice)}],
            WHY: [{"text": f"About ticket {ticket}", "tag_data": []}],
        }
        return self.respond(
            CONTACT, answers, self.now + 600, variables=fields, recipient=key, contact=contact
        )

    def recommend(self, points: int) -> Response:
        """Have somebody answer how likely they are to recommend the company."""
        return self.respond(NPS_SURVEY, {NPS: [{"row_id": "61", "choice_id": str(70 + points)}]}, self.now)

    def respond(self, survey: str, answers: dict[str, list[Json]], at: int, **more: Any) -> Response:
        """Add a response as of an instant."""
        response = Response(self._id(), survey, at, at, answers, **more)
        self.responses[response.id] = response
        return response

    def edit(self, response: Response, question: str, rows: list[Json]) -> None:
        """Have a response changed now."""
        response.answers[question] = rows
        response.modified = self.now

    def _id(self) -> int:
        self.next_id += 1
        return self.next_id

    # --- rows of the API --------------------------------------------------------------------------------

    def response_row(self, one: Response) -> Json:
        """Return a response with its answers."""
        about = one.contact.items()
        pages = [{"id": key, "answers": rows} for key, rows in one.answers.items()]
        return {
            "id": str(one.id), "survey_id": one.survey, "collector_id": "501", "recipient_id": one.recipient,
            "response_status": one.status, "collection_mode": one.mode, "total_time": 60,
            "custom_variables": one.variables, "custom_value": one.custom_value, "ip_address": "",
            "metadata": {"contact": {name: {"type": "string", "value": v} for name, v in about}},
            "date_created": date(one.created), "date_modified": date(one.modified),
            "href": f"https://api.surveymonkey.com/v3/surveys/{one.survey}/responses/{one.id}",
            "pages": [{"id": "1", "questions": pages}],
        }  # fmt: skip

    def message_row(self, one: Message) -> Json:
        """Return a message as it is alone."""
        return {
            "id": str(one.id), "type": one.type, "status": one.status, "is_scheduled": True,
            "date_created": date(one.sent - 60), "scheduled_date": date(one.sent), "subject": "How was it?",
        }  # fmt: skip


NPS_SURVEY = RELATION


def date(at: int) -> str:
    """Return an instant as the API writes it."""
    return datetime.fromtimestamp(at, UTC).isoformat()


def collector(key: str, survey: str, kind: str) -> Json:
    """Return a collector's row."""
    return {"id": key, "survey": survey, "type": kind, "status": "open", "date_modified": date(START)}


def _choices(first: int, texts: list[str], weights: list[int] | None = None) -> list[Json]:
    rows = [
        {"id": str(first + place), "text": text, "position": place + 1, "visible": True}
        for place, text in enumerate(texts)
    ]
    return [row | ({} if weights is None else {"weight": weights[place]}) for place, row in enumerate(rows)]


def _question(key: str, heading: str, family: str, subtype: str, **more: Any) -> Json:
    return {"id": key, "headings": [{"heading": heading}], "family": family, "subtype": subtype, **more}


def _surveys() -> dict[str, Json]:
    quality = [*_choices(31, ["Poor", "Fair", "Good", "Great", "Superb"], [1, 2, 3, 4, 5])]
    quality.append({"id": "39", "text": "N/A", "position": 6, "weight": 0, "is_na": True, "visible": True})
    nps = [*(str(point) for point in range(1, 10))]
    weights = [-100] * 7 + [0] * 2 + [100] * 2
    rows = [{"id": key, "text": text, "position": int(key)} for key, text in ASPECTS.items()]
    satisfied, stars = _choices(10, list(_SATISFIED)), _choices(52, [""] * 5, [1, 2, 3, 4, 5])
    contact = [
        _question(CSAT, "How <b>satisfied</b> are you?", "single_choice", "vertical",
                  answers={"choices": satisfied, "other": [{"id": "19", "text": "Why?"}]}),
        _question(QUALITY, "How was our agent?", "matrix", "rating",
                  answers={"rows": rows, "choices": quality}),
        _question(WHY, "Why?", "open_ended", "essay", answers=None),
        _question(EASY, "How easy was it?", "open_ended", "single",
                  display_options={"display_type": "slider"}, validation={"min": 0, "max": 100}),
        _question(STARS, "Stars?", "matrix", "rating", display_options={"display_type": "emoji"},
                  answers={"rows": [{"id": "51", "text": ""}], "choices": stars}),
    ]  # fmt: skip
    likely = ["Not at all likely - 0", *nps, "Extremely likely - 10"]
    relation = [
        _question(NPS, "Would you recommend us?", "matrix", "rating",
                  answers={"rows": [{"id": "61", "text": ""}], "choices": _choices(70, likely, weights)})
    ]  # fmt: skip
    party = [
        _question(
            "3301", "Cake?", "single_choice", "vertical", answers={"choices": _choices(90, ["Yes", "No"])}
        )
    ]
    return {
        CONTACT: {"id": CONTACT, "title": "After contact", "nickname": "", "questions": contact},
        RELATION: {"id": RELATION, "title": "Our relationship", "nickname": "", "questions": relation},
        PARTY: {"id": PARTY, "title": "Christmas party", "nickname": "", "questions": party},
    }
