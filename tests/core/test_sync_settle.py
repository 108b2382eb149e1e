"""What a run teaches about a source: what its plan lacks, and rows that its lists don't name any more."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, ClassVar

import pytest

from deskmetry.connector import Capabilities, Cursor, Page, Rejected, stream
from deskmetry.errors import SourceError, StreamSkipped
from deskmetry.records import Team, TicketField
from deskmetry.records.kinds import Provenance
from deskmetry.sync import Options, sync
from helpers_sync import Desk, desk, raises


class Lists(Desk):
    """A desk with a stream that reads fields whole, and that the plan may not have."""

    name: ClassVar[str] = "lists"
    capabilities: ClassVar[Capabilities] = Capabilities(status_history=Provenance.REPORTED, ratings=True)

    @stream(TicketField, Team, optional=True, gives="ratings", whole=(TicketField,))
    def tickets(self, since: Cursor | None) -> Iterator[Page]:
        yield from self.play(since)


def field(key: str) -> TicketField:
    return TicketField(id=key, name=key)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "desk.db"


def run(database: Path, connector: Desk) -> Any:
    return sync(database, {"shop": connector}, Options()).sources[0]


def value(database: Path, sql: str) -> list[Any]:
    with closing(sqlite3.connect(database)) as connection:
        return [row[0] for row in connection.execute(sql)]


def capabilities(database: Path) -> dict[str, Any]:
    (text,) = value(database, "SELECT capabilities FROM sources")
    found: dict[str, Any] = json.loads(text)
    return found


def test_a_capability_goes_with_the_stream_that_is_skipped_and_comes_back_with_it(database: Path) -> None:
    run(database, Lists().says([Page([field("a")])]))
    assert capabilities(database)["ratings"] is True
    run(database, Lists().says(raises(StreamSkipped("The plan has no surveys.", "Change it."))))
    assert capabilities(database)["ratings"] is False
    assert capabilities(database)["reasons"] == {"ratings": "The plan has no surveys. Change it."}
    run(database, Lists().says([Page([field("a")])]))
    assert capabilities(database)["ratings"] is True
    assert "reasons" not in capabilities(database)


def test_a_run_that_fails_settles_nothing_anew(database: Path) -> None:
    run(database, Lists().says(raises(StreamSkipped("The plan has no surveys.", "Change it."))))
    run(database, Lists().says(raises(SourceError("It burns.", "Wait."))))
    assert capabilities(database)["ratings"] is False


def test_rows_that_a_whole_list_names_no_more_are_taken_out(database: Path) -> None:
    run(database, Lists().says([Page([field("a"), Team(id="x", name="X")]), Page([field("b")])]))
    report = run(database, Lists().says([Page([field("b")]), Page([field("c")])]))
    assert value(database, "SELECT id FROM ticket_fields ORDER BY id") == ["b", "c"]
    assert value(database, "SELECT id FROM teams") == ["x"]
    assert (report.written.new, report.written.changed) == (1, 1)


def test_promise_14_a_list_that_comes_empty_takes_nothing_out_and_says_so(database: Path) -> None:
    run(database, Lists().says([Page([field("a"), field("b"), Team(id="x", name="X")])]))
    report = run(database, Lists().says([Page([Team(id="x", name="X")])]))
    assert value(database, "SELECT count(*) FROM ticket_fields") == [2]
    (note,) = report.streams[0].notes
    assert "2 are known" in note
    assert "sync --full" in note
    again = Lists().says([Page([Team(id="x", name="X")])])
    sync(database, {"shop": again}, Options(full=True))
    assert value(database, "SELECT count(*) FROM ticket_fields") == [0]


@pytest.mark.parametrize(
    "script",
    [
        [],
        [Page([field("b")], rejected=[Rejected({}, "no id")])],
        raises(StreamSkipped("Not in the plan.", "…"), Page([field("b")])),
        raises(SourceError("It burns.", "Wait."), Page([field("b")])),
    ],
    ids=["no page", "a record set aside", "skipped", "failed"],
)
def test_a_list_that_isnt_whole_takes_nothing_out(database: Path, script: Any) -> None:
    run(database, Lists().says([Page([field("a"), field("b")])]))
    run(database, Lists().says(script))
    assert value(database, "SELECT id FROM ticket_fields ORDER BY id") == ["a", "b"]


def test_other_sources_keep_their_rows(database: Path) -> None:
    one = Lists(desk="one").says([Page([field("a")])])
    other = Lists(desk="two").says([Page([field("b")])])
    sync(database, {"one": one, "other": other}, Options())
    sync(database, {"one": Lists(desk="one").says([Page([field("c")])])}, Options())
    assert value(database, "SELECT id FROM ticket_fields ORDER BY id") == ["b", "c"]


def test_streams_that_declare_nothing_lose_nothing(database: Path) -> None:
    run(database, desk(Page([Team(id="x", name="X")])))
    run(database, desk(Page([Team(id="y", name="Y")])))
    assert value(database, "SELECT count(*) FROM teams") == [2]
