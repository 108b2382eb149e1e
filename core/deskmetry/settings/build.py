"""Building: from the settings of a source to its connector, faults named for whoever edits the file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ..errors import BadSetting, UnknownConnector, UnknownSource, nearest
from .model import Settings
from .secret import is_secret, resolve
from .state import StateFile

if TYPE_CHECKING:
    from pydantic import SecretStr

    from ..connector import Connector

MASK = "***"
_SHORTEST = 4  # characters of a secret that are masked in the words of others


def build_source(
    settings: Settings,
    name: str,
    connectors: Mapping[str, type[Connector]],
    *,
    environ: Mapping[str, str] = os.environ,
) -> Connector:
    """Return the connector of a source, with its secrets read and its name and folder attached.

    Raises UnknownSource, UnknownConnector, SecretMissing, or BadSetting, which names `sources.NAME.FIELD`,
    what is wrong and what the field is for.
    """
    if name not in settings.sources:
        raise UnknownSource(name, settings.sources)
    source = settings.sources[name]
    if source.connector not in connectors:
        raise UnknownConnector(name, source.connector, connectors)
    cls = connectors[source.connector]
    secrets = {
        field: resolve(settings.file, f"sources.{name}.{field}", value, settings.folder, environ)
        for field, value in source.settings.items()
        if field in cls.model_fields and is_secret(cls.model_fields[field].annotation)
    }
    from pydantic import ValidationError

    from ..connector import Context

    try:
        connector = cls.model_validate({**source.settings, **secrets})
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        raise _bad(settings, name, cls, faults, secrets.values()) from None
    keyrings = {
        (name, field): value["keyring"]
        for field, value in source.settings.items()
        if field in secrets and isinstance(value, Mapping) and "keyring" in value
    }
    memory = StateFile.beside(settings.database, keyrings)
    connector.attach(Context(source=name, folder=settings.folder, memory=memory))
    return connector


def _bad(
    settings: Settings,
    name: str,
    cls: type[Connector],
    faults: Iterable[Mapping[str, Any]],
    secrets: Iterable[SecretStr],
) -> BadSetting:
    """Put all faults into one error: the first one leads, so that one edit can mend them all."""
    described = [_describe(cls, fault) for fault in faults]
    field, reason, mend = described[0]
    for other, why, _ in described[1:]:
        reason += f"; {other or 'the source'}: {why}"
    for secret in secrets:
        # A connector's own check may repeat what it was given. One of few letters would riddle every word.
        if len(value := secret.get_secret_value()) >= _SHORTEST:
            reason = reason.replace(value, MASK)
    key = f"sources.{name}.{field}" if field else f"sources.{name}"
    return BadSetting(settings.file, key, reason, mend)


def _describe(cls: type[Connector], fault: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return field, what is wrong, and what to do, of one of pydantic's faults."""
    field = str(fault["loc"][0]) if fault["loc"] else ""
    path = ".".join(map(str, fault["loc"]))
    info = cls.model_fields.get(field)
    if info is None and field:
        known = sorted(cls.model_fields)
        mend = f"{nearest(field, known)} Settings: {', '.join(known)}."
        return path, f"the connector {cls.name!r} has no such setting", mend.strip()
    purpose = (
        f"{info.description}." if info is not None and info.description else "See the connector's settings."
    )
    if fault["type"] == "missing":
        return (
            path,
            "it is missing",
            _example(field, info is not None and is_secret(info.annotation), purpose),
        )
    return path, str(fault["msg"]).removeprefix("Value error, ").rstrip("."), purpose


def _example(field: str, secret: bool, purpose: str) -> str:
    value = '{ env = "…" }' if secret else '"…"'
    return f"Write {field} = {value}: {purpose}"
