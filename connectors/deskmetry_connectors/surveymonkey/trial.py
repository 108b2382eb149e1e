"""Trial: the emulated company as a world, so that the connector can be graded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from deskmetry.testing import Trial

from .connector import SurveyMonkey
from .emulator import TOKEN, Company, Emulator
from .emulator.company import ASPECTS, CONTACT, CSAT, PARTY, QUALITY, RELATION, WHY

_DAY = 86_400  # invitations are read once a day
_MORE = 6  # tickets, more than a page
PLAN: Mapping[str, Any] = {
    "after-contact": {
        "id": CONTACT,
        "ticket": "ticket_id",
        "agent": "agent_id",
        "questions": {
            CSAT: {"kind": "csat", "score": "first_best", "comment": WHY},
            QUALITY: "quality",
        },
    }
}


class CompanyWorld:
    """An emulated company in which things happen on demand."""

    def __init__(self, server: Emulator) -> None:
        self._server = server
        self._company = server.company
        self._next = 900

    @property
    def url(self) -> str:
        """Where the account is served."""
        return self._server.url

    def grow(self) -> None:
        """Have several customers answer in the same second."""
        for number in range(_MORE):
            self._next += 1
            self._company.ask(self._next, number % 5)
        self.advance(_DAY)

    def edit(self) -> None:
        """Have a response change twice within one second, the second time after it was read."""
        last = self._latest()
        choice = "12" if last.answers[CSAT][0]["choice_id"] != "12" else "13"
        last.answers[CSAT] = [{"choice_id": choice}]

    def late(self) -> bool:
        """Have a response show whose last change lies twenty minutes before the newest one."""
        self._next += 1
        answers = {CSAT: [{"choice_id": "11"}]}
        self._company.respond(CONTACT, answers, self._latest().modified - 1200)
        return True

    def delete(self) -> bool:
        """Return that deletes can't be seen: what is gone isn't listed any more, and no more is said."""
        return False

    def wipe(self) -> bool:
        """Have everything vanish, as after a move to another account."""
        self._company.responses.clear()
        self._company.messages.clear()
        return True

    def advance(self, seconds: float) -> None:
        """Let the account's clock go on."""
        self._company.now += int(seconds)

    def truth(self) -> Mapping[str, frozenset[str]]:
        """Return the ids of answers and offers."""
        company = self._company
        mine = [one for one in company.responses.values() if one.survey == CONTACT]
        answers = {f"{one.id}:{CSAT}" for one in mine}
        answers |= {f"{one.id}:{QUALITY}:{row}" for one in mine if QUALITY in one.answers for row in ASPECTS}
        offers = {
            f"{message.id}:{row['id']}:{kind}"
            for message in company.messages
            for row in message.recipients
            for kind in ("csat", "quality")
        }
        return {"survey_answers": frozenset(answers), "survey_offers": frozenset(offers)}

    def gone(self) -> Mapping[str, frozenset[str]]:
        """Return that nothing was deleted as far as anybody can see."""
        return {}

    def requests(self) -> int:
        """Return how many requests were served."""
        return len(self._server.log)

    def _latest(self) -> Any:
        mine = [one for one in self._company.responses.values() if one.survey == CONTACT]
        return max(mine, key=lambda one: (one.modified, one.id))


@contextmanager
def trial() -> Iterator[Trial]:
    """Yield the connector before an emulated account, with one survey mapped."""
    with Emulator(Company.make(tickets=14, seed=7)) as server:
        yield Trial(
            world=CompanyWorld(server),
            connector=lambda url: SurveyMonkey.model_validate(
                {
                    "url": url,
                    "token": TOKEN,
                    "surveys": PLAN,
                    "leave_out": [RELATION, PARTY],
                    "page_size": 4,
                }
            ),
            items={
                f"/v3/surveys/{CONTACT}/responses/bulk": "data",
                "/v3/surveys": "data",
            },
            budget={"responses": 12, "sent_invitations": 30},
            secrets=(TOKEN,),
        )
