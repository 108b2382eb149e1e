"""Tests of the demo's mailboxes, read back with the standard library and counted against the story."""

from __future__ import annotations

import mailbox
import re
from collections import Counter
from datetime import date, datetime
from email.errors import CloseBoundaryNotFoundDefect
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parseaddr, parsedate_to_datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from deskmetry_cli.demo import DemoCompany, build

FILES = ("inbox", "sent", "junk")
FOLDERS = ("INBOX", "Sent", "Junk")
ANSWERS = re.compile(r"(?:re|aw|sv): ", re.IGNORECASE)
FROM_LINE = re.compile(rb"^From (\S+) (\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4})$", re.MULTILINE)


class Made(NamedTuple):
    company: DemoCompany
    folder: Path
    mails: dict[str, list[Message]]

    def distinct(self) -> dict[str, Message]:
        return {str(mail["Message-ID"]): mail for mails in self.mails.values() for mail in mails}

    def inboxes(self) -> list[Message]:
        return [*self.mails["inbox"], *self.mails["INBOX"]]

    def raw(self, name: str) -> bytes:
        return (self.folder / "support" / f"{name}.mbox").read_bytes()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("demo") / "demo"
    company = build(folder, until=date(2026, 11, 22), tickets_per_year=1500)
    mails: dict[str, list[Message]] = {}
    for name in FILES:
        box = mailbox.mbox(folder / "support" / f"{name}.mbox", create=False)
        mails[name] = list(box)
        box.close()
    for name in FOLDERS:
        mirror = mailbox.Maildir(folder / "orders" / name, create=False)
        mails[name] = list(mirror)
        mirror.close()
    return Made(company, folder, mails)


def kind(mail: Message) -> str:
    """Tell what a mail is by its headers alone."""
    ours = parseaddr(str(mail["From"]))[1].endswith("@larkfield-cycles.example")
    if mail["X-Spam-Flag"]:
        return "spam"
    if "help@larkfield-cycles.example" in str(mail["To"]):
        return "mirrored"
    if mail.get_content_type() == "multipart/report":
        return "bounces"
    if mail["List-Id"]:
        return "newsletters"
    if mail["Auto-Submitted"] == "auto-generated":
        return "notifications"
    if mail["Auto-Submitted"]:
        return "acknowledgements" if ours else "auto_replies"
    return "human_replies" if ours and not mail["Reply-To"] else "customer_mails"


def opens(mail: Message) -> bool:
    return not mail["In-Reply-To"] and not ANSWERS.match(str(mail["Subject"]))


def test_the_files_hold_what_the_truth_says(made: Made) -> None:
    truth, mails = made.company.truth, made.distinct()
    counted = Counter(kind(mail) for mail in mails.values())
    assert counted == {name: getattr(truth, name) for name in counted}
    assert len(counted) == 9
    assert len(mails) == truth.mails
    assert sum(map(len, made.mails.values())) == truth.mails + truth.copies
    assert sum(map(bool, (mail["X-Spam-Flag"] for mail in made.inboxes()))) == truth.spam_in_inbox


def test_the_threads_are_as_many_as_the_truth_says(made: Made) -> None:
    truth, mails = made.company.truth, made.distinct()
    asked = {name for name, mail in mails.items() if kind(mail) == "customer_mails" and opens(mail)}
    assert len(asked) == truth.customer_threads
    replies = [mail for mail in mails.values() if kind(mail) == "human_replies"]
    assert sum(map(opens, replies)) == truth.outbound_threads
    answered = {str(mail["References"]).split()[0] for mail in replies if not opens(mail)}
    assert len(answered & asked) == truth.answered_threads
    customers = [mail for mail in mails.values() if kind(mail) == "customer_mails"]
    assert sum(not opens(mail) and not mail["References"] for mail in customers) == truth.without_headers
    assert sum(bool(mail["Reply-To"]) for mail in customers) == truth.form_threads


def test_mails_that_went_to_the_helpdesk_as_well_are_there_under_the_same_message_id(made: Made) -> None:
    tickets = {
        update["message_id"]: (ticket["subject"], update["say"])
        for ticket in made.company.desk.tickets
        for update in ticket["updates"]
        if "message_id" in update
    }
    both = {name.strip("<>"): mail for name, mail in made.distinct().items() if kind(mail) == "mirrored"}
    assert set(both) == set(tickets)
    for name, mail in both.items():
        assert str(make_header(decode_header(str(mail["Subject"])))) == tickets[name][0]


def test_replies_say_who_wrote_them(made: Made) -> None:
    replies = [mail for mail in made.distinct().values() if kind(mail) == "human_replies"]
    names = Counter(parseaddr(str(mail["From"]))[0] for mail in replies)
    assert names == made.company.truth.replies_by_agent
    assert {str(mail["Sender"]) for mail in replies} == {
        agent.address("larkfield-cycles.example") for agent in made.company.agents
    }


