"""Trouble: what a refusal by eDesk means, in words that say what to do."""

from __future__ import annotations

from deskmetry.errors import AuthenticationFailed, PermissionMissing, SourceError

_NEW_ONE = (
    "Tokens of eDesk end after 90 days, unless made otherwise, and no program can renew them. An admin "
    "makes a new one at https://dashboard.edesk.com/api-token (read-only is enough); put it "
    "where the old one is kept."
)
_PLAN = (
    "The API takes a plan that has it (Professional or Enterprise; eDesk's pages disagree) and a token "
    "whose type may read this."
)


def explained(error: SourceError, url: str) -> SourceError:
    """Return the error with what it means at eDesk; the same one where it says all there is to say."""
    status, words = error.data.get("status"), error.data.get("words")
    said = f" ({words})" if words else ""
    data = dict(error.data)
    if isinstance(error, AuthenticationFailed) and status == 401:
        return AuthenticationFailed(f"{url} refuses the token{said}.", _NEW_ONE, **data)
    if isinstance(error, PermissionMissing) and status == 403:
        return PermissionMissing(f"{url} doesn't let this token read what is needed{said}.", _PLAN, **data)
    return error
