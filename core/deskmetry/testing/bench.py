"""Bench: what the rules work with, fresh worlds, quick syncs, and what an undisturbed connector reads."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, cast

from ..connector import Connector, Cursor, Page
from ..errors import DeskmetryError, PermissionMissing, StreamSkipped
from ..records import Record
from ..store import open_writer
from ..sync import Options, Outcome, Silence, SourceReport, StreamReport, SyncReport, sync
from .dump import Dump, dump
from .rule import Broken, NotApplicable
from .trial import Trial, TrialFactory
from .trial_context import QuickContext

if TYPE_CHECKING:
    from .faults import Faults
    from .server import OtherHost
    from .values import Request

SOURCE = "trial"
NO_HTTP = "it doesn't speak HTTP, so no faults can be played before it"
_SECONDS = 60.0  # after which a sync of a small world is taken for endless
_PAGES = 2_000  # after which a stream of a small world is taken for endless


class Relay:
    """A connector that has its pages watched on their way, and is itself in everything else."""

    def __init__(self, inner: Connector, seen: Callable[[str, Page], None]) -> None:
        self._inner = inner
        self._seen = seen

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def read(self, name: str, since: Cursor | None) -> Iterator[Page]:
        """Read a stream, telling of each page before it is given on."""
        for page in self._inner.read(name, since):
            self._seen(name, page)
            yield page


class _NoFacts(Silence):
    """Ends a run before the facts: they are ours, and no connector is judged by them."""

    def __init__(self, stop: threading.Event, *, mails: bool) -> None:
        self._stop = stop
        # Only mails are threaded; what begins once the wish to stop is there is undone as a whole.
        self._last = "facts" if mails else "threads"

    def stage(self, name: str) -> None:
        """Stop once nothing more of the connector's is to be done."""
        if name == self._last:
            self._stop.set()


@dataclass(slots=True)
class Reading:
    """What a connector gave when its streams were read by hand: pages by stream, and why one was skipped."""

    pages: dict[str, list[Page]] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)

    def records(self) -> Iterator[tuple[str, Record]]:
        """Yield every record with its stream."""
        for name, pages in self.pages.items():
            for page in pages:
                for record in page.records:
                    yield name, record


class Scene:
    """One fresh world with a connector before it, and databases to sync it into."""

    def __init__(self, trial: Trial, folder: Path, stack: ExitStack) -> None:
        self.trial = trial
        self.world = trial.world
        self.folder = folder
        self.url = self.world.url
        self.contexts: list[QuickContext] = []
        self._stack = stack
        self._player: Any = None

    def play(self) -> Faults:
        """Return the faults that can be played before this world; asked for before the first sync."""
        return cast("Faults", self._proxied().faults)

    @property
    def other(self) -> OtherHost:
        """The host that the credentials don't belong to."""
        return cast("OtherHost", self._proxied().other)

    @property
    def log(self) -> Sequence[Request]:
        """The requests that arrived."""
        return cast("Sequence[Request]", self._proxied().log)

    def _proxied(self) -> Any:
        if not self.world.url:
            raise NotApplicable(NO_HTTP)
        if self._player is None:
            if hasattr(self.world, "faults"):
                self._player = self.world
            else:
                from .proxy import FaultProxy

                self._player = self._stack.enter_context(FaultProxy(self.world.url, items=self.trial.items))
            self.url = self._player.url
        return self._player

    def connector(self) -> Connector:
        """Return a new connector, with a context whose waits end at once."""
        return self.attached(self.trial.connector(self.url))

    def attached(self, made: Connector) -> Connector:
        """Return a connector with a context whose waits end at once."""
        made.attach(self.context(source=SOURCE, folder=self.folder))
        return made

    def context(self, **settings: Any) -> QuickContext:
        """Make what is lent to a connector, and remember it."""
        self.contexts.append(QuickContext(**settings))
        return self.contexts[-1]

    @property
    def waited(self) -> float:
        """How long the connectors would have waited; seconds."""
        return sum(context.skipped for context in self.contexts)

    # --- syncs -----------------------------------------------------------------------------------------

    def sync(self, name: str = "first", *, full: bool = False, pages: int | None = None) -> SyncReport:
        """Sync into the database of that name, stopping after so many pages; Broken if it never ends."""
        database = self.database(name)
        if not database.exists():
            self.folder.joinpath(database.name).write_bytes(_empty_database())
            database.chmod(0o600)
        stop, late = threading.Event(), threading.Event()
        seen: list[str] = []

        def count(stream: str, _page: Page) -> None:
            seen.append(stream)
            if pages is not None and len(seen) >= pages:
                stop.set()

        def end() -> None:
            late.set()
            stop.set()

        inner = self.trial.connector(self.url)
        connector = cast("Connector", Relay(inner, count))
        listener = _NoFacts(stop, mails=inner.mail_rules() is not None)
        options = Options(full=full, folder=self.folder, context=self.context)
        timer = threading.Timer(_SECONDS, end)
        timer.start()
        try:
            report = sync(database, {SOURCE: connector}, options, listener=listener, stop=stop)
        finally:
            timer.cancel()
            timer.join()
        if late.is_set():
            raise Broken(
                f"A sync of this small world didn't end within {_SECONDS:.0f} s",
                "A stream must end once everything is read.",
            )
        return report

    def database(self, name: str = "first") -> Path:
        """Return where the database of that name is."""
        return self.folder / f"{name}.db"

    def dump(self, name: str = "first") -> Dump:
        """Return what the database of that name holds."""
        return dump(self.database(name), self.url)

    def synced(self, name: str = "first", *, full: bool = False) -> Dump:
        """Sync, which must go well, and return what the database holds then."""
        require_ok(self.sync(name, full=full))
        return self.dump(name)

    def read(self) -> Reading:
        """Read every stream from its beginning by hand, without engine and database."""
        connector = self.connector()
        reading = Reading()
        try:
            for name in connector.streams():
                try:
                    reading.pages[name] = list(_bounded(name, connector.read(name, None)))
                except (StreamSkipped, PermissionMissing) as error:
                    reading.skipped[name] = str(error)
        finally:
            connector.close()
        return reading


