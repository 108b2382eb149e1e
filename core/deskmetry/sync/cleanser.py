"""Cleanser: takes a connector's secrets out of everything that it says, before anybody keeps or shows it."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

from pydantic import BaseModel, SecretStr

from ..connector import Connector, Page, Rejected
from ..errors import DeskmetryError, SourceError
from ..http.redaction import forms_of, redact
from ..records.base import clean_text
from .quarantine import quarantined

log = logging.getLogger("deskmetry.sync")
E = TypeVar("E", bound=DeskmetryError)
_LOOKED_AT = timedelta(seconds=3)  # longer than this, a check doesn't wait before it tries again
_TRIES = 2  # of a request of a check, for the same reason
_DEEPEST = 8  # levels of settings within settings


class Cleanser:
    """Masks the secrets of one connector, plain, URL-encoded and in base64, also where its author forgot to.

    Its secrets are looked up each time: some are renewed while it runs. What it says is rarely looked at.
    """

    def __init__(self, connector: Connector) -> None:
        self._connector = connector

    def text(self, text: str) -> str:
        """Return the text without secrets."""
        return redact(text, forms_of(_secrets(self._connector)))

    def traceback(self, error: BaseException) -> str:
        """Return the traceback of an exception and its causes, fit for any log: no secrets, encodable."""
        return str(clean_text(self.text("".join(traceback.format_exception(error)))))

    def error(self, error: E) -> E:
        """Take the secrets out of an error, of what it carries, and return it."""
        error.message, error.hint = self.text(error.message), self.text(error.hint)
        error.args = (error.message,)
        error.data = {
            name: self.text(value) if isinstance(value, str) else value for name, value in error.data.items()
        }
        return error

    def page(self, page: Page) -> Page:
        """Return the page, its bad records without secrets; the good ones are the vendor's own words."""
        if not page.rejected:
            return page
        return replace(page, rejected=[self._rejected(one) for one in page.rejected])

    def _rejected(self, rejected: Rejected) -> Rejected:
        raw, _ = quarantined(rejected.raw)
        cleansed = self.text(raw)
        return replace(
            rejected,
            reason=self.text(rejected.reason),
            key=None if rejected.key is None else self.text(rejected.key),
            raw=rejected.raw if cleansed == raw else cleansed,  # what is clean stays as it came
        )


def checked(connector: Connector) -> str:
    """Have a connector check itself; raise a DeskmetryError, without secrets, whatever its code raises.

    Somebody looks on, so a failing server gets a few seconds, not the minutes that a sync gives it.
    """
    cleanser, context = Cleanser(connector), connector.context
    patience, context.max_wait = context.max_wait, min(context.max_wait, _LOOKED_AT)
    tries, context.tries = context.tries, _TRIES
    try:
        return cleanser.text(connector.check())
    except DeskmetryError as error:
        raise cleanser.error(error) from None
    except Exception as error:
        reason = f"The connector {connector.name!r} failed: {type(error).__name__}: {error}".rstrip(".")
        log.debug("connector failed\n%s", cleanser.traceback(error))
        hint = "Report it to the connector's author; `deskmetry --verbose check` shows more."
        fault = SourceError(f"{reason}.", hint)
        raise cleanser.error(fault) from None
    finally:
        context.max_wait, context.tries = patience, tries


def _secrets(value: object, depth: int = 0) -> Iterator[str]:
    """Yield every secret that a connector, or a setting within it, holds."""
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif depth > _DEEPEST:
        return
    elif isinstance(value, BaseModel):
        for inner in (vars(value), value.__pydantic_private__ or {}):
            for item in inner.values():
                yield from _secrets(item, depth + 1)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _secrets(item, depth + 1)
    elif isinstance(value, list | tuple | set | frozenset):
        for item in value:
            yield from _secrets(item, depth + 1)
