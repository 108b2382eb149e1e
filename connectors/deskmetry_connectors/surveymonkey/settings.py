"""Settings: what `surveymonkey` must be told, which surveys count above all."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator

from deskmetry.connector import Connector, source_address

from ..email.duration import Duration
from .answers import Places
from .plan import SurveyPlan, VendorId, fingerprint

CENTRES: Mapping[str, str] = {
    "us": "https://api.surveymonkey.com",
    "eu": "https://api.eu.surveymonkey.com",
    "ca": "https://api.surveymonkey.ca",
}


def _address(value: Any) -> Any:
    return CENTRES.get(value.strip().casefold(), value) if isinstance(value, str) else value


def _origin(value: str) -> str:
    return source_address(value.rstrip("/").removesuffix("/v3"))


class SurveyMonkeySettings(Connector):
    """The settings of a SurveyMonkey account: the way in, and what its surveys measure."""

    credentials: ClassVar[tuple[tuple[str, ...], ...]] = (("token",),)
    emulator: ClassVar[str | None] = "deskmetry_connectors.surveymonkey.emulator.told:serve"

    token: SecretStr = Field(
        description="Access token of a private app: developer.surveymonkey.com > My Apps > Settings"
    )
    url: Annotated[str, BeforeValidator(_address), AfterValidator(_origin)] = Field(
        CENTRES["us"], description="Data centre of the account: us, eu, ca, or the address of its API"
    )
    account_name: str | None = Field(
        None, description="A name of your own for the account, where several sources read several accounts"
    )
    surveys: dict[str, SurveyPlan] = Field(
        default_factory=dict,
        description="Surveys that count, by a name of your own; `deskmetry check` prints them to be copied",
    )
    leave_out: list[VendorId] = Field(
        default_factory=list, description="Ids of surveys that measure nothing here, not to be told of again"
    )
    ticket: str | None = Field(
        None,
        description="Custom variable that holds the ticket's number; or custom_value, or question:ID",
    )
    agent: str | None = Field(None, description="Custom variable that holds the agent's id in the helpdesk")
    customer: str | None = Field(None, description="Custom variable that holds a customer number of your own")
    email: str | None = Field(None, description="Custom variable that holds the customer's e-mail address")
    partial: bool = Field(
        True, description="Whether answers count of somebody who didn't go on to the survey's end"
    )
    page_size: int = Field(100, ge=1, le=100, description="Responses asked for at once, at most 100")
    overlap: Duration = Field(
        timedelta(minutes=30), description="How far back responses are read again, for those that show late"
    )
    invitations: bool = Field(
        True, description="Whether sent invitations are read, without which there is no response rate"
    )
    invitations_every: Duration = Field(
        timedelta(days=1), description="How often invitations and the list of surveys are read"
    )
    invitations_overlap: Duration = Field(
        timedelta(days=2), description="How far back invitations are read again, for those still on their way"
    )
    invited: list[str] = Field(
        default=["sent", "opened", "link_clicked"],
        description="Words of a recipient's mail_status that say that the invitation went out",
    )
    invitation_requests: int = Field(
        100, ge=1, description="Messages whose recipients one run reads at most; the rest waits for the next"
    )

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        ids = [survey.id for survey in self.surveys.values()]
        twice = next((key for key in ids if ids.count(key) > 1), None)
        if twice is not None:
            raise ValueError(f"the survey {twice} stands twice in `surveys`; put its questions together")
        return self

    def account(self) -> str:
        """Return what tells this account from others; the address is the same for all of them."""
        return f"{self.url}#{self.account_name}" if self.account_name else self.url

    def places(self, survey: SurveyPlan) -> Places:
        """Return where responses of a survey name ticket, agent, customer and e-mail address."""
        return Places(
            survey.ticket or self.ticket,
            survey.agent or self.agent,
            survey.customer or self.customer,
            survey.email or self.email,
        )

    def plan_of(self, key: object) -> tuple[str, SurveyPlan]:
        """Return name and plan of a survey by its id; ValueError if it isn't mapped."""
        for name, survey in self.surveys.items():
            if survey.id == str(key):
                return name, survey
        raise ValueError(f"the survey {key} isn't in `surveys`")

    def mark_of(self, name: str) -> str:
        """Return what changes when responses of a survey must be read again."""
        survey = self.surveys[name]
        places = self.places(survey)
        told = {"ticket": places.ticket, "agent": places.agent, "customer": places.customer}
        return fingerprint(name, survey, told | {"email": places.email}, self.partial)
