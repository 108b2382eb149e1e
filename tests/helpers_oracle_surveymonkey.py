"""Oracle of SurveyMonkey: what was answered and offered in an emulated account, as its settings map it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from deskmetry_connectors.surveymonkey.emulator import Company, Response
from helpers_oracle import SECOND, Answer, Offer, Ticket, World

Json = dict[str, Any]
_ASKED = ("csat", "nps")
_NUMBER = re.compile(r"\d+")


def surveymonkey_world(
    company: Company, source: str, settings: Mapping[str, Any], tickets: Mapping[str, Ticket]
) -> World:
    """Return what an account tells; tickets are those that the answers name, by their ids."""
    world = World({source: company.now * SECOND})
    for name, plan in settings["surveys"].items():
        variable = plan.get("ticket", settings.get("ticket", ""))
        kinds = {key: one if isinstance(one, str) else one["kind"] for key, one in plan["questions"].items()}
        mine = [one for one in company.responses.values() if one.survey == plan["id"]]
        counted = [one for one in mine if one.status in ("completed", "partial")]
        for response in counted:
            names = response.variables.get(variable, "")
            about = tickets.get(names)
            for key, kind in kinds.items():
                for points, low, high in _points(company, plan, key, response) if kind in _ASKED else ():
                    at = response.created * SECOND
                    world.answers.append(Answer(source, name, kind, at, points, low, high, about, names))
        for kind in sorted(set(kinds.values()) & set(_ASKED)):
            for offer in _offers(company, plan["id"], {one.recipient: one.created for one in counted}):
                at, answered, fields = offer
                about = tickets.get(fields.get(variable, ""))
                world.offers.append(Offer(source, name, kind, at, answered, about))
    return world


def _points(
    company: Company, plan: Mapping[str, Any], key: str, response: Response
) -> Iterator[tuple[float, float, float]]:
    """Yield the points of a question's answer with the ends of its scale."""
    how = plan["questions"][key]
    first_best = isinstance(how, dict) and how.get("score") == "first_best"
    question = next(one for one in company.surveys[plan["id"]]["questions"] if one["id"] == key)
    choices = question["answers"]["choices"]
    by_choice = {
        one["id"]: len(choices) - place if first_best else int(_NUMBER.findall(one["text"])[0])
        for place, one in enumerate(choices)
    }
    ends = min(by_choice.values()), max(by_choice.values())
    for row in response.answers.get(key, ()):
        if row.get("choice_id") in by_choice:
            yield by_choice[row["choice_id"]], *ends


def _offers(
    company: Company, survey: str, answered: Mapping[str, int]
) -> Iterator[tuple[int, int | None, Json]]:
    """Yield when each recipient was invited, when they answered, and what the link says."""
    collectors = {key for key, one in company.collectors.items() if one["survey"] == survey}
    for message in company.messages:
        if message.collector in collectors and message.type == "invite" and message.status == "sent":
            for row in message.recipients:
                at = answered.get(row["id"])
                yield message.sent * SECOND, None if at is None else at * SECOND, row["extra_fields"]
