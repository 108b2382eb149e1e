"""Windows of the search: split until they fit, read again where rows move, whatever the search compares."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

import pytest

from deskmetry.connector import Context
from deskmetry.errors import BadResponse
from deskmetry.testing import Reply, Request
from deskmetry_connectors.intercom.connector import EARLIEST
from deskmetry_connectors.intercom.emulator import Company, Emulator, Faults
from deskmetry_connectors.intercom.windows import WindowReader
from helpers_intercom import desk, intercom

PAGE = 5


def company(*instants: int) -> Company:
    """Return a workspace with a conversation that changed last at each of these instants, before now."""
    made = Company()
    contact = made.meet("Joe")
    for ago in instants:
        made.open(contact, made.now - ago, "Hello?")
    return made


@contextmanager
def reading(made: Company, faults: Faults | None = None) -> Iterator[tuple[Emulator, WindowReader]]:
    with desk(made, faults) as server:
        connector = intercom(server, page_size=PAGE)
        connector.attach(Context())
        try:
            yield server, WindowReader(connector.http, PAGE)
        finally:
            connector.close()


def found(reader: WindowReader, first: int, last: int) -> list[str]:
    return [str(row["id"]) for window in reader.windows(first, last) for row in window.rows]


def test_windows_follow_each_other_without_gaps_and_each_fits_a_page() -> None:
    made = company(*range(100, 4_000_000, 123_456))
    with reading(made) as (_, reader):
        windows = list(reader.windows(EARLIEST, made.now))
    assert (windows[0].first, windows[-1].last) == (EARLIEST, made.now)
    assert all(one.last + 1 == other.first for one, other in pairwise(windows))
    assert max(len(window.rows) for window in windows) <= PAGE
    rows = [row for window in windows for row in window.rows]
    assert sorted(row["id"] for row in rows) == sorted(made.conversations)
    assert all(w.first <= row["updated_at"] <= w.last for w in windows for row in w.rows)


def test_both_ends_of_a_window_are_in_it() -> None:
    made = company(100, 50, 10)
    with reading(made) as (_, reader):
        assert len(found(reader, made.now - 100, made.now - 10)) == 3
        assert len(found(reader, made.now - 99, made.now - 11)) == 1


def test_a_second_in_which_more_changed_than_fits_is_read_by_pages() -> None:
    made = company(*[100] * 13)
    with reading(made) as (server, reader):
        assert sorted(found(reader, EARLIEST, made.now)) == sorted(made.conversations)
        cursors = [body["pagination"].get("starting_after") for _, _, body in server.log]
    assert sum(cursor is not None for cursor in cursors) >= 2


def test_pages_are_read_again_until_nothing_new_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    made = company(*[100] * 13)
    with reading(made) as (server, reader):
        reader.fine, honest = True, server.answer
        moved: list[str] = []

        def answer(request: Request) -> Reply:
            """Have six conversations change after the first page: others move up into their place."""
            if b"starting_after" in request.body and not moved:
                moved.extend(sorted(made.conversations)[:6])
                for key in moved:
                    made.conversations[key].updated = made.now
            return honest(request)

        monkeypatch.setattr(server, "answer", answer)
        at = made.now - 100
        assert set(found(reader, at, at)) >= set(made.conversations) - set(moved)


def test_a_search_that_compares_whole_days_is_found_out_and_nothing_is_lost() -> None:
    made = company(*range(100, 1_000_000, 40_000))
    with reading(made, Faults(by_day=True)) as (_, reader):
        assert sorted(found(reader, EARLIEST, made.now)) == sorted(made.conversations)
        assert reader.fine is False
        # Within one day, where such a search finds nothing if it is asked for seconds.
        assert len(found(reader, made.now - 200, made.now - 50)) == 1


def test_a_search_that_compares_seconds_is_found_out_with_one_request() -> None:
    made = company(100)
    with reading(made) as (server, reader):
        assert len(found(reader, EARLIEST, made.now)) == 1
        assert (reader.fine, len(server.log)) == (True, 2)


def test_nothing_is_concluded_from_a_workspace_without_conversations() -> None:
    made = company()
    with reading(made) as (_, reader):
        assert found(reader, EARLIEST, made.now) == []
        assert reader.fine is None


@pytest.mark.parametrize("shift", [-1_000, 1_000])
def test_an_answer_to_another_question_is_refused(shift: int, monkeypatch: pytest.MonkeyPatch) -> None:
    made = company(100)
    with reading(made) as (server, reader):
        reader.fine = True
        rows = found(reader, made.now - 200, made.now)
        asked = b'{"query": {"field": "updated_at", "operator": ">", "value": 0}}'
        door = {"Authorization": "Bearer emulated-token"}
        kept = server.answer(Request("POST", "/conversations/search", door, asked))
        monkeypatch.setattr(server, "answer", lambda *_: kept)
        assert len(rows) == 1
        reader._ahead.add((rows[0], made.now - 100))
        with pytest.raises(BadResponse, match="outside the time"):
            found(reader, made.now - 110 - shift, made.now - 105 - shift)
