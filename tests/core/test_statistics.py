from __future__ import annotations

import statistics as standard

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskmetry.query.statistics import (
    Z,
    clustered_mean_interval,
    mean_interval,
    percentile,
    percentile_interval,
    ratio_interval,
    t_quantile,
    wilson,
)


@pytest.mark.parametrize(
    ("p", "df", "expected"),
    [
        # Abramowitz and Stegun, table 26.10, with the digits of R's qt().
        (0.975, 1, 12.7062047362),
        (0.975, 2, 4.3026527297),
        (0.975, 3, 3.1824463053),
        (0.975, 5, 2.5705818356),
        (0.975, 10, 2.2281388520),
        (0.975, 29, 2.0452296421),
        (0.975, 30, 2.0422724563),
        (0.975, 100, 1.9839715185),
        (0.975, 1000, 1.9623390808),
        (0.95, 10, 1.8124611228),
        (0.995, 4, 4.6040948713),
        (0.025, 10, -2.2281388520),
        (0.5, 7, 0.0),
    ],
)
def test_students_t_agrees_with_the_tables(p: float, df: int, expected: float) -> None:
    assert t_quantile(p, df) == pytest.approx(expected, abs=1e-6)


def test_students_t_becomes_the_normal_distribution() -> None:
    assert t_quantile(0.975, 10_000_000) == pytest.approx(Z, abs=1e-6)


def test_wilson_agrees_with_the_worked_example() -> None:
    # 8 of 10: (0.8 + 1.9208/10 ± 1.95996 * sqrt(0.016 + 0.9604/100)) / (1 + 3.84146/10)
    assert wilson(8, 10) == pytest.approx((0.4901625, 0.9433178), abs=1e-6)
    assert wilson(0, 0) is None


@given(st.integers(1, 10_000), st.data())
def test_wilson_holds_the_share_and_stays_within_0_and_1(n: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, n))
    interval = wilson(hits, n)
    assert interval is not None
    assert 0 <= interval[0] <= hits / n <= interval[1] <= 1


def test_percentiles_are_of_type_7() -> None:
    assert percentile([1, 2, 3, 4], 0.5) == 2.5
    assert percentile([10, 20, 30, 40, 50], 0.9) == 46  # rank 3.6: 40 + 0.6 * 10
    assert percentile([7], 0.99) == 7


@given(st.lists(st.integers(0, 10**13), min_size=2, max_size=60))
def test_quartiles_agree_with_the_standard_library(values: list[int]) -> None:
    values.sort()
    expected = standard.quantiles(values, n=4, method="inclusive")
    assert [percentile(values, p) for p in (0.5, 0.75)] == pytest.approx(expected[1:])


@pytest.mark.parametrize(("p", "smallest"), [(0.5, 6), (0.75, 13), (0.9, 36), (0.95, 72), (0.99, 368)])
def test_a_percentile_has_no_interval_where_its_rank_does_not_exist(p: float, smallest: int) -> None:
    # The outer rank exists when p**n <= 0.025: 0.5**6 = 0.0156, 0.9**36 = 0.0225 but 0.9**35 = 0.0250 (over).
    assert percentile_interval(list(range(smallest - 1)), p) is None
    assert percentile_interval(list(range(smallest)), p) is not None


def test_the_interval_of_a_median_of_a_hundred_is_the_40th_to_the_61st() -> None:
    # The textbook ranks (Conover): P(B < 40) = 0.0176, P(B < 41) = 0.0284 for B ~ Binomial(100, 1/2).
    assert percentile_interval(list(range(1, 101)), 0.5) == (40, 61)


def test_the_interval_of_a_mean_is_students_and_cut_at_0() -> None:
    # mean 3, s = 1.5811, s/sqrt(5) = 0.70711, t(4) = 2.776445: 3 ± 1.963243
    assert mean_interval([1, 2, 3, 4, 5]) == pytest.approx((1.036757, 4.963243), abs=1e-6)
    interval = mean_interval([0, 0, 0, 10])
    assert interval is not None
    assert interval[0] == 0
    assert mean_interval([5]) is None


def test_clusters_of_one_item_give_students_interval() -> None:
    values = [1.0, 2.0, 3.0, 4.0, 5.0]
    assert clustered_mean_interval(values, [1] * 5) == pytest.approx(mean_interval(values))


def test_the_delta_method_agrees_with_hand_arithmetic() -> None:
    # x = 1, 3, y = 1, 1: R = 2; deviations -1, 1; s = sqrt(2 * 2 / 1) = 2; half = 1.959964 * 2 / 2
    assert ratio_interval([1, 3], [1, 1]) == pytest.approx((2 - Z, 2 + Z))
    assert ratio_interval([1], [1]) is None
