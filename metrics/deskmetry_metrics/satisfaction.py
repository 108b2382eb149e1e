"""Satisfaction: what customers answer when they are asked."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import timedelta
from statistics import NormalDist
from typing import Any, ClassVar

from pydantic import Field

from deskmetry.metric import ANSWERS, OFFERS, Computed, Direction, Estimate, Metric, Share
from deskmetry.plugins import hookimpl

_Z = NormalDist().inv_cdf(0.975)


class Csat(Share):
    """Satisfied answers ÷ answers, by the answer: per ticket and survey the latest, without a ticket each.

    Satisfied is `good` of good and bad, else the top 40 % of the points of the scale, rounded down and at
    least one (two of five). Superseded and deleted answers don't count. Source is where the answer came from;
    all that is a ticket's (channel, medium, …) is its ticket's, whatever source that is in. Agent and team
    are those rated, else the ticket's.
    """

    name, direction = "csat", Direction.HIGHER
    fact, at, of, counts = ANSWERS, "answered_at", "kind = 'csat'", "satisfied = 1"
    leave_out: ClassVar = {"on no known scale": "satisfied IS NULL"}
    needs = ("ratings",)


class CsatResponseRate(Share):
    """Of the satisfaction surveys offered more than 7 days ago: those answered, by the offer.

    Younger ones, answered or not, are left out and counted. What answers an offer is about its ticket, or by
    its customer if it names none, to the same survey, and before that was offered again; an answer that names
    nobody, only when it was offered, counts as an answered offer. Agent and team are those to be rated, else
    the ticket's.
    """

    name, direction = "csat_response_rate", Direction.HIGHER
    fact, at, of, counts = OFFERS, "offered_at", "kind = 'csat'", "answered_at IS NOT NULL"
    leave_out: ClassVar = {"younger than the grace": "offered_at >= :as_of - :grace"}
    needs, maturity = ("survey_offers",), "grace"
    grace: timedelta = Field(timedelta(days=7), ge=timedelta(0), description="Time before an offer counts")


class Nps(Computed):
    """Share of answers with 9 or 10 points less share of those with 0 to 6, in points from -100 to 100.

    By the answer; one per ticket and survey, the latest, without a ticket each: a customer who is asked in
    spring and in autumn counts twice. Superseded and deleted answers don't count. Source is where the answer
    came from; all that is a ticket's (channel, medium, …) is its ticket's. Agent and team are those rated,
    else the ticket's.
    """

    name, unit, direction = "nps", "points", Direction.HIGHER
    fact, at, of = ANSWERS, "answered_at", "kind = 'nps'"
    columns = ("promoter", "detractor")
    leave_out: ClassVar = {"on another scale than 0 to 10": "promoter IS NULL"}
    needs = ("nps",)

    def compute(self, rows: Sequence[Sequence[Any]]) -> Estimate:
        """Return the score of some answers, each given as whether it is a promoter's and a detractor's."""
        promoters, detractors = sum(row[0] for row in rows), sum(row[1] for row in rows)
        value = 100 * (promoters - detractors) / len(rows)
        low, high = _adjusted_wald(promoters, detractors, len(rows))
        # Of a single answer the interval around the adjusted score ends just short of the score itself.
        return Estimate(value, len(rows), min(low, value), max(high, value))


def _adjusted_wald(promoters: int, detractors: int, n: int) -> tuple[float, float]:
    """Return the 95 % interval in points, of a sample with 3/4 promoters, 3/4 detractors and 3/2 others more.

    The adjusted Wald interval (3, T) that Rocks (2016) recommends for net promoter scores.
    """
    size = n + 3
    above, below = (promoters + 0.75) / size, (detractors + 0.75) / size
    score = above - below
    half = _Z * math.sqrt((above + below - score * score) / size)
    return 100 * max(-1.0, score - half), 100 * min(1.0, score + half)


METRICS: tuple[type[Metric], ...] = (Csat, CsatResponseRate, Nps)


@hookimpl
def register_metrics() -> Iterable[type[Metric]]:
    """Return the metric classes of the group."""
    return METRICS
