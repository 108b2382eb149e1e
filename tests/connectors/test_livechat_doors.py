"""A LiveChat that refuses, lives elsewhere or can't bear something; settings; and what a sync makes of it."""

from __future__ import annotations

import base64
import json
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from deskmetry.connector import Context
from deskmetry.errors import AuthenticationFailed, CursorRefused, PermissionMissing, SourceError
from deskmetry.store import open_reader
from deskmetry.sync.verified import Extent
from deskmetry.sync.verify import verify
from deskmetry.testing.trial_context import QuickContext
from deskmetry_connectors.livechat import LiveChat
from deskmetry_connectors.livechat.emulator import ACCOUNT, PAT, TOKEN, Company, Faults
from deskmetry_connectors.livechat.windows import Progress, unfinished
from helpers_livechat import account, livechat, run
from helpers_notes import notes
from helpers_synced import outcomes, rows


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "chat.db"


def test_a_personal_access_token_goes_with_its_account_and_an_oauth_token_as_bearer() -> None:
    pat = LiveChat.model_validate({"account_id": "a", "pat": "fra:secret"})
    assert pat.headers() == {"Authorization": f"Basic {base64.b64encode(b'a:fra:secret').decode()}"}
    token = LiveChat.model_validate({"token": "secret", "region": "fra"})
    assert token.headers() == {"Authorization": "Bearer secret", "X-Region": "fra"}


@pytest.mark.parametrize(
    "settings",
    [{}, {"pat": "x"}, {"account_id": "a"}, {"account_id": "a", "pat": "x", "token": "y"},
     {"token": "y", "url": "http://api.livechatinc.com"}, {"token": "y", "version": "3"}],
)  # fmt: skip
def test_settings_that_cannot_work_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        LiveChat.model_validate(settings)


def test_two_accounts_at_the_one_address_are_told_apart() -> None:
    one, other = (LiveChat.model_validate({"account_id": key, "pat": "x"}) for key in "ab")
    assert one.account() != other.account()
    first, second = (LiveChat.model_validate({"token": "x"}) for _ in range(2))
    first.attach(Context(source="eu"))
    second.attach(Context(source="us"))
    assert first.account() != second.account()


def checked(connector: LiveChat) -> str:
    with closing(connector):
        return connector.check()


@pytest.mark.parametrize("settings", [{"account_id": ACCOUNT, "pat": PAT}, {"token": TOKEN}])
def test_check_says_what_is_there(settings: dict[str, str]) -> None:
    with account() as server:
        connector = LiveChat.model_validate({"url": server.url} | settings)
        assert checked(connector) == f"{server.url}: about 30 threads in the archive"


def test_refused_credentials_say_where_to_find_others() -> None:
    with account() as server:
        with pytest.raises(AuthenticationFailed, match="`account_id` and `pat`: both stand beside"):
            checked(livechat(server, pat="other"))
        with pytest.raises(AuthenticationFailed, match="make a new one"):
            checked(livechat(server, token="other"))


def test_a_missing_scope_is_named() -> None:
    with (
        account(faults=Faults(forbidden={"list_archives"})) as server,
        pytest.raises(PermissionMissing, match="chats--all:ro"),
    ):
        checked(livechat(server))


def test_an_account_in_another_data_centre_says_which_setting_helps(database: Path) -> None:
    with account(faults=Faults(region="fra")) as server:
        with pytest.raises(SourceError, match="Set `region`"):
            checked(livechat(server))
        report = run(database, livechat(server, region="fra"))
    assert report.exit_code == 0


def test_an_unknown_limit_is_learnt_from_a_429(database: Path) -> None:
    contexts: list[QuickContext] = []

    def lend(**more: Any) -> QuickContext:
        contexts.append(QuickContext(**more))
        return contexts[-1]

    with account(faults=Faults(throttle=2)) as server:
        report = run(database, livechat(server), context=lend, max_wait=timedelta(minutes=15))
    assert report.exit_code == 0
    assert sum(one.skipped for one in contexts) >= 60  # a minute, where it doesn't say for how long
    assert rows(database, "SELECT count(*) FROM tickets") == [30]


