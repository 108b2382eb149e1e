"""Plan: which question of which survey measures what, as the settings say it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from deskmetry.records.base import to_id, to_json
from deskmetry.records.kinds import SurveyKind

VendorId = Annotated[str, BeforeValidator(to_id)]
Way = Literal["weight", "number", "first_best", "last_best"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class QuestionPlan(_Part):
    """What one question measures; in the settings its kind alone, as a text, says the most."""

    kind: SurveyKind = Field(description="csat, nps, ces, quality, self_service, relationship or review")
    aspect: str | None = Field(None, description="What of it, for quality: tone, helpfulness, speed, …")
    rows: Mapping[str, str] = Field(
        default_factory=dict,
        description="Rows of a matrix by id or words, with their aspects; all rows, by their words, if empty",
    )
    score: Way | Mapping[str, float] | None = Field(
        None,
        description="Where the points are: weight, number (in the choice's words), first_best, last_best, or "
        "a table of choices by id or words",
    )
    scale: tuple[float, float] | None = Field(
        None, description="Lowest and highest score; those of the choices if not given"
    )
    comment: str | None = Field(None, description="Id of the question whose text is the comment")

    @model_validator(mode="before")
    @classmethod
    def _kind_alone(cls, value: Any) -> Any:
        return {"kind": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if self.scale is not None and self.scale[0] >= self.scale[1]:
            raise ValueError("`scale` is [lowest, highest], the first below the second")
        return self


class SurveyPlan(_Part):
    """One survey that counts: its id, its questions, and where its responses name ticket and people."""

    id: VendorId = Field(description="Id of the survey, as `deskmetry check` lists it")
    questions: dict[str, QuestionPlan] = Field(
        default_factory=dict, description="What each question measures, by its id"
    )
    ticket: str | None = Field(None, description="As `ticket` of the source, for this survey alone")
    agent: str | None = Field(None, description="As `agent` of the source, for this survey alone")
    customer: str | None = Field(None, description="As `customer` of the source, for this survey alone")
    email: str | None = Field(None, description="As `email` of the source, for this survey alone")

    @model_validator(mode="after")
    def _something_counts(self) -> Self:
        if not self.questions:
            raise ValueError("name at least one question: `deskmetry check` lists them with their ids")
        return self

    def kinds(self) -> list[SurveyKind]:
        """Return what the survey measures, each kind once."""
        return sorted({question.kind for question in self.questions.values()})


def fingerprint(name: str, plan: SurveyPlan, places: Mapping[str, str | None], *more: object) -> str:
    """Return what changes when answers of the survey must be mapped anew, 12 characters."""
    told = to_json([name, plan.model_dump(mode="json"), dict(places), *more])
    return hashlib.blake2b(told.encode(), digest_size=6).hexdigest()
