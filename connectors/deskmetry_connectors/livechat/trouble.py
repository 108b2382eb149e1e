"""Trouble: what errors of LiveChat's servers mean, and what to do about them."""

from __future__ import annotations

from typing import Any

from deskmetry.errors import AuthenticationFailed, PermissionMissing, SourceError

_SCOPES = (
    "The token needs the scope chats--all:ro, and for names agents--all:ro, agents-bot--all:ro, "
    "groups--all:ro and tags--all:ro; scopes can't be changed afterwards, so make a new one."
)
_MISDIRECTED = 421


def explained(error: SourceError, way: str) -> SourceError:
    """Return the error with what it means at LiveChat; the same one where it says all there is to say.

    way: the first setting of the credentials.
    """
    status, words = error.data.get("status"), error.data.get("words")
    said = f" ({words})" if words else ""
    data: dict[str, Any] = dict(error.data)
    if isinstance(error, AuthenticationFailed) and status == 401:
        hint = (
            "Check `account_id` and `pat`: both stand beside each other where the token was made."
            if way == "account_id"
            else "The access token may have ended: make a new one, or use `account_id` and `pat`."
        )
        return AuthenticationFailed(f"LiveChat refuses the credentials{said}.", hint, **data)
    if isinstance(error, PermissionMissing) and status == 403:
        return PermissionMissing(
            f"LiveChat doesn't let these credentials read what is needed{said}.", _SCOPES, **data
        )
    if status == _MISDIRECTED or "wrong region" in str(words).lower():
        return SourceError(
            f"The account lives in another data centre{said}.",
            'Set `region`: "fra" for Europe, "dal" for the United States.',
            **data,
        )
    return error
