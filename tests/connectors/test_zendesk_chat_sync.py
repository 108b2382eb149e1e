"""Zendesk Chat synced whole: pages, limits of the export, tokens, links to tickets, and the KPIs by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from deskmetry.connector import Cursor
from deskmetry.errors import AuthenticationFailed, BadResponse, CursorRefused, StreamSkipped
from deskmetry.records import Message, Session
from deskmetry.store import open_reader
from deskmetry.sync.verified import Extent, Verdict
from deskmetry.sync.verify import verify
from deskmetry_connectors.zendesk.emulator import Company, Emulator, Faults, live
from deskmetry_connectors.zendesk.emulator.chat import Chat, chats_page
from deskmetry_connectors.zendesk.emulator.talk import Call
from helpers_synced import outcomes, requests, rows
from helpers_zendesk import attached, desk, run, zendesk
from helpers_zendesk_live import T0

PATH = "/api/v2/chat/incremental/chats"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "desk.db"


@pytest.fixture
def server() -> Iterator[Emulator]:
    with desk(Company.make(tickets=10, seed=2, users=12, chats=30)) as found:
        yield found


def quiet(company: Company, number: int, updated: int) -> Chat:
    """Add a chat that nobody took."""
    found = Chat(f"c{number:03}", updated - 60, updated, {"id": f"9.{number}", "name": "V"}, ended=updated)
    company.chats[found.id] = found
    company.revision += 1
    return found


def empty(number: int = 0, now: int = T0 + 10_000) -> Company:
    """Return an account with so many chats, three of them a second, and an administrator."""
    company = Company(now=now)
    company.join("Agent 0", "admin")
    for one in range(number):
        quiet(company, one, T0 + one // 3)
    return company


def chats(server: Emulator) -> list[dict[str, str]]:
    return [query for _, path, query in server.log if path == PATH]


# --- the export ------------------------------------------------------------------------------------------


def test_every_chat_is_read_with_its_words_and_session(server: Emulator, database: Path) -> None:
    report = run(database, zendesk(server))
    assert report.exit_code == 0, report.sources[0].error
    told = server.company.chats.values()
    assert rows(database, "SELECT count(*) FROM sessions WHERE kind = 'chat'") == [len(told)]
    alone = sorted(one.id for one in told if one.ticket is None)
    assert rows(database, "SELECT id FROM tickets WHERE id IN (SELECT id FROM sessions) ORDER BY id") == alone
    for one in told:
        said = sum("msg" in line for line in one.history) or int(one.type == "offline_msg" and not one.ticket)
        found = rows(database, "SELECT count(*) FROM messages WHERE id LIKE ? || ':%'", one.id)
        assert found == [said]
        ticket = str(one.ticket or one.id)
        assert rows(database, "SELECT ticket_id FROM sessions WHERE id = ?", one.id) == [ticket]
    assert rows(database, "SELECT count(*) FROM quarantine") == [0]


def test_pages_that_end_within_a_second_lose_no_chat_and_repeat_none(database: Path) -> None:
    with desk(empty(20)) as server:
        report = run(database, zendesk(server, page_size=2))
        assert rows(database, "SELECT count(*) FROM sessions") == [20]
        stream = next(one for one in report.sources[0].streams if one.stream == "chats")
        assert (stream.written.same, stream.written.changed) == (0, 0)
        asked = chats(server)
    assert all(query["fields"] == "chats(*)" for query in asked)  # else only ids come
    assert [(query["start_time"], query.get("start_id")) for query in asked[:2]] == [
        ("0", None),
        (str(T0), "c001"),
    ]
    assert len(asked) == 11  # ten pages, and the empty one that is the end


def test_a_page_that_begins_with_the_last_chat_of_the_one_before_ends_all_the_same(database: Path) -> None:
    with desk(empty(20), Faults(chat_inclusive=True)) as server:
        report = run(database, zendesk(server, page_size=4))
        assert outcomes(report)["chats"] == "ok"
        assert rows(database, "SELECT count(*) FROM sessions") == [20]
        assert next(one for one in report.sources[0].streams if one.stream == "chats").written.same == 0
        again = run(database, zendesk(server, page_size=4))
        assert requests(again)["chats"] == 1
        assert again.sources[0].written.new == again.sources[0].written.changed == 0


def test_a_run_that_finds_nothing_new_asks_once_and_changes_nothing(server: Emulator, database: Path) -> None:
    run(database, zendesk(server))
    report = run(database, zendesk(server))
    assert requests(report)["chats"] == 1
    assert report.sources[0].written.new == report.sources[0].written.changed == 0


def test_what_changes_late_comes_again_and_increments_are_what_a_whole_read_is(
    server: Emulator, database: Path, tmp_path: Path
) -> None:
    run(database, zendesk(server))
    server.company.advance()
    run(database, zendesk(server))
    run(tmp_path / "fresh.db", zendesk(server))
    for sql in (
        "SELECT id, ticket_id, asked_at, accepted_at, ended_at, agent_id, end FROM sessions ORDER BY id",
        "SELECT id, ticket_id, author_kind, author_id, body FROM messages ORDER BY id",
        "SELECT ticket_id, score, comment FROM survey_answers WHERE superseded_by IS NULL ORDER BY ticket_id",
    ):
        assert rows(database, sql) == rows(tmp_path / "fresh.db", sql)


def test_the_last_five_minutes_are_for_the_next_run(database: Path) -> None:
    company = empty(3)
    quiet(company, 50, company.now - 299)
    with desk(company) as server:
        report = run(database, zendesk(server))
        assert rows(database, "SELECT count(*) FROM sessions") == [3]
        until = report.sources[0].complete_until
        assert until is not None
        assert until.timestamp() == company.now - 300
        company.now += 60
        run(database, zendesk(server))
        assert rows(database, "SELECT count(*) FROM sessions") == [4]


def test_where_nobody_chats_the_account_is_complete_as_without_chat(database: Path) -> None:
    with desk(empty()) as server:
        until = run(database, zendesk(server)).sources[0].complete_until
        assert until is not None
        assert until.timestamp() == server.company.now - 60


def test_a_start_within_the_last_five_minutes_is_never_asked_for(server: Emulator) -> None:
    connector = attached(zendesk(server))
    list(connector.groups(None))  # so that the server's clock is known
    recent = Cursor({"at": [server.company.now - 10, "c1"], "alone": {}})
    list(connector.chats(recent))
    connector.close()
    (asked,) = chats(server)
    assert int(asked["start_time"]) == server.company.now - 301
    assert "start_id" not in asked


def test_an_overlap_reads_chats_again_that_changed_without_saying_so(database: Path) -> None:
    company = empty(20)
    with desk(company) as server:
        run(database, zendesk(server))
        company.chats["c004"].rate("good", T0)  # its `update_timestamp` stays behind
        company.chats["c004"].updated = T0 + 1
        company.revision += 1
        run(database, zendesk(server))
        assert rows(database, "SELECT count(*) FROM survey_answers") == [0]
        run(database, zendesk(server, chat_overlap="1h"))
        assert rows(database, "SELECT ticket_id FROM survey_answers") == ["c004"]


def test_the_next_link_is_never_followed(server: Emulator) -> None:
    connector = attached(zendesk(server, page_size=7))
    assert len([page for page in connector.chats(None) if page.records]) == 5
    connector.close()


def test_a_cursor_of_another_kind_is_refused_so_that_the_watermark_serves(server: Emulator) -> None:
    connector = attached(zendesk(server))
    with pytest.raises(CursorRefused):
        list(connector.chats(Cursor({"at": "yesterday"})))
    connector.close()


def test_chats_are_read_from_the_start_that_the_settings_give(database: Path) -> None:
    with desk(empty(5)) as server:
        run(database, zendesk(server, start="2026-02-02"))
        assert chats(server)[0]["start_time"] == "1769990400"  # 2026-02-02 00:00 UTC


# --- doors -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lack", ["missing", "forbidden"])
def test_an_account_without_chat_is_skipped_with_the_reason(database: Path, lack: str) -> None:
    faults = Faults()
    setattr(faults, lack, {"chat/"})
    with desk(empty(), faults) as server:
        report = run(database, zendesk(server))
    assert (report.exit_code, outcomes(report)["chats"]) == (0, "skipped")
    reason = next(one.reason for one in report.sources[0].streams if one.stream == "chats")
    assert reason.startswith("This account or role has no Zendesk Chat (")


def test_chats_that_are_not_wanted_are_not_asked_for(database: Path) -> None:
    with desk(empty(3)) as server:
        report = run(database, zendesk(server, skip=["chats", "calls", "transcripts"]))
        assert chats(server) == []
    assert {outcomes(report)[name] for name in ("chats", "calls", "transcripts")} == {"skipped"}


def test_a_chat_that_wants_a_token_of_its_own_says_so_and_goes_on_without(database: Path) -> None:
    with desk(empty(3), Faults(chat_token="of-chat")) as server:
        report = run(database, zendesk(server))
        assert report.exit_code == 0
        reason = next(one.reason for one in report.sources[0].streams if one.stream == "chats")
        assert "`chat_token`" in reason
        run(database, zendesk(server, chat_token="of-chat"))
        assert rows(database, "SELECT count(*) FROM sessions") == [3]
        doors = {path for _, path, _ in server.log}
    assert PATH in doors


def test_the_token_of_chat_goes_nowhere_else(database: Path) -> None:
    with desk(empty(3), Faults(chat_token="of-chat")) as server:
        connector = attached(zendesk(server, chat_token="of-chat"))
        assert "of-chat" not in str(connector.headers())
        assert "of-chat" not in repr(connector)
        connector.close()


def test_a_token_of_chat_that_is_refused_is_told_as_that(server: Emulator) -> None:
    server.faults.chat_token = "of-chat"
    connector = attached(zendesk(server, chat_token="another"))
    with pytest.raises(AuthenticationFailed, match="refuses `chat_token`"):
        list(connector.read("chats", None))
    connector.close()


def test_the_credentials_of_support_that_chat_refuses_skip_it(server: Emulator) -> None:
    server.faults.chat_token = "of-chat"
    connector = attached(zendesk(server))
    with pytest.raises(StreamSkipped, match="doesn't take the credentials of Support"):
        list(connector.chats(None))
    connector.close()


def test_verifying_asks_zendesk_for_no_chat_or_call_as_a_ticket(server: Emulator, database: Path) -> None:
    run(database, zendesk(server))
    with open_reader(database) as connection:
        report = verify(connection, "zd", zendesk(server), Extent(streams=("tickets",), sample=60))
    (ids,) = (query["ids"] for _, path, query in server.log if path.endswith("show_many.json"))
    assert ids.replace(",", "").isdecimal()
    assert report.error is None
    assert Verdict.DIFFERS not in {finding.verdict for finding in report.findings}


def test_a_page_that_doesnt_say_where_it_ends_is_no_last_page(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = chats_page
    monkeypatch.setattr(live, "chats_page", lambda *a, **k: honest(*a, **k) | {"end_time": None})
    with desk(empty(3)) as server:
        connector = attached(zendesk(server))
        with pytest.raises(BadResponse, match="where a page of chats ends"):
            list(connector.chats(None))
        connector.close()


def test_what_begins_and_ends_in_one_second_is_closed_and_in_no_backlog(database: Path) -> None:
    company = empty()
    left = quiet(company, 1, T0)
    left.type, left.message, left.ended = "offline_msg", "Call me back.", None
    company.calls[1] = Call(1, T0, T0 + 60, None, status="failed")
    with desk(company) as server:
        run(database, zendesk(server))
    sql = "SELECT ticket_id, status, reopenings FROM ticket_facts ORDER BY ticket_id"
    assert rows(database, sql) == [("c001", "closed", 0), ("call:1", "closed", 0)]


def test_a_chat_that_cant_be_mapped_is_set_aside_alone_and_can_be_tried_again(database: Path) -> None:
    company = empty(3)
    company.chats["c001"].rating = "meh"
    with desk(company) as server:
        assert run(database, zendesk(server)).exit_code == 0
        assert rows(database, "SELECT id FROM sessions ORDER BY id") == ["c000", "c002"]
        (mapper,) = rows(database, "SELECT mapper FROM quarantine WHERE stream = 'chats'")
        assert attached(zendesk(server)).mapper("chats", mapper) is not None


@pytest.mark.parametrize(
    ("skip", "gives"), [([], True), (["chats"], True), (["calls"], True), (["chats", "calls"], False)]
)
def test_wait_times_are_given_where_either_chats_or_calls_are_read(
    database: Path, skip: list[str], gives: bool
) -> None:
    with desk(empty(3)) as server:
        run(database, zendesk(server, skip=skip))
    (told,) = rows(database, "SELECT json_extract(capabilities, '$.wait_times') FROM sources")
    assert bool(told) is gives


def test_streams_can_be_called_by_hand(server: Emulator) -> None:
    connector = zendesk(server)
    records = [record for page in connector.chats(None) for record in page.records]
    connector.close()
    assert sum(isinstance(one, Session) for one in records) == len(server.company.chats)
    assert any(isinstance(one, Message) for one in records)
    assert connector.chat_overlap == timedelta(0)
