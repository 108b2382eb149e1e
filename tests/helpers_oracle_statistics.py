"""Oracle's statistics: percentiles and 95 % intervals, as the catalogue names them and by the textbook."""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Sequence
from itertools import accumulate

from helpers_oracle_kpis import Item

Z = 1.959963984540054
Interval = tuple[float, float]


def wilson(hits: float, n: int) -> Interval:
    """Return Wilson's 95 % interval of a share."""
    share, below = hits / n, 1 + Z * Z / n
    middle = (share + Z * Z / (2 * n)) / below
    half = Z * math.sqrt(share * (1 - share) / n + Z * Z / (4 * n * n)) / below
    return max(0.0, middle - half), min(1.0, middle + half)


def percentile(values: Sequence[float], part: float) -> float:
    """Return a percentile of type 7: linear between the ranks."""
    ranked = sorted(values)
    place = part * (len(ranked) - 1)
    low, high = math.floor(place), math.ceil(place)
    return ranked[low] + (ranked[high] - ranked[low]) * (place - low)


def rank_interval(values: Sequence[float], part: float) -> Interval | None:
    """Return a percentile's 95 % interval by order statistics; None where the ranks don't exist."""
    ranked, n = sorted(values), len(values)
    logs = [math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) for k in range(n)]
    chances = [
        math.exp(log + k * math.log(part) + (n - k) * math.log(1 - part)) for k, log in enumerate(logs)
    ]
    below = list(accumulate(chances))
    lower = sum(one <= 0.025 for one in below)
    upper = sum(1 - one > 0.025 for one in below) + 1
    return (ranked[lower - 1], ranked[upper - 1]) if lower and upper <= n else None


def student(degrees: int) -> float:
    """Return the 97.5 % quantile of Student's t, by integrating its density."""
    log = math.lgamma((degrees + 1) / 2) - math.lgamma(degrees / 2) - math.log(degrees * math.pi) / 2

    def density(t: float) -> float:
        return math.exp(log - (degrees + 1) / 2 * math.log1p(t * t / degrees))

    area, t, step = 0.5, 0.0, 1e-3
    while area < 0.975:
        area += step / 6 * (density(t) + 4 * density(t + step / 2) + density(t + step))
        t += step
    over = (area - 0.975) / density(t)
    return t - (area - 0.975) / density(t - over / 2)


def mean_interval(items: Sequence[Item]) -> Interval | None:
    """Return the mean's 95 % interval by Student's t on what each ticket adds, cut at 0."""
    mean, tickets = statistics.fmean(one.over for one in items), defaultdict[str, float](float)
    for one in items:
        tickets[one.key] += one.over - mean
    count = len(tickets)
    if count < 2:
        return None
    spread = math.sqrt(count / (count - 1) * sum(one**2 for one in tickets.values())) / len(items)
    half = student(count - 1) * spread
    return max(0.0, mean - half), mean + half


def ratio_interval(values: Sequence[float]) -> Interval | None:
    """Return the 95 % interval of a sum over how many it is of: the delta method, cut at 0."""
    if len(values) < 2:
        return None
    half = Z * statistics.stdev(values) / math.sqrt(len(values))
    return max(0.0, statistics.fmean(values) - half), statistics.fmean(values) + half


def score_interval(values: Sequence[float]) -> Interval:
    """Return the NPS's 95 % interval, adjusted Wald: three answers more, of each kind its share by chance."""
    n = len(values) + 3
    promoters, detractors = ((sum(one == end for one in values) + 0.75) / n for end in (100, -100))
    middle = promoters - detractors
    half = Z * math.sqrt((promoters + detractors - middle**2) / n)
    return 100 * max(middle - half, -1.0), 100 * min(middle + half, 1.0)


def rank_statistic(values: Sequence[float], stat: str) -> tuple[float, Interval | None]:
    """Return the maximum, the median or a percentile (`p90`), with its interval where it has one."""
    if stat == "max":
        return max(values), None
    part = 0.5 if stat == "median" else int(stat[1:]) / 100
    return percentile(values, part), rank_interval(values, part)
