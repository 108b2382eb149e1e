"""Table, `check`: rows that can't be used and scores that count nowhere are told before a sync reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deskmetry.errors import MostlyUnusable, TooManyBadRecords
from deskmetry_connectors.table.errors import NoScale
from helpers_cli import cli, configured
from helpers_table import HEADER, orders, rows, run, table, write

BAD = "x,soon,1.00\n"
CSAT: dict[str, Any] = {
    "into": "survey_answers",
    "timezone": "UTC",
    "columns": {"id": "No", "kind": "Kind", "answered_at": "Date", "score": "Score", "label": "Label"},
}
SCALE = {"scale_min": "Low", "scale_max": "High"}


def answers(*lines: str) -> str:
    """Return a file of answers: kind, score, ends of the scale, label."""
    head = "No,Date,Kind,Score,Low,High,Label\n"
    return head + "".join(f"{number},2026-03-01 10:00:00,{line}\n" for number, line in enumerate(lines))


def scaled(**more: Any) -> dict[str, Any]:
    return {**CSAT, "columns": CSAT["columns"] | SCALE | more}


# --- rows --------------------------------------------------------------------------------------------------


def test_a_file_most_of_whose_rows_are_bad_fails(tmp_path: Path) -> None:
    path = write(tmp_path / "orders.csv", orders(1, 2) + BAD * 3)
    with pytest.raises(MostlyUnusable) as caught:
        table(path).check()
    assert caught.value.message == (
        "3 of the first 5 rows of orders.csv can't be used; the first one: orders.csv, line 4: placed_at: "
        "'soon' isn't a date as iso."
    )
    assert "Correct the settings" in caught.value.hint


def test_check_fails_where_the_first_page_of_a_sync_would_stop(tmp_path: Path) -> None:
    path = write(tmp_path / "orders.csv", orders(*range(100)) + BAD * 21)
    with pytest.raises(MostlyUnusable, match="21 of the first 121 rows"):
        table(path).check()
    assert isinstance(run(tmp_path / "d.db", table(path)).error, TooManyBadRecords)
    write(path, orders(*range(100)) + BAD * 20)
    assert "20 of 120 can't be used" in table(path).check()
    assert run(tmp_path / "e.db", table(path)).error is None


def test_a_command_says_so_and_exits_with_a_failure(tmp_path: Path) -> None:
    write(tmp_path / "orders.csv", orders(1, 2) + BAD * 3)
    config = configured(
        tmp_path,
        '[sources.shop]\nconnector = "table"\npath = "orders.csv"\ntimezone = "UTC"\ninto = "orders"\n'
        '[sources.shop.columns]\nid = "No"\nplaced_at = "Date"\nstatus = { value = "paid" }\n'
        'amount_minor = { column = "Total", unit = "EUR" }\n',
    )
    answer = cli("-c", config, "check", "--format", "json")
    assert answer.code == 1
    assert "mostly_unusable" in answer.out
    assert "3 of the first 5 rows of orders.csv" in answer.out


def test_check_knows_an_id_that_comes_again_in_another_file(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", orders(1, 2))
    write(tmp_path / "b.csv", orders(2, 3, 4))
    said = table(tmp_path / "*.csv").check()
    assert "1 of 3 can't be used (b.csv, line 2: the id '2' of orders is that of a.csv, line 3" in said


def test_as_many_rows_are_tried_as_a_first_page_has(tmp_path: Path) -> None:
    path = write(tmp_path / "orders.csv", orders(*range(990)) + BAD * 20)
    assert "the first rows make 990 orders, 10 of 1,000 can't be used" in table(path).check()
    assert "can't" not in table(write(path, HEADER)).check()


# --- scores ------------------------------------------------------------------------------------------------


def test_scores_without_a_scale_fail_with_what_to_map(tmp_path: Path) -> None:
    path = write(tmp_path / "csat.csv", answers("csat,4,,,", "csat,5,,,"))
    with pytest.raises(NoScale) as caught:
        table(path, CSAT).check()
    assert "none of the 2 scores of kind csat lies on a known scale (the first one: 4 of ? to ?)" in str(
        caught.value
    )
    assert "scale_min = { value = 1 }" in caught.value.hint
    fixed = {**CSAT["columns"], "scale_min": {"value": 1}, "scale_max": {"value": 5}}
    assert table(path, {**CSAT, "columns": fixed}).check().endswith("the first rows make 2 survey_answers")


def test_each_kind_of_answer_needs_a_scale_of_its_own(tmp_path: Path) -> None:
    path = write(tmp_path / "all.csv", answers("csat,4,1,5,", "nps,4,1,5,"))
    with pytest.raises(NoScale, match="1 scores of kind nps"):
        table(path, scaled()).check()


def test_scores_that_no_kpi_counts_are_told_only(tmp_path: Path) -> None:
    path = write(tmp_path / "all.csv", answers("csat,4,1,5,", "ces,4,,,"))
    assert "1 of 1 scores of kind ces lie on no known scale (the first one: 4 of ? to ?)" in (
        table(path, scaled()).check()
    )


def test_a_few_scores_off_the_scale_are_counted(tmp_path: Path) -> None:
    path = write(tmp_path / "all.csv", answers("csat,4,1,5,", "csat,5,1,5,", "csat,7,1,5,"))
    assert "1 of 3 scores of kind csat lie on no known scale (the first one: 7 of 1 to 5)" in (
        table(path, scaled()).check()
    )


def test_answers_without_a_score_need_no_scale(tmp_path: Path) -> None:
    path = write(tmp_path / "csat.csv", answers("csat,,,,great", "nps,,,,"))
    assert "2 survey_answers" in table(path, CSAT).check()


USED = """SELECT answer_id FROM answer_facts WHERE CASE kind
    WHEN 'csat' THEN satisfied WHEN 'nps' THEN promoter ELSE score END IS NOT NULL"""


@pytest.mark.parametrize(
    "line",
    [
        "csat,4,1,5,", "csat,4,,5,", "csat,4,1,,", "csat,4,5,1,", "csat,4,4,4,", "csat,6,1,5,", "csat,0,1,5,",
        "csat,1,,,Good", "csat,1,,,fine", "nps,9,,,", "nps,9,0,10,", "nps,9,1,10,", "nps,9,0,9,",
        "nps,11,,,", "nps,-1,,,", "nps,0,,10,", "ces,3,1,7,", "ces,3,,,", "ces,3,,,good", "quality,0,0,1,",
    ],
)  # fmt: skip
def test_check_counts_a_score_exactly_when_the_facts_do(tmp_path: Path, line: str) -> None:
    path = write(tmp_path / "all.csv", answers(line))
    assert run(tmp_path / "d.db", table(path, scaled())).error is None
    try:
        counts = "no known scale" not in table(path, scaled()).check()
    except NoScale:
        counts = False
    assert bool(rows(tmp_path / "d.db", USED)) is counts
