"""Connector: the settings of one kind of helpdesk, and the streams that can be read from it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, SecretStr, ValidationError

from ..errors import RecordError, SourceError, StreamSkipped
from ..records.base import Record
from .capabilities import Capabilities
from .context import Context
from .cursor import Cursor
from .inventory import Inventory
from .mail_rules import MailRules
from .mappers import Mapper, mapper_name, own_method
from .notes import Notes
from .page import Page, Rejected
from .stream import StreamInfo, streams_of

if TYPE_CHECKING:
    from ..http import HttpClient

T = TypeVar("T")


class Connector(BaseModel):
    """One kind of helpdesk. Fields are the settings; methods marked with `@stream` are what can be read.

    A connector can be made and called by hand, without engine or database::

        for page in AcmeDesk(url=..., token=...).tickets(None): ...
    """

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, validate_default=True)

    name: ClassVar[str]
    capabilities: ClassVar[Capabilities] = Capabilities()
    account_may_change: ClassVar[bool] = False
    """True where `account` is a setting that people correct, as own addresses: then all is read again."""
    credentials: ClassVar[tuple[tuple[str, ...], ...]] = ()
    """Alternative sets of settings that authenticate; `deskmetry connect` lets the user choose one."""

    trial: ClassVar[str | None] = None
    """Where the trial is that `deskmetry grade` runs, as `package.module:function`; see docs/grades.md."""

    emulator: ClassVar[str | None] = None
    """Where an emulator of the vendor's API is that can be filled with a story, as `package.module:function`.

    The function takes the story, plain JSON data, and a port (0 for a free one), and returns a context
    manager that serves it on loopback and yields its address: `deskmetry demo` reads its company from one.
    """

    start: date | None = Field(None, description="How far back the first sync reads; everything if not given")

    _context: Context = PrivateAttr(default_factory=Context)
    _http: Any = PrivateAttr(default=None)
    _notes: Notes = PrivateAttr(default_factory=Notes)

    # --- what a connector author may override -------------------------------------------------------

    def headers(self) -> Mapping[str, str]:
        """Return the headers that authenticate a request; by default the field `token` as bearer token."""
        token = getattr(self, "token", None)
        if isinstance(token, SecretStr):
            return {"Authorization": f"Bearer {token.get_secret_value()}"}
        return {}

    def refresh(self) -> bool:
        """Renew what `headers` authenticates with, after a 401; return whether it is worth another try."""
        return False

    def account(self) -> str:
        """Return what tells this account from others of the same connector; by default the `url`."""
        url = getattr(self, "url", None)
        return str(url).rstrip("/") if url is not None else f"source:{self._context.source}"

    def check(self) -> str:
        """Reach the source once and return one line on what was found; raise a SourceError if it can't be.

        By default it reads the first page of the first stream, says how many of its records can't be used,
        and fails if most can't.
        """
        name = next(iter(self.streams()), None)
        if name is None:
            return "nothing to read"
        page = Page.joined(islice(self.read(name, None), 1))
        bad = page.unusable(f"records of {name}")
        return f"{name}: {len(page.records)} records on the first page" + (f", {bad}" if bad else "")

    def explain(self, error: SourceError) -> SourceError:
        """Return an error that stops a stream with what it means at this vendor and what to do about it.

        By default it is returned as it is; so should every error be that says all there is to say.
        """
        return error

    def mail_rules(self) -> MailRules | None:
        """Return the threading rules, for a connector whose tickets are e-mail threads; else None."""
        return None

    def mapper(self, stream: str, name: str) -> Mapper | None:
        """Return the mapper that maps a bad record of a stream again; None if it can't be had by itself.

        name is the method's, for a mapper that is a method of the connector, which is found by itself. Any
        other has its module before it (`people.team`, `people.Mapping.user`): override this to know it again.
        """
        del stream
        return own_method(self, name, Connector)

    def inventory(self, stream: str) -> Inventory | None:
        """Return what the source says about a stream besides its records, for `verify`; None if nothing."""
        del stream
        return None

    # --- what a connector author calls ---------------------------------------------------------------

    def rotate(self, field: str, exchange: Callable[[str], tuple[str, T]]) -> T:
        """Exchange a secret that the vendor lets be used once; for `refresh`, with OAuth refresh tokens.

        exchange gets the newest value of the setting and returns its successor and whatever came with it (the
        access token), which is returned once the successor is on disk. Threads and processes take turns. It
        speaks to the vendor through `self.context.unbroken()`: a token that is taken isn't given back.
        """
        seed = getattr(self, field)
        if not isinstance(seed, SecretStr):
            raise TypeError(f"the setting {field!r} holds no secret")
        memory, source, known = self._context.memory, self._context.source, seed.get_secret_value()
        with memory.alone():
            successor, brought = exchange(memory.secret(source, field, known))
            memory.keep_secret(source, field, known, successor)
        return brought

    @property
    def context(self) -> Context:
        """What the engine lends: source name, folder, patience, the wish to stop."""
        return self._context

    @property
    def http(self) -> HttpClient:
        """The only way out: authentication, retries, limits and guards live there."""
        if self._http is None:
            from ..http import HttpClient  # httpx is heavy; not every connector speaks HTTP

            url = getattr(self, "url", None)
            if url is None:
                raise TypeError(f"{type(self).__name__} has no field `url`, so `self.http` has no origin")
            self._http = HttpClient(
                str(url),
                self.headers,
                self._context,
                refresh=self.refresh,
                account=self.account(),
                clock=self._context.clock,
            )
        client: HttpClient = self._http
        return client

    def page(
        self,
        items: Iterable[Any],
        mapper: Mapper,
        *,
        watermark: str | None = None,
        token: Any = None,
        complete_until: datetime | None = None,
    ) -> Page:
        """Map items one by one into a page; one that can't be mapped is set aside alone.

        watermark names the field of the records whose highest value, not after the server's clock, becomes
        the cursor's watermark. An empty page without a token moves no cursor.
        """
        records: list[Record] = []
        rejected: list[Rejected] = []
        shapes: dict[tuple[str, ...], Mapping[str, Any]] = {}
        for item in items:
            if type(item) is dict:
                shapes.setdefault(tuple(item), item)
            try:
                records += list(_as_records(mapper(item)))  # a list: nothing of an item that breaks halfway
            except (
                RecordError,
                ValueError,
                TypeError,
                LookupError,
                AttributeError,
                ArithmeticError,
            ) as error:
                rejected.append(Rejected(item, _reason(error), _key(item), mapper_name(self, mapper)))
        now = self.now()
        instants = (
            []
            if watermark is None
            else [value for record in records if (value := getattr(record, watermark, None))]
        )
        known = [value for value in instants if value <= now]
        mark = max(known, default=None)
        cursor = Cursor(token, mark) if token is not None or mark is not None else None
        future = len(instants) - len(known)
        return Page(records, cursor, rejected, complete_until, future=future, shapes=shapes)

    def note(self, text: str, count: int = 1) -> None:
        """Tell the user something about the stream that is being read, as what it had to leave out.

        It stands in the summary of the sync, in `sync_runs` and in `status`. text: one sentence without its
        end, no data of people; the same one comes once, and `{count}` in it stands for the sum of the counts
        of this run. A count of 0 notes nothing.
        """
        self._notes.add(text, count)

    def now(self) -> datetime:
        """Return the server's clock as last heard, else ours; an aware instant."""
        return self.heard() or datetime.now(UTC)

    def heard(self) -> datetime | None:
        """Return the server's clock as of its last answer, an aware instant; None before there was one."""
        told: datetime | None = self._http.server_time if self._http is not None else None
        return told

    # --- what the engine calls -----------------------------------------------------------------------

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        """Refuse to be pickled: the secrets would stand in the clear in whatever keeps it."""
        raise TypeError(f"{type(self).__name__} can't be pickled: it holds secrets")

    def attach(self, context: Context) -> None:
        """Lend the engine's context for a run; once more in a process that does the reading (see `sync`)."""
        self._context = context
        self._http = None
        self._notes = Notes()

    def take_notes(self) -> tuple[str, ...]:
        """Return what was noted since the last time, and forget it; asked for at the end of each stream."""
        return self._notes.take()

    def close(self) -> None:
        """Give back connections."""
        if self._http is not None:
            self._http.close()
            self._http = None

    @classmethod
    def streams(cls) -> dict[str, StreamInfo]:
        """Return the declared streams by name, in reading order."""
        return streams_of(cls)

    def read(self, name: str, since: Cursor | None) -> Iterator[Page]:
        """Read one stream by name; what stops it is told in the connector's own words."""
        method: Callable[[Cursor | None], Iterator[Page]] = getattr(self, name)
        try:
            yield from method(since)
        except StreamSkipped:
            raise
        except SourceError as error:
            raise self.explain(error) from error.__cause__


def _as_records(mapped: Record | Iterable[Record] | None) -> Iterable[Record]:
    if mapped is None:
        return ()
    return (mapped,) if isinstance(mapped, Record) else mapped


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return "; ".join(
            f"{'.'.join(map(str, e['loc'])) or 'record'}: {e['msg'].removeprefix('Value error, ')}"
            for e in error.errors()[:3]
        )
    if isinstance(error, RecordError):
        return str(error)  # written for people
    if isinstance(error, KeyError) and error.args:
        return f"the field {error.args[0]!r} is missing"
    return f"{type(error).__name__}: {error}"


def _key(item: Any) -> str | None:
    key = item.get("id") if isinstance(item, Mapping) else None
    return key if isinstance(key, str) else json.dumps(key, default=str) if key is not None else None
