"""Trouble: what a refusal at the door of a Zendesk account means, in words that say what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deskmetry.errors import AuthenticationFailed, BadResponse, PermissionMissing, SourceError, Unreachable

_ADDRESS = "Check `url`: it is the account's own address, https://YOU.zendesk.com."
_ROLE = "Exports are for administrators: use the credentials of one. An OAuth token needs the scope `read`."
RETIRED = (
    "Zendesk retires API tokens: no new ones from 2026-10-27 (new accounts: 2026-07-28), unused ones end "
    "after 30 days, and all of them on 2027-04-30"
)
REAUTHORIZE = (
    "Let an administrator go through the authorization code flow once more and put the refresh token that "
    "comes out into `refresh_token`. Nothing else may use that one: each is good for one exchange. Check "
    "`client_id` and `client_secret` too."
)
WAYS: Mapping[str, str] = {
    "token": "Make a new access token with the scope `read`; or use an OAuth client (`client_id`, "
    "`client_secret`), which renews its tokens by itself.",
    "client_id": "Check `client_id` and `client_secret`, and that the user behind the client is active.",
    "refresh_token": f"Check that the user behind it is active. {REAUTHORIZE}",
    "email": f"Check `email` and `api_token`. {RETIRED}.",
}
"""What to do about refused credentials, by the setting that names the way in."""


def explained(error: SourceError, url: str, way: str, *, first: bool) -> SourceError:
    """Return the error with what it means at Zendesk; the same one where it says all there is to say.

    way: the setting that names the credentials, a key of WAYS. first: nothing of the account was ever read in
    this run, so that the address itself may be wrong.
    """
    status, words = error.data.get("status"), error.data.get("words")
    said = f" ({words})" if words else ""
    data: dict[str, Any] = dict(error.data)
    if isinstance(error, AuthenticationFailed) and status == 401:
        return AuthenticationFailed(f"{url} refuses the credentials{said}.", WAYS[way], **data)
    if isinstance(error, PermissionMissing) and status == 403:
        return PermissionMissing(
            f"{url} doesn't let these credentials read what is needed{said}.", _ROLE, **data
        )
    if first and isinstance(error, Unreachable) and status in {404, 410}:
        return Unreachable(f"There is no Zendesk account at {url}{said}.", _ADDRESS, **data)
    if first and isinstance(error, BadResponse) and status == 200:
        reason = data.get("reason") or error.message
        return BadResponse(
            f"{url} doesn't answer as Zendesk does, but with {reason}.",
            f"{_ADDRESS} If it used to work, sync again later.",
            **data,
        )
    return error
