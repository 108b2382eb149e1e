"""One contact that two sources hold counts once: numbers worked out by hand, through the real engine.

Five customers write in March 2026, times in UTC:

| who  | when         | reached             | first reply                                     |
|------|--------------|---------------------|-------------------------------------------------|
| Anna | 2nd, 10:00   | mailbox and Zendesk | Zendesk, 11:00: after 1 hour                    |
| Bert | 2nd, 12:00   | mailbox             | mailbox, 14:00: after 2 hours                   |
| Carl | 3rd, 09:00   | mailbox             | none                                            |
| Dora | 4th, 10:00   | mailbox and Zendesk | from the mailbox alone, 10:30: none in Zendesk  |
| Emil | 5th, 08:00   | Zendesk             | Zendesk, 12:00: after 4 hours                   |
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from deskmetry_connectors.zendesk.emulator.told import serve
from helpers_cli import cli, configured, execute, letter, rows
from helpers_mail import write_mbox

TOM = "Tom Okafor <tom@acme.example>"
HOUR = 3_600_000
MARCH = ("--since", "2026-03-01", "--until", "2026-03-08")


def at(text: str) -> int:
    """Return an instant of March 2026, as `02 10:00`, in Unix seconds."""
    return int(datetime.strptime(f"2026-03-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=UTC).timestamp())


def person(key: int, name: str, role: str = "customer") -> dict[str, Any]:
    domain = "customer" if role == "customer" else "acme"
    email = f"{name.lower()}@{domain}.example"
    return {"id": key, "name": name, "email": email, "role": role, "since": at("01 00:00"), "team": None}


def request(key: int, who: int, begun: str, mail: int | None, answered: str | None) -> dict[str, Any]:
    asked = {"at": at(begun), "by": who, "say": "Hello", "status": "new"}
    if mail is not None:
        asked["message_id"] = f"{mail}@mail.example"
    updates = [asked]
    if answered is not None:
        updates.append({"at": at(answered), "by": 9, "say": "Here", "status": "pending"})
    common = {"id": key, "requester": who, "subject": "Request", "priority": None}
    return common | {"channel": "email" if mail else "web", "updates": updates}


def desk() -> dict[str, Any]:
    return {
        "company": "Acme",
        "token": "told",
        "now": at("20 12:00"),
        "teams": [{"id": 11, "name": "Support"}],
        "people": [person(9, "Tom", "admin"), person(1, "Anna"), person(4, "Dora"), person(5, "Emil")],
        "tickets": [
            request(71, 1, "02 10:01", 1, "02 11:01"),
            request(74, 4, "04 10:01", 4, None),
            request(75, 5, "05 08:00", None, "05 12:00"),
        ],
    }


def mailbox(path: Path) -> None:
    news = letter(99, "20 Mar 2026 12:00", "Zed <zed@customer.example>", "The last mail")
    mails = [
        letter(1, "02 Mar 2026 10:00", "Anna <anna@customer.example>", "Parcel"),
        letter(2, "02 Mar 2026 12:00", "Bert <bert@customer.example>", "Invoice"),
        letter(12, "02 Mar 2026 14:00", TOM, "Re: Invoice", 2),
        letter(3, "03 Mar 2026 09:00", "Carl <carl@customer.example>", "Broken"),
        letter(4, "04 Mar 2026 10:00", "Dora <dora@customer.example>", "Size"),
        letter(14, "04 Mar 2026 10:30", TOM, "Re: Size", 4),
    ]
    write_mbox(path, [*mails, news])


@contextmanager
def company(folder: Path, story: dict[str, Any], port: int = 0) -> Iterator[Path]:
    """Serve the helpdesk and lend the configuration of both sources."""
    mailbox(folder / "inbox.mbox")
    with serve(story, port) as url:
        text = f"""
