"""Described: what the user of a connector is told about its settings and its streams."""

from __future__ import annotations

import re

from ...settings.secret import is_secret
from ..bench import Bench
from ..dump import listed
from ..rule import Broken, Grade, rule

_SECRET_NAME = re.compile(r"token|secret|passw|pwd|credential|api_?key|private_?key", re.IGNORECASE)
_NO_SECRET = re.compile(r"_(url|file|path|name|id|lifetime)$")


@rule(Grade.BRONZE, "Secrets among the settings are typed as secrets", after=())
def secrets_are_typed(bench: Bench) -> None:
    """A `SecretStr` prints as `***` everywhere, and the configuration refuses to hold one."""
    fields = bench.connector.model_fields
    plain = [
        name
        for name, info in fields.items()
        if _SECRET_NAME.search(name) and not _NO_SECRET.search(name) and not is_secret(info.annotation)
    ]
    if plain:
        raise Broken(
            f"Settings that look like secrets are plain: {listed(plain)}", "Type them as `SecretStr`."
        )


@rule(Grade.SILVER, "Every setting says what it is and where to find it", after=())
def settings_are_described(bench: Bench) -> None:
    """`deskmetry connect` asks with these words."""
    lacking = [name for name, info in bench.connector.model_fields.items() if not info.description]
    if lacking:
        raise Broken(
            f"Settings without a description: {listed(lacking)}",
            "Give each a `Field(description=…)` that says what it is and where to find it.",
        )


@rule(Grade.GOLD, "The connector and each of its streams are documented", after=())
def streams_are_documented(bench: Bench) -> None:
    """The first line of a docstring is what lists of connectors and streams show."""
    cls = bench.connector
    lacking = [name for name in cls.streams() if not (getattr(cls, name).__doc__ or "").strip()]
    if "__doc__" not in vars(cls) or not (cls.__doc__ or "").strip():
        lacking.insert(0, cls.__name__)
    if lacking:
        raise Broken(f"No docstring: {listed(lacking)}", "Write one line each that says what is read.")


RULES = (secrets_are_typed, settings_are_described, streams_are_documented)
