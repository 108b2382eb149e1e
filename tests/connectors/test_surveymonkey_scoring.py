"""How choices become points: by weight, number, place or table, and never by a guess."""

from __future__ import annotations

from typing import Any

import pytest

from deskmetry_connectors.surveymonkey.plan import QuestionPlan
from deskmetry_connectors.surveymonkey.scoring import Scale, Unusable, scale_of
from deskmetry_connectors.surveymonkey.structure import Question, questions_of


def question(family: str = "single_choice", texts: tuple[str, ...] = (), **more: Any) -> Question:
    weights = more.pop("weights", None)
    choices: list[dict[str, Any]] = [
        {"id": str(place), "text": text, "position": place} for place, text in enumerate(texts, 1)
    ]
    for choice, weight in zip(choices, weights or [], strict=False):
        choice["weight"] = weight
    row = {"id": 7, "family": family, "subtype": "x", "answers": {"choices": choices}} | more
    return questions_of({"pages": [{"questions": [row]}]})["7"]


def scale(wanted: Any, asked: Question) -> Scale:
    return scale_of(QuestionPlan.model_validate(wanted), asked)


WORDS = ("Great", "Fine", "Bad")


def test_the_weights_of_a_rating_are_its_points() -> None:
    found = scale("csat", question("matrix", ("a", "b", "c"), weights=[1, "3", 5]))
    assert (found.points, found.low, found.high) == ({"1": 1, "2": 3, "3": 5}, 1, 5)


@pytest.mark.parametrize(
    ("way", "points"),
    [("first_best", {"1": 3, "2": 2, "3": 1}), ("last_best", {"1": 1, "2": 2, "3": 3})],
)
def test_where_the_best_choice_stands_is_said_by_the_settings(way: str, points: dict[str, float]) -> None:
    found = scale({"kind": "csat", "score": way}, question(texts=WORDS))
    assert (found.points, found.low, found.high) == (points, 1, 3)


def test_words_alone_are_no_score() -> None:
    with pytest.raises(Unusable, match="first_best"):
        scale("csat", question(texts=WORDS))


def test_a_number_in_the_words_is_a_score_if_it_is_the_only_one() -> None:
    assert scale("ces", question(texts=("1 - hard", "2", "3 (easy)"))).points == {"1": 1, "2": 2, "3": 3}
    with pytest.raises(Unusable):
        scale("ces", question(texts=("0-6", "7-8", "9-10")))


def test_a_table_gives_points_by_words_or_id_and_the_rest_none() -> None:
    found = scale(
        {"kind": "self_service", "score": {"yes": 1, "2": 0}}, question(texts=("Yes", "No", "Don't know"))
    )
    assert (found.points, found.low, found.high) == ({"1": 1, "2": 0, "3": None}, 0, 1)
    with pytest.raises(Unusable, match="'ja'"):
        scale({"kind": "self_service", "score": {"ja": 1}}, question(texts=("Yes", "No")))


NPS = ("Not at all likely - 0", *(str(point) for point in range(1, 10)), "Extremely likely - 10")


def test_nps_takes_the_numbers_and_not_the_weights_of_the_score() -> None:
    asked = question("matrix", NPS, weights=[-100] * 7 + [0, 0, 100, 100])
    found = scale("nps", asked)
    assert [found.points[str(place)] for place in range(1, 12)] == list(range(11))
    assert (found.low, found.high) == (0, 10)
    with pytest.raises(Unusable, match="-100"):
        scale({"kind": "nps", "score": "weight"}, asked)


def test_nps_without_numbers_counts_from_zero() -> None:
    found = scale({"kind": "nps", "score": "last_best"}, question(texts=tuple("abcdefghijk")))
    assert (found.points["1"], found.points["11"]) == (0, 10)


def test_nps_needs_eleven_points() -> None:
    with pytest.raises(Unusable, match="0 to 10"):
        scale("nps", question(texts=tuple(str(point) for point in range(1, 11))))


def test_not_applicable_is_no_answer_and_no_end_of_the_scale() -> None:
    choices = [
        {"id": 1, "text": "low", "weight": 1},
        {"id": 2, "text": "high", "weight": 5},
        {"id": 3, "text": "N/A", "weight": 0, "is_na": True},
    ]
    found = scale("csat", question("matrix", answers={"choices": choices}))
    assert (found.points, found.low) == ({"1": 1, "2": 5, "3": None}, 1)


def test_a_choice_that_was_taken_out_moves_no_other() -> None:
    choices = [
        {"id": place, "text": text, "position": place, "visible": text != "gone"}
        for place, text in enumerate(("bad", "gone", "good"), 1)
    ]
    found = scale({"kind": "csat", "score": "last_best"}, question(answers={"choices": choices}))
    assert found.points == {"1": 1, "2": None, "3": 2}


def test_a_slider_has_the_range_that_the_survey_checks_or_the_settings_say() -> None:
    asked = question("open_ended", answers=None, validation={"min": 0, "max": "100"})
    assert (scale("ces", asked).low, scale("ces", asked).high) == (0, 100)
    bare = question("open_ended", answers=None)
    assert scale({"kind": "ces", "scale": [1, 7]}, bare).high == 7
    with pytest.raises(Unusable, match="scale"):
        scale("ces", bare)


def test_nps_by_a_slider_has_the_scale_of_nps() -> None:
    assert scale("nps", question("open_ended", validation={"min": 0, "max": 10})).high == 10
    with pytest.raises(Unusable, match="not from 0 to 100"):
        scale("nps", question("open_ended", validation={"min": 0, "max": 100}))
    with pytest.raises(Unusable, match="not from 1 to 5"):
        scale({"kind": "nps", "scale": [1, 5]}, question("open_ended"))


def test_several_choices_at_once_are_no_score() -> None:
    with pytest.raises(Unusable, match="multiple_choice"):
        scale("csat", question("multiple_choice", WORDS))


def test_headings_lose_their_html() -> None:
    assert question(headings=[{"heading": "<p>How <b>satisfied</b>&nbsp;are&amp;</p>"}]).heading == (
        "How satisfied are&"
    )