class Bench:
    """Makes scenes of one trial, and remembers what they all have in common."""

    def __init__(self, factory: TrialFactory) -> None:
        self.factory = factory

    @contextmanager
    def scene(self) -> Iterator[Scene]:
        """Make a fresh world; everything of it is gone afterwards."""
        with ExitStack() as stack:
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="deskmetry-trial-")))
            trial = stack.enter_context(self.factory())
            yield Scene(trial, folder, stack)

    @cached_property
    def undisturbed(self) -> Undisturbed:
        """What the connector reads of a world in which nothing goes wrong."""
        with self.scene() as scene:
            if scene.url:
                scene.play()
            report = scene.sync()
            asked = scene.log if scene.url else ()
            paths = Counter(one.path for one in asked if not _signs_in(one, scene.trial.secrets))
            return Undisturbed(scene.dump(), report.sources[0], scene.world.truth(), paths)

    @cached_property
    def reading(self) -> Reading:
        """What the connector's streams give when they are read by hand."""
        with self.scene() as scene:
            return scene.read()

    @cached_property
    def exempt(self) -> Mapping[str, str]:
        """The rules that can't apply, as the trial says, with the reasons."""
        with self.factory() as trial:
            return dict(trial.exempt)

    @cached_property
    def speaks_http(self) -> bool:
        """Whether the world has an address that faults can be played before."""
        with self.factory() as trial:
            return bool(trial.world.url)

    @cached_property
    def connector(self) -> type[Connector]:
        """The connector's class."""
        with self.scene() as scene:
            return type(scene.trial.connector(scene.url))


@dataclass(frozen=True, slots=True)
class Undisturbed:
    """A first sync of a fresh world: rows, report, the truth then, and how often each path was asked for."""

    dump: Dump
    report: SourceReport
    truth: Mapping[str, frozenset[str]]
    paths: Counter[str]


def require_ok(report: SyncReport) -> SourceReport:
    """Return the source's report; raise Broken unless it went well."""
    source = report.sources[0]
    if source.outcome is not Outcome.OK:
        raise Broken(f"A sync ended as {source.outcome}: {reason(source)}", "It must read to the end here.")
    return source


def reason(source: SourceReport) -> str:
    """Return why a source stopped."""
    if source.error is not None:
        return str(source.error)
    return next((stream.reason for stream in source.streams if stream.reason), "no reason was given")


def streams(report: SyncReport) -> dict[str, StreamReport]:
    """Return the reports of the streams by name."""
    return {stream.stream: stream for stream in report.sources[0].streams}


def error_of(report: SyncReport) -> DeskmetryError | None:
    """Return the error that stopped the source."""
    return report.sources[0].error


def _signs_in(request: Request, secrets: Iterable[str]) -> bool:
    """Tell whether a request brings the secret in its body, as those for an access token do."""
    body = replace(request, target=request.path, headers={})
    return request.method == "POST" and any(body.carries(secret) for secret in secrets)


def _bounded(name: str, pages: Iterator[Page]) -> Iterator[Page]:
    for number, page in enumerate(pages):
        if number >= _PAGES:
            raise Broken(
                f"Stream {name!r} gave {_PAGES} pages of this small world and more",
                "A stream must end once everything is read.",
            )
        yield page


@cache
def _empty_database() -> bytes:
    """Return an empty database as bytes: making the tables anew costs more than a sync of a small world."""
    with TemporaryDirectory(prefix="deskmetry-trial-") as folder:
        path = Path(folder) / "empty.db"
        open_writer(path).close()
        return path.read_bytes()
