"""Answer: a body that was read whole, is JSON and holds records where they were declared."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from pydantic_core import from_json

from ..errors import BadResponse
from .failure import LATER, TryError

if TYPE_CHECKING:
    import httpx

_JSON = re.compile(r"(application|text)/(json|[\w.+-]+\+json)", re.IGNORECASE)
MISSING: Final = object()
_FAST_LEVELS = 201  # pydantic's reader gives up after so many


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back from one try, before anybody believed it. Header names are looked up in any case.

    `where` (method, path and host) and `media` (the content type) are fit for messages.
    """

    where: str
    url: httpx.URL
    status: int
    media: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """A good answer: the whole JSON, and the records at the declared path (none if no path was declared)."""

    status: int
    url: httpx.URL = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    json: Any = field(repr=False)
    items: list[Any] = field(repr=False)

    def at(self, path: str) -> Any:
        """Return the value at a dotted path of the JSON, None if it isn't there."""
        found = dig(self.json, path)
        return None if found is MISSING else found


def dig(value: Any, path: str) -> Any:
    """Return the value at a dotted path (an empty one is the value itself), or MISSING."""
    for name in path.split(".") if path else ():
        if not isinstance(value, Mapping) or name not in value:
            return MISSING
        value = value[name]
    return value


def read_answer(reply: Reply, items: str | None, max_depth: int) -> Answer:
    """Believe a 2xx reply or raise TryError (another try may do better) or BadResponse (none will)."""
    if not reply.body or reply.body.isspace():
        raise _unusable(reply, "an empty body")
    if not _JSON.fullmatch(reply.media):
        raise _unusable(reply, f"the content type {reply.media!r} instead of JSON")
    value = _read_fast(reply.body, max_depth)
    if value is MISSING:
        value = _parse(reply)
        if _deeper_than(value, max_depth):
            raise _too_deep(reply, max_depth)
    return Answer(
        reply.status, reply.url, reply.headers, value, [] if items is None else _records(reply, value, items)
    )


def _records(reply: Reply, value: Any, path: str) -> list[Any]:
    found = dig(value, path)
    name = f"{path!r}" if path else "the top level"
    if found is MISSING:
        raise _unusable(reply, f"no records: there is no {name} in it")
    if not isinstance(found, list):
        raise _unusable(reply, f"no list of records at {name}, but {type(found).__name__}")
    return found


def _read_fast(body: bytes, max_depth: int) -> Any:
    """Return the JSON if pydantic's reader takes it and it nests no deeper than allowed, else MISSING.

    A walk over the values would cost as much as reading them, so the reader's own limit is the cap.
    """
    if max_depth < _FAST_LEVELS or not _reader_is_capped():
        return MISSING
    try:
        return from_json(body)
    except ValueError:  # broken, too deep, or one of the oddities that the slow way has rules for
        return MISSING


@cache
def _reader_is_capped() -> bool:
    levels = _FAST_LEVELS + 1
    try:
        from_json(b"[" * levels + b"]" * levels)
    except ValueError:
        return True
    return False


def _parse(reply: Reply) -> Any:
    text = _decode(reply.body)
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise _unusable(reply, f"JSON that is cut or broken at character {error.pos}") from None
    except RecursionError:
        raise _too_deep(reply) from None
    except ValueError:
        # Python refuses integers of more than 4300 digits; as text they are the affair of one record.
        return json.loads(text, parse_int=_integer)


def _decode(body: bytes) -> str:
    """Read UTF-8 leniently: encoded surrogates stay, other bad bytes become U+FFFD."""
    body = body.removeprefix(b"\xef\xbb\xbf")
    try:
        return body.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return body.decode("utf-8", "replace")


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= 4300 else digits


def _deeper_than(value: Any, levels: int) -> bool:
    """Walk level by level: recursion is what a deep answer would break."""
    layer = [value]
    for _ in range(levels):
        layer = [
            child
            for node in layer
            for child in (node.values() if isinstance(node, dict) else node if isinstance(node, list) else ())
            if isinstance(child, dict | list)
        ]
        if not layer:
            return False
    return True


def _unusable(reply: Reply, reason: str) -> TryError:
    message = f"{reply.where} answered {reply.status} with {reason}."
    return TryError(BadResponse(message, LATER, status=reply.status, reason=reason))


def _too_deep(reply: Reply, levels: int | None = None) -> BadResponse:
    cap = f" (more than {levels} levels)" if levels is not None else ""
    return BadResponse(
        f"{reply.where} answered with JSON nested too deeply{cap}.", "Report it to the vendor."
    )
