"""Mirrors: a mail that reached a mailbox and another source is one contact, whatever happens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from random import Random

import pytest

from deskmetry.connector import MailRules
from deskmetry.facts import shadow, unshadow
from deskmetry.records import Customer, Message, MessageHeader, Record, Ticket
from helpers_store import Store, When, instant, message, ms, ticket

INBOX, DESK, OTHER = 1, 2, 3
HELD = "duplicate"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A mailbox, a helpdesk and a second mailbox, in this order."""
    with Store.at(tmp_path) as made:
        made.source("inbox", mail_rules=MailRules())
        made.source("desk")
        made.source("other", mail_rules=MailRules())
        yield made


def mail(
    ticket_id: str,
    number: int,
    message_id: str | None,
    sent: When = "2025-03-01",
    by: str = "customer",
    sender: str | None = "anna@x.example",
    **fields: object,
) -> list[Record]:
    """Return a message of a ticket with the header that it came with."""
    key = f"{ticket_id}m{number}"
    header = MessageHeader(
        id=f"INBOX/{key}",
        mail_id=key,
        message_id=message_id,
        sent_at=instant(sent),
        inbound=by == "customer",
        from_address=sender,
        folder="INBOX",
    )
    return [message(key, ticket_id, sent, by, **fields), header]


def both(store: Store, message_id: str = "a@x.example") -> None:
    """File the same mail in the mailbox and in the helpdesk."""
    store.write(ticket("t", "2025-03-01"), *mail("t", 1, message_id), source=INBOX)
    store.write(ticket("77", "2025-03-01 00:05"), *mail("77", 1, message_id, "2025-03-01 00:05"), source=DESK)


def refresh(store: Store, *, rebuild: bool = False) -> None:
    """Bring the facts up to date, the marks of mails taken as the threading stage takes them."""
    store.execute(
        "INSERT OR IGNORE INTO dirty SELECT 'ticket', m.source_id, m.ticket_id FROM dirty AS d"
        " JOIN messages AS m ON m.source_id = d.source_id AND m.id = d.key"
        " WHERE d.kind = 'mail' AND m.ticket_id IS NOT NULL AND m.source_id <> ?",
        DESK,
    )
    store.execute("DELETE FROM dirty WHERE kind = 'mail' AND source_id <> ?", DESK)
    store.refresh(rebuild=rebuild)


def excluded(store: Store, source: int = INBOX, ticket_id: str = "t") -> str | None:
    """Return why a ticket never counts; facts brought up to date must be those of a rebuild."""
    refresh(store)
    found = store.facts()
    refresh(store, rebuild=True)
    assert store.facts() == found
    why = store.fact("ticket_facts", source_id=source, ticket_id=ticket_id)["excluded"]
    assert why is None or isinstance(why, str)
    return why


def test_a_mail_that_a_helpdesk_holds_too_counts_there(store: Store) -> None:
    both(store)
    assert excluded(store) == HELD
    assert excluded(store, DESK, "77") is None
    row = store.fact("ticket_facts", source_id=INBOX)
    assert (row["held_source"], row["held_ticket"]) == ("desk", "77")
    assert row["held_at"] == ms("2025-03-01 00:05")
    assert {one["excluded"] for one in store.table("message_facts", source_id=INBOX)} == {HELD}


def test_the_mailbox_alone_counts(store: Store) -> None:
    store.write(ticket("t"), *mail("t", 1, "a@x.example"), source=INBOX)
    store.write(ticket("77"), *mail("77", 1, "A@x.example"), *mail("77", 2, None), source=DESK)
    assert excluded(store) is None  # ids are compared letter by letter


def test_a_copy_in_the_helpdesk_that_is_read_later_leaves_the_mailbox_out(store: Store) -> None:
    store.write(ticket("t"), *mail("t", 1, "a@x.example"), source=INBOX)
    assert excluded(store) is None
    store.write(*mail("77", 1, "a@x.example"), source=DESK)
    assert excluded(store) is None  # a message without its ticket counts nowhere
    store.write(ticket("77"), source=DESK)
    assert excluded(store) == HELD


def test_headers_that_are_read_last_do_so_too(store: Store) -> None:
    store.write(ticket("t"), *mail("t", 1, "a@x.example"), source=INBOX)
    said, header = mail("77", 1, "a@x.example")
    store.write(ticket("77"), said, source=DESK)
    store.write(*mail("78", 1, "b@x.example"), source=DESK)
    assert excluded(store) is None
    store.write(header, source=DESK)
    assert excluded(store) == HELD


