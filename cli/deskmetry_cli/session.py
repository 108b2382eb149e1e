"""Session: what one call of the command line works with, made when it is first needed."""

from __future__ import annotations

import signal
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from deskmetry.errors import ConfigurationError, Locked, ReadOnly, UnknownSource

from .report import warn

if TYPE_CHECKING:
    from deskmetry.connector import Connector
    from deskmetry.plugins import Registry
    from deskmetry.settings import Settings


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let Ctrl-C end a long query at once; Python would wait until SQLite is done."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@dataclass
class Session:
    """The options before the command, and what follows from them: settings, plugins, connections."""

    config: Path | None = None
    plugin_files: Sequence[Path] = field(default=())
    built_in_only: bool = False
    verbose: bool = False
    resources: ExitStack = field(default_factory=ExitStack, repr=False)
    """What is given back when the command ends."""
    _served: set[str] = field(default_factory=set, repr=False)

    @cached_property
    def settings(self) -> Settings:
        """Return the configuration; NoConfiguration if there is none."""
        from deskmetry.settings import load

        return load(self.config)

    @cached_property
    def registry(self) -> Registry:
        """Return what the plugins bring; failures are told once on stderr."""
        from deskmetry.plugins import Registry

        folder = self._plugin_folder()
        return Registry.load(files=self.plugin_files, folder=folder, built_in_only=self.built_in_only)

    def _plugin_folder(self) -> Path | None:
        from deskmetry.settings import load

        try:
            file = load(self.config, required=False).file
        except ConfigurationError:
            return None  # the command itself will say what is wrong with it
        return file.parent / "plugins" if file else None

    def connectors(
        self, names: Sequence[str] = ()
    ) -> tuple[dict[str, Connector], dict[str, ConfigurationError]]:
        """Return the connectors of these sources, or of all, and what keeps the others from being made.

        Raises UnknownSource for a name that isn't configured, ConfigurationError if there is no source.
        """
        from deskmetry.settings import build_source

        settings = self.settings
        for name in names:
            if name not in settings.sources:
                raise UnknownSource(name, settings.sources)
        wanted = list(names) or list(settings.sources)
        if not wanted:
            raise ConfigurationError(
                f"{settings.file} has no source yet.",
                "Add a [sources.NAME] table; docs/connectors/mailbox.md shows one for a mailbox.",
            )
        known = self.registry.connectors()
        self.tell()
        made: dict[str, Connector] = {}
        faults: dict[str, ConfigurationError] = {}
        for name in wanted:
            try:
                connector = build_source(settings, name, known)
                self._serve(name, connector)
                made[name] = connector
            except ConfigurationError as error:
                faults[name] = error
        return made, faults

    def _serve(self, source: str, connector: Connector) -> None:
        """Serve the source itself until the command ends, if it is one that the demo made up."""
        from .demo.serving import is_made_up, served

        folder = self.settings.folder
        if source not in self._served and is_made_up(folder, source, connector):
            self._served.add(source)
            self.resources.enter_context(served(folder, source, connector))

    @contextmanager
    def reader(self, *, facts: bool = True) -> Iterator[sqlite3.Connection]:
        """Lend a read-only connection with the plugins' SQL functions, the facts (if wanted) up to date."""
        from deskmetry.store import open_reader, translated

        path = self.settings.database
        self.bring_up_to_date(path)
        connection = open_reader(path)
        try:
            with _interruptible(), translated(path):
                if facts and self._outdated(connection):
                    connection.close()
                    self._refresh(path)
                    connection = open_reader(path)
                self.registry.call("prepare_connection", connection=connection)
                self.tell()
                self._tell_strangers(connection)
                yield connection
        finally:
            connection.close()

    def bring_up_to_date(self, path: Path) -> None:
        """Bring a file that an older version wrote to this version's schema, and say where its copy is."""
        from deskmetry.store import WriterLock, open_reader, open_writer
        from deskmetry.store.connection import version_of
        from deskmetry.store.version import SCHEMA_VERSION

        connection = open_reader(path)
        try:
            found = version_of(connection)
        finally:
            connection.close()
        if found < SCHEMA_VERSION:
            with WriterLock(path):
                open_writer(path).close()
            warn(f"{path} was brought to schema {SCHEMA_VERSION}; {path}.backup-schema-{found} is as it was.")

    def _tell_strangers(self, connection: sqlite3.Connection) -> None:
        """Tell which sources count although they aren't configured any more."""
        for (name,) in connection.execute("SELECT name FROM sources ORDER BY name"):
            if self.settings.sources and name not in self.settings.sources:
                warn(f"{name} isn't in the configuration any more, but what was read of it still counts.")

    def _has_facts(self, path: Path) -> bool:
        from deskmetry.store import open_reader

        connection = open_reader(path)
        try:
            found = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'facts_state'").fetchone()
        finally:
            connection.close()
        return found is not None

    def _outdated(self, connection: sqlite3.Connection) -> bool:
        from deskmetry import facts

        return facts.pending(connection, self.settings.timezone, self.settings.people) != 0

    def _refresh(self, path: Path) -> None:
        """Do what a sync that was cut short, or a change of a setting, left to be done."""
        from deskmetry import facts, threads
        from deskmetry.privacy import with_stand_ins
        from deskmetry.store import WriterLock, open_writer, transaction

        try:
            with WriterLock(path):
                writer = open_writer(path)
                try:
                    with transaction(writer):
                        threads.refresh(writer)
                        people = with_stand_ins(writer, self.settings.people)
                        facts.refresh(writer, self.settings.timezone, people)
                finally:
                    writer.close()
        except (Locked, ReadOnly) as error:
            if not self._has_facts(path):
                raise  # there is no earlier state to answer from
            warn(f"The numbers are those of the last finished sync: {error.message}")

    def tell(self) -> None:
        """Tell on stderr which plugins failed, each once."""
        for line in self.registry.warnings():
            warn(line)
