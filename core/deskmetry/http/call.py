"""Call: one request as it is meant, before it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

from .policy import Prior

if TYPE_CHECKING:
    import httpx


@dataclass(frozen=True, slots=True)
class Call:
    """One request: where to, with what, and where the records of its answer lie.

    items: dotted path of the list of records, None if the answer holds none.
    shrinkable: the caller asks for less when the server finds the page too big.
    prior: the limit that is assumed until the vendor says something of limits.
    """

    method: str
    url: httpx.URL
    body: Any = None
    items: str | None = None
    shrinkable: bool = False
    prior: Prior | None = None


def plain(value: Any) -> Any:
    """Return a parameter as it is sent: instants as ISO text in UTC, nested values likewise."""
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("an instant in a parameter must be an aware datetime")
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def plain_parameters(params: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the parameters as they are sent, without those that are None."""
    return {name: plain(value) for name, value in (params or {}).items() if value is not None}