def test_labels_stand_on_first_mails_only(made: Made) -> None:
    topics: Counter[str] = Counter()
    for mail in made.distinct().values():
        if mail["X-Keywords"]:
            assert opens(mail)
            topics[str(mail["X-Keywords"]).split()[0]] += 1
    total = sum(made.company.truth.topics.values())
    assert 0.9 < sum(topics[name] for name in made.company.truth.topics) / total < 0.98


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_in_order_of_arrival(made: Made, name: str) -> None:
    lines = FROM_LINE.findall(made.raw(name))
    assert len(lines) == len(made.mails[name]) > 30
    instants = [datetime.strptime(f"{at.decode()} +0000", "%a %b %d %H:%M:%S %Y %z") for _, at in lines]
    assert instants == sorted(instants)


def test_the_trace_of_a_mail_agrees_with_its_from_line(made: Made) -> None:
    for mail in made.mails["inbox"]:
        arrived = parsedate_to_datetime(str(mail["Received"]).rpartition(";")[2].strip())
        line = datetime.strptime(f"{str(mail.get_from()).partition(' ')[2]} +0000", "%a %b %d %H:%M:%S %Y %z")  # type: ignore[attr-defined]
        assert arrived == line


def test_lines_that_look_like_a_from_line_are_quoted(made: Made) -> None:
    raw = made.raw("inbox")
    assert b"\n>From what I can see" in raw
    assert raw.count(b"\nFrom ") + 1 == len(made.mails["inbox"])


def test_references_name_mails_that_exist(made: Made) -> None:
    mails = made.distinct()
    for mail in mails.values():
        names = str(mail["References"] or "").split()
        assert set(names) <= set(mails)
        assert str(mail["In-Reply-To"]) == names[-1] if names else not mail["In-Reply-To"]


def test_the_mirror_of_the_imap_account_names_its_files_as_such_mirrors_do(made: Made) -> None:
    """The file's name says when the mail arrived, its UID and its flags; the mail itself has none."""
    for name in FOLDERS:
        files = sorted((made.folder / "orders" / name / "cur").iterdir())
        matches = [re.fullmatch(r"(\d{10})\.\d+\.orders,U=(\d+):2,(R?S)", file.name) for file in files]
        assert all(matches)
        uids = [int(match[2]) for match in matches if match]
        assert sorted(uids) == list(range(1, len(files) + 1))
    assert any(file.name.endswith(",RS") for file in (made.folder / "orders" / "INBOX" / "cur").iterdir())
    assert not any(mail["Status"] or mail["X-Status"] for name in FOLDERS for mail in made.mails[name])


def test_each_account_holds_only_its_own_mail(made: Made) -> None:
    for mail in made.mails["INBOX"]:
        assert "orders@" in str(mail["Delivered-To"])
    for mail in made.mails["inbox"]:
        assert "orders@" not in str(mail["Delivered-To"])


def test_no_domain_is_real(made: Made) -> None:
    for name in FILES:
        raw = made.raw(name)
        hosts = set(re.findall(rb"@([A-Za-z0-9.-]+[A-Za-z0-9])", raw)) | set(
            re.findall(rb"https?://([^/>\s]+)", raw)
        )
        hosts |= set(re.findall(rb"^Received: from (\S+)", raw, re.MULTILINE))
        assert hosts
        assert {host for host in hosts if not host.lower().endswith(b".example")} == set()
        assert all(address.startswith(b"192.0.2.") for address in re.findall(rb"\[(\d+\.[\d.]+)\]", raw))


def test_headers_are_ascii_and_names_decode(made: Made) -> None:
    names = set()
    for mail in made.distinct().values():
        assert all(value.isascii() for value in map(str, mail.values()))
        names.add(str(make_header(decode_header(parseaddr(str(mail["From"]))[0]))))
    assert {customer.name for customer in made.company.customers if "ø" in customer.name} & names


def test_one_mail_has_a_broken_date_and_one_breaks_off(made: Made) -> None:
    broken = [mail for mail in made.mails["inbox"] if "Foo" in str(mail["Date"])]
    assert len(broken) == 1
    assert broken[0]["Received"]
    cut = [
        mail
        for mail in made.mails["inbox"]
        if any(isinstance(defect, CloseBoundaryNotFoundDefect) for defect in mail.defects)
    ]
    assert len(cut) == 1


def test_some_charsets_are_odd(made: Made) -> None:
    named = {part.get_content_charset() for mail in made.mails["inbox"] for part in mail.walk()}
    assert {"utf-8", "windows-1252", "iso-8859-1"} < named
    assert named & {"x-user-defined", "macintosh", "iso-8859-15"}


def test_a_mail_may_lie_in_two_folders(made: Made) -> None:
    sent = {str(mail["Message-ID"]) for name in ("sent", "Sent") for mail in made.mails[name]}
    both = [mail for mail in made.inboxes() if str(mail["Message-ID"]) in sent]
    assert both
    assert all("larkfield-cycles.example" in str(mail["Cc"]) for mail in both)
