"""Settings of Intercom: regions, the workspace, the door, and what is said when it stays shut."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from deskmetry.connector import Connector, Context
from deskmetry.errors import AuthenticationFailed, SourceError
from deskmetry_connectors.intercom import Intercom
from deskmetry_connectors.intercom.emulator import WORKSPACE
from helpers_intercom import desk, intercom

KNOWN: dict[str, Any] = {"workspace": "abc123", "token": "t0ken-of-ours"}


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("us", "https://api.intercom.io"),
        ("EU", "https://api.eu.intercom.io"),
        ("au", "https://api.au.intercom.io"),
        ("https://api.eu.intercom.io/", "https://api.eu.intercom.io"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
    ],
)
def test_a_region_is_a_word_or_its_address(given: str, url: str) -> None:
    assert Intercom(url=given, **KNOWN).url == url


@pytest.mark.parametrize("given", ["https://intercom.example", "http://api.intercom.io", "moon", ""])
def test_a_token_is_sent_to_no_other_address(given: str) -> None:
    with pytest.raises(ValidationError):
        Intercom(url=given, **KNOWN)


def test_two_workspaces_of_a_region_are_two_accounts() -> None:
    accounts = {Intercom(**KNOWN | {"workspace": name}).account() for name in ("one", "other")}
    assert len(accounts) == 2


def test_the_link_of_a_conversation_leads_to_the_region() -> None:
    assert Intercom(url="eu", **KNOWN).link("7") == (
        "https://app.eu.intercom.com/a/inbox/abc123/inbox/conversation/7"
    )


def test_each_request_fixes_the_version_of_the_api() -> None:
    assert Intercom(**KNOWN).headers() == {
        "Authorization": "Bearer t0ken-of-ours",
        "Intercom-Version": "2.14",
    }


def checked(connector: Connector) -> str:
    connector.attach(Context())
    try:
        return connector.check()
    finally:
        connector.close()


def test_check_says_which_workspace_it_is() -> None:
    with desk() as server:
        assert checked(intercom(server)) == f"{server.url}: Acme ({WORKSPACE}) as Agent 0"


def test_check_tells_a_token_of_another_workspace() -> None:
    with desk() as server, pytest.raises(SourceError, match=f"'{WORKSPACE}' .*not to 'abc123'"):
        checked(intercom(server, workspace="abc123"))


def test_a_refused_token_is_told_with_the_region() -> None:
    with desk() as server:
        connector = intercom(server, token="another")
        connector.attach(Context())
        for ask in (connector.check, lambda: list(connector.read("admins", None))):
            with pytest.raises(AuthenticationFailed, match="region") as caught:
                ask()
            assert "another" not in str(caught.value).replace("another region", "")
        connector.close()
