"""People: users, contacts and channels as agents, customers and brands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deskmetry.records import Agent, Brand, Customer
from deskmetry.records.kinds import AgentRole

from .values import flag

Row = Mapping[str, Any]


def agent(row: Row, bots: frozenset[str]) -> Agent:
    """Map a user, from the list or from a message."""
    role = AgentRole.ADMIN if str(row.get("role")).lower() == "admin" else AgentRole.AGENT
    return Agent(
        id=row["id"],
        name=row.get("name") or row.get("username"),
        email=row.get("email"),
        role=AgentRole.BOT if str(row["id"]) in bots else role,
        active=flag(row.get("active"), default=True),
    )


def customer(row: Row) -> Customer:
    """Map a contact."""
    return Customer(
        id=row["id"], name=row.get("full_name"), email=row.get("email"), phone=row.get("phone_number")
    )


def brand(row: Row) -> Brand:
    """Map a channel: to eDesk it is one shop on one marketplace, or one mailbox."""
    return Brand(id=row["id"], name=row.get("name") or row.get("type") or str(row["id"]))
