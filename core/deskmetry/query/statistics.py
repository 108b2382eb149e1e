"""Statistics: percentiles, and the 95 % intervals of shares, means, ranks and ratios."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from statistics import NormalDist

CONFIDENCE = 0.95
_TAIL = (1 - CONFIDENCE) / 2
Z = NormalDist().inv_cdf(1 - _TAIL)

Interval = tuple[float, float]


def wilson(hits: int, n: int) -> Interval | None:
    """Return Wilson's score interval of a share of independent items (Wilson 1927); None without items."""
    if n == 0:
        return None
    share, square = hits / n, Z * Z
    centre = (share + square / (2 * n)) / (1 + square / n)
    half = Z * math.sqrt(share * (1 - share) / n + square / (4 * n * n)) / (1 + square / n)
    # Rounding may leave 1e-17 on the wrong side of an exact 0 or 1.
    low = 0.0 if hits == 0 else max(0.0, centre - half)
    return low, 1.0 if hits == n else min(1.0, centre + half)


def percentile(ordered: Sequence[int], p: float) -> float:
    """Return the percentile of type 7 (linear between ranks) of at least one sorted integer."""
    position = Fraction(str(p)) * (len(ordered) - 1)
    rank = math.floor(position)
    if rank + 1 >= len(ordered):
        return ordered[-1]
    return float(ordered[rank] + (position - rank) * (ordered[rank + 1] - ordered[rank]))


def percentile_interval(ordered: Sequence[int], p: float) -> Interval | None:
    """Return the interval of a percentile by order statistics; None where a rank it needs doesn't exist."""
    ranks = _ranks(len(ordered), p)
    return None if ranks is None else (float(ordered[ranks[0] - 1]), float(ordered[ranks[1] - 1]))


@lru_cache(maxsize=4096)
def _ranks(n: int, p: float) -> tuple[int, int] | None:
    """Return ranks l < u (from 1) so that the percentile lies outside each with at most half the error.

    The number of items below the percentile is binomial: l is the highest rank with P(B < l) within the tail,
    u the lowest with P(B >= u) within it.
    """
    if n == 0 or n * math.log1p(-p) > math.log(_TAIL) or n * math.log(p) > math.log(_TAIL):
        return None
    mean, spread = n * p, math.sqrt(n * p * (1 - p))
    first = max(0, math.floor(mean - 12 * spread - 12))
    last = min(n, math.ceil(mean + 12 * spread + 12))
    low, below, k = 0, 0.0, first
    upper = n
    for k in range(first, last + 1):
        below += _binomial(n, k, p)  # P(B <= k)
        if below <= _TAIL:
            low = k + 1
        if 1 - below <= _TAIL:
            upper = k + 1
            break
    return (low, upper) if 1 <= low < upper <= n else None


def _binomial(n: int, k: int, p: float) -> float:
    ways = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return math.exp(ways + k * math.log(p) + (n - k) * math.log1p(-p))


def mean_interval(values: Sequence[float]) -> Interval | None:
    """Return Student's t interval of the mean, cut at 0; None under two items."""
    n = len(values)
    if n < 2:
        return None
    mean = math.fsum(values) / n
    variance = math.fsum((value - mean) ** 2 for value in values) / (n - 1)
    return _around(mean, t_quantile(1 - _TAIL, n - 1) * math.sqrt(variance / n))


def clustered_mean_interval(totals: Sequence[float], sizes: Sequence[int]) -> Interval | None:
    """Return Student's t interval of a mean of items in clusters, from the clusters' totals; cut at 0."""
    return _ratio(totals, sizes, t_quantile(1 - _TAIL, len(totals) - 1) if len(totals) > 1 else 0.0)


def ratio_interval(over: Sequence[float], under: Sequence[float]) -> Interval | None:
    """Return the interval of a ratio of two sums by the delta method over items that bring both; cut at 0."""
    return _ratio(over, under, Z)


def _ratio(over: Sequence[float], under: Sequence[float], quantile: float) -> Interval | None:
    n, total = len(over), math.fsum(under)
    if n < 2 or total == 0:
        return None
    ratio = math.fsum(over) / total
    spread = math.fsum((x - ratio * y) ** 2 for x, y in zip(over, under, strict=True))
    return _around(ratio, quantile * math.sqrt(spread * n / (n - 1)) / total)


def _around(value: float, half: float) -> Interval:
    return max(0.0, value - half), value + half


@lru_cache(maxsize=4096)
def t_quantile(p: float, df: int) -> float:
    """Return the quantile of Student's t with df >= 1 degrees of freedom, for p in (0, 1); exact to 1e-9."""
    if p == 0.5:
        return 0.0
    if p < 0.5:
        return -t_quantile(1 - p, df)
    low, high = 0.0, 2.0
    while _t_cdf(high, df) < p:
        low, high = high, high * 2
    while high - low > 1e-12 * high:
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if _t_cdf(middle, df) < p:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _t_cdf(t: float, df: int) -> float:
    """P(T <= t) for t >= 0, by the incomplete beta function."""
    return 1 - 0.5 * _beta(df / (df + t * t), df / 2, 0.5)


def _beta(x: float, a: float, b: float) -> float:
    """Regularised incomplete beta function (Numerical Recipes 6.4, Lentz's continued fraction)."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    if x < (a + 1) / (a + b + 2):
        return math.exp(front) * _fraction(x, a, b) / a
    return 1 - math.exp(front) * _fraction(1 - x, b, a) / b


def _fraction(x: float, a: float, b: float) -> float:
    tiny = 1e-300
    c, d = 1.0, 1 - (a + b) * x / (a + 1)
    d = 1 / (d if abs(d) > tiny else tiny)
    result = d
    for m in range(1, 10_000):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 + term * d
            d = 1 / (d if abs(d) > tiny else tiny)
            c = 1 + term / c
            c = c if abs(c) > tiny else tiny
            result *= d * c
        if abs(d * c - 1) < 1e-15:
            break
    return result
