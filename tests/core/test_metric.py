from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel

from deskmetry.errors import BadValue, PluginError
from deskmetry.metric import (
    MESSAGES,
    TICKETS,
    Computed,
    Count,
    Direction,
    Estimate,
    Fact,
    Metric,
    Ratio,
    Share,
    Sum,
    check_metric,
    duration,
)
from deskmetry.metric.check import faults


class ReopenRate(Share):
    """Solved tickets that were reopened within thirty days."""

    name = "reopen_rate"
    direction = Direction.LOWER
    fact, at = TICKETS, "first_solved_at"
    of, counts = "first_solved_at IS NOT NULL", "reopened_after_ms <= :window"
    window: timedelta = timedelta(days=30)


class Sound(Count):
    """Something."""

    name, unit = "sound", "tickets"
    fact, at = TICKETS, "created_at"


def test_a_metric_is_its_parameters_and_one_declared_measure() -> None:
    check_metric(ReopenRate, "acme")
    assert ReopenRate().bound() == {"window": 30 * 86_400_000}
    assert ReopenRate.model_validate({"window": "7d"}).window == timedelta(days=7)
    assert ReopenRate.definition() == "Solved tickets that were reopened within thirty days."
    assert ReopenRate.unit == "share"


def test_at_most_three_classes_stand_between_a_metric_and_its_base() -> None:
    between = [cls for cls in ReopenRate.__mro__[1:] if issubclass(cls, BaseModel) and cls is not BaseModel]
    assert [cls.__name__ for cls in between] == ["Share", "Metric"]


def test_parameters_are_bound_as_numbers_and_texts() -> None:
    class Many(Sound):
        """Something."""

        window: timedelta = timedelta(milliseconds=1500)
        limit: int = 3
        share: float = 0.5
        word: str = "x"
        on: bool = True

    assert Many().bound() == {"window": 1500, "limit": 3, "share": 0.5, "word": "x", "on": 1}
    assert list(faults(Many)) == []


def fault(cls: type[Metric]) -> str:
    with pytest.raises(PluginError) as caught:
        check_metric(cls, "acme")
    assert "'acme'" in str(caught.value)
    return str(caught.value)


def test_a_column_that_the_fact_has_not_is_named() -> None:
    class Wrong(Sound):
        """Something."""

        of = "first_relpied_at IS NULL"

    assert "no such column: first_relpied_at" in fault(Wrong)


def test_an_unknown_basis_is_named() -> None:
    class Wrong(Sound):
        """Something."""

        at = "made_at"

    assert "at = 'made_at'" in fault(Wrong)


def test_a_metric_needs_a_docstring_a_unit_and_a_name() -> None:
    class Silent(Sound):
        unit = ""
        name = "Bad Name"

    found = " ".join(faults(Silent))
    assert "no docstring" in found
    assert "no unit" in found
    assert "no usable name" in found


def test_a_parameter_must_have_a_type_that_can_be_bound_and_a_free_name() -> None:
    class Wrong(Sound):
        """Something."""

        words: list[str] = []  # noqa: RUF012
        since: int = 1
        must: int

    found = " ".join(faults(Wrong))
    assert "'words'" in found
    assert "'since', a name that the engine binds" in found
    assert "'must' without a default" in found


def test_maturity_must_name_a_duration() -> None:
    class Wrong(ReopenRate):
        """Something."""

        maturity = "windw"

    assert "maturity 'windw'" in fault(Wrong)


def test_sql_that_would_do_more_than_read_is_refused_before_it_meets_data() -> None:
    class Loads(Sound):
        """Something."""

        of = "load_extension('/tmp/x') IS NULL"

    class Peeks(Sound):
        """Something."""

        of = "EXISTS (SELECT 1 FROM sqlite_master)"

    class Quotes(Sound):
        """Something."""

        of = 'channel = "email"'

    assert "load_extension" in fault(Loads)
    assert "more than read" in fault(Peeks)
    assert "single quotes" in fault(Quotes)


def test_a_measure_must_declare_what_it_measures() -> None:
    class Empty(Count):
        """Something."""

        name, unit = "empty", "tickets"

    class Bare(Metric):
        """Something."""

        name, unit = "bare", "tickets"

    class Strange(Sound):
        """Something."""

        fact = Fact("orders", "Not ours.", ("id",), ())

    assert "doesn't declare fact, at" in fault(Empty)
    assert "none of the measures" in fault(Bare)
    assert "'orders', which is no fact" in " ".join(faults(Strange))


def test_both_sides_of_a_ratio_are_checked() -> None:
    class Wrong(Ratio):
        """Something."""

        name, unit = "wrong", "messages"
        over: ClassVar[Sum] = Sum(MESSAGES, "sent_at", of="human_replies > 0")
        under: ClassVar[Sum] = Sum(TICKETS, "created_at")

    assert "over.of" in fault(Wrong)


def test_a_computed_metric_is_checked_by_its_columns() -> None:
    class Wrong(Computed):
        """Something."""

        name, unit = "wrong", "x"
        fact, at, columns = TICKETS, "created_at", ("nonsense",)

        def compute(self, rows: Sequence[Sequence[Any]]) -> Estimate:
            return Estimate(1, len(rows))

    assert "no such column: nonsense" in fault(Wrong)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("5min", 300), ("24h", 86_400), ("7d", 604_800), ("1.5h", 5400), ("2w", 1_209_600)],
)
def test_durations_carry_units(text: str, seconds: int) -> None:
    assert duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["7", "d", "seven days", "-1d", ""])
def test_a_duration_without_a_unit_is_refused(text: str) -> None:
    with pytest.raises(BadValue):
        duration(text)
