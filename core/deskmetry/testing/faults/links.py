"""Link faults: pages that repeat, links that lead in circles or to somebody else."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar
from urllib.parse import urlsplit

from ..values import Reply
from .player import Visit

_NEXT = re.compile(r"next|after|cursor", re.IGNORECASE)
_NONCE = re.compile(r"[?&]_=\d+$")
_LINK = re.compile(r'<([^>]*)>(\s*;\s*rel="?next"?)')


@dataclass(frozen=True, slots=True)
class RepeatedPage:
    """A page comes a second time in the place of the next one: a cache, or an offset that is ignored.

    Numbered pages that ignore their number never end; a client that doesn't compare reads for ever.
    """

    lasting: ClassVar[bool] = True

    def play(self, visit: Visit) -> Reply | None:
        """Answer what was answered first, from the second request on."""
        before: Reply | None = visit.memory.get(visit.request.path)
        if before is not None:
            return before
        honest = visit.honest()
        if honest.status == 200 and visit.rows(honest.json):
            visit.memory[visit.request.path] = honest
        return None


@dataclass(frozen=True, slots=True)
class LinkToItself:
    """The next link, or the next token, is that of the page itself. Airbyte and dlt read it for ever."""

    lasting: ClassVar[bool] = True

    def play(self, visit: Visit) -> Reply | None:
        """Lead the client to where it is."""
        itself = f"{visit.base}{visit.request.target}"
        given: set[str] = visit.memory.setdefault("given", set())
        own = next((text for text in _asked(visit) if text in given), None)

        def same(old: str) -> str | None:
            given.add(old)
            return itself if _is_address(old) else own

        return _relinked(visit, same)


@dataclass(frozen=True, slots=True)
class EmptyPages:
    """Pages come empty, each with a link to one more: a filter that the server applies after the paging.

    One empty page is no end: who stops at it loses the rest. An endless row of them must stop all the same.
    """

    lasting: ClassVar[bool] = True

    def play(self, visit: Visit) -> Reply | None:
        """Take the rows out, and link to the same page by an address that wasn't there before."""
        number = visit.memory["number"] = visit.memory.get("number", 0) + 1
        target = _NONCE.sub("", visit.request.target)
        again = f"{visit.base}{target}{'&' if '?' in target else '?'}_={number}"
        honest = visit.honest()
        rows = visit.rows(body := honest.json)
        rows.clear()
        empty = replace(honest, body=json.dumps(body).encode())
        return _relinked(visit, lambda old: again if _is_address(old) else None, empty)


@dataclass(frozen=True, slots=True)
class ForeignLink:
    """The next link names another host, which then gets the credentials of whoever follows it.

    Airbyte and dlt send their bearer token to any host that `next_page` names.
    """

    lasting: ClassVar[bool] = False

    def play(self, visit: Visit) -> Reply | None:
        """Lead the client away."""

        def away(old: str) -> str | None:
            parts = urlsplit(old)
            return f"{visit.other}{parts.path}?{parts.query}" if _is_address(old) else None

        return _relinked(visit, away)


@dataclass(frozen=True, slots=True)
class ForeignRedirect:
    """A redirect to another host: an account has moved, or somebody wants the credentials.

    HTTP clients that follow it drop `Authorization`, and forward headers such as X-Api-Key.
    """

    lasting: ClassVar[bool] = False
    status: int = 302

    def play(self, visit: Visit) -> Reply:
        """Redirect."""
        location = f"{visit.other}{visit.request.target}"
        return Reply.of({}, self.status, {"Location": location})


def _is_address(text: str) -> bool:
    return text.startswith(("http://", "https://", "/"))


def _asked(visit: Visit) -> list[str]:
    """Return the values that a request asks with: where a token of an earlier answer would be."""
    body = Reply(body=visit.request.body).json
    return [*visit.request.query.values(), *(holder[name] for holder, name in _places(body))]


def _relinked(visit: Visit, change: Callable[[str], str | None], honest: Reply | None = None) -> Reply | None:
    """Return the honest reply with its next links changed; None if it has none, or they are to stay."""
    honest = honest or visit.honest()
    header = honest.headers.get("Link", "")
    if found := _LINK.search(header):
        link = change(found.group(1))
        changed = header.replace(found.group(1), link) if link is not None else header
        return replace(honest, headers={**honest.headers, "Link": changed}) if link is not None else None
    body = honest.json
    rows = visit.rows(body)
    done = False
    for holder, name in _places(body, rows):
        link = change(holder[name])
        if link is not None:
            holder[name], done = link, True
    return replace(honest, body=json.dumps(body).encode()) if done else None


def _places(value: Any, rows: Any = None) -> Iterator[tuple[dict[str, Any], str]]:
    """Find the members that hold a next link or token: objects and their names, the rows left out."""
    if not isinstance(value, dict):
        return
    for name, inner in value.items():
        if isinstance(inner, dict) and inner is not rows:
            yield from _places(inner, rows)
        elif isinstance(inner, str) and inner and _NEXT.search(name):
            yield value, name
