"""Told: an emulated account from a story that somebody else tells, as plain data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from .company import Company, Json
from .server import Emulator

_ROLES = {"admin": "administrator", "agent": "normal"}


@contextmanager
def serve(story: Mapping[str, Any], port: int = 0) -> Iterator[str]:
    """Serve an account on loopback while the `with` lasts; yields its address.

    story: `token` that opens it; `now`; `teams` (id, name); `people` (id, name, email, role customer, agent,
    admin or bot; phone of customers; `left` of agents whom the list doesn't have any more); `chats` (id,
    customer, began, team, updates, and any of: page, referrer, tags, queued in seconds, channel
    offline_message or messaging, greeting, resolved where an AI agent solved it, ended, and how, the system
    message that says so). An update is what happened `at` an instant: `say` with `by` and any of `public` and
    `welcome`; or `assign`; or `rate` (0 or 1) with `comment`; or `order` with `id`, `total` and `currency`.
    Instants are Unix seconds, ids of agents e-mail addresses. Raises OSError if the port is taken.
    """
    with Emulator(account(story), port=port, token=story["token"]) as server:
        yield server.url


def account(story: Mapping[str, Any]) -> Company:
    """Return the account that a story tells of."""
    company = Company(now=_at(story["now"]))
    company.groups = [
        {"id": row["id"], "name": row["name"], "language_code": "en", "routing_status": "offline"}
        for row in story["teams"]
    ]
    people = {row["id"]: row for row in story["people"]}
    for row in people.values():
        _join(company, row)
    for row in story["chats"]:
        _chat(company, row, people)
    return company


def _at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _join(company: Company, row: Json) -> None:
    role = row["role"]
    if role == "bot":
        company.bots.append({"id": row["id"], "name": row["name"]})
    elif role in _ROLES and row.get("left") is None:
        company.agents.append(
            {"id": row["id"], "name": row["name"], "role": _ROLES[role], "suspended": False, "groups": []}
        )


def _chat(company: Company, row: Json, people: Mapping[str, Json]) -> None:
    thread = company.open(_customer(people[row["customer"]]), _at(row["began"]), row["team"])
    del company.threads[thread.id]
    thread.id = str(row["id"])
    company.threads[thread.id] = thread
    for name, key in (("page", "start_url"), ("referrer", "referrer")):
        thread.properties["routing"].pop(key)
        if row.get(name) is not None:
            thread.put("routing", key, row[name])
    thread.tags, thread.queued = list(row.get("tags", ())), row.get("queued")
    if row.get("channel") in ("offline_message", "messaging"):
        thread.put(
            "routing", "continuous" if row["channel"] == "messaging" else "offline_message", value=True
        )
    if row.get("greeting") is not None:
        thread.put("lc2", "greeting_id", row["greeting"])
    if row.get("resolved"):
        thread.put("chats", "resolved", value=True)
    ended = row.get("ended")
    updates = sorted(row["updates"], key=lambda update: float(update["at"]))
    for update in [one for one in updates if ended is None or one["at"] <= ended]:
        _update(company, thread, update)
    if ended is not None:
        company.end(thread, _at(ended), row.get("how", "manual_archived_agent"))
    for update in [one for one in updates if ended is not None and one["at"] > ended]:
        _update(company, thread, update)


def _customer(row: Json) -> Json:
    known = {"id": row["id"], "name": row["name"], "email": row["email"], "phone_number": row.get("phone")}
    return {name: value for name, value in known.items() if value is not None}


def _update(company: Company, thread: Any, update: Json) -> None:
    at = _at(update["at"])
    if "assign" in update:
        company.assign(thread, update["assign"], at)
    elif "rate" in update:
        company.rate(thread, update["rate"], at, update.get("comment"))
    elif "order" in update:
        order = update["order"]
        company.sell(thread, at, order["total"], order["currency"], order["id"])
    else:
        who = update["by"]
        if who != thread.customer["id"] and who not in thread.agents:
            thread.agents.append(who)
        more: Json = {} if update.get("public", True) else {"visibility": "agents"}
        if update.get("welcome"):
            more["properties"] = {"lc2": {"welcome_message": True}}
        company.say(thread, who, at, update["say"], **more)
