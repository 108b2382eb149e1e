"""An emulated survey account that is told from outside, as the demo does."""

from __future__ import annotations

from typing import Any

from deskmetry.records import SurveyAnswer, SurveyOffer
from deskmetry_connectors.surveymonkey.connector import SurveyMonkey
from deskmetry_connectors.surveymonkey.emulator.told import serve

BEGIN = 1_780_000_000


def story() -> dict[str, Any]:
    points = [{"id": f"9{place}", "text": str(place), "position": place + 1} for place in range(11)]
    question = {
        "id": "31",
        "headings": [{"heading": "Would you recommend us?"}],
        "family": "matrix",
        "subtype": "rating",
        "answers": {"rows": [{"id": "51", "text": ""}], "choices": points},
    }
    sent = ((BEGIN, "1"), (BEGIN, "2"), (BEGIN, "3"), (BEGIN + 90, "4"))
    answers = {"31": [{"row_id": "51", "choice_id": "99"}]}
    return {
        "token": "told",
        "now": BEGIN + 90_000,
        "surveys": [{"id": "7", "title": "You and us", "questions": [question]}],
        "responses": [{"survey": "7", "at": BEGIN + 600, "answers": answers, "recipient": "2"}],
        "invitations": [
            {"survey": "7", "at": at, "id": key, "email": f"c{key}@mail.example"} for at, key in sent
        ],
    }


def test_those_who_are_invited_at_one_instant_get_one_message() -> None:
    plan = {"relation": {"id": "7", "questions": {"31": "nps"}}}
    with serve(story()) as url:
        connector = SurveyMonkey.model_validate({"url": url, "token": "told", "surveys": plan})
        try:
            records = [
                record
                for name in ("responses", "sent_invitations")
                for page in connector.read(name, None)
                for record in page.records
            ]
        finally:
            connector.close()
    offers = [one for one in records if isinstance(one, SurveyOffer)]
    assert sorted(str(one.customer_id) for one in offers) == [f"recipient:{n}" for n in (1, 2, 3, 4)]
    assert len({one.id.partition(":")[0] for one in offers}) == 2  # the messages
    assert [int(one.offered_at.timestamp()) for one in offers].count(BEGIN) == 3
    (answer,) = (one for one in records if isinstance(one, SurveyAnswer))
    assert (answer.score, answer.customer_id) == (9.0, "recipient:2")
