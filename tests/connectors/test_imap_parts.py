"""The parts of the connector `imap` that need no server: settings, folders, labels, cursors, refusals."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from subprocess import run
from typing import Any, cast

import pytest
from pydantic import SecretStr, ValidationError

from deskmetry.errors import BadSetting, ConfigurationError
from deskmetry.records.kinds import FolderRole
from deskmetry.settings import build_source, load
from deskmetry_connectors.imap import Imap, register_connectors
from deskmetry_connectors.imap.connection import Server, connect
from deskmetry_connectors.imap.folders import Folder, decode_name, listed, to_read
from deskmetry_connectors.imap.mails import raw_mail
from deskmetry_connectors.imap.progress import FolderState, Progress, sequence_set, uids
from deskmetry_connectors.imap.reading import FolderReader
from deskmetry_connectors.imap.session import Fetched, Refusal, Session, Status
from helpers_mail import SUPPORT, mail

INBOX = Folder("INBOX", "INBOX", FolderRole.INBOX)
GMAIL = [
    ((rb"\HasNoChildren",), b"/", b"INBOX"),
    ((rb"\HasChildren", rb"\Noselect"), b"/", b"[Gmail]"),
    ((rb"\All", rb"\HasNoChildren"), b"/", b"[Gmail]/Alle Nachrichten"),
    ((rb"\Drafts",), b"/", b"[Gmail]/Entw&APw-rfe"),
    ((rb"\Sent",), b"/", b"[Gmail]/Gesendet"),
    ((rb"\Junk",), b"/", b"[Gmail]/Spam"),
    ((rb"\Trash",), b"/", b"[Gmail]/Papierkorb"),
    ((rb"\HasNoChildren",), b"/", b"Rechnungen"),
]


# --- settings -------------------------------------------------------------------------------------------


def settings(**changed: Any) -> dict[str, Any]:
    known = {"host": "imap.acme.example", "user": SUPPORT, "password": "pw", "addresses": [SUPPORT]}
    return {key: value for key, value in (known | changed).items() if value is not None}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"password": None}, "either"),
        ({"oauth_token": "t"}, "either"),
        ({"security": "none"}, "loopback"),
        ({"security": "none", "host": "10.0.0.5"}, "loopback"),
        ({"security": "none", "host": "localhost.acme.example"}, "loopback"),
        ({"password": "two\r\nlines"}, "one line"),
        ({"user": "a\r\nb"}, "control"),
        ({"port": 0}, "greater"),
        ({"include": []}, "at least 1"),
        ({"mail_bytes": 1}, "greater"),
    ],
)
def test_settings_that_can_not_be_meant_are_refused(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said) as raised:
        Imap(**settings(**changed))
    assert "lines" not in str(raised.value)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9", "::1"])
def test_open_text_is_taken_for_a_loopback_address_and_tls_for_private_ones(host: str) -> None:
    assert Imap(**settings(security="none", host=host)).security == "none"
    assert Imap(**settings(host="192.168.1.9")).security == "tls"


def test_a_source_is_built_from_the_configuration_file(tmp_path: Path) -> None:
    file = tmp_path / "deskmetry.toml"
    text = '[sources.mail]\nconnector = "imap"\nhost = "imap.acme.example"\nuser = "support@acme.example"\n'
    file.write_text(text + 'password = { env = "MAIL_PASSWORD" }\naddresses = ["@acme.example"]\n')
    built = build_source(load(file), "mail", {"imap": Imap}, environ={"MAIL_PASSWORD": "hidden-word"})
    assert "hidden-word" not in repr(built)
    assert built.account() == "support@acme.example@imap.acme.example"
    file.write_text(text + 'addresses = ["@acme.example"]\n')
    with pytest.raises(BadSetting, match="give either"):
        build_source(load(file), "mail", {"imap": Imap}, environ={})


def test_the_plugin_loads_nothing_before_it_is_asked() -> None:
    assert list(register_connectors()) == [Imap]
    code = (
        "import sys; from importlib.metadata import entry_points;"
        "(p,) = entry_points(group='deskmetry', name='imap'); m = p.load();"
        "heavy = ('pydantic', 'httpx', 'imapclient', 'imaplib', 'deskmetry_connectors.email');"
        "loaded = [name for name in sys.modules if name.startswith(heavy)]; assert not loaded, loaded;"
        "(c,) = m.register_connectors(); assert c.name == 'imap'; assert 'imapclient' not in sys.modules"
    )
    done = run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_without_the_library_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "imapclient", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'deskmetry\[imap\]'"):
        connect(Server("127.0.0.1", 1, "none", "u", SecretStr("p")))


def test_what_a_server_says_is_shown_without_the_secret_and_in_one_line() -> None:
    server = Server("h", 1, "none", "u", SecretStr("pass-word"))
    said = server.clean(b"NO \x1b[31mLOGIN u pass-word\r\nfailed" + b"x" * 999)
    assert "pass-word" not in said
    assert said.isprintable()
    assert len(said) <= 200


# --- folders --------------------------------------------------------------------------------------------


def names(rows: Sequence[Any], *include: str, gmail: bool = False, **roles: str) -> list[str]:
    overrides = {key: FolderRole(value) for key, value in roles.items()}
    found = to_read(listed(rows, overrides), include or None, gmail=gmail)
    return [folder.name for folder in found]


def test_gmail_is_read_through_all_mail_and_junk() -> None:
    assert names(GMAIL, gmail=True) == ["[Gmail]/Alle Nachrichten", "[Gmail]/Spam"]
    hidden = [row for row in GMAIL if rb"\All" not in row[0]]
    assert names(hidden, gmail=True, Rechnungen="done") == [
        "INBOX", "Rechnungen", "[Gmail]/Gesendet", "[Gmail]/Spam",
    ]  # fmt: skip


def test_delimiters_and_prefixes_of_other_servers() -> None:
    rows = [
        ((), b".", b"inbox"), ((), b".", b"INBOX.Sent"), ((), b".", b"INBOX.Drafts"),
        ((), b".", b"INBOX.Handled"), ((rb"\NonExistent",), b".", b"INBOX.Gone"), ((), b".", None),
        ((), b".", b"Other users.bob.INBOX"), ((), b".", 2024), ((), None, b"flat.name"),
        ((), b".", "r\u00e4w".encode()),
    ]  # fmt: skip
    assert names(rows) == ["INBOX", "INBOX/Sent"]
    assert names(rows, Handled="done") == ["INBOX", "INBOX/Handled", "INBOX/Sent"]
    assert names(rows, "*") == [
        "INBOX", "2024", "INBOX/Handled", "INBOX/Sent", "Other users/bob/INBOX", "flat.name",
    ]  # fmt: skip


def test_the_settings_word_on_a_folder_comes_before_the_servers() -> None:
    rows = [((), b"/", b"INBOX"), ((rb"\Junk",), b"/", b"Web forms"), ((rb"\Archive",), b"/", b"Ablage")]
    found = {f.name: f.role for f in listed(rows, {"web forms": FolderRole.INBOX})}
    assert found == {"INBOX": FolderRole.INBOX, "Web forms": FolderRole.INBOX, "Ablage": FolderRole.OTHER}
    assert names(rows) == ["INBOX", "Ablage", "Web forms"]


@pytest.mark.parametrize(
    ("raw", "name"),
    [(b"Projekt &APw-", "Projekt ü"), (b"R&-D", "R&D"), (b"&U,BTFw-", "台北"), (b"&2D3eAA-", "😀"),
     (b"&broken", None), (b"&2D0-", None), (b"caf\xc3\xa9", "café"), (2024, "2024")],
)  # fmt: skip
def test_names_in_modified_utf7_are_decoded_and_broken_ones_harm_nobody(raw: Any, name: str | None) -> None:
    found = decode_name(raw)
    assert found.encode("utf-8")
    assert name is None or found == name


# --- one mail -------------------------------------------------------------------------------------------


def test_gmail_labels_give_role_and_tags_and_the_thread_its_hint() -> None:
    data: Fetched = {
        b"BODY[]": mail(), b"X-GM-THRID": 1278455344230334865,
        b"FLAGS": (rb"\Seen", b"$Phishing", b"NonJunk"),
        b"X-GM-LABELS": (
            b"\\\\Inbox", rb"\Important", b"Billing &APw-", b'say \\"hi\\"', 2024, b"\\\\Starred",
        ),
    }  # fmt: skip
    everything = Folder("All", "All", FolderRole.OTHER, frozenset({rb"\all"}))
    found = raw_mail(7, data, everything, {})
    assert found.role is FolderRole.INBOX
    assert found.keywords == ("Billing ü", 'say "hi"', "2024")
    assert found.thread_hint == "1278455344230334865"
    assert raw_mail(7, data, everything, {"billing ü": FolderRole.DONE}).role is FolderRole.DONE
    sent = data | {b"X-GM-LABELS": (rb"\Sent", rb"\Inbox")}
    assert raw_mail(7, sent, everything, {}).role is FolderRole.SENT
    draft = data | {b"X-GM-LABELS": (rb"\Draft",)}
    assert raw_mail(7, draft, everything, {}).role is FolderRole.DRAFTS
    # A mail in the spam folder stays spam whatever other labels it has.
    spam = Folder("Spam", "Spam", FolderRole.JUNK)
    assert raw_mail(7, sent, spam, {}).role is FolderRole.JUNK


def test_flags_dates_and_missing_content() -> None:
    at = datetime(2026, 3, 2, 11, tzinfo=UTC)
    data: Fetched = {b"BODY[]": mail(), b"FLAGS": (rb"\ANSWERED", b"vip", b"$Junk", 5), b"INTERNALDATE": at}
    found = raw_mail(1, data, INBOX, {})
    assert (found.answered, found.role, found.delivered) == (True, FolderRole.JUNK, at)
    assert found.keywords == ("5", "vip")
    assert raw_mail(1, data | {b"FLAGS": (b"$Junk", b"$NotJunk")}, INBOX, {}).role is FolderRole.INBOX
    naive = raw_mail(1, data | {b"INTERNALDATE": at.replace(tzinfo=None)}, INBOX, {})
    assert naive.delivered is None, "an instant without a zone is nobody's"
    assert "no content" in raw_mail(1, {b"BODY[]": None}, INBOX, {}).problem
    assert raw_mail(1, {b"BODY[]<0>": b"From: a@b\r\n"}, INBOX, {}, partial=True).partial


# --- cursors --------------------------------------------------------------------------------------------


def test_a_token_that_means_nothing_counts_as_none() -> None:
    states: list[Any] = [
        None, 7, {"version": 2, "folders": {}}, {"version": 1, "folders": 3},
        {"version": 1, "folders": {"INBOX": 3}},
        {"version": 1, "folders": {"INBOX": {"validity": "x"}}},
        {"version": 1, "folders": {"INBOX": {"validity": 1, "answered": "a:b"}}},
    ]  # fmt: skip
    assert [Progress.load(token, {"INBOX"}).states for token in states] == [{}] * len(states)
    good = Progress({"INBOX": FolderState(1, 5, 6, 7, "1:3,9"), "Gone": FolderState(2)})
    assert Progress.load(good.token(), {"INBOX"}).states == {"INBOX": FolderState(1, 5, 6, 7, "1:3,9")}


def test_sequence_sets_hold_uids() -> None:
    assert sequence_set([4, 1, 2, 3, 9, 9]) == "1:4,9"
    assert uids("1:4,9") == {1, 2, 3, 4, 9}
    assert (sequence_set([]), uids("")) == ("", set())


# --- a server that refuses ------------------------------------------------------------------------------


class Refusing:
    """A session whose server refuses every command that touches one mail, or knows no SEARCH MODSEQ."""

    def __init__(self, bad: int = 0) -> None:
        self.bad = bad
        self.asked: list[tuple[str, ...]] = []

    def capable(self, name: str) -> bool:
        return False

    def status(self, folder: str) -> Status:
        return Status(1, 8, 9, 5 if self.bad == 0 else None)

    def examine(self, folder: str, validity: int) -> None:
        return None

    def search(self, *criteria: str) -> list[int]:
        self.asked.append(criteria)
        if "MODSEQ" in criteria:
            raise Refusal("BAD no such key")
        return [] if "ANSWERED" in criteria else [*range(1, 9)]

    def fetch(self, uids: Sequence[int], items: Sequence[str]) -> dict[int, Fetched]:
        if self.bad in uids and any(re.match(r"BODY", item) for item in items):
            raise Refusal("NO [SERVERBUG] Some messages could not be FETCHed")
        body = mail(message_id="<x@y>")
        return {uid: {b"RFC822.SIZE": 9, b"BODY[]": body, b"BODY[HEADER]": body} for uid in uids}


def reader(session: Refusing) -> FolderReader:
    return FolderReader(cast("Session", session), INBOX, {}, 10_000)


def test_one_mail_that_the_server_refuses_costs_only_itself() -> None:
    mails = [one for batch in reader(Refusing(bad=3)).read(None) for one in batch.mails]
    assert len(mails) == 8
    assert [one.place for one in mails if one.problem] == ["INBOX, UID 3"]
    assert "could not be FETCHed" in mails[2].problem


def test_a_server_that_can_not_search_by_modseq_is_asked_for_answered_mails() -> None:
    session = Refusing()
    known = FolderState(1, last=8, next=9, modseq=3, answered="2")
    batches = list(reader(session).read(known))
    assert [one.place for batch in batches for one in batch.mails] == ["INBOX, UID 2"]
    assert batches[-1].state == FolderState(1, last=8, next=9, modseq=5, answered="")
    assert any("ANSWERED" in criteria for criteria in session.asked)


def test_a_modseq_that_fell_back_makes_everything_looked_at_again() -> None:
    session = Refusing()
    list(reader(session).read(FolderState(1, last=8, next=9, modseq=99)))
    assert ("UID", "1:8", "MODSEQ", "1") in session.asked
