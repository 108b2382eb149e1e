"""Golden cases: small data, and answers worked out by hand beside them."""

from __future__ import annotations

import math

import pytest

from deskmetry.metric import TICKETS
from deskmetry.query import Query, answer
from deskmetry.query.statistics import Z
from deskmetry_metrics.effort import RepliesPerTicket
from helpers_facts import desk


def test_replies_per_ticket_divides_all_replies_by_all_tickets() -> None:
    with desk() as d:
        d.source()
        d.add(TICKETS, *({"created_at": "2026-01-05T00:00", "human_replies": n} for n in (0, 1, 2, 5)))
        d.add(TICKETS, {"created_at": "2026-01-05T00:00", "human_replies": 9, "excluded": "merged"})
        point = answer(d.connection, Query(RepliesPerTicket(), since="2026-01", until="2026-04")).total
        assert (point.value, point.n) == (2, 4)  # 8 / 4
        assert point.left_out == {"merged into another ticket": 1}
        # Deviations -2, -1, 0, 3: 14; z * sqrt(14 * 4 / 3) / 4
        half = Z * math.sqrt(14 * 4 / 3) / 4
        assert point.interval is not None
        assert (point.interval.low, point.interval.high) == pytest.approx((max(0, 2 - half), 2 + half))
