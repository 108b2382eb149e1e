"""Trouble: what a refusal of SurveyMonkey means, in words that say what to do."""

from __future__ import annotations

from typing import Any

from deskmetry.errors import AuthenticationFailed, PermissionMissing, SourceError

_SCOPES = (
    "The app needs the scopes View Surveys and View Response Details (a paid plan), and View Collectors for "
    "invitations: developer.surveymonkey.com > My Apps > Settings; then make a new access token."
)


def explained(error: SourceError, url: str) -> SourceError:
    """Return the error with what it means at SurveyMonkey; the same one where it says all there is to say."""
    words = str(error.data.get("words") or "")
    said = f" ({words})" if words else ""
    data: dict[str, Any] = dict(error.data)
    if isinstance(error, AuthenticationFailed):
        return AuthenticationFailed(
            f"{url} refuses the access token{said}.",
            "Copy it again from developer.surveymonkey.com > My Apps > Settings. Drafts end after 90 days.",
            **data,
        )
    if isinstance(error, PermissionMissing):
        if "region" in words.casefold():
            return PermissionMissing(
                f"{url} isn't the data centre of this account{said}.",
                'Set `url` to "us", "eu" or "ca", whichever the account is in.',
                **data,
            )
        plan = " The account's plan doesn't include it." if "required plan" in words.casefold() else ""
        return PermissionMissing(
            f"{url} doesn't let this app read what is needed{said}.{plan}", _SCOPES, **data
        )
    return error
