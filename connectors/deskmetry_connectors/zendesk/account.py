"""Account: the address of a Zendesk account, and the credentials that open it."""

from __future__ import annotations

import base64
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Annotated, Protocol
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr

from deskmetry.connector import Context
from deskmetry.errors import AuthenticationFailed, ConfigurationError, SourceError
from deskmetry.http.origin import Origin

from .trouble import REAUTHORIZE

if TYPE_CHECKING:
    from deskmetry.http import Policy

_SUBDOMAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")
_HOST = re.compile(r"([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:]+\])(:\d+)?")


def account_url(value: str) -> str:
    """Return the address of an account: scheme and host only, whatever page of it was copied.

    A word without a dot is a subdomain of zendesk.com; a host without a scheme is https.
    """
    text = value.strip()
    if _SUBDOMAIN.fullmatch(text) and text.lower() != "localhost":
        text = f"https://{text.lower()}.zendesk.com"
    elif "://" not in text:
        text = f"https://{text}"
    try:
        parts = urlsplit(text)
        if not _HOST.fullmatch(parts.netloc.rpartition("@")[2]):
            raise ValueError("it isn't the address of a host, such as https://YOU.zendesk.com")
        origin = Origin.parse(f"{parts.scheme}://{parts.netloc}")
    except ConfigurationError as error:
        raise ValueError(str(error)) from None
    return origin.base.lower()


AccountUrl = Annotated[str, AfterValidator(account_url)]


class Credentials(Protocol):
    """Something that authenticates requests."""

    def headers(self) -> Mapping[str, str]:
        """Return the headers that authenticate a request."""

    def renew(self) -> bool:
        """Get new credentials after a 401; return whether there are any."""


class Fixed:
    """A header that never changes: a bearer token, or e-mail and API token."""

    def __init__(self, header: str) -> None:
        self._header = header

    @classmethod
    def bearer(cls, token: SecretStr) -> Fixed:
        """Return an OAuth access token as credentials."""
        return cls(f"Bearer {token.get_secret_value()}")

    @classmethod
    def api_token(cls, email: str, token: SecretStr) -> Fixed:
        """Return an agent's e-mail and an API token as credentials."""
        pair = f"{email}/token:{token.get_secret_value()}"
        return cls(f"Basic {base64.b64encode(pair.encode()).decode()}")

    def headers(self) -> Mapping[str, str]:
        """Return the header."""
        return {"Authorization": self._header}

    def renew(self) -> bool:
        """There is nothing to renew."""
        return False


class OAuthClient:
    """An OAuth client, which exchanges what it was given for tokens."""

    def __init__(
        self, url: str, client_id: str, secret: SecretStr, context: Context, policy: Policy | None = None
    ) -> None:
        self.url = url
        self.client_id = client_id
        self._secret = secret
        self._context = context
        self._policy = policy

    def tokens(self, **asked: str) -> Mapping[str, str]:
        """Return the tokens that the account gives for a grant, by name; none if it refuses."""
        from deskmetry.http import HttpClient

        secret = self._secret.get_secret_value()
        body = {"client_id": self.client_id, "client_secret": secret, "scope": "read"} | asked
        with (
            self._context.unbroken() as context,
            closing(HttpClient(self.url, dict, context, policy=self._policy)) as client,
        ):
            try:
                answer = client.post_json("/oauth/tokens", body)
            except SourceError as error:
                if error.data.get("status") not in {400, 401, 403}:
                    raise
                return {}  # the vendor's words stay out: they might repeat the secret
        found = {name: answer.at(name) for name in ("access_token", "refresh_token")}
        return {name: value for name, value in found.items() if isinstance(value, str) and value}


class _Renewed(ABC):
    """Credentials that are an access token, which the first request and every refusal ask for anew."""

    _token: str | None = None

    def headers(self) -> Mapping[str, str]:
        """Return the access token as header."""
        if self._token is None:
            self.renew()
        return {"Authorization": f"Bearer {self._token}"}

    @abstractmethod
    def renew(self) -> bool:
        """Ask for a new access token, and tell whether there is one."""


class ClientCredentials(_Renewed):
    """An OAuth client that gets itself access tokens, which end after half an hour."""

    def __init__(self, client: OAuthClient) -> None:
        self._client = client

    def renew(self) -> bool:
        """Ask for a new access token."""
        self._token = self._client.tokens(grant_type="client_credentials").get("access_token")
        if self._token is None:
            raise AuthenticationFailed(
                f"{self._client.url} gives the OAuth client {self._client.client_id!r} no token.",
                "Check `client_id` and `client_secret`, and that the client is confidential and may use "
                "the client credentials grant (Admin Center > Apps and integrations > OAuth clients).",
            )
        return True


Exchange = Callable[[str], tuple[str, str]]
"""Takes a refresh token; returns its successor and the access token that came with it."""


class RefreshToken(_Renewed):
    """A refresh token that is good for one exchange; its successor is on disk before anything is read.

    rotate: makes an exchange with the newest token there is, keeps the successor, and returns the access
    token that came with it.
    """

    def __init__(self, client: OAuthClient, rotate: Callable[[Exchange], str]) -> None:
        self._client = client
        self._rotate = rotate

    def renew(self) -> bool:
        """Exchange the refresh token for a new pair."""
        self._token = self._rotate(self._exchange)
        return True

    def _exchange(self, token: str) -> tuple[str, str]:
        got = self._client.tokens(grant_type="refresh_token", refresh_token=token)
        if not {"access_token", "refresh_token"} <= got.keys():
            raise AuthenticationFailed(
                f"{self._client.url} doesn't take the refresh token: it was used, revoked, or has ended.",
                REAUTHORIZE,
            )
        return got["refresh_token"], got["access_token"]
