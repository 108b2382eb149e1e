"""Settings: what `livechat` must be told, and the headers that authenticate it."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar, Self

from pydantic import Field, SecretStr, model_validator

from deskmetry.connector import Address, Connector
from deskmetry.errors import SourceError

from .chats import Taste
from .trouble import explained
from .windows import Tiers


class LiveChatSettings(Connector):
    """The settings of a LiveChat account and the credentials made from them."""

    credentials: ClassVar[tuple[tuple[str, ...], ...]] = (("account_id", "pat"), ("token",))
    emulator: ClassVar[str | None] = "deskmetry_connectors.livechat.emulator.told:serve"

    account_id: str | None = Field(
        None,
        description="Account ID that is shown beside a personal access token: platform.text.com/console > "
        "Settings > Authorization > Personal Access Tokens. With `token` it only tells accounts apart",
    )
    pat: SecretStr | None = Field(
        None, description="Personal access token with the scope chats--all:ro; the same page makes it"
    )
    token: SecretStr | None = Field(
        None, description="OAuth access token with the scope chats--all:ro, got by a flow of your own"
    )
    region: str | None = Field(
        None,
        pattern=r"^[a-z0-9-]+$",
        description="Data centre of the account, sent as X-Region: fra is Europe; not sent if not given",
    )
    url: Address = Field("https://api.livechatinc.com", description="Address of the API")
    version: str = Field(
        "v3.6", pattern=r"^v3\.\d+$", description="Version of the API; v3.6 is what is known"
    )
    page_size: int = Field(100, ge=1, le=100, description="Threads asked for at once, at most 100")
    recheck_days: int = Field(
        2, ge=1, le=31, description="Days back that each sync reads again, for late ratings and tags"
    )
    recheck_days_daily: int = Field(7, ge=1, le=62, description="Days back that are read again once a day")
    recheck_days_weekly: int = Field(
        31,
        ge=1,
        le=366,
        description="Days back that are read again once a week; sales come up to 30 days late",
    )
    running: int = Field(
        200, ge=0, le=2000, description="Running chats read in full by one sync, a request each; 0 for none"
    )
    bots: list[str] = Field(
        default_factory=list, description="Ids of agents that are programs, besides those that LiveChat lists"
    )
    channels: dict[str, str] = Field(
        default_factory=dict,
        description="Names of channels by the customer_client_id of an integration: { 0805e2 = 'whatsapp' }",
    )
    spam_tag: str | None = Field("spam", description="Tag that marks a chat as spam; empty for none")
    form_types: list[str] = Field(
        default_factory=list,
        description="Types of form fields with free text, besides question and textarea: what is written "
        "there before a chat counts as the customer's message",
    )
    orders: bool = Field(
        False,
        description="Keep orders that a shop reports into chats as orders too. They are only those made in "
        "chats, and their amounts may hold taxes: leave it off where the shop itself is a source",
    )
    link: str | None = Field(
        "https://my.livechatinc.com/archives/{thread}",
        description="Address of a thread in LiveChat, with {thread} for its id",
    )

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        if (self.pat is None) == (self.token is None):
            raise ValueError("give either `account_id` and `pat`, or `token`")
        if self.pat is not None and not self.account_id:
            raise ValueError("`pat` goes with the `account_id` that is shown beside it")
        return self

    def headers(self) -> Mapping[str, str]:
        """Return the headers that authenticate a request and name the data centre."""
        region = {"X-Region": self.region} if self.region else {}
        if self.pat is not None:
            pair = f"{self.account_id}:{self.pat.get_secret_value()}"
            return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"} | region
        return {**super().headers(), **region}

    def account(self) -> str:
        """Return the account by its id, since all accounts have one address; else the name of the source."""
        return f"{self.url}/{self.account_id or f'source:{self.context.source}'}"

    def explain(self, error: SourceError) -> SourceError:
        """Return an error with what it means at LiveChat."""
        return explained(error, self._way)

    @property
    def _way(self) -> str:
        return "account_id" if self.pat is not None else "token"

    @property
    def _tiers(self) -> Tiers:
        days = (self.recheck_days, self.recheck_days_daily, self.recheck_days_weekly)
        return Tiers(*(timedelta(days=each) for each in days))

    @property
    def _taste(self) -> Taste:
        return Taste(self.channels, self.link, self.spam_tag or None, frozenset(self.form_types), self.orders)
