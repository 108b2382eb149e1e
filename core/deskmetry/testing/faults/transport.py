"""Transport faults: answers that fail, break off or aren't what they say."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from email.utils import format_datetime
from typing import ClassVar, Literal

from ..values import Ending, Reply
from .player import Visit

_HTML = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><h1>Maintenance</h1></body></html>"
_CREDENTIALS = re.compile(r"auth|key|token|secret|cookie|session", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RateLimited:
    """The server answers 429 and, mostly, how long to wait: `after` seconds, as a number or as a date.

    Vendors write either form; some write none (`after=None`), and after an abuse a ban of days. A client that
    guesses a shorter wait is locked out for longer; one that obeys a ban in silence hangs for days.
    """

    lasting: ClassVar[bool] = False
    after: float | None = 2
    form: Literal["seconds", "date"] = "seconds"

    def play(self, visit: Visit) -> Reply:
        """Answer 429."""
        headers = {}
        if self.after is not None:
            until = visit.now + timedelta(seconds=self.after)
            headers["Retry-After"] = (
                str(round(self.after)) if self.form == "seconds" else format_datetime(until, usegmt=True)
            )
        return Reply.of({"error": "rate limit exceeded"}, 429, headers)


@dataclass(frozen=True, slots=True)
class ServerError:
    """The server, or what stands before it, answers 500, 502, 503 or 504 with a page of HTML.

    Deployments and overload do this for seconds or minutes; a sync that gives up at the first one never ends
    a long backfill.
    """

    lasting: ClassVar[bool] = False
    status: int = 500

    def play(self, _visit: Visit) -> Reply:
        """Answer with the status."""
        return Reply(self.status, {"Content-Type": "text/html"}, _HTML)


@dataclass(frozen=True, slots=True)
class TooBig:
    """Pages of more than `above` rows time out with a 504, each time they are asked for; smaller ones don't.

    Large tickets make large pages. A client that repeats the same request never gets by; it has to ask for
    less, where the vendor lets it.
    """

    lasting: ClassVar[bool] = True
    above: int = 2
    status: int = 504

    def play(self, visit: Visit) -> Reply | None:
        """Answer 504 if the honest page has too many rows."""
        large = len(visit.rows(visit.honest().json)) > self.above
        return ServerError(self.status).play(visit) if large else None


@dataclass(frozen=True, slots=True)
class Reset:
    """The connection is reset before a byte of the answer: load balancers do it when they change."""

    lasting: ClassVar[bool] = False

    def play(self, visit: Visit) -> Reply:
        """Reset."""
        return replace(visit.honest(), ending=Ending.RESET)


@dataclass(frozen=True, slots=True)
class ShortBody:
    """Half of the announced body comes, then the connection is closed.

    It shows only while the body is read: a client that retries the sending alone fails here for good.
    """

    lasting: ClassVar[bool] = False

    def play(self, visit: Visit) -> Reply:
        """Send half."""
        return replace(visit.honest(), ending=Ending.SHORT)


@dataclass(frozen=True, slots=True)
class CutJson:
    """A whole answer with status 200 whose JSON ends in the middle: a proxy timed out and said nothing.

    Airbyte's Python CDK takes it for "no records", reports success and never reads the rest.
    """

    lasting: ClassVar[bool] = False

    def play(self, visit: Visit) -> Reply:
        """Send the first half as if it were all."""
        honest = visit.honest()
        return replace(honest, body=honest.body[: max(len(honest.body) // 2, 1)])


@dataclass(frozen=True, slots=True)
class HtmlPage:
    """A page of HTML with status 200: maintenance, a login form, a captive portal.

    Airbyte's Python CDK takes it for "no records", reports success and never reads the rest.
    """

    lasting: ClassVar[bool] = False

    def play(self, _visit: Visit) -> Reply:
        """Send HTML."""
        return Reply(200, {"Content-Type": "text/html; charset=utf-8"}, _HTML)


@dataclass(frozen=True, slots=True)
class EmptyBody:
    """Status 200, the right content type, and nothing: an application server died while it answered."""

    lasting: ClassVar[bool] = False

    def play(self, visit: Visit) -> Reply:
        """Send nothing."""
        return replace(visit.honest(), body=b"")


@dataclass(frozen=True, slots=True)
class NoRecords:
    """Status 200 and JSON without the rows: an error envelope that some gateways send with status 200."""

    lasting: ClassVar[bool] = False

    def play(self, _visit: Visit) -> Reply:
        """Send the envelope."""
        return Reply.of({"error": {"code": "backend_unavailable", "message": "Try again later."}})


@dataclass(frozen=True, slots=True)
class WrongType:
    """The right JSON under the content type of a text: it isn't to be trusted, whatever it holds."""

    lasting: ClassVar[bool] = False

    def play(self, visit: Visit) -> Reply:
        """Send the honest body under a wrong name."""
        honest = visit.honest()
        return replace(honest, headers={**honest.headers, "Content-Type": "text/plain"})


@dataclass(frozen=True, slots=True)
class TokenExpired:
    """The access token ends in the middle of a sync: 401 for it from then on, while a renewed one is good.

    Tokens of OAuth live for an hour or less, backfills for days. `forever`: no other token is good either,
    as when a person revokes the access.
    """

    lasting: ClassVar[bool] = True
    forever: bool = False

    def play(self, visit: Visit) -> Reply | None:
        """Answer 401 to the credentials that came first."""
        mine = {
            f"{name.lower()}: {text}"
            for name, text in visit.request.headers.items()
            if _CREDENTIALS.search(name)
        }
        if not self.forever:
            refused = visit.memory.setdefault("refused", mine) if mine else set()
            if not mine or mine != refused:
                return None
        return Reply.of({"error": "the token has expired"}, 401)


@dataclass(frozen=True, slots=True)
class Forbidden:
    """Status 403: the plan or the role doesn't have this. Order it with a `path`; it lasts.

    One list that the plan doesn't have must not end the sync of the others, and not be taken for empty.
    """

    lasting: ClassVar[bool] = True

    def play(self, _visit: Visit) -> Reply:
        """Answer 403."""
        return Reply.of({"error": "this needs a higher plan"}, 403)


@dataclass(frozen=True, slots=True)
class SlowDrip:
    """The answer comes byte by byte, `pause` seconds apart: timeouts that begin anew at each never fire."""

    lasting: ClassVar[bool] = False
    pause: float = 0.001

    def play(self, visit: Visit) -> Reply:
        """Send the honest reply slowly."""
        return replace(visit.honest(), ending=Ending.DRIP, pause=self.pause)