def test_a_message_deleted_in_the_helpdesk_lets_the_mailbox_count_again(store: Store) -> None:
    both(store)
    assert excluded(store) == HELD
    said = message("77m1", "77", "2025-03-01 00:05", deleted_at="2025-03-02")
    store.write(said, source=DESK)
    assert excluded(store) is None
    row = store.fact("ticket_facts", source_id=INBOX)
    assert (row["held_source"], row["held_ticket"], row["held_at"]) == (None, None, ms("2025-03-02"))


def test_another_message_id_in_the_helpdesk_lets_it_count_again(store: Store) -> None:
    both(store)
    assert excluded(store) == HELD
    store.write(mail("77", 1, "b@x.example", "2025-03-01 00:05")[1], source=DESK)
    assert excluded(store) is None


def test_what_the_helpdesk_deletes_or_marks_as_spam_does_not_come_back_from_the_mailbox(store: Store) -> None:
    both(store)
    store.write(ticket("77", "2025-03-01 00:05", spam=True, updated_at="2025-03-02"), source=DESK)
    assert (excluded(store), excluded(store, DESK, "77")) == (HELD, "spam")
    gone = ticket("77", "2025-03-01 00:05", deleted_at="2025-03-03", updated_at="2025-03-03")
    store.write(gone, source=DESK)
    assert (excluded(store), excluded(store, DESK, "77")) == (HELD, "deleted")


def test_the_first_mail_that_a_customer_wrote_by_hand_decides(store: Store) -> None:
    ours = mail("t", 1, "o@acme.example", "2025-03-01", "agent")
    away = mail("t", 2, "away@x.example", "2025-03-02", automatic=True)
    asks = mail("t", 3, "a@x.example", "2025-03-03")
    store.write(ticket("t"), *ours, *away, *asks, *mail("t", 4, "b@x.example", "2025-03-04"), source=INBOX)
    for number, key in enumerate(("o@acme.example", "away@x.example", "b@x.example")):
        store.write(ticket(f"7{number}"), *mail(f"7{number}", 1, key), source=DESK)
    assert excluded(store) is None
    store.write(ticket("74"), *mail("74", 1, "a@x.example"), source=DESK)
    assert excluded(store) == HELD
    assert store.fact("ticket_facts", source_id=INBOX)["held_ticket"] == "74"


def test_of_two_mailboxes_the_first_counts(store: Store) -> None:
    store.write(ticket("t"), *mail("t", 1, "a@x.example"), source=INBOX)
    store.write(ticket("u"), *mail("u", 1, "a@x.example"), source=OTHER)
    assert (excluded(store), excluded(store, OTHER, "u")) == (None, HELD)


def test_the_helpdesk_comes_before_the_first_mailbox(store: Store) -> None:
    both(store)
    store.write(ticket("u"), *mail("u", 1, "a@x.example"), source=OTHER)
    assert (excluded(store), excluded(store, OTHER, "u")) == (HELD, HELD)
    assert store.fact("ticket_facts", source_id=OTHER)["held_source"] == "desk"


def test_one_id_by_two_senders_is_two_mails(store: Store) -> None:
    store.write(ticket("t"), *mail("t", 1, "form@shop.example"), source=INBOX)
    store.write(ticket("77"), *mail("77", 1, "form@shop.example", sender="bert@x.example"), source=DESK)
    assert excluded(store) is None
    store.write(ticket("78"), *mail("78", 1, "form@shop.example", sender="anna@x.example"), source=DESK)
    assert excluded(store) == HELD
    assert store.fact("ticket_facts", source_id=INBOX)["held_ticket"] == "78"


def test_an_id_that_several_mails_bear_needs_a_known_sender(store: Store) -> None:
    store.write(ticket("t"), *mail("t", 1, "form@shop.example"), source=INBOX)
    store.write(ticket("77"), *mail("77", 1, "form@shop.example", sender=None), source=DESK)
    assert excluded(store) == HELD
    store.write(ticket("v"), *mail("v", 1, "form@shop.example", sender="bert@x.example"), source=INBOX)
    assert (excluded(store), excluded(store, INBOX, "v")) == (None, None)
    store.write(ticket("78"), *mail("78", 1, "form@shop.example", sender="bert@x.example"), source=DESK)
    assert (excluded(store), excluded(store, INBOX, "v")) == (None, HELD)


