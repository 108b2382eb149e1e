"""Shortcuts of checking: what pydantic takes by itself is what the written rules would have made of it."""

from __future__ import annotations

import gc
from enum import StrEnum
from typing import Annotated, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BeforeValidator, TypeAdapter, ValidationError

from deskmetry.records.base import MAX_TEXT, Id, OptionalId, Text, clean_text, to_id, to_reference
from deskmetry.sync.collector import rarely


class Word(StrEnum):
    """A text that is more than one."""

    OPEN = "open"


PAIRS: list[tuple[TypeAdapter[Any], TypeAdapter[Any]]] = [
    (TypeAdapter(Id), TypeAdapter(Annotated[str, BeforeValidator(to_id)])),
    (TypeAdapter(OptionalId), TypeAdapter(Annotated[str | None, BeforeValidator(to_reference)])),
    (TypeAdapter(Text), TypeAdapter(Annotated[str, BeforeValidator(clean_text)])),
]
VALUES = st.one_of(
    st.text(st.characters(), max_size=200),
    st.text("0123456789-+.e ", max_size=50),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.none(),
    st.binary(max_size=5),
    st.lists(st.integers(), max_size=2),
)


def outcome(adapter: TypeAdapter[Any], value: object) -> tuple[object, ...]:
    try:
        found = adapter.validate_python(value)
    except ValidationError as error:
        (one,) = error.errors()  # not one for each way that was tried
        return "refused", one["loc"]
    return type(found), found


@given(VALUES)
@example("a\0b")
@example("\ud800")
@example(" 7 ")
@example("7\n")
@example("\x1f7")
@example("007")
@example(1e22)
@example(float("inf"))
@example(True)
@example(10**50)
@example(Word.OPEN)
@example("ä" * 101)
@example("")
def test_a_value_is_taken_or_refused_as_the_rules_say(value: object) -> None:
    for fast, slow in PAIRS:
        assert outcome(fast, value) == outcome(slow, value)


@pytest.mark.parametrize("size", [100, 101, MAX_TEXT, MAX_TEXT + 1])
def test_long_texts_are_cleaned_and_cut_all_the_same(size: int) -> None:
    for text in ("a" * size, "\0" + "ä" * (size - 1)):
        assert TypeAdapter(Text).validate_python(text) == str(clean_text(text))


def test_the_collector_is_as_before_after_a_run_and_one_that_failed() -> None:
    before = gc.get_threshold()
    with rarely():
        assert gc.get_threshold()[0] > before[0]
    with pytest.raises(KeyError), rarely():
        raise KeyError
    assert gc.get_threshold() == before


def test_a_collector_that_is_off_or_rarer_stays_so() -> None:
    before = gc.get_threshold()
    try:
        for own in (0, 1_000_000):
            gc.set_threshold(own, 10, 10)
            with rarely():
                assert gc.get_threshold() == (own, 10, 10)
    finally:
        gc.set_threshold(*before)
