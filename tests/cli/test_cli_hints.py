"""Tests of what `sync` says when a source looks as if it were set up wrongly."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers_cli import cli, configured, execute, letter, office, synced
from helpers_mail import write_mbox

SHOP = """
[sources.shop]
connector = "table"
path = "tickets.csv"
into = "tickets"
columns = { id = "id", created_at = "created", status = { value = "open" } }

[sources.form]
connector = "table"
path = "form.csv"
into = "survey_answers"
"""
COLUMNS = """
[sources.form.columns]
id = "id"
kind = { value = "csat" }
ticket_id = "ticket"
answered_at = "answered"
score = "points"
scale_min = { value = 1 }
scale_max = { value = 5 }
"""


def hints(config: Path) -> list[str]:
    answer = cli("-c", config, "sync")
    assert answer.code == 0, answer.err
    return [line.removeprefix("warning: ") for line in answer.err.splitlines() if "warning: " in line]


def surveys(folder: Path, tickets: str, *named: str) -> list[str]:
    """Sync answers that name these tickets, where tickets 1 and 2 are known."""
    (folder / "tickets.csv").write_text("id,created\n1,2026-03-01T09:00:00Z\n2,2026-03-01T09:00:00Z\n")
    lines = (f"{i},{name},2026-03-02T09:00:00Z,5\n" for i, name in enumerate(named))
    (folder / "form.csv").write_text("id,ticket,answered,points\n" + "".join(lines))
    return hints(configured(folder, SHOP + tickets + COLUMNS))


def test_a_source_that_was_set_up_well_gets_no_hint(tmp_path: Path) -> None:
    assert hints(office(tmp_path)) == []


def test_mails_that_a_helpdesk_tells_of_are_no_sign_that_it_answers_nothing(tmp_path: Path) -> None:
    config = synced(tmp_path)
    # As those of a Zendesk: headers of what came in, and no rules by which mails become tickets.
    execute(config, "UPDATE message_headers SET inbound = 1")
    assert "none of its 9 mails" in "".join(hints(config))
    execute(config, "UPDATE sources SET mail_rules = NULL, account = 'elsewhere', name = 'desk'")
    assert "none of its" not in "".join(hints(config))


def by_ben(folder: Path, address: str, sender: str, *more: str) -> list[str]:
    """Sync three requests that a colleague answered from an address of their own."""
    jane = "Jane <jane@customer.example>"
    mails = [letter(n, f"0{n} Mar 2026 09:00", jane, f"Order {n}") for n in (1, 2, 3)]
    mails += [letter(n + 10, f"0{n} Mar 2026 11:00", sender, f"Re: Order {n}", n) for n in (1, 2, 3)]
    mails += [letter(30, "05 Mar 2026 09:00", f"Us <{address}>", "Re: Order 1", 1)]
    write_mbox(folder / "all.mbox", mails)
    named = ", ".join(f'"{one}"' for one in (address, *more))
    text = f'[sources.post]\nconnector = "mailbox"\npath = "all.mbox"\naddresses = [{named}]\n'
    return hints(configured(folder, text))


def test_colleagues_who_count_as_customers_are_noticed(tmp_path: Path) -> None:
    said = by_ben(tmp_path, "support@acme.example", "Ben <Ben@acme.example>")
    assert said == [
        (
            "post: 3 mails come from acme.example, the domain of your own address, and count as"
            " customers': add `@acme.example` to `addresses` if they are colleagues."
        )
    ]
    assert by_ben(tmp_path, "support@acme.example", "Ben <Ben@acme.example>", "@acme.example") == []


@pytest.mark.parametrize("domain", ["gmail.com", "t-online.de"])
def test_who_has_an_address_at_the_same_public_provider_is_no_colleague(tmp_path: Path, domain: str) -> None:
    assert by_ben(tmp_path, f"acme@{domain}", f"Ben <ben@{domain}>") == []


def test_strangers_and_automatic_mails_of_ones_own_domain_are_no_colleagues(tmp_path: Path) -> None:
    assert by_ben(tmp_path, "support@acme.example", "Max <max@notacme.example>") == []
    config = tmp_path / "deskmetry.toml"
    assert by_ben(tmp_path, "support@acme.example", "Ben <ben@acme.example>") != []
    execute(config, "UPDATE messages SET automatic = 1 WHERE author_kind = 'customer'")
    assert "colleagues" not in "".join(hints(config))


def test_answers_about_tickets_that_the_named_source_lacks_are_noticed(tmp_path: Path) -> None:
    said = surveys(tmp_path, 'tickets = "shop"', "1", "71", "72", "73", "74")
    assert said == ["4 of 5 answers of form name tickets that shop doesn't have: is `tickets` right?"]


def test_a_few_answers_about_unknown_tickets_are_put_up_with(tmp_path: Path) -> None:
    assert surveys(tmp_path, 'tickets = "shop"', "1", "2", "71", "72") == []
    assert surveys(tmp_path, 'tickets = "shop"', "", "", "71", "1") == []  # two name no ticket


def test_answers_about_tickets_of_nobody_are_told_of_the_setting(tmp_path: Path) -> None:
    assert surveys(tmp_path, "", "1", "2") == [
        (
            "2 of 2 answers of form name tickets that form doesn't have: if they are another source's,"
            " name it in `tickets`."
        )
    ]
