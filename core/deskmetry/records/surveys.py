"""Surveys: what was asked of customers and what they answered."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from .base import Finite, Instant, OptionalId, Record, Reference, Sticky, Text
from .kinds import SurveyKind


class SurveyOffer(Record):
    """One survey offered to one customer."""

    table: ClassVar[str] = "survey_offers"

    kind: SurveyKind = Field(description="csat, nps, ces, quality, self_service, relationship or review")
    survey: Text | None = Field(None, description="Name or id of the survey")
    ticket_id: Annotated[OptionalId, Reference("tickets")] = Field(None, description="Ticket it is about")
    customer_id: Annotated[OptionalId, Reference("customers")] = Field(None, description="Customer asked")
    agent_id: Annotated[OptionalId, Reference("agents")] = Field(None, description="Agent it is about")
    offered_at: Instant = Field(description="When it was offered")


class SurveyAnswer(Record):
    """One answer. Of a ticket and survey the latest counts, earlier ones stay; without a ticket each."""

    table: ClassVar[str] = "survey_answers"

    kind: SurveyKind = Field(description="csat, nps, ces, quality, self_service, relationship or review")
    survey: Text | None = Field(None, description="Name or id of the survey")
    aspect: Text | None = Field(None, description="Quality surveys: tone, helpfulness, speed, …")
    ticket_id: Annotated[OptionalId, Reference("tickets")] = Field(None, description="Ticket it is about")
    customer_id: Annotated[OptionalId, Reference("customers")] = Field(
        None, description="Customer who answered"
    )
    agent_id: Annotated[OptionalId, Reference("agents")] = Field(None, description="Agent it is about")
    offered_at: Instant | None = Field(None, description="When it was offered")
    answered_at: Instant = Field(description="When it was answered")
    score: Finite | None = Field(None, description="Score on the survey's own scale")
    scale_min: Finite | None = Field(None, description="Lowest score of the scale")
    scale_max: Finite | None = Field(None, description="Highest score of the scale")
    label: Text | None = Field(None, description="Answer in the vendor's words (good, bad, …)")
    comment: Text | None = Field(None, description="What the customer wrote beside it")
    reason: Text | None = Field(None, description="Why, by the choices that the survey gave")
    superseded_by: Annotated[OptionalId, Sticky()] = Field(
        None, description="Later answer that counts instead"
    )
    deleted_at: Annotated[Instant | None, Sticky()] = Field(
        None, description="Tombstone: taken back or deleted there; it counts no longer"
    )
