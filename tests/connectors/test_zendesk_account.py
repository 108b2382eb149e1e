"""The address of a Zendesk account, its three doors, limits, and what can go wrong on the way in."""

from __future__ import annotations

import logging
import socket
import traceback
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from deskmetry.errors import AuthenticationFailed, PermissionMissing, TryLater, Unreachable
from deskmetry_connectors.zendesk import Zendesk
from deskmetry_connectors.zendesk.account import account_url
from deskmetry_connectors.zendesk.emulator import CLIENT, TOKEN, Faults
from helpers_http import PatientContext
from helpers_synced import outcomes
from helpers_zendesk import attached, desk, patient, run, zendesk

SECRET = "hunter2-is-no-secret"


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("acme", "https://acme.zendesk.com"),
        ("Acme", "https://acme.zendesk.com"),
        ("acme.zendesk.com", "https://acme.zendesk.com"),
        ("help.acme.example", "https://help.acme.example"),
        ("https://acme.zendesk.com/agent/dashboard?x=1", "https://acme.zendesk.com"),
        (" https://acme.zendesk.com/ ", "https://acme.zendesk.com"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://localhost:8080/api", "http://localhost:8080"),
    ],
)
def test_an_account_is_an_address_a_host_or_a_subdomain(given: str, address: str) -> None:
    assert account_url(given) == address


@pytest.mark.parametrize(
    "given", ["http://acme.zendesk.com", "https://ann:pw@acme.zendesk.com", "ftp://acme", "", "a b"]
)
def test_an_address_that_would_leak_or_leads_nowhere_is_refused(given: str) -> None:
    with pytest.raises(ValidationError, match="url"):
        Zendesk(url=given, token=TOKEN)


@pytest.mark.parametrize(
    "ways",
    [
        {},
        {"token": SECRET, "email": "ann@acme.example", "api_token": SECRET},
        {"email": "ann@acme.example"},
        {"client_id": "x"},
        {"client_secret": SECRET},
    ],
)
def test_exactly_one_way_in_is_taken(ways: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="give exactly one of") as caught:
        Zendesk(url="acme", **ways)
    assert SECRET not in str(caught.value)


def test_a_merge_comment_must_name_one_ticket() -> None:
    for pattern in ("no group", "(", r"(\d+) and (\d+)"):
        with pytest.raises(ValidationError, match="merge_comment"):
            Zendesk(url="acme", token=SECRET, merge_comment=pattern)


def test_each_way_in_opens_the_account() -> None:
    with desk() as server:
        ways: list[dict[str, Any]] = [
            {"token": TOKEN},
            {"client_id": CLIENT[0], "client_secret": CLIENT[1]},
            {"email": "agent.0@acme.example", "api_token": TOKEN},
        ]
        for way in ways:
            connector = attached(zendesk(server, **way))
            assert connector.check() == f"{server.url} as Agent 0 (admin)"
            connector.close()


def test_api_tokens_are_warned_about_once(caplog: pytest.LogCaptureFixture) -> None:
    with desk() as server, caplog.at_level(logging.WARNING, logger="deskmetry_connectors"):
        connector = attached(zendesk(server, email="agent.0@acme.example", api_token=TOKEN))
        connector.check()
        connector.check()
        connector.close()
    (record,) = [one for one in caplog.records if one.name.startswith("deskmetry_connectors")]
    assert "2027-04-30" in record.getMessage()


def test_wrong_credentials_are_told_from_a_missing_role_and_from_no_network(tmp_path: Path) -> None:
    with desk() as server:
        anonymous = attached(zendesk(server, token=SECRET))
        with pytest.raises(AuthenticationFailed, match="anonymous") as wrong:
            anonymous.check()
        agent = attached(zendesk(server, email="agent.1@acme.example", api_token=TOKEN))
        with pytest.raises(PermissionMissing, match="Agent 1 is agent"):
            agent.check()
        report = run(tmp_path / "desk.db", zendesk(server, token=SECRET))
        anonymous.close()
        agent.close()
    assert SECRET not in "".join(traceback.format_exception(wrong.value))
    assert report.exit_code == 4
    assert "Couldn't authenticate you" in str(report.sources[0].error)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        gone = Zendesk(url=f"http://127.0.0.1:{unused.getsockname()[1]}", token=TOKEN)
        patient(gone)
        with pytest.raises(Unreachable, match="refused the connection"):
            gone.check()
        gone.close()


def test_an_expired_token_of_an_oauth_client_is_renewed_in_the_middle_of_a_sync(tmp_path: Path) -> None:
    with desk(faults=Faults(expires=4)) as server:
        report = run(tmp_path / "desk.db", zendesk(server, client_id=CLIENT[0], client_secret=CLIENT[1]))
    assert report.exit_code == 0
    assert server.counts["/oauth/tokens"] >= 3


def test_a_wrong_client_secret_is_told_without_repeating_it() -> None:
    with desk() as server:
        connector = attached(zendesk(server, client_id=CLIENT[0], client_secret=SECRET))
        with pytest.raises(
            AuthenticationFailed, match="gives the OAuth client 'emulated-client' no token"
        ) as wrong:
            connector.check()
        connector.close()
    assert SECRET not in "".join(traceback.format_exception(wrong.value))
    assert SECRET not in repr(connector)


def test_a_bearer_token_that_has_ended_is_not_tried_again() -> None:
    with desk() as server:
        connector = attached(zendesk(server, token=SECRET))
        with pytest.raises(AuthenticationFailed):
            list(connector.groups(None))
        connector.close()
    assert server.counts["/api/v2/groups.json"] == 1


# --- limits ----------------------------------------------------------------------------------------------


def users(connector: Zendesk) -> int:
    return sum(len(page.records) for page in connector.users(None))


@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), (None, 60.0)])
def test_a_429_waits_as_long_as_it_says_else_a_minute(header: str | None, seconds: float) -> None:
    with desk(faults=Faults(throttle=1, retry_after=header)) as server:
        connector = zendesk(server)
        context: PatientContext = patient(connector)
        assert users(connector) > 10
        connector.close()
    assert [round(wait) for wait in context.waits] == [seconds]


def test_the_headers_of_the_limit_are_obeyed_before_a_429_comes() -> None:
    with desk(faults=Faults(limit=2)) as server:
        connector = zendesk(server, page_size=3)
        context = patient(connector)
        users(connector)
        asked = server.counts["/api/v2/incremental/users/cursor.json"]
        connector.close()
    assert asked >= 4
    assert len(context.waits) == (asked - 1) // 2
    assert "rate limit" in context.reasons[0]


def test_a_wait_beyond_the_patience_ends_as_try_later() -> None:
    with desk(faults=Faults(throttle=1, retry_after="120")) as server:
        connector = zendesk(server)
        patient(connector, timedelta(seconds=30))
        with pytest.raises(TryLater, match="120 s"):
            users(connector)
        connector.close()


def test_without_ratings_a_sync_says_so_and_goes_on(tmp_path: Path) -> None:
    with desk(faults=Faults(missing={"satisfaction_ratings"})) as server:
        report = run(tmp_path / "desk.db", zendesk(server))
    assert outcomes(report)["satisfaction_ratings"] == "skipped"
    assert outcomes(report)["schedules"] == "ok"
