"""Capabilities: what a connector can give, so that a KPI can say why a source has no answer."""

from __future__ import annotations

from dataclasses import dataclass

from ..records.kinds import Provenance


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a source can give; settled at run time where the plan decides.

    status_history: how changes of status are known: `reported` by the vendor with their instants, `observed`
    by us between two syncs (the default: the engine watches `Ticket.status`), `inferred` by written rules.
    deletes: tickets that were deleted there are noticed. tags, ratings, wait_times, schedules (business
    hours), sla (its own service levels): the source has them. nps: ratings from 0 to 10 are among them;
    survey_offers: it tells who was asked, without which there is no response rate. A stream that `gives` one
    of them and is skipped takes it away. tickets: it holds tickets or sessions; one that holds none (orders,
    costs, surveys) isn't asked about them, and doesn't hold back until when answers about them are known.
    """

    status_history: Provenance = Provenance.OBSERVED
    deletes: bool = False
    tags: bool = False
    ratings: bool = False
    wait_times: bool = False
    schedules: bool = False
    sla: bool = False
    tickets: bool = True
    nps: bool = False
    survey_offers: bool = False
