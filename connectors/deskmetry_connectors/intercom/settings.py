"""Settings: what `intercom` must be told, and how it opens the workspace."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, SecretStr

from deskmetry.connector import Connector, source_address
from deskmetry.errors import AuthenticationFailed, SourceError

from ..email.duration import Duration

VERSION = "2.14"
"""Sent with each request, so that a new default of the app changes no shapes here."""
HOSTS: Mapping[str, str] = {
    "us": "https://api.intercom.io",
    "eu": "https://api.eu.intercom.io",
    "au": "https://api.au.intercom.io",
}
APPS: Mapping[str, str] = {
    HOSTS["us"]: "https://app.intercom.com",
    HOSTS["eu"]: "https://app.eu.intercom.com",
    HOSTS["au"]: "https://app.au.intercom.com",
}
Part = Literal["contacts", "teams"]
_LARGEST_PAGE = 150


def region_url(value: str) -> str:
    """Return the address of a region's API: `us`, `eu`, `au`, or the address itself."""
    text = value.strip().lower().rstrip("/")
    found = HOSTS.get(text, text)
    if found in APPS:
        return found
    address = source_address(found)
    if not address.startswith("http://"):  # http is taken for loopback addresses only
        raise ValueError(f"Intercom answers at {', '.join(APPS)}: give us, eu or au")
    return address


class IntercomSettings(Connector):
    """The settings of an Intercom workspace."""

    credentials: ClassVar[tuple[tuple[str, ...], ...]] = (("token",),)
    emulator: ClassVar[str | None] = "deskmetry_connectors.intercom.emulator.told:serve"

    url: Annotated[str, AfterValidator(region_url)] = Field(
        HOSTS["us"], description="Region of the workspace: us, eu or au (or the address of its API)"
    )
    workspace: str = Field(
        min_length=1,
        pattern=r"^[A-Za-z0-9_-]+$",
        description="Id of the workspace: the word after /apps/ or /inbox/ in the address of its web app",
    )
    token: SecretStr = Field(
        description="Access token: Developer Hub > your app > Configure > Authentication. It needs to read "
        "conversations, contacts (users and leads), admins and teams"
    )
    page_size: int = Field(
        _LARGEST_PAGE,
        ge=1,
        le=_LARGEST_PAGE,
        description="Records asked for at once in searches, at most 150",
    )
    snoozed: Literal["on_hold", "pending"] = Field(
        "on_hold",
        description="What a snoozed conversation counts as: on_hold (the customer waits) or pending (we wait "
        "for the customer)",
    )
    lag: Duration = Field(
        timedelta(minutes=1), description="How long after a change the search may not show it yet"
    )
    contacts_every: Duration = Field(
        timedelta(hours=1),
        description="How often contacts are read: their search knows whole days only, so that each reading "
        "costs all who changed in the last days",
    )
    skip: list[Part] = Field(
        default_factory=list, description="Streams not to be read: contacts, teams. Who wrote is known anyway"
    )

    def headers(self) -> Mapping[str, str]:
        """Return the headers that authenticate a request and fix the version of the answers."""
        return {
            "Authorization": f"Bearer {self.token.get_secret_value()}",
            "Intercom-Version": VERSION,
        }

    def account(self) -> str:
        """Return region and workspace: a region's address is the same for all workspaces."""
        return f"{self.url}/{self.workspace}"

    def link(self, conversation: str) -> str | None:
        """Return where people open a conversation; None for an emulator."""
        app = APPS.get(self.url)
        return f"{app}/a/inbox/{self.workspace}/inbox/conversation/{conversation}" if app else None

    def check(self) -> str:
        """Ask who we are, and for one conversation."""
        try:
            answer = self.http.get_json("/me")
            found, name = answer.at("app.id_code"), answer.at("app.name")
            query = {"field": "updated_at", "operator": ">", "value": 0}
            self.http.post_json(
                "/conversations/search",
                {"query": query, "pagination": {"per_page": 1}},
                items="conversations",
            )
        except SourceError as error:
            raise self.explain(error) from error.__cause__
        if found != self.workspace:
            raise SourceError(
                f"The token belongs to the workspace {found!r} ({name}), not to {self.workspace!r}.",
                "Correct `workspace`, or use a token of that workspace.",
            )
        return f"{self.url}: {name} ({found}) as {answer.at('name')}"

    def explain(self, error: SourceError) -> SourceError:
        """Return refused credentials with what to do about them."""
        if not isinstance(error, AuthenticationFailed):
            return error
        return AuthenticationFailed(
            f"{self.url} refuses the token.",
            "Check the token (Developer Hub > your app > Authentication) and the region in `url`: a token of "
            "another region is refused as well.",
            **dict(error.data),
        )
