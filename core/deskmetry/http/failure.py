"""Failure: what a failed try means, and whether another try may mend it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from ..errors import AuthenticationFailed, BadResponse, PermissionMissing, SourceError, TryLater, Unreachable

if TYPE_CHECKING:
    import httpx

LATER = "What was committed stays; sync again later."
_THROTTLED = {420, 429}
_AGAIN = {408, 425}
_TITLES = re.compile(r"<title[^>]*>([^<]*)", re.IGNORECASE)


class TryError(Exception):
    """One try failed in a way that another may mend; `error` is raised once no try is left.

    `throttled`: the server asked us to wait; the limiter knows for how long, and the try doesn't count.
    """

    def __init__(self, error: SourceError, *, throttled: bool = False) -> None:
        super().__init__(error.message)
        self.error = error
        self.throttled = throttled


class TooMuch(TryLater):
    """The page that was asked for is too big for the server (504); a smaller one may do."""


def is_throttled(status: int, retry_after: str | None) -> bool:
    """Tell whether an answer asks us to wait: 429 always, 503 if it says for how long."""
    return status in _THROTTLED or (status == 503 and retry_after is not None)


def judge(
    status: int, where: str, words: str, *, throttled: bool, shrinkable: bool
) -> SourceError | TryError:
    """Return what an answer that isn't 2xx means: TryError for what may pass, else the fitting SourceError.

    where: method, path and host, for the message. words: the vendor's own explanation, already redacted.
    shrinkable: a 504 is TooMuch, not tried again, because the caller can ask for less.
    """
    said = f"{where} answered {status}{f' ({words})' if words else ''}."
    data: dict[str, Any] = {"status": status, "words": words}
    if throttled:
        return TryError(TryLater(said, LATER, **data), throttled=True)
    if status == 504 and shrinkable:
        return TooMuch(said, LATER, **data)
    if status >= 500 or status in _AGAIN:
        return TryError(TryLater(said, LATER, **data))
    return _final(status, said, data)


def _final(status: int, said: str, data: dict[str, Any]) -> SourceError:
    if status == 401:
        return AuthenticationFailed(
            said, "Check the secret in the configuration: it may be wrong or expired.", **data
        )
    if status == 403:
        return PermissionMissing(
            said, "The credentials may not read this: check their role, scopes and plan.", **data
        )
    if status in {404, 410}:
        return Unreachable(said, "Check the `url` of the source, and whether the plan has this.", **data)
    return SourceError(said, "The request isn't taken as it is; report it to the connector's author.", **data)


def vendor_words(body: bytes) -> str:
    """Return what an error answer says in words, out of the usual JSON envelopes, a title or a short text."""
    text = body.decode("utf-8", "replace").strip()
    try:
        return "; ".join(dict.fromkeys(_sentences(json.loads(text))))
    except (ValueError, RecursionError):
        if text.startswith("<"):
            title = _TITLES.search(text)
            return title.group(1).strip() if title else ""
        return text


def _sentences(value: Any, depth: int = 0) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, list) and depth < 4:
        return [sentence for item in value[:3] for sentence in _sentences(item, depth + 1)]
    if isinstance(value, dict) and depth < 4:
        names = ("error", "errors", "code", "title", "message", "description", "detail", "details")
        return [
            sentence for name in names if name in value for sentence in _sentences(value[name], depth + 1)
        ]
    return []


def broken(error: httpx.HTTPError, where: str, host: str, *, reading: bool) -> TryError | SourceError:
    """Return what an error of the transport means; reading: the headers had come already."""
    import httpx

    if isinstance(error, httpx.ConnectError | httpx.ProxyError):
        return _not_connected(error, host)
    if isinstance(error, httpx.TimeoutException):
        what = "connecting to it" if isinstance(error, httpx.ConnectTimeout) else "its whole answer"
        return TryError(TryLater(f"{where} took too long: no time was left for {what}.", LATER))
    if isinstance(error, httpx.DecodingError):
        return TryError(BadResponse(f"{where} sent a body that can't be decompressed.", LATER))
    if reading and isinstance(error, httpx.RemoteProtocolError):
        return TryError(BadResponse(f"{where} sent less than it had announced.", LATER))
    if isinstance(error, httpx.NetworkError | httpx.RemoteProtocolError):
        return TryError(TryLater(f"{where} broke off: the connection was closed or reset.", LATER))
    return SourceError(
        f"{where} can't be sent ({type(error).__name__}).", "Report it to the connector's author."
    )


def _not_connected(error: httpx.HTTPError, host: str) -> TryError | SourceError:
    import socket
    import ssl

    import httpx

    cause = _cause(error)
    if isinstance(cause, ssl.SSLCertVerificationError):
        # Trying again mends no certificate.
        return Unreachable(
            f"TLS: the certificate of {host} isn't trusted ({cause.verify_message}).",
            "Check the address and the clock; SSL_CERT_FILE names the certificates of a company's own proxy.",
        )
    if isinstance(error, httpx.ProxyError):
        reason, hint = f"The proxy doesn't connect to {host}.", "Check HTTPS_PROXY and NO_PROXY."
    elif isinstance(cause, ssl.SSLError):
        reason, hint = f"TLS: no secure connection to {host} can be made.", "Check the address and its port."
    elif isinstance(cause, socket.gaierror):
        reason, hint = f"DNS: the name {host} can't be resolved.", "Check the address, and the network."
    elif isinstance(cause, ConnectionRefusedError):
        reason, hint = f"{host} refused the connection.", "Check the address and its port."
    else:
        reason, hint = f"No connection to {host} can be made.", "Check the address, and the network."
    return TryError(Unreachable(reason, hint))


def _cause(error: BaseException) -> BaseException:
    """Return the operating system's error at the bottom of a chain."""
    seen: BaseException = error
    while (below := seen.__cause__ or seen.__context__) is not None:
        seen = below
    return seen
