"""Explanation: every setting with its value and where that comes from, as `config show` prints it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from .build import MASK
from .model import DEFAULT, KEYS, Settings, SourceSettings
from .people import SETTINGS
from .secret import is_place, is_secret, place_name

if TYPE_CHECKING:
    from ..connector import Connector

_SECRET_WORDS = re.compile(r"token|secret|passw|passphrase|credential|api_?key|private|auth", re.IGNORECASE)
_USER_INFO = re.compile(r"(?<=://)[^/@\s]+@")


def explain(
    settings: Settings, connectors: Mapping[str, type[Connector]] | None = None
) -> list[tuple[str, str, str]]:
    """Return key, value and origin of each setting; secrets are `***`, with the place they are read from.

    With the connector classes at hand, a field is a secret if its type says so; by its name it is one anyway,
    so that a secret which somebody wrote into the file isn't shown either.
    """
    rows: list[tuple[str, str, str]] = []
    for key in KEYS:
        if key == "sources":
            for name, source in settings.sources.items():
                rows += _source(settings, name, source, connectors or {})
        elif key == "targets":
            origin = settings.origins.get(key, DEFAULT)
            rows += [
                (f"{key}.{metric}", _shown(target), origin) for metric, target in settings.targets.items()
            ]
        elif key == "privacy":
            origin, privacy = settings.origins.get(key, DEFAULT), settings.privacy
            names = ("bodies", "cut_after", "people")
            rows += [(f"{key}.{name}", _shown(getattr(privacy, name)), origin) for name in names]
        elif key == "people":
            origin = settings.origins.get(key, DEFAULT)
            rows += [(f"{key}.{name}", _shown(getattr(settings.people, name)), origin) for name in SETTINGS]
        else:
            rows.append((key, _shown(getattr(settings, key)), settings.origins.get(key, DEFAULT)))
    return rows


def _source(
    settings: Settings, name: str, source: SourceSettings, connectors: Mapping[str, type[Connector]]
) -> list[tuple[str, str, str]]:
    origin = settings.origins.get("sources", DEFAULT)
    cls = connectors.get(source.connector)
    rows = [(f"sources.{name}.connector", source.connector, origin)]
    rows += [(f"sources.{name}.tickets", source.tickets, origin)] if source.tickets is not None else []
    for field, value in source.settings.items():
        info = cls.model_fields.get(field) if cls is not None else None
        secret = _SECRET_WORDS.search(field) or (info is not None and is_secret(info.annotation))
        key = f"sources.{name}.{field}"
        if is_place(value):
            rows.append((key, MASK, f"{origin}, from {place_name(value)}"))
        else:
            rows.append((key, MASK if secret else _shown(value), origin))
    rows += [
        (f"sources.{name}.privacy.{field}", _shown(value), origin) for field, value in source.privacy.items()
    ]
    return rows


def _shown(value: Any) -> str:
    if isinstance(value, Mapping | list | tuple):
        text = json.dumps(_masked(value), ensure_ascii=False, default=str)
    else:
        text = value.isoformat() if isinstance(value, date) else str(value)
    return _USER_INFO.sub(f"{MASK}@", text)


def _masked(value: Any) -> Any:
    if isinstance(value, Mapping):
        if is_place(value):
            return MASK
        return {key: MASK if _SECRET_WORDS.search(key) else _masked(item) for key, item in value.items()}
    return [_masked(item) for item in value] if isinstance(value, list | tuple) else value
