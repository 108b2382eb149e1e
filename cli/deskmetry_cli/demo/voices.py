"""Voices: what customers say in surveys, days after an answer and four times a year, as plain data."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from .desk import SOLVED, Desk, Json
from .rhythm import DAY, Rhythm
from .shop import Order

CONTACT, RELATION, OUTING = "510001", "510002", "510003"
"""Ids of the surveys; the last one measures nothing."""
CSAT, QUALITY, WHY, NPS, REASON = "510101", "510102", "510103", "510201", "510202"
TICKET, AGENT = "ticket_id", "agent_id"
"""Custom variables in the link to the survey."""
_SATISFIED = ("Very satisfied", "Satisfied", "Neither", "Dissatisfied", "Very dissatisfied")
_GRADES = ("Poor", "Fair", "Good", "Very good", "Excellent")
_ASPECTS = ("Friendliness", "Knowledge", "Speed")
_ANSWERS, _PARTIAL = 0.3, 0.06
_ANSWERS_WAVE, _EXPIRES = 0.26, 16 * DAY
_MONTHS = (1, 4, 7, 10)
_ASKED = 1 / 14  # of the tickets of a year, in each wave
_LOOKS_BACK = 120 * DAY
_LIKELY = (2, 1, 1, 1, 1, 4, 5, 10, 19, 23, 33)
_UNLIKELY = (9, 5, 6, 7, 7, 10, 10, 14, 14, 10, 8)
_PRAISE = ("Quick and friendly.", "Good bikes, good people.", "All fine.")
_BLAME = ("I had to ask three times.", "The parcel took weeks.", "Nobody told me anything.")


class VoiceStory:
    """Fills the account of the survey program. `rng` is its own, so that it changes nothing else."""

    def __init__(self, rng: random.Random, rhythm: Rhythm, desk: Desk, orders: Sequence[Order]) -> None:
        self.rng, self.rhythm, self.desk, self.orders = rng, rhythm, desk, orders
        self.responses: list[Json] = []
        self.invitations: list[Json] = []

    def tell(self, token: str, tickets_per_year: int) -> Json:
        """Return the account with its surveys, invitations and responses."""
        self._after_contact()
        for sent in self._waves():
            self._wave(sent, round(tickets_per_year * _ASKED))
        self.responses.sort(key=lambda row: int(row["at"]))
        return {
            "token": token,
            "now": self.rhythm.ends_at,
            "surveys": _surveys(),
            "responses": self.responses,
            "invitations": self.invitations,
        }

    # --- after an answer ------------------------------------------------------------------------------

    def _after_contact(self) -> None:
        """Have customers say how the answer to their e-mail was; the link knows ticket and agent."""
        staff = {person["id"] for person in self.desk.people if person["role"] in ("agent", "admin")}
        for ticket in self.desk.tickets:
            replies = [
                one
                for one in ticket["updates"]
                if "say" in one and one.get("public", True) and one["by"] in staff
            ]
            told = [one for one in ticket["updates"] if "status" in one]
            gone = any("merged_into" in one or "deleted" in one for one in ticket["updates"])
            if ticket["channel"] == "email" and replies and not gone and told[-1]["status"] in SOLVED:
                self._contact(ticket, replies)

    def _contact(self, ticket: Json, replies: list[Json]) -> None:
        rng = self.rng
        at = int(replies[-1]["at"] + 1.5 * DAY + min(rng.lognormvariate(11, 0.9), 9 * DAY))
        if rng.random() >= _ANSWERS or at >= self.rhythm.ends_at - 60:
            return
        waited = replies[0]["at"] - ticket["updates"][0]["at"]
        pleased = rng.random() < 0.9 - min(waited / (4 * DAY), 0.35) - 0.06 * (len(replies) > 2)
        place = rng.choices(range(5), (54, 36, 6, 3, 1) if pleased else (2, 8, 32, 34, 24))[0]
        answers: dict[str, list[Json]] = {CSAT: [{"choice_id": f"{CSAT}{place}"}]}
        partial = rng.random() < _PARTIAL
        if not partial:
            answers[QUALITY] = [
                {"row_id": f"{QUALITY}{row}", "choice_id": f"{QUALITY}9{self._grade(place)}"}
                for row in range(len(_ASPECTS))
            ]
            if rng.random() < 0.25:
                answers[WHY] = [{"text": rng.choice(_PRAISE if pleased else _BLAME)}]
        variables = {TICKET: str(ticket["id"]), AGENT: str(replies[-1]["by"])}
        row: Json = {"survey": CONTACT, "at": at, "answers": answers, "variables": variables}
        if partial:
            row["status"] = "partial"
        elif rng.random() < 0.03:  # opened again, to say more
            row["changed"] = min(at + rng.randrange(600, 2 * DAY), self.rhythm.ends_at - 30)
        self.responses.append(row)

    def _grade(self, place: int) -> int:
        """Return a grade near the satisfaction: 4 for the best one."""
        return min(max(4 - place + self.rng.choice((-1, 0, 0, 1)), 0), 4)

    # --- four times a year ----------------------------------------------------------------------------

    def _waves(self) -> Iterator[int]:
        """Yield the instants of the invitations: at ten on the second Tuesday of each quarter."""
        for day in range(self.rhythm.days):
            here: date = self.rhythm.local_date(day)
            if here.month in _MONTHS and here.weekday() == 1 and 8 <= here.day <= 14:
                yield self.rhythm.midnight(day) + 10 * 3600

    def _wave(self, sent: int, most: int) -> None:
        """Invite some of those who bought lately, and some answer within two weeks."""
        rng = self.rng
        lately = [order for order in self.orders if sent - _LOOKS_BACK <= order.at < sent and order.paid]
        buyers = list({order.customer.address: order.customer for order in lately}.values())
        sore = self._sore(sent)
        for customer in rng.sample(buyers, min(most, len(buyers))):
            key = str(880_001 + len(self.invitations))
            self.invitations.append({"survey": RELATION, "at": sent, "id": key, "email": customer.address})
            if rng.random() < _ANSWERS_WAVE:
                first, _, last = customer.name.partition(" ")
                contact = {"email": customer.address, "first_name": first, "last_name": last}
                self._recommend(sent, customer.address in sore, recipient=key, contact=contact)
        for _ in range(rng.randrange(3, 8)):  # by the link in the newsletter: nobody knows who
            self._recommend(sent, unhappy=False)

    def _recommend(self, sent: int, unhappy: bool, **more: Any) -> None:
        rng = self.rng
        at = sent + int(min(rng.lognormvariate(11.3, 1.1), _EXPIRES))
        if at >= self.rhythm.ends_at - 60:
            return
        points = rng.choices(range(11), _UNLIKELY if unhappy else _LIKELY)[0]
        answers: dict[str, list[Json]] = {NPS: [{"row_id": f"{NPS}99", "choice_id": f"{NPS}{points}"}]}
        if rng.random() < 0.3:
            answers[REASON] = [{"text": rng.choice(_PRAISE if points > 6 else _BLAME)}]
        self.responses.append({"survey": RELATION, "at": at, "answers": answers} | more)

    def _sore(self, sent: int) -> set[str]:
        """Return the addresses of those who asked in the bad week before, or had to wait for days."""
        emails = {person["id"]: str(person["email"]) for person in self.desk.people}
        return {
            emails[ticket["requester"]]
            for ticket in self.desk.tickets
            if sent - _LOOKS_BACK <= ticket["updates"][0]["at"] < sent
            and (
                self.rhythm.in_bad_week(ticket["updates"][0]["at"])
                or all(one["by"] == ticket["requester"] for one in ticket["updates"])
            )
        }


def _surveys() -> list[Json]:
    """Return the surveys with their questions, as the API shows them."""
    grades = [row | {"weight": place} for place, row in enumerate(_choices(f"{QUALITY}9", _GRADES), 1)]
    aspects = [{"id": f"{QUALITY}{place}", "text": name} for place, name in enumerate(_ASPECTS)]
    likely = ("Not at all likely - 0", *map(str, range(1, 10)), "Extremely likely - 10")
    points = {"rows": [{"id": f"{NPS}99", "text": ""}], "choices": _choices(NPS, likely)}
    contact = [
        _question(CSAT, "How satisfied are you with our answer?", "single_choice", "vertical",
                  answers={"choices": _choices(CSAT, _SATISFIED)}),
        _question(QUALITY, "How was the person who answered?", "matrix", "rating",
                  answers={"rows": aspects, "choices": grades}),
        _question(WHY, "Why?", "open_ended", "essay", answers=None),
    ]  # fmt: skip
    relation = [
        _question(NPS, "Would you recommend us to a friend?", "matrix", "rating", answers=points),
        _question(REASON, "Why?", "open_ended", "essay", answers=None),
    ]
    when = {"choices": _choices("510301", ("May", "June"))}
    outing = [_question("510301", "When shall we go?", "single_choice", "vertical", answers=when)]
    return [
        {"id": CONTACT, "title": "How was our answer?", "questions": contact},
        {"id": RELATION, "title": "You and Larkfield Cycles", "questions": relation},
        {"id": OUTING, "title": "Works outing", "questions": outing},
    ]


def _question(key: str, heading: str, family: str, subtype: str, **more: Any) -> Json:
    return {"id": key, "headings": [{"heading": heading}], "family": family, "subtype": subtype, **more}


def _choices(key: str, words: Sequence[str]) -> list[Json]:
    return [
        {"id": f"{key}{place}", "text": text, "position": place + 1, "visible": True}
        for place, text in enumerate(words)
    ]
