"""What eDesk costs: nothing is asked for one by one that a list gives, and empty years cost little."""

from __future__ import annotations

from pathlib import Path

from deskmetry.testing import Reply, Request
from deskmetry_connectors.edesk.emulator import Company, Emulator, Faults
from helpers_edesk import DAY, HOUR, edesk, empty, fetched, run
from helpers_synced import rows


def busy(tickets: int = 20, contacts: int = 10) -> Company:
    """An account whose tickets come from so many contacts, a message each."""
    company = empty()
    people = [company.meet(f"Customer {number}", 1) for number in range(contacts)]
    for number in range(tickets):
        company.open(people[number % contacts], company.now - 3 * DAY + number * HOUR, "Where is it?")
    return company


def asked(server: Emulator, resource: str) -> list[str]:
    """Return what was asked for below a resource; empty texts for lists."""
    paths = [path.removeprefix("/v1/") for path, _ in server.log]
    return [path.partition("/")[2] for path in paths if path.partition("/")[0] == resource]


def test_a_first_read_takes_contacts_from_the_list(tmp_path: Path) -> None:
    company = busy()
    with Emulator(company) as server:
        run(tmp_path / "desk.db", edesk(server))
        assert asked(server, "contacts") == [""]
    assert rows(tmp_path / "desk.db", "SELECT count(*) FROM customers WHERE name LIKE 'Customer %'") == [10]


def test_a_later_read_asks_for_the_contacts_of_new_tickets_alone(tmp_path: Path) -> None:
    company = busy()
    with Emulator(company) as server:
        run(tmp_path / "desk.db", edesk(server))
        server.log.clear()
        newcomer = company.meet("Newcomer", 1)
        company.open(newcomer, company.now + 60, "Hello?")
        company.now += HOUR
        run(tmp_path / "desk.db", edesk(server))
        assert asked(server, "contacts") == [str(newcomer)]


def test_a_list_longer_than_the_tickets_are_worth_is_left_alone(tmp_path: Path) -> None:
    company = busy(tickets=12, contacts=2)
    for number in range(400):
        company.meet(f"Visitor {number}", 1)
    with Emulator(company) as server:
        run(tmp_path / "desk.db", edesk(server))
        # One look at the list, and then each contact of a ticket.
        assert len(asked(server, "contacts")) == 3
        assert asked(server, "contacts").count("") == 1


def test_a_contact_that_the_list_didnt_show_is_asked_for_with_its_ticket(tmp_path: Path) -> None:
    company = busy()
    hidden = company.contacts.pop(next(key for key in company.contacts if key != 9001))
    with Emulator(company) as server:
        run(tmp_path / "desk.db", edesk(server))
        assert len(asked(server, "contacts")) == 2
    assert rows(
        tmp_path / "desk.db", "SELECT count(*) FROM customers WHERE name = ?", hidden["full_name"]
    ) == [0]


def test_where_contacts_may_not_be_listed_each_is_asked_for(tmp_path: Path) -> None:
    class Unlisted(Emulator):
        def reply(self, request: Request) -> Reply:
            if request.path == "/v1/contacts":
                return Reply.of(
                    {"error": {"httpCode": "403", "message": "Forbidden", "details": "No list"}}, 403
                )
            return super().reply(request)

    with Unlisted(busy()) as server:
        report = run(tmp_path / "desk.db", edesk(server))
        assert len(asked(server, "contacts")) == 11
    assert report.exit_code == 0
    assert rows(tmp_path / "desk.db", "SELECT count(*) FROM customers") == [10]


def test_each_item_is_read_once_in_its_life(tmp_path: Path) -> None:
    company = Company.make(tickets=15, seed=4)
    with Emulator(company, Faults(quick=True)) as server:
        for _ in range(4):
            run(tmp_path / "desk.db", edesk(server))
            company.advance()
        run(tmp_path / "desk.db", edesk(server))
        again = len(fetched(server)) - len(set(fetched(server)))
    assert again == 0


def test_the_years_before_the_first_order_cost_a_handful_of_requests(tmp_path: Path) -> None:
    company = empty()
    for number in range(5):
        company.buy(9001, company.now - (40 + number) * DAY, 12.5)
    with Emulator(company) as server:
        run(tmp_path / "desk.db", edesk(server))
        assert len(asked(server, "sales-orders")) <= 16
    assert rows(tmp_path / "desk.db", "SELECT count(*) FROM orders") == [5]


def test_an_account_without_orders_is_found_out_cheaply(tmp_path: Path) -> None:
    with Emulator(empty()) as server:
        run(tmp_path / "desk.db", edesk(server))
        assert len(asked(server, "sales-orders")) <= 12
