"""Settings: what the configuration file says, with defaults, and where each value comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

FILE_NAME = "deskmetry.toml"
DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """One configured source: its connector, and the connector's settings as they stand in the file."""

    connector: str
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Settings:
    """The configuration. `file` is where it was read from (None: there is none), `folder` where paths start.

    `origins` says of each dotted key where its value comes from: the file, a variable or `default`.
    """

    database: Path = field(
        metadata={"doc": "The SQLite file; a relative path starts at the configuration file"}
    )
    timezone: str = field(default="UTC", metadata={"doc": "IANA zone in which days, weeks and months begin"})
    agents: str = field(
        default="shown", metadata={"doc": "`hidden` leaves the names of agents out of answers"}
    )
    thin_sample: int = field(
        default=30, metadata={"doc": "Answers from fewer items than this are marked as thin; 0 marks none"}
    )
    targets: Mapping[str, int | float | str] = field(
        default_factory=dict,
        metadata={"doc": "A target for a metric: a number, or a duration as `4h`; not used in answers yet"},
    )
    sources: Mapping[str, SourceSettings] = field(
        default_factory=dict,
        metadata={"doc": "The sources by name, each with its `connector` and the connector's settings"},
    )
    file: Path | None = None
    folder: Path = field(default_factory=Path.cwd)
    origins: Mapping[str, str] = field(default_factory=dict)


KEYS = ("database", "timezone", "agents", "thin_sample", "targets", "sources")
"""The keys of the configuration file."""
AGENTS = ("shown", "hidden")
VARIABLES: Mapping[str, str] = MappingProxyType(
    {"database": "DESKMETRY_DATABASE", "timezone": "DESKMETRY_TIMEZONE"}
)
"""Keys that an environment variable overrides."""
