"""SurveyMonkey: surveys and their answers over its API; a plugin that loads its class when asked for it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from deskmetry.plugins import hookimpl

if TYPE_CHECKING:
    from deskmetry.connector import Connector

    from .connector import SurveyMonkey

__all__ = ["SurveyMonkey", "register_connectors"]


@hookimpl
def register_connectors() -> Iterable[type[Connector]]:
    """Bring the connector `surveymonkey`."""
    from .connector import SurveyMonkey

    return [SurveyMonkey]


def __getattr__(name: str) -> type[Connector]:
    if name == "SurveyMonkey":
        from .connector import SurveyMonkey

        return SurveyMonkey
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
