"""Accounts: an emulated account for each HTTP connector, and the least requests that its API allows.

The rule is the same for all. `at_best` counts, by place (a path, ids left out):

* a list: one request for each page of the largest size the API takes, at least one, since only a request
  tells that nothing came; after a change, only the rows that the API can be asked for by their change;
* what has no list: one request for each thing, and after a change one for each new or changed thing;
* every other place that the connector asked: once. That is for small lists that can't be asked for changes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from deskmetry.connector import Connector
from deskmetry.testing import EmulatedServer
from deskmetry_connectors import edesk, intercom, livechat, surveymonkey, zendesk
from deskmetry_connectors.edesk import emulator as edesk_emulator
from deskmetry_connectors.intercom import emulator as intercom_emulator
from deskmetry_connectors.livechat import emulator as livechat_emulator
from deskmetry_connectors.surveymonkey import emulator as surveymonkey_emulator
from deskmetry_connectors.surveymonkey.emulator.company import CONTACT, NPS, PARTY, RELATION
from deskmetry_connectors.surveymonkey.trial import PLAN
from deskmetry_connectors.zendesk import emulator as zendesk_emulator
from deskmetry_connectors.zendesk.emulator.sla import metric_events

Held = Mapping[str, Any]
"""What an account holds, as far as the rule needs it."""
HOURS = 6  # that pass until the sync after a change


def pages(rows: int, most: int) -> int:
    """Return how many requests a list of so many rows takes at best."""
    return max(-(-rows // most), 1)


@dataclass(frozen=True, slots=True)
class Account:
    """One connector's account. tickets: how many the timed run has; what a ticket is says `unit`.

    change: lets a few hours pass in which some things happen. look: what the account holds now. at_best: the
    least requests by place, of a first read (no `before`) or of one after a change.
    """

    tickets: int
    make: Callable[[int], Any]
    serve: Callable[[Any], EmulatedServer[Any]]
    connector: Callable[[str], Connector]
    change: Callable[[Any], object]
    look: Callable[[Any], Held]
    at_best: Callable[[Held | None, Held], Counter[str]]
    unit: str = "tickets"


# --- zendesk ----------------------------------------------------------------------------------------------


def _zendesk_look(company: zendesk_emulator.Company) -> Held:
    return {
        "users": len(company.users), "tickets": len(company.tickets), "events": len(company.audits),
        "ratings": len(company.ratings), "promises": len(metric_events(company)),
    }  # fmt: skip


def _zendesk_at_best(before: Held | None, now: Held) -> Counter[str]:
    new = {name: count - (before or {}).get(name, 0) for name, count in now.items()}
    export = "/api/v2/incremental"
    return Counter(
        {
            f"{export}/users/cursor.json": pages(new["users"], 1000),
            f"{export}/tickets/cursor.json": pages(new["tickets"], 1000),
            f"{export}/ticket_events.json": pages(new["events"], 500),  # Zendesk's advice, with comments
            f"{export}/ticket_metric_events.json": pages(new["promises"], 1000),
            "/api/v2/satisfaction_ratings.json": pages(new["ratings"], 100),
        }
    )


ZENDESK = Account(
    tickets=5_000,
    make=lambda tickets: zendesk_emulator.Company.make(tickets=tickets, seed=1),
    serve=lambda company: zendesk_emulator.Emulator(company, cache=True),
    connector=lambda url: zendesk.Zendesk.model_validate({"url": url, "token": zendesk_emulator.TOKEN}),
    change=lambda company: company.advance(HOURS),
    look=_zendesk_look,
    at_best=_zendesk_at_best,
)

# --- edesk ------------------------------------------------------------------------------------------------


def _edesk_look(company: edesk_emulator.Company) -> Held:
    tickets = company.tickets.values()
    return {
        "items": {one.id: len(one.items) for one in tickets},
        "contacts": {one.contact for one in tickets},
        "listed": len(company.contacts),
        "orders": len(company.orders),
        "unsolved": Counter(one.status for one in tickets if one.status in ("Open", "Pending", "Scheduled")),
        "closed": {one.id for one in tickets if one.status not in ("Open", "Pending", "Scheduled")},
        "lists": {"users": len(company.users), "channels": len(company.channels), "tags": len(company.tags)},
    }


def _edesk_at_best(before: Held | None, now: Held) -> Counter[str]:
    least = Counter({name: pages(rows, 100) for name, rows in now["lists"].items()})
    known = before or {"items": {}, "contacts": set(), "closed": now["closed"], "orders": 0}
    new = {key: count - known["items"].get(key, 0) for key, count in now["items"].items()}
    least["messages"] = sum(new.values())
    least["sales-orders"] = pages(now["orders"] - known["orders"], 100)
    strangers = len(now["contacts"] - known["contacts"])
    if before is None:
        least["contacts"] = min(strangers, pages(now["listed"], 100))
        least["tickets"] = pages(len(now["items"]), 100)
        return least
    least["contacts"] = strangers
    # By the day of their last message, by that of their making (those without any), what is unsolved by its
    # three statuses, and each ticket that was solved without a word.
    least["tickets"] = 2 + sum(pages(now["unsolved"][word], 100) for word in ("Open", "Pending", "Scheduled"))
    least["tickets"] += sum(not new[key] for key in now["closed"] - known["closed"])
    return least


EDESK = Account(
    tickets=1_000,
    make=lambda tickets: edesk_emulator.Company.make(tickets=tickets, seed=1),
    serve=lambda company: edesk_emulator.Emulator(company, edesk_emulator.Faults(quick=True), cache=True),
    connector=lambda url: edesk.Edesk.model_validate({"url": url, "token": edesk_emulator.TOKEN}),
    change=lambda company: company.advance(HOURS),
    look=_edesk_look,
    at_best=_edesk_at_best,
)

# --- livechat ---------------------------------------------------------------------------------------------


def _livechat_look(company: livechat_emulator.Company) -> Held:
    threads = company.threads.values()
    return {
        "now": company.now,
        "archived": [one.began for one in threads if not one.active],
        "running": sum(one.active for one in threads),
    }


def _livechat_at_best(before: Held | None, now: Held) -> Counter[str]:
    # Nothing says what changed, and ratings come late: the last two days are read again each time.
    since = None if before is None else before["now"] - timedelta(days=2)
    rows = [began for began in now["archived"] if since is None or began >= since]
    return Counter(
        list_archives=pages(len(rows), 100), list_chats=pages(now["running"], 100), get_chat=now["running"]
    )


LIVECHAT = Account(
    tickets=5_000,
    make=lambda tickets: livechat_emulator.Company.make(tickets=tickets, users=max(tickets // 3, 12), seed=1),
    serve=lambda company: livechat_emulator.Emulator(company, cache=True),
    connector=lambda url: livechat.LiveChat.model_validate({"url": url, "token": livechat_emulator.TOKEN}),
    change=lambda company: company.advance(HOURS * 3_600, 20),
    look=_livechat_look,
    at_best=_livechat_at_best,
    unit="threads",
)

# --- intercom ---------------------------------------------------------------------------------------------


def _intercom_look(company: intercom_emulator.Company) -> Held:
    return {
        "changes": {one.id: (one.updated, one.changes) for one in company.conversations.values()},
        "contacts": {one.id: one.updated for one in company.contacts.values() if not one.merged},
        "now": company.now,
    }


def _intercom_at_best(before: Held | None, now: Held) -> Counter[str]:
    known = before or {"changes": {}, "contacts": {}}
    changed = sum(known["changes"].get(key) != mark for key, mark in now["changes"].items())
    contacts = sum(known["contacts"].get(key) != mark for key, mark in now["contacts"].items())
    return Counter(
        {
            "/conversations/search": pages(changed, 150),
            "/conversations/*": changed,
            "/contacts/search": pages(contacts, 150),
        }
    )


INTERCOM = Account(
    tickets=1_000,
    make=lambda tickets: intercom_emulator.Company.make(tickets=tickets, seed=1),
    serve=lambda company: intercom_emulator.Emulator(company, cache=True),
    connector=lambda url: intercom.Intercom.model_validate(
        {"url": url, "token": intercom_emulator.TOKEN, "workspace": intercom_emulator.WORKSPACE}
    ),
    change=lambda company: company.advance(HOURS),
    look=_intercom_look,
    at_best=_intercom_at_best,
    unit="conversations",
)

# --- surveymonkey -----------------------------------------------------------------------------------------


def _surveymonkey_look(company: surveymonkey_emulator.Company) -> Held:
    by_survey = Counter(one.survey for one in company.responses.values())
    return {"responses": by_survey, "messages": len(company.messages)}


def _surveymonkey_at_best(before: Held | None, now: Held) -> Counter[str]:
    known = before or {"responses": Counter()}
    least = Counter(
        {"/v3/surveys/*/responses/bulk": sum(
            pages(now["responses"][key] - known["responses"][key], 100) for key in (CONTACT, RELATION)
        )}
    )  # fmt: skip
    least["/v3/surveys/*/details"] = sum(
        now["responses"][key] > known["responses"][key] for key in (CONTACT, RELATION)
    )
    if before is None:  # afterwards once a day
        least["/v3/surveys/*/collectors"] = 2
        least["/v3/collectors/*/messages"] = pages(now["messages"], 1000)
        least["/v3/collectors/*/messages/*/recipients"] = now["messages"]
    return least


def _surveymonkey_change(company: surveymonkey_emulator.Company) -> None:
    for number in range(20):
        company.ask(1_000_000 + number, number % 5)
    company.now += HOURS * 3_600


SURVEYMONKEY = Account(
    tickets=1_000,
    make=lambda tickets: surveymonkey_emulator.Company.make(tickets=tickets, seed=1),
    serve=lambda company: surveymonkey_emulator.Emulator(company, cache=True),
    connector=lambda url: surveymonkey.SurveyMonkey.model_validate(
        {
            "url": url,
            "token": surveymonkey_emulator.TOKEN,
            "surveys": {**PLAN, "relation": {"id": RELATION, "questions": {NPS: "nps"}}},
            "leave_out": [PARTY],
            "invitation_requests": 1_000_000,
        }
    ),
    change=_surveymonkey_change,
    look=_surveymonkey_look,
    at_best=_surveymonkey_at_best,
    unit="invitations",
)

ACCOUNTS: Mapping[str, Account] = {
    "zendesk": ZENDESK, "edesk": EDESK, "livechat": LIVECHAT, "intercom": INTERCOM,
    "surveymonkey": SURVEYMONKEY,
}  # fmt: skip
