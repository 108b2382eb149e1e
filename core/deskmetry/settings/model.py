"""Settings: what the configuration file says, with defaults, and where each value comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from .people import People

FILE_NAME = "deskmetry.toml"
DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Privacy:
    """How much of people is stored. `own` are the addresses that are nobody's but the company's."""

    bodies: str = field(default="keep", metadata={"doc": "Texts: keep, cut or drop them"})
    cut_after: int = field(default=500, metadata={"doc": "Characters of a text that `cut` keeps"})
    people: str = field(
        default="keep", metadata={"doc": "Names, addresses and numbers of customers: keep or hash them"}
    )
    own: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """One configured source: its connector, and the connector's settings as they stand in the file.

    `privacy` are the keys in which it differs from the privacy of all sources. `tickets` is the source whose
    tickets and agents its surveys are about, where that is another one.
    """

    connector: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    privacy: Mapping[str, Any] = field(default_factory=dict)
    tickets: str | None = None


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
    privacy: Privacy = field(
        default=Privacy(), metadata={"doc": "How much of people is stored: `bodies`, `cut_after`, `people`"}
    )
    people: People = field(
        default=People(),
        metadata={"doc": "What joins customers of all sources to one person, and what doesn't"},
    )
    sources: Mapping[str, SourceSettings] = field(
        default_factory=dict,
        metadata={"doc": "The sources by name, each with its `connector` and the connector's settings"},
    )
    file: Path | None = None
    folder: Path = field(default_factory=Path.cwd)
    origins: Mapping[str, str] = field(default_factory=dict)

    def privacy_of(self, name: str) -> Privacy:
        """Return how much of people is stored of a source, configured or not."""
        source = self.sources.get(name)
        if source is None:
            return self.privacy
        given = source.settings.get("addresses")
        own = tuple(text for text in given if isinstance(text, str)) if isinstance(given, list) else ()
        return replace(self.privacy, own=own, **source.privacy)

    def privacy_by_source(self) -> dict[str, Privacy]:
        """Return how much of people is stored of each configured source."""
        return {name: self.privacy_of(name) for name in self.sources}

    def tickets_by_source(self) -> dict[str, str | None]:
        """Return of each configured source which other one its surveys are about; None: its own tickets."""
        return {name: source.tickets for name, source in self.sources.items()}


KEYS = ("database", "timezone", "agents", "thin_sample", "targets", "privacy", "people", "sources")
"""The keys of the configuration file."""
AGENTS = ("shown", "hidden")
BODIES = ("keep", "cut", "drop")
PEOPLE = ("keep", "hash")
VARIABLES: Mapping[str, str] = MappingProxyType(
    {"database": "DESKMETRY_DATABASE", "timezone": "DESKMETRY_TIMEZONE"}
)
"""Keys that an environment variable overrides."""
