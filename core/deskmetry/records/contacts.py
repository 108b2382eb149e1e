"""Contacts: customers, agents, teams, brands and organizations."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from .base import Instant, OptionalId, Record, Reference, Sticky, Text
from .kinds import AgentRole


class Customer(Record):
    """A person who writes to support, as one source knows them."""

    table: ClassVar[str] = "customers"

    name: Text | None = Field(None, description="Name as the source shows it")
    email: Text | None = Field(None, description="E-mail address as the source has it")
    phone: Text | None = Field(None, description="Phone number as the source has it")
    country: Text | None = Field(None, description="ISO 3166 code or the vendor's own name of the country")
    language: Text | None = Field(None, description="BCP 47 tag or the vendor's own name of the language")
    segment: Text | None = Field(None, description="Customer segment, where the source has one")
    organization_id: Annotated[OptionalId, Reference("organizations")] = Field(
        None, description="Organization the customer belongs to"
    )
    created_at: Instant | None = Field(None, description="When the source first knew the customer")
    updated_at: Instant | None = Field(None, description="Last change in the source")
    deleted_at: Annotated[Instant | None, Sticky()] = Field(None, description="Tombstone; sticky")


class Agent(Record):
    """Somebody who answers for the company. Once an agent, always one: a row here is never taken back."""

    table: ClassVar[str] = "agents"

    name: Text | None = Field(None, description="Name as the source shows it")
    email: Text | None = Field(None, description="E-mail address; agents with the same one are one human")
    role: AgentRole = Field(AgentRole.AGENT, description="agent, admin, light_agent or bot")
    active: bool = Field(True, description="False once the source says that the agent left")
    team_id: Annotated[OptionalId, Reference("teams")] = Field(
        None, description="Default team, where the source has one"
    )
    created_at: Instant | None = Field(None, description="When the source first knew the agent")
    updated_at: Instant | None = Field(None, description="Last change in the source")


class Team(Record):
    """A group of agents that tickets are assigned to."""

    table: ClassVar[str] = "teams"

    name: Text = Field(description="Name as the source shows it")
    deleted_at: Annotated[Instant | None, Sticky()] = Field(None, description="Tombstone; sticky")


class Brand(Record):
    """A brand (shop, product line) that a ticket belongs to."""

    table: ClassVar[str] = "brands"

    name: Text = Field(description="Name as the source shows it")
    deleted_at: Annotated[Instant | None, Sticky()] = Field(None, description="Tombstone; sticky")


class Organization(Record):
    """A company or other group of customers."""

    table: ClassVar[str] = "organizations"

    name: Text = Field(description="Name as the source shows it")
    segment: Text | None = Field(
        None, description="Segment of its customers, where they have none of their own"
    )
    created_at: Instant | None = Field(None, description="When the source first knew it")
    deleted_at: Annotated[Instant | None, Sticky()] = Field(None, description="Tombstone; sticky")
