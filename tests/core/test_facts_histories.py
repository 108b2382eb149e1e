"""Histories come to the same facts whether they are told at once, beside other work, or in lots."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from deskmetry.facts import histories, refreshing
from helpers_histories import fill
from helpers_store import Store


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("lot", [1, 2, 3])
def test_lots_come_to_the_facts_of_all_at_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, seed: int, lot: int
) -> None:
    with Store.at(tmp_path) as store:
        fill(store, Random(seed))
        store.refresh(rebuild=True)
        whole = store.facts()
        assert whole["status_facts"]
        monkeypatch.setattr(histories, "AT_ONCE", lot)  # many lots of one batch
        store.refresh(rebuild=True)
        assert store.facts() == whole
        monkeypatch.setattr(refreshing, "AT_ONCE", lot)  # and many batches
        store.refresh(rebuild=True)
        assert store.facts() == whole


def test_what_fails_in_the_thread_fails_the_refresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fail(*_given: object) -> None:
        raise ArithmeticError("no such history")

    with Store.at(tmp_path) as store:
        fill(store, Random(1))
        monkeypatch.setattr(histories, "timeline", fail)
        with pytest.raises(ArithmeticError):
            store.refresh()