timezone = "UTC"
[sources.inbox]
connector = "mailbox"
path = "inbox.mbox"
addresses = ["support@acme.example", "@acme.example"]
[sources.shop]
connector = "zendesk"
url = "{url}"
token = {{ env = "TOLD" }}
"""
        yield configured(folder, text)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TOLD", "told")
    with company(tmp_path, desk()) as path:
        answer = cli("-c", path, "sync")
        assert answer.code == 0, answer.err
        return path


def by_source(config: Path, metric: str, *more: str) -> dict[str, tuple[float | None, int, dict[str, int]]]:
    answer = cli("-c", config, "metric", metric, *MARCH, "--by", "source", "--format", "jsonl", *more)
    assert answer.code == 0, answer.err
    return {
        row["source"]: (row["value"], row["n"], row["left_out"]) for row in rows(answer) if not row["total"]
    }


HELD = {"held by another source too": 2}


def test_each_contact_is_in_the_volume_once(config: Path) -> None:
    assert by_source(config, "ticket_volume") == {"inbox": (2, 2, HELD), "shop": (3, 3, {})}


def test_first_response_is_that_of_the_source_that_keeps_the_contact(config: Path) -> None:
    # Bert: 2 h. Anna and Emil: (1 h + 4 h) / 2; Dora was answered from the mailbox, which Zendesk can't know.
    found = by_source(config, "first_response_time", "--stat", "mean")
    assert {name: (value, n) for name, (value, n, _) in found.items()} == {
        "inbox": (2 * HOUR, 1),
        "shop": (2.5 * HOUR, 2),
    }
    assert found["inbox"][2]["held by another source too"] == 2


def test_unanswered_are_carl_and_dora(config: Path) -> None:
    found = by_source(config, "unanswered_rate")
    assert found["inbox"] == (1 / 2, 2, HELD)
    assert found["shop"] == (1 / 3, 3, {})


def test_the_mailbox_does_not_let_wait_whom_the_helpdesk_holds(config: Path) -> None:
    answer = cli("-c", config, "waiting", "--format", "jsonl")
    assert [(row["source"], row["customer"]) for row in rows(answer)] == [
        ("inbox", "Carl"),
        ("shop", "Dora"),
        ("inbox", "Zed"),
    ]


def test_an_explanation_counts_and_names_them(config: Path) -> None:
    answer = cli("-c", config, "metric", "ticket_volume", *MARCH, "--explain")
    assert "2 left out: held by another source too." in answer.out
    held = "SELECT held_source, held_ticket FROM ticket_facts WHERE held_ticket IS NOT NULL ORDER BY 2"
    assert execute(config, held) == [("shop", "71"), ("shop", "74")]


def test_the_customer_of_both_sources_is_one_person_with_one_contact(config: Path) -> None:
    sql = "SELECT source, customer, previous_contact_at, next_contact_at FROM ticket_facts WHERE person = ?"
    sql = sql.replace("?", "'anna@customer.example' ORDER BY source")
    assert execute(config, sql) == [
        ("inbox", "new", None, (at("02 10:01")) * 1000),
        ("shop", "new", None, None),
    ]


def test_what_the_helpdesk_gets_later_leaves_the_mailbox_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOLD", "told")
    story = desk()
    later = story["tickets"].pop(0)
    with company(tmp_path, story) as path:
        assert cli("-c", path, "sync").code == 0
        assert by_source(path, "ticket_volume")["inbox"] == (3, 3, {"held by another source too": 1})
        port = int(path.read_text().split("127.0.0.1:")[1].split('"')[0].rstrip("/"))
    story["tickets"].append(later)
    story["now"] = at("21 12:00")
    with company(tmp_path, story, port) as path:
        assert cli("-c", path, "sync", "--full").code == 0
        assert by_source(path, "ticket_volume") == {"inbox": (2, 2, HELD), "shop": (3, 3, {})}


def test_the_copy_of_a_mailbox_adds_only_what_the_first_has_not(tmp_path: Path) -> None:
    mailbox(tmp_path / "inbox.mbox")
    mailbox(tmp_path / "copy.mbox")
    write_mbox(tmp_path / "new.mbox", [letter(50, "05 Mar 2026 10:00", "Fay <fay@customer.example>", "Mine")])
    config = configured(
        tmp_path,
        """
timezone = "UTC"
[sources.z-first]
connector = "mailbox"
path = "inbox.mbox"
addresses = ["support@acme.example", "@acme.example"]
""",
    )
    assert cli("-c", config, "sync").code == 0
    second = """
[sources.copy]
connector = "mailbox"
path = ["copy.mbox", "new.mbox"]
addresses = ["team@acme.example", "support@acme.example", "@acme.example"]
"""
    config.write_text(config.read_text() + second)
    assert cli("-c", config, "sync").code == 0
    # Anna, Bert, Carl and Dora are in both; only Fay wrote to the second alone.
    four = {"held by another source too": 4}
    assert by_source(config, "ticket_volume") == {"z-first": (4, 4, {}), "copy": (1, 1, four)}


def test_hashed_people_write_the_same_mails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOLD", "told")
    with company(tmp_path, desk()) as path:
        path.write_text('[privacy]\npeople = "hash"\n' + path.read_text().replace('timezone = "UTC"', ""))
        assert cli("-c", path, "sync").code == 0
    assert by_source(path, "ticket_volume") == {"inbox": (2, 2, HELD), "shop": (3, 3, {})}
    addresses = [text for (text,) in execute(path, "SELECT from_address FROM message_headers")]
    assert not any("anna" in text for text in addresses)


def test_an_erased_customer_wrote_the_same_mail_still(config: Path) -> None:
    answer = cli("-c", config, "erase", "anna@customer.example", "--yes")
    assert answer.code == 0, answer.err
    assert by_source(config, "ticket_volume") == {"inbox": (2, 2, HELD), "shop": (3, 3, {})}
    assert cli("-c", config, "rebuild").code == 0
    assert by_source(config, "ticket_volume") == {"inbox": (2, 2, HELD), "shop": (3, 3, {})}


def test_ignored_addresses_take_effect_at_once(config: Path) -> None:
    sql = "SELECT DISTINCT person FROM ticket_facts WHERE source = 'shop' ORDER BY 1"
    shop = ["anna@customer.example", "dora@customer.example", "emil@customer.example"]
    assert [key for (key,) in execute(config, sql)] == shop
    ignored = '[people]\nignore = ["Anna@Customer.example"]\n[sources.inbox]'
    config.write_text(config.read_text(encoding="utf-8").replace("[sources.inbox]", ignored))
    assert cli("-c", config, "metric", "ticket_volume", *MARCH).code == 0
    assert [key for (key,) in execute(config, sql)] == ["2:1", *shop[1:]]
