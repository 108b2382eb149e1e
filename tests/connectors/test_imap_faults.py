"""The connector `imap` against a real Dovecot: log-in, TLS, broken connections, whole syncs."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

import deskmetry_connectors.imap.reading as reading
from deskmetry.connector import Page
from deskmetry.errors import AuthenticationFailed, ConfigurationError, DeskmetryError, TryLater, Unreachable
from deskmetry.metric import Metric
from deskmetry.query import Query, answer
from deskmetry.records import Customer
from deskmetry.store import open_reader
from deskmetry_connectors.imap import Imap
from deskmetry_metrics.effort import RepliesPerTicket
from deskmetry_metrics.speed import FirstResolutionTime, FirstResponseTime, UnansweredRate
from deskmetry_metrics.volume import InboundMessages, OutboundMessages, TicketsSolved, TicketVolume
from helpers_imap import PASSWORD, SENT, Cutter, Hasty, Server, dovecot, free_ports, imap, reply, token
from helpers_mail import (
    ids,
    last_cursor,
    mail,
    numbered,
    read_all,
    store_cursor,
    stored,
)
from helpers_sync import rows, run, watch

_USERS = count()


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    with dovecot() as server:
        yield server


@pytest.fixture
def server(running: Server) -> Iterator[Server]:
    """A mailbox that no other test uses."""
    own = replace(running, user=f"u{next(_USERS)}", clients=[])
    yield own
    own.close()


def until_it_fails(connector: Imap) -> tuple[list[Page], Exception | None]:
    """Return the pages that came before an error, and the error."""
    pages: list[Page] = []
    try:
        for page in connector.read("mails", None):
            pages.append(page)  # noqa: PERF402 - what came before the error is what counts
    except DeskmetryError as error:
        return pages, error
    return pages, None


# --- what goes wrong ------------------------------------------------------------------------------------


def test_a_wrong_password_and_an_expired_token_say_so_without_showing_them(server: Server) -> None:
    for settings, what in (
        ({"password": "wr0ng-one"}, "app password"),
        ({"password": None, "oauth_token": token(server.user, -60)}, "access token"),
    ):
        with pytest.raises(AuthenticationFailed, match=what) as raised:
            imap(server, **settings).check()
        assert "wr0ng-one" not in str(raised.value)


def test_xoauth2_is_spoken(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    server.put("INBOX", *numbered(2))
    secret = token(server.user)
    with caplog.at_level(logging.DEBUG):
        assert len(ids(read_all(imap(server, password=None, oauth_token=secret)))) == 2
        imap(server).check()
    spoken = f"user={server.user}\1auth=Bearer {secret}\1\1".encode()
    for hidden in (secret, PASSWORD, base64.b64encode(spoken).decode()):
        assert hidden not in caplog.text
    assert not [
        row for row in caplog.records if row.name.startswith("imapclient") and row.levelno < logging.INFO
    ]


def test_tls_is_verified_and_a_certificate_of_ones_own_is_named_in_ca_file(
    server: Server, tmp_path: Path
) -> None:
    server.put("INBOX", *numbered(1))
    for settings in ({"security": "tls", "port": server.tls}, {"security": "starttls"}):
        with pytest.raises(Unreachable, match=r"certificate can't be trusted.*ca_file"):
            imap(server, **settings).check()
        assert "INBOX 1" in imap(server, ca_file=server.ca, **settings).check()
    with pytest.raises(Unreachable, match="security"):
        imap(server, security="tls").check()
    with pytest.raises(ConfigurationError, match="PEM"):
        imap(server, security="starttls", ca_file=tmp_path / "none.pem").check()


def test_no_host_and_nobody_there_are_told_apart(server: Server) -> None:
    with pytest.raises(Unreachable, match=r"There is no host 'mail\.invalid'"):
        imap(server, host="mail.invalid", security="tls").check()
    with pytest.raises(Unreachable, match="refused"):
        imap(server, port=free_ports(1)[0]).check()


def test_a_folder_that_is_not_there_is_named_with_its_neighbours(server: Server) -> None:
    with pytest.raises(ConfigurationError, match=r"no folder 'Spamkist'. Did you mean 'Spamkiste'.*INBOX"):
        read_all(imap(server, include=["Spamkist"]))


@pytest.mark.parametrize("budget", [3_000, 4_000, 5_500, 8_000, 10_000, 12_000])
def test_a_connection_cut_anywhere_is_made_anew_and_nothing_is_lost(server: Server, budget: int) -> None:
    long = [raw + b"x" * 600 + b"\n" for raw in numbered(12)]
    server.put("INBOX", *long)
    whole = stored(read_all(imap(server)))
    with Cutter(server.plain, budget, None) as proxy:
        connector = imap(server, port=proxy.port)
        pages = read_all(connector)
        assert stored(pages) == whole
        assert len(ids(pages)) == 12
        assert proxy.connections == 2
    assert connector.context.retries == 1
    assert connector.context.seconds_waited > 0


def test_a_connection_that_stays_broken_ends_in_try_later_and_the_next_sync_goes_on(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "PAGE_MAILS", 4)
    server.put("INBOX", *(raw + b"x" * 2000 + b"\n" for raw in numbered(12)))
    with Cutter(server.plain, 24_000, 2_000) as proxy:
        broken = imap(server, port=proxy.port)
        broken.context.max_wait = timedelta(seconds=30)
        with pytest.raises(TryLater, match=r"was lost.*Sync again later"):
            read_all(broken)
        assert broken.context.seconds_waited <= 30
        assert proxy.connections > 3
    with Cutter(server.plain, 24_000, 2_000) as proxy:
        halting = imap(server, port=proxy.port)
        taken, error = until_it_fails(halting)
        assert isinstance(error, TryLater)
    assert 0 < len(ids(taken)) < 12
    rest = read_all(imap(server), store_cursor(last_cursor(taken)))
    assert sorted(ids(taken) + ids(rest)) == sorted(f"{number}@customer.example" for number in range(12))


class Rebuilding(Hasty):
    """A context in whose first wait a folder is deleted and made anew with other mails."""

    def wait(self, seconds: float, reason: str) -> bool:
        client = self.server.client()
        client.delete("Box")
        client.logout()
        self.server.put("Box", *numbered(12, first=20))
        return super().wait(seconds, reason)

    server: Server


def test_a_folder_that_is_made_anew_behind_a_lost_connection_is_not_mixed_up(server: Server) -> None:
    server.put("Box", *(raw + b"x" * 600 + b"\n" for raw in numbered(12)))
    with Cutter(server.plain, 5_500, None) as proxy:
        connector = imap(server, port=proxy.port, include=["Box"])
        context = Rebuilding()
        context.server = server
        connector.attach(context)
        pages, error = until_it_fails(connector)
    assert isinstance(error, TryLater)
    assert "made anew" in str(error)
    rest = read_all(imap(server, include=["Box"]), store_cursor(last_cursor(pages)))
    assert ids(rest) == [f"{number}@customer.example" for number in range(20, 32)]


# --- through the engine ---------------------------------------------------------------------------------


def ask(folder: Path, metric: Metric) -> float | int | None:
    with open_reader(folder / "desk.db") as connection:
        return answer(connection, Query(metric, since="2026-03", until="2026-04")).total.value


def test_kpis_of_a_synced_mailbox_are_those_computed_by_hand(server: Server, tmp_path: Path) -> None:
    # Customers 0 to 3 write at 10:00, 10:01, 10:02, 10:03; 0 and 1 are answered, after 30 and 59 minutes.
    server.put("INBOX", *numbered(4))
    ooo = {"message_id": "<ooo@x>", "auto_submitted": "auto-replied", "from_": "c0@customer.example"}
    at = "Mon, 02 Mar 2026 10:31:00 +0000"
    server.put("INBOX", mail(**ooo, in_reply_to="<r0@acme.example>", date=at))
    server.put(SENT, reply(0, 30), reply(1, 60))
    server.put("Spamkiste", *numbered(1, first=9))
    connector = imap(server)
    assert run(tmp_path, connector).exit_code == 0
    minute = 60_000
    assert ask(tmp_path, TicketVolume()) == 4
    assert ask(tmp_path, InboundMessages()) == 4
    assert ask(tmp_path, OutboundMessages()) == 2
    assert ask(tmp_path, FirstResponseTime()) == (30 + 59) / 2 * minute
    assert ask(tmp_path, UnansweredRate()) == 0.5
    assert ask(tmp_path, TicketsSolved()) == 2
    assert ask(tmp_path, FirstResolutionTime()) == (30 + 59) / 2 * minute
    assert ask(tmp_path, RepliesPerTicket()) is not None
    (until,) = rows(tmp_path, "SELECT complete_until_at FROM sources")[0]
    assert abs(until / 1000 - datetime.now(UTC).timestamp()) < 60


def test_a_sync_with_nothing_new_writes_no_row_and_costs_few_commands(server: Server, tmp_path: Path) -> None:
    server.put("INBOX", *numbered(5))
    server.put(SENT, reply(0, 30))
    run(tmp_path, imap(server))
    watch(tmp_path)
    idle = imap(server)
    assert run(tmp_path, idle).exit_code == 0
    assert rows(tmp_path, "SELECT name FROM touched") == []
    assert idle.context.requests == Imap.streams()["mails"].idle_requests


def test_a_sync_after_flags_changed_updates_one_row(server: Server, tmp_path: Path) -> None:
    server.put("INBOX", *numbered(5))
    run(tmp_path, imap(server))
    server.do("INBOX", ("STORE", "2", "+FLAGS", "(\\Answered)"))
    run(tmp_path, imap(server))
    assert rows(tmp_path, "SELECT message_id FROM message_headers WHERE answered") == [
        ("1@customer.example",)
    ]
    assert rows(tmp_path, "SELECT count(*) FROM messages WHERE body = ''") == [(0,)]


def test_the_cursor_is_plain_json_without_anything_secret(server: Server) -> None:
    server.put("INBOX", *numbered(2))
    cursor = last_cursor(read_all(imap(server)))
    assert cursor is not None
    text = json.dumps(cursor.token)
    assert PASSWORD not in text
    assert imap(server).account() == f"{server.user}@127.0.0.1"
    assert any(isinstance(row, Customer) for page in read_all(imap(server)) for row in page.records)