def test_lists_that_the_scopes_lack_are_skipped_and_people_come_from_the_chats(database: Path) -> None:
    with account(faults=Faults(forbidden={"list_agents", "list_bots", "list_groups", "list_tags"})) as server:
        report = run(database, livechat(server))
    assert report.exit_code == 0
    left = {name for name, outcome in outcomes(report).items() if outcome == "ok"}
    assert left == {"chats", "running_chats"}
    assert dict(rows(database, "SELECT role, count(*) FROM agents GROUP BY role")) == {"agent": 4, "bot": 2}
    # Without the list nobody can be said to have left.
    assert rows(database, "SELECT id FROM agents WHERE NOT active") == []


def test_threads_that_the_plan_withholds_are_told_and_in_no_answer(database: Path) -> None:
    company = Company.make(tickets=30)
    words = "You can't access threads older than 60 days on starter plan"
    for thread in list(company.threads.values())[:25]:
        thread.restricted = words
    with account(company) as server:
        report = run(database, livechat(server))
    assert report.exit_code == 0
    assert f"LiveChat withholds 25 threads ({words})" in notes(report)
    assert rows(database, "SELECT count(*) FROM tickets") == [5]
    assert rows(database, "SELECT count(*) FROM sessions") == [5]
    assert rows(database, "SELECT count(*) FROM raw_records WHERE kind = 'restricted_access'") == [25]


def test_a_thread_withheld_after_it_was_read_stays_as_it_was(database: Path) -> None:
    company = Company.make(tickets=5, days=1)
    with account(company) as server:
        connector = livechat(server)
        run(database, connector)
        before = rows(database, "SELECT id, status, resolved_by, tags FROM tickets ORDER BY id")
        for thread in company.threads.values():
            thread.restricted = "older than 60 days"
        company.now += timedelta(hours=1)
        run(database, connector)
    assert rows(database, "SELECT id, status, resolved_by, tags FROM tickets ORDER BY id") == before


def test_names_of_bots_in_the_settings_make_bots_of_people(database: Path) -> None:
    with account() as server:
        run(database, livechat(server, bots=["anna@shop.example"]))
    kinds = rows(database, "SELECT DISTINCT author_kind FROM messages WHERE author_id = 'anna@shop.example'")
    assert kinds == ["bot"]
    assert rows(database, "SELECT role FROM agents WHERE id = 'anna@shop.example'") == ["bot"]


def test_a_cursor_that_cannot_be_read_is_refused_so_that_the_watermark_serves() -> None:
    for token in ({}, {"read": "yesterday"}, "x", {"read": "2026-01-01T00:00:00"}):
        with pytest.raises(CursorRefused):
            Progress.load(token)
    with pytest.raises(CursorRefused):
        unfinished({"slice": 5})
    assert unfinished({"read": "2026-01-01T00:00:00+00:00"}) is None


def test_verify_counts_threads_and_finds_a_spoilt_one(database: Path) -> None:
    with account() as server:
        run(database, livechat(server))
        with closing(open_reader(database)) as connection:
            good = verify(connection, "chat", livechat(server), Extent(sample=30))
        with closing(sqlite3.connect(database)) as connection:
            connection.execute("UPDATE tickets SET tags = '[\"spoilt\"]'")
            connection.commit()
        with closing(open_reader(database)) as connection:
            bad = verify(connection, "chat", livechat(server), Extent(sample=30))
    assert good.error is None
    assert not good.differs
    assert {one.compared: one.there for one in good.findings if one.stream == "chats"}["count"] == 30
    assert bad.differs


def test_a_row_set_aside_can_be_mapped_again(database: Path) -> None:
    company = Company.make(tickets=3)
    broken = next(iter(company.threads.values()))
    broken.put("rating", "score", 7)
    with account(company) as server:
        connector = livechat(server)
        run(database, connector)
        (raw,) = rows(database, "SELECT raw FROM quarantine")
        assert rows(database, "SELECT count(*) FROM tickets") == [2]
    row = json.loads(raw)
    row["thread"]["properties"]["rating"]["score"] = 1
    mapper = connector.mapper("chats", "chat")
    assert mapper is not None
    assert broken.id in {record.id for record in mapper(row)}  # type: ignore[union-attr]


def test_no_request_is_made_a_thread(database: Path) -> None:
    with account(Company.make(tickets=300)) as server:
        run(database, livechat(server))
    assert server.counts["get_chat"] == 0
    assert sum(server.counts.values()) < 15
