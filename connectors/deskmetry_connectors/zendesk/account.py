"""Account: the address of a Zendesk account, and the credentials that open it."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Protocol
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr

from deskmetry.connector import Context
from deskmetry.errors import AuthenticationFailed, ConfigurationError, SourceError
from deskmetry.http.origin import Origin

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


class ClientCredentials:
    """An OAuth client that gets itself access tokens, which end after half an hour."""

    def __init__(
        self, url: str, client_id: str, secret: SecretStr, context: Context, policy: Policy | None = None
    ) -> None:
        self._url = url
        self._client_id = client_id
        self._secret = secret
        self._context = context
        self._policy = policy
        self._token: str | None = None

    def headers(self) -> Mapping[str, str]:
        """Return the access token as header; the first call asks for one."""
        if self._token is None:
            self._token = self._ask()
        return {"Authorization": f"Bearer {self._token}"}

    def renew(self) -> bool:
        """Ask for a new access token."""
        self._token = self._ask()
        return True

    def _ask(self) -> str:
        from deskmetry.http import HttpClient

        body = {
            "grant_type": "client_credentials",
            "client_id": self._client_id,
            "client_secret": self._secret.get_secret_value(),
            "scope": "read",
        }
        client = HttpClient(self._url, dict, self._context, policy=self._policy)
        try:
            token = client.post_json("/oauth/tokens", body).at("access_token")
        except SourceError as error:
            if error.data.get("status") not in {400, 401, 403}:
                raise
            token = None  # the vendor's words stay out: they might repeat the secret
        finally:
            client.close()
        if not isinstance(token, str) or not token:
            raise AuthenticationFailed(
                f"{self._url} gives the OAuth client {self._client_id!r} no token.",
                "Check `client_id` and `client_secret`, and that the client is confidential and may use "
                "the client credentials grant (Admin Center > Apps and integrations > OAuth clients).",
            )
        return token
