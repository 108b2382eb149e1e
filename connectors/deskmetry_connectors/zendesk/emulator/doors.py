"""Doors: who may come in to an emulated account, and how its OAuth client gets tokens."""

from __future__ import annotations

import base64

from .company import Company
from .data import Json
from .faults import Faults
from .rows import user_row

TOKEN = "emulated-token"  # noqa: S105 - opens nothing but the emulator
CLIENT = ("emulated-client", "emulated-secret")
REFRESH = "emulated-refresh"
"""The first refresh token; each is good for one exchange, which ends the tokens of the one before."""
_REFUSED = "The provided authorization grant is invalid, expired, revoked, or was issued to another client."


class Doors:
    """Knows users by their credentials. `refresh` is the refresh token that is good now."""

    def __init__(self, company: Company, faults: Faults, token: str = TOKEN) -> None:
        self.refresh = REFRESH
        self._company = company
        self._faults = faults
        self._tokens: dict[str, int | None] = {token: None}
        self._made = 0
        self._last = ""

    def who(self, door: str) -> Json | None:
        """Return the user behind an Authorization header; None for a stranger."""
        kind, _, value = door.partition(" ")
        admin = next((user for user in self._company.users.values() if user.role == "admin"), None)
        if kind == "Basic":
            name, _, secret = base64.b64decode(value).decode().partition(":")
            known = {f"{user.email}/token": user for user in self._company.users.values()}
            return user_row(known[name]) if secret == TOKEN and name in known else None
        if kind != "Bearer" or value not in self._tokens or admin is None:
            return None
        left = self._tokens[value]
        if left is not None:
            if not left:
                return None
            self._tokens[value] = left - 1
        return user_row(admin)

    def exchange(self, asked: Json) -> tuple[Json, int]:
        """Return what `/oauth/tokens` answers, and its status."""
        grant = asked.get("grant_type")
        if (asked.get("client_id"), asked.get("client_secret")) != CLIENT or grant not in (
            "client_credentials",
            "refresh_token",
        ):
            return {"error": "invalid_client", "error_description": asked.get("client_secret")}, 401
        if grant == "client_credentials":
            return self._access(), 200
        if asked.get("refresh_token") != self.refresh:
            return {"error": "invalid_grant", "error_description": _REFUSED}, 400
        self._tokens.pop(self._last, None)
        pair = self._access()
        self._last, self.refresh = pair["access_token"], f"{REFRESH}-{self._made}"
        return pair | {"refresh_token": self.refresh, "refresh_token_expires_in": 2_592_000}, 200

    def _access(self) -> Json:
        self._made += 1
        token = f"{TOKEN}-{self._made}"
        self._tokens[token] = self._faults.expires
        return {"access_token": token, "token_type": "bearer", "scope": "read", "expires_in": 1800}
