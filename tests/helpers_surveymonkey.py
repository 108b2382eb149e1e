"""Helpers for tests of `surveymonkey`: an emulated account, and syncs from it in a line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from deskmetry.sync import Options, SyncReport, sync
from deskmetry_connectors.surveymonkey import SurveyMonkey
from deskmetry_connectors.surveymonkey.emulator import TOKEN, Company, Emulator, Faults, Response
from deskmetry_connectors.surveymonkey.emulator.company import (
    CONTACT,
    CSAT,
    NPS,
    PARTY,
    QUALITY,
    RELATION,
    WHY,
)
from helpers_http import PatientContext
from helpers_synced import rows

Json = dict[str, Any]
CONTACT_PLAN: Json = {
    "id": CONTACT,
    "ticket": "ticket_id",
    "agent": "agent_id",
    "questions": {
        CSAT: {"kind": "csat", "score": "first_best", "comment": WHY},
        QUALITY: {"kind": "quality", "rows": {"friendliness": "tone", "42": "knowledge"}},
    },
}
PLANS: Json = {"after-contact": CONTACT_PLAN, "relation": {"id": RELATION, "questions": {NPS: "nps"}}}


@contextmanager
def account(company: Company | None = None, faults: Faults | None = None) -> Iterator[Emulator]:
    """Serve a company, one without a story if none is given."""
    with Emulator(company or Company.make(tickets=0), faults) as server:
        yield server


def surveymonkey(server: Emulator, **settings: Any) -> SurveyMonkey:
    """Return a connector for an emulator, with two surveys mapped unless told otherwise."""
    common = {"url": server.url, "token": TOKEN, "surveys": PLANS, "leave_out": [PARTY]}
    return SurveyMonkey.model_validate(common | settings)


def run(database: Path, connector: SurveyMonkey, **options: Any) -> SyncReport:
    """Sync one connector as source `voice`."""
    return sync(database, {"voice": connector}, Options(**options))


def patient(connector: SurveyMonkey, max_wait: timedelta = timedelta(minutes=15)) -> PatientContext:
    """Give a connector a context whose waits end at once, and return it."""
    context = PatientContext(max_wait=max_wait)
    connector.attach(context)
    return context


def scores(database: Path) -> Mapping[str, float]:
    """Return the scores of all answers that count, by id."""
    return dict(rows(database, "SELECT id, score FROM survey_answers WHERE superseded_by IS NULL"))


def spent(report: SyncReport) -> dict[str, int]:
    """Return what each stream cost."""
    return {stream.stream: stream.requests for stream in report.sources[0].streams}


def rated(company: Company, choice: int, at: int | None = None, **more: Any) -> Response:
    """Add a response that is nothing but a CSAT; choice 0 is very satisfied, 4 very dissatisfied."""
    answers = {CSAT: [{"choice_id": str(10 + choice)}]}
    return company.respond(CONTACT, answers, company.now if at is None else at, **more)
