"""Settings: what `zendesk` must be told, and how it opens the account."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, PrivateAttr, SecretStr, model_validator

from deskmetry.connector import Connector, Context, Cursor, Page
from deskmetry.errors import AuthenticationFailed, PermissionMissing, SourceError, StreamSkipped
from deskmetry.records.kinds import GoalKind

from ..email.duration import Duration
from .account import AccountUrl, ClientCredentials, Credentials, Fixed, OAuthClient, RefreshToken
from .reading import TOO_RECENT
from .trouble import RETIRED, WAYS, explained

if TYPE_CHECKING:
    from deskmetry.http import HttpClient, Policy

log = logging.getLogger(__name__)

_WAYS = "`client_id` and `client_secret`, or both and `refresh_token`, or `token`, or `email` and `api_token`"
Part = Literal[
    "organizations",
    "brands",
    "ticket_fields",
    "ticket_forms",
    "custom_statuses",
    "satisfaction_ratings",
    "satisfaction_reasons",
    "survey_responses",
    "schedules",
    "sla_policies",
    "sla_events",
    "chats",
    "calls",
    "transcripts",
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
        ("client_id", "client_secret"),
        ("token",),
        ("email", "api_token"),
        ("client_id", "client_secret", "refresh_token"),
    )

    emulator: ClassVar[str | None] = "deskmetry_connectors.zendesk.emulator.told:serve"

    url: AccountUrl = Field(
        description="Address of the account, https://YOU.zendesk.com; YOU alone, or a host, will do"
    )
    token: SecretStr | None = Field(
        None,
        description="OAuth access token of an administrator with the scope `read`, got by a flow of your own",
    )
    client_id: str | None = Field(
        None,
        description="Identifier of an OAuth client: Admin Center > Apps and integrations > OAuth clients",
    )
    client_secret: SecretStr | None = Field(
        None, description="Secret of that OAuth client; the same page shows it when it is made"
    )
    refresh_token: SecretStr | None = Field(
        None,
        description="Refresh token that the authorization code flow of that OAuth client gave an "
        "administrator; it is good for one exchange, and each successor is kept",
    )
    email: str | None = Field(None, description="E-mail with which an administrator signs in to Zendesk")
    api_token: SecretStr | None = Field(
        None,
        description="API token: Admin Center > Apps and integrations > Zendesk API. All end on 2027-04-30",
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
    chat_token: SecretStr | None = Field(
        None, description="OAuth token for Zendesk Chat with the scopes `read chat`, where Chat wants its own"
    )
    chat_overlap: Duration = Field(
        timedelta(0), description="How far back chats are read again, beyond those that Chat says changed"
    )
    goals: dict[str, GoalKind] = Field(
        default_factory=dict, description="Kinds of Zendesk Chat's goals by name: sale, lead, subscription"
    )
    transcript_requests: int = Field(
        1000, ge=1, description="Requests a run may spend on transcripts of messaging, one or more a ticket"
    )

    survey_overlap: Duration = Field(
        timedelta(days=30),
        description="For how long after a survey was offered its response is read again, for late answers",
    )
    locale: str = Field(
        "en-us",
        pattern=r"^[A-Za-z-]+$",
        description="Language in which the choices of CSAT surveys are named",
    )

    _opened: Credentials | None = PrivateAttr(default=None)
    _policy: Policy | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        given = {name for way in self.credentials for name in way if getattr(self, name) is not None}
        if given not in [set(way) for way in self.credentials]:
            raise ValueError(f"give exactly one of: {_WAYS}")
        return self

    @property
    def bot_ids(self) -> frozenset[str]:
        """Ids of users who are programs, as text."""
        return frozenset(str(user) for user in self.bots)

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
            client = OAuthClient(self.url, self.client_id, self.client_secret, self.context, self._policy)
            if self.refresh_token is None:
                return ClientCredentials(client)
            return RefreshToken(client, lambda exchange: self.rotate("refresh_token", exchange))
        if self.email is None or self.api_token is None:
            raise TypeError(f"no credentials: {_WAYS}")
        log.warning("%s: %s. Make an OAuth client in time.", self.context.source, RETIRED)
        return Fixed.api_token(self.email, self.api_token)

    def attach(self, context: Context) -> None:
        """Lend the engine's context for a run, which opens the account anew."""
        super().attach(context)
        self._opened = self._policy = None

    def read(self, name: str, since: Cursor | None) -> Iterator[Page]:
        """Read one stream by name; what stops the first one is most often the address or the credentials."""
        try:
            yield from super().read(name, since)
        except StreamSkipped:
            raise
        except SourceError as error:
            raise self._explained(error, first=name == next(iter(self.streams()))) from error.__cause__

    def _explained(self, error: SourceError, *, first: bool) -> SourceError:
        return explained(error, self.url, self._way, first=first)

    @property
    def _way(self) -> str:
        """The setting that names the credentials that are given."""
        names = ("refresh_token", "client_id", "token", "email")
        return next(name for name in names if getattr(self, name) is not None)

    def check(self) -> str:
        """Ask who we are, and for a row of an export. Tries little: who waits for it is a person."""
        from deskmetry.http import HttpClient, Policy

        self._policy = Policy(tries=2)
        http = HttpClient(self.url, self.headers, self.context, refresh=self.refresh, policy=self._policy)
        try:
            return self._checked(http)
        except SourceError as error:
            raise self._explained(error, first=True) from error.__cause__
        finally:
            http.close()

    def _checked(self, http: HttpClient) -> str:
        """Return who we are. Zendesk answers strangers too, as `anonymous`: that isn't a success."""
        user = http.get_json("/api/v2/users/me.json").at("user")
        if not isinstance(user, Mapping) or user.get("id") is None:
            raise AuthenticationFailed(
                f"{self.url} doesn't know these credentials and answers as to an anonymous visitor.",
                f"They may be revoked, or of another account. {WAYS[self._way]}",
            )
        if user.get("role") != "admin":
            raise PermissionMissing(
                f"{user.get('name')} is {user.get('role')} at {self.url}; exports are for administrators.",
                "Use the credentials of an administrator.",
            )
        now = http.server_time or self.now()
        asked = {"start_time": int(now.timestamp()) - 2 * TOO_RECENT, "per_page": 1}
        # An administrator's token may lack the scope, and a plan the exports.
        http.get_json("/api/v2/incremental/tickets/cursor.json", asked, items="tickets")
        return f"{self.url} as {user.get('name')} ({user.get('role')})"
