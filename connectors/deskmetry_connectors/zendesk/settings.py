"""Settings: what `zendesk` must be told, and how it opens the account."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, PrivateAttr, SecretStr, model_validator

from deskmetry.connector import Connector, Context
from deskmetry.errors import AuthenticationFailed, PermissionMissing

from ..email.duration import Duration
from .account import AccountUrl, ClientCredentials, Credentials, Fixed

log = logging.getLogger(__name__)

_WAYS = "`token`, or `client_id` and `client_secret`, or `email` and `api_token`"
Part = Literal[
    "organizations",
    "brands",
    "ticket_fields",
    "custom_statuses",
    "satisfaction_ratings",
    "schedules",
    "sla_policies",
]


def _pattern(value: str) -> str:
    try:
        groups = re.compile(value).groups
    except re.error as error:
        raise ValueError(f"it isn't a regular expression: {error}") from None
    if groups != 1:
        raise ValueError("it must have one group, for the number of the ticket")
    return value


class ZendeskSettings(Connector):
    """The settings of a Zendesk account and the credentials made from them."""

    credentials: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("token",),
        ("client_id", "client_secret"),
        ("email", "api_token"),
    )

    url: AccountUrl = Field(
        description="Address of the account, https://YOU.zendesk.com; YOU alone, or a host, will do"
    )
    token: SecretStr | None = Field(None, description="OAuth access token of an administrator")
    client_id: str | None = Field(
        None,
        description="Identifier of an OAuth client: Admin Center > Apps and integrations > OAuth clients",
    )
    client_secret: SecretStr | None = Field(None, description="Secret of that OAuth client")
    email: str | None = Field(None, description="E-mail of the administrator that `api_token` is used for")
    api_token: SecretStr | None = Field(
        None, description="API token: Admin Center > Apps and integrations > Zendesk API. Ends on 2027-04-30"
    )
    page_size: int = Field(
        1000, ge=1, le=1000, description="Records asked for at once in exports, at most 1000"
    )
    skip: list[Part] = Field(default_factory=list, description="Streams not to be read")
    merge_tag: str = Field("closed_by_merge", description="Tag by which a merged ticket is known")
    merge_comment: Annotated[str, AfterValidator(_pattern)] = Field(
        r"merged into request #(\d+)",
        description="Regular expression that finds the ticket merged into in the comment that a merge leaves",
    )
    sideloads: list[str] = Field(
        default=["metric_sets", "users"],
        description="What tickets bring along: metric_sets (its own metrics), users (to name former agents)",
    )
    bots: list[int] = Field(
        default_factory=list, description="Ids of users who are programs; what they write is no human reply"
    )
    rating_overlap: Duration = Field(
        timedelta(hours=1), description="How far back ratings are read again, for those changed late"
    )

    _opened: Credentials | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        given = {name for way in self.credentials for name in way if getattr(self, name) is not None}
        if given not in [set(way) for way in self.credentials]:
            raise ValueError(f"give exactly one of: {_WAYS}")
        return self

    # --- who asks ------------------------------------------------------------------------------------

    def headers(self) -> Mapping[str, str]:
        """Return the header that authenticates a request."""
        if self._opened is None:
            self._opened = self._open()
        return self._opened.headers()

    def refresh(self) -> bool:
        """Renew the access token of an OAuth client; other credentials can't be renewed."""
        return self._opened is not None and self._opened.renew()

    def _open(self) -> Credentials:
        if self.token is not None:
            return Fixed.bearer(self.token)
        if self.client_id is not None and self.client_secret is not None:
            return ClientCredentials(self.url, self.client_id, self.client_secret, self.context)
        if self.email is None or self.api_token is None:
            raise TypeError(f"no credentials: {_WAYS}")
        log.warning(
            "%s: Zendesk ends API tokens on 2027-04-30; make an OAuth client in time.", self.context.source
        )
        return Fixed.api_token(self.email, self.api_token)

    def attach(self, context: Context) -> None:
        """Lend the engine's context for a run, which opens the account anew."""
        super().attach(context)
        self._opened = None

    def check(self) -> str:
        """Ask who we are. Zendesk answers strangers too, as `anonymous`: that isn't a success."""
        user = self.http.get_json("/api/v2/users/me.json").at("user")
        if not isinstance(user, Mapping) or user.get("id") is None:
            raise AuthenticationFailed(
                f"{self.url} doesn't know these credentials and answers as to an anonymous visitor.",
                f"Check {_WAYS}; a token may be revoked or of another account.",
            )
        if user.get("role") != "admin":
            raise PermissionMissing(
                f"{user.get('name')} is {user.get('role')} at {self.url}; exports are for administrators.",
                "Use the credentials of an administrator.",
            )
        return f"{self.url} as {user.get('name')} ({user.get('role')})"
