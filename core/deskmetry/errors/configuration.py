"""Configuration: errors after which the user edits the configuration; nothing was read or written."""

from __future__ import annotations

from collections.abc import Iterable

from .base import DeskmetryError, ExitCode, nearest


class ConfigurationError(DeskmetryError):
    """The configuration file or a setting in it can't be used; nothing was read or written."""

    exit_code = ExitCode.USAGE
    code = "configuration"


class NoConfiguration(ConfigurationError):
    """There is no configuration file where one was looked for."""

    code = "no_configuration"

    def __init__(self, looked: Iterable[object]) -> None:
        places = ", ".join(str(place) for place in looked)
        super().__init__(
            f"No configuration found (looked for {places}).",
            "`deskmetry init` writes one; `--config FILE` names another.",
            looked=places,
        )


class UnknownSource(ConfigurationError):
    """A source was named that the configuration doesn't have."""

    code = "unknown_source"

    def __init__(self, name: str, known: Iterable[str]) -> None:
        known = sorted(known)
        super().__init__(
            f"There is no source {name!r}.{nearest(name, known)}",
            f"Configured sources: {', '.join(known) or 'none'}.",
            name=name,
            known=known,
        )


class UnknownConnector(ConfigurationError):
    """A source names a connector that no plugin brings."""

    code = "unknown_connector"

    def __init__(self, source: str, name: str, known: Iterable[str]) -> None:
        known = sorted(known)
        super().__init__(
            f"Source {source!r} wants the connector {name!r}, which no plugin brings.{nearest(name, known)}",
            f"Known connectors: {', '.join(known) or 'none'}. `deskmetry plugins` shows what failed to load.",
            source=source,
            name=name,
            known=known,
        )


class BadSyntax(ConfigurationError):
    """The configuration file isn't TOML."""

    code = "bad_syntax"

    def __init__(self, file: object, line: int, column: int, reason: str) -> None:
        super().__init__(
            f"{file} isn't valid TOML: {reason} (line {line}, column {column}).",
            "Mend that line; texts stand in quotes, a table's name in [brackets].",
            file=str(file),
            line=line,
            column=column,
        )


class BadSetting(ConfigurationError):
    """One setting can't be used; `key` is its dotted name, `file` where it stands."""

    code = "bad_setting"

    def __init__(self, file: object, key: str, reason: str, mend: str) -> None:
        super().__init__(f"{file}: {key}: {reason}.", mend, file=str(file), key=key, reason=reason)


class SecretMissing(ConfigurationError):
    """A secret can't be had from the place that the configuration names."""

    code = "secret_missing"

    def __init__(self, setting: str, place: str, hint: str) -> None:
        super().__init__(f"The secret {setting!r} can't be read from {place}.", hint, setting=setting)