def test_a_source_that_was_never_read_completely_takes_nothing(store: Store) -> None:
    store.complete(None, DESK)
    both(store)
    assert excluded(store) is None
    store.complete("2030-01-01", DESK)
    assert excluded(store) == HELD


def test_what_the_helpdesk_has_from_after_the_mailbox_was_read_counts_once_both_are_known(
    store: Store,
) -> None:
    store.complete("2025-03-01 00:03", INBOX)
    both(store)
    assert excluded(store) is None
    store.complete("2025-03-01 00:10", INBOX)
    assert excluded(store) == HELD


def test_a_new_name_of_the_helpdesk_is_told(store: Store) -> None:
    both(store)
    assert excluded(store) == HELD
    store.execute("UPDATE sources SET name = 'zendesk' WHERE id = ?", DESK)
    assert excluded(store) == HELD
    assert store.fact("ticket_facts", source_id=INBOX)["held_source"] == "zendesk"


def test_a_mirror_is_no_contact_of_its_person(store: Store) -> None:
    anna = Customer(id="c", email="anna@x.example")
    store.write(anna, ticket("t", requester_id="c"), *mail("t", 1, "a@x.example"), source=INBOX)
    store.write(
        ticket("later", "2025-03-09", requester_id="c"), *mail("later", 1, "z@x.example"), source=INBOX
    )
    assert excluded(store) is None
    assert store.fact("ticket_facts", ticket_id="later")["previous_contact_at"] == ms("2025-03-01")
    at = "2025-03-01 00:05"
    store.write(anna, ticket("77", at, requester_id="c"), *mail("77", 1, "a@x.example", at), source=DESK)
    assert excluded(store) == HELD
    assert store.fact("ticket_facts", ticket_id="later")["previous_contact_at"] == ms(at)
    desk = store.fact("ticket_facts", ticket_id="77")
    assert (desk["customer"], desk["next_contact_at"]) == ("new", ms("2025-03-09"))


def test_before_the_helpdesk_had_it_the_mailbox_counted(store: Store) -> None:
    both(store)
    assert excluded(store) == HELD
    shadow(store.connection, ms("2025-03-01 00:05"))
    (only,) = store.table("ticket_facts")
    assert (only["ticket_id"], only["excluded"], only["held_at"]) == ("t", None, None)
    unshadow(store.connection)


def test_only_where_two_sources_know_message_ids_anything_is_indexed(tmp_path: Path) -> None:
    with Store.at(tmp_path) as store:
        store.source("inbox", mail_rules=MailRules())
        store.source("desk")
        store.write(ticket("t"), *mail("t", 1, "a@x.example"), source=INBOX)
        refresh(store)
        sql = "SELECT name FROM sqlite_master WHERE name = 'message_headers_by_message_id'"
        assert store.rows(sql) == []
        store.write(ticket("77"), *mail("77", 1, "a@x.example"), source=DESK)
        refresh(store)
        assert len(store.rows(sql)) == 1
        store.execute("DELETE FROM message_headers WHERE source_id = ?", DESK)
        assert excluded(store) is None


# --- at random -----------------------------------------------------------------------------------------

IDS = ["a", "b", "c", None]
SENDERS = ["anna@x.example", "bert@x.example", None]


def a_day(random: Random) -> datetime:
    return instant(f"2025-03-{random.randrange(1, 20):02d}")


def a_mail(random: Random, ticket_id: str, number: int) -> list[Record]:
    deleted = a_day(random) if random.random() < 0.2 else None
    by = random.choice(["customer", "customer", "agent"])
    known = {"automatic": random.random() < 0.2, "deleted_at": deleted, "version": random.randrange(10**6)}
    key, sender = random.choice(IDS), random.choice(SENDERS)
    found = mail(ticket_id, number, key, a_day(random), by, sender, **known)
    return [one for one in found if random.random() < 0.9]


def a_ticket(random: Random, key: str) -> Ticket:
    gone = a_day(random) if random.random() < 0.1 else None
    customer = random.choice(["c0", "c1", None])
    version = random.randrange(10**6)
    return ticket(key, a_day(random), deleted_at=gone, requester_id=customer, version=version)


