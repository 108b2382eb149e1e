"""Settings: what `edesk` must be told, and how it opens the account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field, SecretStr

from deskmetry.connector import Address, Connector
from deskmetry.errors import BadResponse, SourceError

from .reading import listing, single
from .trouble import explained

ADDRESS = "https://api.edesk.com/v1"
_BEARER = "bearer "


class EdeskSettings(Connector):
    """The settings of an eDesk account."""

    credentials: ClassVar[tuple[tuple[str, ...], ...]] = (("token",),)

    emulator: ClassVar[str | None] = "deskmetry_connectors.edesk.emulator.told:serve"

    url: Address = Field(ADDRESS, description="Address of the API")
    token: SecretStr = Field(
        description="API token: an admin makes it at https://dashboard.edesk.com/api-token; read-only will do"
    )
    company: str | None = Field(
        None,
        description="A name of your own for the account; needed for a second one, since all have one address",
    )
    zone_overlap: int = Field(
        1,
        ge=0,
        le=2,
        description="Days read again on both sides, as eDesk's filters count days in a zone that it doesn't "
        "tell; 0 if the account's zone is UTC",
    )
    rescan_days: int = Field(
        14,
        ge=0,
        le=365,
        description="Once a day, tickets with messages of so many days are looked at again for changes of "
        "status, owner and tags; 0 for none",
    )
    page_size: int = Field(100, ge=1, le=100, description="Rows asked for at once")
    skip: list[Literal["tags", "orders", "contacts"]] = Field(
        default_factory=list, description="What isn't to be read: tags (their names), orders, contacts"
    )
    tags_cap: int = Field(
        2_000, ge=0, description="Tags read at most: some accounts list every use of a tag as one"
    )
    replies: list[str] = Field(
        default=["Message", "ExternalMessage"],
        description="Kinds of items that are messages: of the customer if incoming, of an agent if outgoing",
    )
    automatic: list[str] = Field(
        default=["AutoReply"], description="Kinds of items that a program sent, which answer nothing"
    )
    answering: list[str] = Field(
        default=["AiAutoReplyHandsFree"], description="Kinds of items by which an AI answers customers itself"
    )
    bots: list[int] = Field(
        default_factory=list, description="Ids of users who are programs; what they write is no human reply"
    )
    rating_scale: int | None = Field(
        None, ge=2, le=100, description="Highest score of ratings that come as a number alone, if you know it"
    )
    archived: Literal["closed", "deleted"] = Field(
        "closed",
        description="What archived tickets are; eDesk archives what is deleted, and perhaps more than that",
    )

    def headers(self) -> Mapping[str, str]:
        """Return the header that authenticates a request; the token may have been copied with `Bearer `."""
        token = self.token.get_secret_value().strip()
        if token.lower().startswith(_BEARER):
            token = token[len(_BEARER) :].strip()
        return {"Authorization": f"Bearer {token}"}

    def account(self) -> str:
        """Return what tells this account from others; all have the same address, so `company` does."""
        return f"{self.url}#{self.company}" if self.company else self.url

    def explain(self, error: SourceError) -> SourceError:
        """Return a refusal with what it means at eDesk."""
        return explained(error, self.url)

    def check(self) -> str:
        """Ask who we are, and for one ticket."""
        try:
            return self._checked()
        except SourceError as error:
            raise self.explain(error) from error.__cause__

    def _checked(self) -> str:
        who = single(self.http, "whoami")
        if who is None:
            raise BadResponse(f"There is no eDesk API at {self.url}.", f"Check `url`; it is {ADDRESS}.")
        page = next(listing(self.http, "tickets", None, 1))
        inner = who.get("user")
        user: Mapping[str, Any] = inner if isinstance(inner, Mapping) else who
        name = next((user[key] for key in ("name", "email", "username") if user.get(key)), "an unnamed user")
        held = "its tickets can be read" if page.total is None else f"{page.total:,} tickets"
        return " ".join(f"{self.url} as {name}: {held}".split())