def change(store: Store, random: Random) -> None:
    source = random.choice([INBOX, DESK, OTHER])
    key = f"t{random.randrange(3)}"
    kind = random.randrange(6)
    if kind == 0:
        store.complete(random.choice([None, a_day(random), a_day(random), "2030-01-01"]), source)
    elif kind == 1:
        store.write(a_ticket(random, key), source=source)
    elif kind == 2:
        store.write(Customer(id=f"c{random.randrange(2)}", email=random.choice(SENDERS)), source=source)
    else:
        store.write(*a_mail(random, key, random.randrange(3)), source=source)


@pytest.mark.parametrize("seed", range(10))
def test_after_every_change_a_refresh_gives_the_rows_of_a_rebuild(store: Store, seed: int) -> None:
    random = Random(seed)
    refresh(store)
    for _ in range(25):
        change(store, random)
        refresh(store)
        found = store.facts()
        refresh(store, rebuild=True)
        expected = store.facts()
        for name, rows in expected.items():
            assert found[name] == rows, name


def known_before(records: Sequence[Record], as_of: datetime) -> Iterator[Record]:
    """Yield what a source would have told before an instant."""
    sent = {one.id: one.sent_at for one in records if isinstance(one, Message)}
    for one in records:
        begun = one.created_at if isinstance(one, Ticket) else sent.get(getattr(one, "mail_id", one.id))
        if isinstance(one, Customer) or (begun is not None and begun < as_of):
            gone = getattr(one, "deleted_at", None)
            yield one.model_copy(update={"deleted_at": None}) if gone and gone >= as_of else one


def a_history(random: Random) -> dict[int, list[Record]]:
    found: dict[int, list[Record]] = {}
    for source in (INBOX, DESK, OTHER):
        rows: list[Record] = [Customer(id=f"c{n}", email=f"c{n}@x.example") for n in range(2)]
        for number in range(4):
            rows.append(a_ticket(random, f"t{number}"))
            for each in range(random.randrange(1, 3)):
                said, header = mail(
                    f"t{number}", each, random.choice(IDS), a_day(random), "customer",
                    random.choice(SENDERS), deleted_at=random.choice([None, None, a_day(random)]),
                )  # fmt: skip
                rows += [said, header]
        found[source] = rows
    return found


@pytest.mark.parametrize("seed", range(20))
def test_as_of_any_day_they_are_those_of_a_database_of_that_day(tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    history, day = a_history(random), a_day(random)
    stores = []
    for folder, until in (("today", instant("2030-01-01")), ("then", day)):
        (tmp_path / folder).mkdir()
        with Store.at(tmp_path / folder) as store:
            for name, rules in (("inbox", MailRules()), ("desk", None), ("other", MailRules())):
                store.source(name, mail_rules=rules, complete_until=until)
            for source, records in history.items():
                store.write(*known_before(records, until), source=source)
            refresh(store)
            if folder == "today":
                shadow(store.connection, ms(day))
            stores.append(store.facts())
    for name, rows in stores[1].items():
        assert stores[0][name] == rows, name


def test_many_mails_of_one_message_id_and_no_known_sender_are_held_until_the_next(store: Store) -> None:
    """What a web form without Message-IDs of its own makes: besides the first mail the second is the next."""
    for hour in range(4):
        at = f"2025-03-01 0{hour}:00"
        store.write(ticket(f"t{hour}", at), *mail(f"t{hour}", 1, "form@x.example", at), source=INBOX)
    at = "2025-03-01 00:10"
    store.write(ticket("77", at), *mail("77", 1, "form@x.example", at, sender=None), source=DESK)
    assert excluded(store, ticket_id="t0") is None
    rows = store.table("ticket_facts", source_id=INBOX)
    assert [row["held_at"] for row in rows] == [ms("2025-03-01 01:00"), None, None, None]


def test_that_an_id_is_borne_again_is_not_looked_up_for_each_pair(store: Store) -> None:
    spent = []
    for numbers in (range(40), range(40, 80)):
        for n in numbers:
            for key, source in ((f"t{n}", INBOX), (f"7{n}", DESK)):
                told = mail(key, 1, "form@x.example", sender=None if source == DESK else "anna@x.example")
                store.write(ticket(key), *told, source=source)
        steps = [0]

        def count(steps: list[int] = steps) -> int:
            steps[0] += 1
            return 0

        store.connection.set_progress_handler(count, 100)
        store.refresh(rebuild=True)
        store.connection.set_progress_handler(None, 0)
        spent.append(steps[0])
    assert spent[1] < 5 * spent[0]
